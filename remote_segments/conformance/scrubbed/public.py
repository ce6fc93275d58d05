"""What about an account is public: what stands in the manifest and in the platform's documented exchanges."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from remote_segments.conformance.exchanges import Exchanges, Membership
from remote_segments.conformance.marks import MARK, marks
from remote_segments.conformance.misspelling import written_paths
from remote_segments.conformance.scrubbed.phrases import Phrases
from remote_segments.rest.auth.oauth import GRANT, OAuth2
from remote_segments.rest.counting import Count
from remote_segments.rest.manifest import Manifest
from remote_segments.rest.members import Members
from remote_segments.yaml import KeyPath

COUNTED = frozenset(("total", "count", "pages", "page", "page_size", "size", "offset", "next_offset", "next_page"))
"""Marks that stand for a number of members or of a page."""

_QUOTED = re.compile(r'"([^"{}]*)"')
_PLAIN = re.compile(r"[A-Za-z_@$][A-Za-z_.$@-]{0,40}")
_PERSONAL = (
    ("identifiers",),
    ("joined_at",),
    ("describe", "name"),
    ("describe", "updated_at"),
    ("describe", "among", "ids"),
    ("lookup", "id"),
    ("lookup", "missing"),
    ("list", "ids"),
    ("list", "name"),
)
"""Blocks of a source whose paths lead to what is no count, no cursor and no state."""


@dataclass(frozen=True)
class Public:
    """What may stay as it is.

    `words` are texts of the manifest; `pairs` are keys of documented answers with
    their texts; `keys` are names of keys; `counts` and `cursors` are keys whose values are numbers of members or pages,
    and places in a membership.
    """

    words: frozenset[str]
    pairs: frozenset[tuple[str, str]]
    keys: frozenset[str]
    counts: frozenset[str]
    cursors: frozenset[str]
    headers: frozenset[str]  # names of headers that the manifest reads, in lower case
    documented: frozenset[str]  # pieces of documented addresses
    phrases: Phrases
    counted_whole: bool

    def plain(self, key: str) -> bool:
        """Tells whether an undocumented key looks like a word somebody chose for a field."""
        return _PLAIN.fullmatch(key) is not None


def public(manifest: Manifest, kind: str, exchanges: Exchanges | None) -> Public:
    """Returns what is public about one kind of source."""
    paths = list(written_paths(manifest.sources[kind]))
    words = {*_texts(manifest.model_dump(mode="json"))}
    words |= {quoted for text in words for quoted in _QUOTED.findall(text)}  # a body is a text of JSON
    words |= {*GRANT} if isinstance(manifest.auth, OAuth2) else set()
    pieces = {piece for text in words for piece in _pieces(text)}
    answers = [answer.body for answer in exchanges.answers()] if exchanges else []
    answers += [shape for one in exchanges.memberships.values() for shape in _shapes(one)] if exchanges else []
    requests = list(_documented_addresses(exchanges)) if exchanges else []
    counts, cursors, personal = set[str](), set[str](), set[str]()
    for path in paths:
        if path.into_answer and path.at[-1] != "items":
            own = any(path.at[: len(block)] == block for block in _PERSONAL)
            keys = personal if own else cursors if _leads_on(path.at, manifest, kind) else counts
            keys.add(path.text.rpartition(".")[2])
    paths += (login := list(written_paths(manifest.auth)))
    counts |= {path.text.rpartition(".")[2] for path in login if path.into_answer}  # seconds that a token holds
    counts |= {key for answer in answers for key in _counted(answer)}
    plain = [path.text.lower() for path in paths if not path.into_answer]
    named = {text.lower() for text in words if re.fullmatch(r"[A-Za-z][A-Za-z0-9-]+", text)}
    return Public(
        words=frozenset(words | pieces),
        pairs=frozenset(pair for answer in answers for pair in _pairs(answer)),
        keys=frozenset(
            {key for answer in answers for key in _keys(answer)}
            | {one for path in paths for one in path.text.split(".")}
        ),
        counts=frozenset(counts - cursors - personal),
        cursors=frozenset(cursors),
        headers=frozenset({*plain, *named}),
        documented=frozenset(piece for url in requests for piece in _pieces(url)),
        phrases=Phrases(manifest, kind),
        counted_whole=_counted_whole(manifest.sources[kind].describe),
    )


def _counted_whole(describe: object) -> bool:
    count = getattr(describe, "count", None)
    return isinstance(count, Count) and count.size is None and count.header is None


def _shapes(membership: Membership) -> list[Any]:
    """Returns the documented shapes of a member, on pages, in files, and as it is looked up."""
    lookup = membership.lookup
    return [*membership.shapes, *((lookup.found, lookup.missing) if lookup else ())]


def _leads_on(at: KeyPath, manifest: Manifest, kind: str) -> bool:
    """Whether a path leads to what goes into a later call: a cursor, a link, the id of a job."""
    if at[-1] == "told_size":
        return False
    if at[:2] == ("members", "paging"):
        members = manifest.sources[kind].members
        return isinstance(members, Members) and members.paging.kind not in {"offset", "page-number"}
    job = at[:2] == ("members", "job") and at[-1] not in {"status", "failed_at"}
    return job or at[:2] == ("members", "download")


def _texts(value: Any) -> Iterator[str]:
    """Every text of a document, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from (str(key), *_texts(inner))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)


def _pieces(text: str) -> Iterator[str]:
    """The pieces of an address that hold no mark: of its path, and the names and values of its query."""
    if "/" not in text and "=" not in text:
        return
    parts = urlsplit(text)
    found = [*parts.path.split("/"), *(one for pair in parse_qsl(parts.query) for one in pair)]
    yield from (unquote(piece) for piece in found if piece and not MARK.search(piece))


def _documented_addresses(exchanges: Exchanges) -> Iterator[str]:
    for kind in exchanges.memberships.values():
        steps = (*kind.describe, *kind.job, *kind.also)
        yield from (step.request.url for step in steps)
        yield from (call.url for call in (kind.members.requests if kind.members else ()))


def _counted(value: Any) -> Iterator[str]:
    """Keys of a documented answer at which numbers of members or pages stand."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if isinstance(inner, str) and marks(inner) and marks(inner) <= COUNTED:
                yield str(key)
            yield from _counted(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _counted(inner)


def _pairs(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if isinstance(inner, str):
                yield str(key), inner
            yield from _pairs(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _pairs(inner)


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not MARK.search(str(key)):
                yield str(key)
            yield from _keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _keys(inner)
