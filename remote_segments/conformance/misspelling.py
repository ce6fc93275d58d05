"""Every path of a manifest, misspelt piece by piece: each must be noticed."""

import copy
import json
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import AfterValidator, BaseModel, ValidationError

from remote_segments.conformance import lookups, sending
from remote_segments.conformance.delivering import Desk
from remote_segments.conformance.exchanges import Exchanges
from remote_segments.conformance.lab import Lab
from remote_segments.conformance.replay import Difference, differences
from remote_segments.errors import Problem
from remote_segments.rest.manifest import Manifest
from remote_segments.rest.paths import Path
from remote_segments.yaml import Document, KeyPath

_PATH_RULE: Callable[..., Any] = next(
    one.func for one in typing.get_args(Path)[1:] if isinstance(one, AfterValidator)
)  # what tells a path from any other text

_NAMED = tuple(f"remote_segments.rest.{name}" for name in ("counting", "formats", "lookup", "paging", "totals"))
"""Modules whose bricks name headers and parameters as plain texts: these count as paths, too."""


@dataclass(frozen=True)
class Written:
    """One path of a manifest, and where it is written."""

    at: KeyPath
    text: str
    into_answer: bool  # a path into an answer; else the name of a header or of a parameter

    @property
    def place(self) -> str:
        """Where it is written, as a person says it."""
        return ".".join(map(str, self.at))

    def misspelt(self) -> Iterator[str]:
        """Yields the path with one piece misspelt, for every piece."""
        pieces = self.text.split(".") if self.into_answer else [self.text]
        for number, piece in enumerate(pieces):
            yield ".".join([*pieces[:number], f"{piece}x", *pieces[number + 1 :]])


def written_paths(settings: BaseModel, at: KeyPath = ()) -> Iterator[Written]:
    """Yields every path in a block of a manifest, however deep."""
    for name, info in type(settings).model_fields.items():
        path = any(_is_path(one) for one in (info.annotation, *info.metadata))
        plain = type(settings).__module__.startswith(_NAMED) and info.annotation in (str, str | None)
        yield from _in_value(getattr(settings, name), (*at, info.alias or name), path=path, plain=plain)


def own_paths(document: Document, manifest: Manifest) -> Iterator[Written]:
    """Yields the paths that a file holds; one that is a default may be what the platform never answers."""
    return (written for written in written_paths(manifest) if _is_written(document.content, written.at))


def _is_path(annotation: Any) -> bool:
    if isinstance(annotation, AfterValidator):
        return annotation.func is _PATH_RULE
    return any(_is_path(one) for one in (*getattr(annotation, "__metadata__", ()), *typing.get_args(annotation)))


def _in_value(value: Any, at: KeyPath, *, path: bool, plain: bool) -> Iterator[Written]:
    if isinstance(value, BaseModel):
        yield from written_paths(value, at)
    elif isinstance(value, str) and (path or plain):
        yield Written(at, value, path)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _in_value(inner, (*at, key), path=path, plain=False)
    elif isinstance(value, tuple):
        for number, inner in enumerate(value):
            yield from _in_value(inner, (*at, number), path=path, plain=False)


def leading_nowhere(document: Document, paths: Iterable[Written], exchanges: Exchanges) -> Iterator[Problem]:
    """Yields the paths that lead to nothing in any documented answer, whatever they are for."""
    links = [kind.files.link for kind in exchanges.memberships.values() if kind.files]
    asked = [one for kind in exchanges.memberships.values() if (one := kind.lookup)]
    entries = [shape for lookup in asked for shape in (lookup.found, lookup.missing)]
    entries += [shape for kind in exchanges.deliveries.values() for shape in kind.entries()]
    answers = [*(answer.body for answer in exchanges.answers()), *links, *entries]
    shapes = [shape for kind in exchanges.memberships.values() for shape in kind.shapes]
    texts = " ".join(body for body in (*answers, *shapes) if isinstance(body, str))
    for written in paths:
        if not written.into_answer or any(_leads(body, written.text.split(".")) for body in (*answers, *shapes)):
            continue
        if all(piece in texts for piece in written.text.split(".")):
            continue  # a column of a table, a field of one line: not to be told apart from other text here
        found = f"The path `{written.text}` ({written.place}) is nowhere in the documented answers."
        fix = "Correct the path, or add the documented answer that it reads to the exchanges."
        yield Problem("path-undocumented", found, fix, document.locate(written.at))


