"""Strict dotted paths into an answer, such as `data.attributes.name`; an absent path is an error."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator

from remote_segments.errors import PlatformError

_PATH = re.compile(r"[^.\s{}]+(\.[^.\s{}]+)*")
_MISSING = object()


def _well_formed(path: str) -> str:
    if not _PATH.fullmatch(path):
        raise ValueError("a path is names joined by dots, such as data.attributes.email")
    return path


Path = Annotated[str, AfterValidator(_well_formed)]
"""Names joined by dots; a number counts from 0 in an array, of which a member gives its first entry only."""


def _step(value: object, name: str) -> object:
    if isinstance(value, Mapping):
        return value.get(name, _MISSING)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes) and name.isdigit() and int(name) < len(value):
        return value[int(name)]
    return _MISSING


def find(value: object, path: str) -> object:
    """Returns what is at a path, or None where it is absent; for texts of errors only, where nothing depends on it."""
    for name in path.split("."):
        value = _step(value, name)
        if value is _MISSING:
            return None
    return value


def is_null(value: object, path: str) -> bool:
    """Tells whether null itself is at a path, which is there."""
    above, dot, last = path.rpartition(".")
    parent = find(value, above) if dot else value
    return _step(parent, last) is None


def take(value: object, path: str, where: str) -> object:
    """Returns what is at a path of a decoded answer.

    Args:
        value: the answer as dictionaries, lists and scalars.
        path: dotted path.
        where: manifest and block that the path is written in, for the message.

    Raises:
        PlatformError: `path-missing` when a piece of the path is not there.
    """
    walked = value
    names = path.split(".")
    for depth, name in enumerate(names):
        walked = _step(walked, name)
        if walked is _MISSING:
            raise missing(".".join(names[: depth + 1]), path, where)
    return walked


def entries(document: object, path: str | None, where: str, *, lenient: bool, keyed: bool) -> list[Any]:
    """Returns the entries of an array, or of an object that has one under each key.

    Args:
        document: the answer as dictionaries, lists and scalars.
        path: dotted path; None when the answer itself holds the entries.
        where: manifest and block, for messages.
        lenient: whether an absent path means that there is none.
        keyed: whether entries are under keys; PHP writes an empty object as an empty array.

    Raises:
        PlatformError: `path-missing`, `wrong-type`.
    """
    if path and lenient and find(document, path) is None:
        return []
    found = take(document, path, where) if path else document
    if keyed and isinstance(found, Mapping):
        return list(found.values())
    if isinstance(found, list) and not (keyed and found):
        return found
    raise wrong_type(path or "the whole answer", "no object of entries" if keyed else "no array of entries", where)


def missing(absent: str, path: str, where: str) -> PlatformError:
    """Returns the error for a path that an answer does not have."""
    found = f"The answer has no `{absent}`" + (f" (on the way to `{path}`)." if absent != path else ".")
    fix = (
        "Compare the path in the manifest with the platform's documentation; the platform may have changed its answer."
    )
    return PlatformError("path-missing", found, fix, where)


def wrong_type(path: str, found: str, where: str) -> PlatformError:
    """Returns the error for a value of another type than the manifest says; `found` names types, never the value."""
    fix = "Correct the path or the type in the manifest; the platform may have changed its answer."
    return PlatformError("wrong-type", f"At `{path}`: {found}.", fix, where)
