"""What a manifest itself puts into its calls: fixed values, numbers of pages, and texts that it fills."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from remote_segments.conformance.marks import MARK
from remote_segments.conformance.misspelling import written_paths
from remote_segments.rest.endpoint import PAGE_SIZE
from remote_segments.rest.manifest import Manifest
from remote_segments.rest.members import Members

_COUNTED_OFF = frozenset({"offset", "page-number", "session-page"})
_IN_JSON = re.compile(r'"([^"{}]+)"\s*:\s*(?:"([^"]*)"|(\{\w+\}|[\w.-]+))')
_SIZE = f"{{{PAGE_SIZE}}}"


class Phrases:
    """The words of one manifest's calls for one kind of source."""

    def __init__(self, manifest: Manifest, kind: str) -> None:
        """Learns them.

        Args:
            manifest: the platform.
            kind: the kind of source.
        """
        pairs = set(_pairs(manifest.model_dump(mode="json", exclude={"sources"})))
        pairs |= set(_pairs(manifest.sources[kind].model_dump(mode="json")))
        self._fixed = frozenset(pair for pair in pairs if not MARK.search(pair[1]))
        self._counting = {name for name, text in pairs if text == _SIZE} | _counting(manifest, kind)
        pieces = {piece for _, text in pairs if MARK.search(text) for piece in (text, *text.split("/"))}
        self._patterns = [
            _pattern(piece) for piece in sorted(pieces, key=len, reverse=True) if re.search(r"\w", MARK.sub("", piece))
        ]

    def keeps(self, name: str, text: str) -> bool:
        """Tells whether a value is the manifest's own: fixed there, or the number or size of a page.

        Args:
            name: the parameter of a query, or the field of a body.
            text: its value.
        """
        return (name, text) in self._fixed or (text.isdecimal() and name in self._counting)

    def filled_with(self, text: str) -> list[str] | None:
        """Returns the values that a text was filled with; None where no text of the manifest becomes this one."""
        found = self._match(text)
        return None if found is None else list(found.groups())

    def refilled(self, text: str, value: Callable[[str], str]) -> str | None:
        """Returns a text with every value that it was filled with replaced; None where nothing becomes such a text."""
        found = self._match(text)
        if found is None:
            return None
        written, end = "", 0
        for number in range(1, found.re.groups + 1):
            written += text[end : found.start(number)] + value(found[number])
            end = found.end(number)
        return written + text[end:]

    def _match(self, text: str) -> re.Match[str] | None:
        return next((found for one in self._patterns if (found := one.fullmatch(text))), None)


def _counting(manifest: Manifest, kind: str) -> set[str]:
    """The parameters that hold the number of a page or an offset."""
    source = manifest.sources[kind]
    numbered = isinstance(source.members, Members) and source.members.paging.kind in _COUNTED_OFF
    own: dict[bool, set[str]] = {True: set(), False: set()}
    for path in written_paths(source):
        if not path.into_answer and "paging" in path.at:
            own[path.at[0] == "members"].add(path.text)
    return own[False] | own[True] if numbered else own[False] - own[True]


def _pairs(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """The texts of a document, each with the key that it stands at, also within texts of JSON."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _pairs(inner, str(name))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _pairs(inner, key)
    elif isinstance(value, str):
        yield key, value
        for name, quoted, bare in _IN_JSON.findall(value):
            yield name, quoted or bare


def _pattern(template: str) -> re.Pattern[str]:
    """What a template makes; white space is as long as it likes, because documents are written anew."""
    literal = (re.sub(r"(\\\s|\s)+", r"\\s*", re.escape(word)) for word in MARK.split(template)[::2])
    return re.compile("(.+?)".join(literal), re.DOTALL)