def _leads(body: Any, pieces: Sequence[str]) -> bool:
    """Tells whether a path exists in a document or in any part of it."""
    if _exists(body, pieces):
        return True
    if isinstance(body, str) and body[:1] in {"{", "["}:
        return _leads(_decoded(body), pieces)
    parts = body.values() if isinstance(body, Mapping) else body if isinstance(body, list) else ()
    return any(_leads(part, pieces) for part in parts)


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _exists(body: Any, pieces: Sequence[str]) -> bool:
    for piece in pieces:
        if isinstance(body, Mapping) and piece in body:
            body = body[piece]
        elif isinstance(body, list) and piece.isdigit() and int(piece) < len(body):
            body = body[int(piece)]
        else:
            return False
    return True


@dataclass(frozen=True)
class Misspelt:
    """A manifest with one path misspelt, and how that was noticed."""

    written: Written
    text: str
    noticed: str | None  # code of the error, or None when nothing was noticed
    raised: bool  # whether the engine itself ended in an error, or only the comparison shows it
    named: bool  # whether some message names the path


def misspell(document: Document, manifest: Manifest, exchanges: Exchanges) -> Iterator[Misspelt]:
    """Yields every misspelling of every path, each tried on the whole account."""
    for written in own_paths(document, manifest):
        for text in written.misspelt():
            content = _changed(document.content, written.at, text)
            try:
                wrong = Manifest.model_validate(content).with_code(manifest.code)
            except ValidationError:
                yield Misspelt(written, text, "bad-value", raised=True, named=True)  # refused at load, with its line
                continue
            found, raised = noticed(replace(document, content=content), wrong, exchanges, written.at)
            named = not written.into_answer or any(text in problem.found for problem in found)
            if found and not named:
                named = any(leading_nowhere(document, [replace(written, text=text)], exchanges))
            yield Misspelt(written, text, found[0].code if found else None, raised, named)


OWN_CODES = frozenset(
    (
        "members-differ",
        "total-unread",
        "description-differs",
        "case-differs",
        "call-undocumented",
        "path-undocumented",
        "outcomes-differ",
        "outcome-guessed",
    )
)
"""Codes of what only the comparison with documented exchanges shows, not the engine by itself."""


def noticed(
    document: Document, manifest: Manifest, exchanges: Exchanges, at: KeyPath = ()
) -> tuple[list[Problem], bool]:
    """Looks for what first shows that a manifest is wrong in the block that `at` leads to.

    Returns:
        What shows it, nothing where all is right; and whether the engine raised it, instead of a comparison.
    """
    if at[:1] == ("destinations",):
        return _unsent(document, manifest, exchanges, at)
    only = at[1] if at[:1] == ("sources",) else None
    for kind in manifest.sources:
        if kind in exchanges.memberships and only in {None, kind}:
            lab = Lab(document, manifest, exchanges, kind)
            outcome = lab.read(lab.many)
            if found := list(lab.differences(outcome)):
                return found, outcome.error is not None
            if at[2:3] == ("lookup",) and (unseen := lookups.missing(lab).problems):
                return list(unseen), True
    for name, case in exchanges.cases.items():
        if only in {None, case.source} and (found_here := list(differences(manifest, case))):
            raised = any(difference.error for difference in found_here)
            return [case_differs(document, name, difference) for difference in found_here], raised
    for kind in manifest.destinations if only is None else ():
        desk = Desk(document, manifest, exchanges, kind, "add")
        rows = (sending.throttled, sending.key_expired, sending.rejected_member)
        if refusals := [problem for row in rows for problem in row(desk).problems]:
            return refusals, True
    return [], False


def _unsent(document: Document, manifest: Manifest, exchanges: Exchanges, at: KeyPath) -> tuple[list[Problem], bool]:
    """Looks for what shows that a block about sending is wrong; the engine itself must, where a path is not there."""
    kind = str(at[1])
    verbs = manifest.destinations[kind].verbs()
    for verb in [str(at[2])] if at[2] in verbs else list(verbs):
        found = list(sending.differences(Desk(document, manifest, exchanges, kind, verb)))
        if found:
            return found, found[0].code not in OWN_CODES
    for name, case in exchanges.cases.items():
        if case.destination == kind and (unlike := list(differences(manifest, case))):
            return [case_differs(document, name, one) for one in unlike], any(one.error for one in unlike)
    return [], False


def case_differs(document: Document, name: str, difference: Difference) -> Problem:
    """Returns what is wrong with a replayed case."""
    found = f"The documented case `{name}` comes out otherwise. {difference}"
    fix = "Compare the manifest with the exchanges of this case."
    return Problem("case-differs", found, fix, document.locate())


def _is_written(content: Any, at: KeyPath) -> bool:
    for key in at:
        try:
            content = content[key]
        except (KeyError, IndexError, TypeError):
            return False
    return True


def _changed(content: Any, at: KeyPath, text: str) -> Any:
    changed = copy.deepcopy(content)
    inner = changed
    for key in at[:-1]:
        inner = inner[key]
    inner[at[-1]] = text
    return changed
