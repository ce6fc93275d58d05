"""What every way of paging works on: a call, and what one page of its answers told."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from msgspec import UNSET

from remote_segments.errors import PlatformError
from remote_segments.rest.messages import Base, with_query
from remote_segments.rest.paths import find, missing

Signal = Literal["absent", "null-value", "blank"]
"""How a platform says that there is no next page: the place is not there, holds null, or an empty text."""

Placement = Literal["query", "body"]
"""Where a parameter of the next call goes."""

PLACE = "Whether the parameter is part of the query, or of the body of a POST, where dots lead into its objects."
"""What a manifest may write for a placement."""


@dataclass(frozen=True, slots=True)
class Call:
    """One page to ask for: address without query, query, and fields of a JSON body where it is a POST."""

    address: str
    query: Mapping[str, str | tuple[str, ...]]
    body: Mapping[str, Any] | None = None

    def url(self) -> str:
        """Returns the complete address."""
        return with_query(self.address, self.query)

    def having(self, name: str, value: str | int, place: Placement) -> "Call":
        """Returns the same call with one parameter set."""
        if place == "body":
            return replace(self, body=placed(self.body or {}, name.split("."), value))
        return replace(self, query={**self.query, name: str(value)})

    def value(self, name: str, place: Placement) -> Any:
        """Returns what a parameter holds, None where it is not set."""
        return find(self.body, name) if place == "body" else self.query.get(name)

    def fingerprint(self) -> bytes:
        """Returns what tells this call from any other, in 12 bytes: all calls of a fetch are remembered."""
        text = self.url() + (json.dumps(self.body, sort_keys=True) if self.body is not None else "")
        return hashlib.blake2b(text.encode(), digest_size=12).digest()


def placed(fields: Mapping[str, Any], names: list[str], value: Any) -> dict[str, Any]:
    """Returns the fields with one of them, or of an object within them, set."""
    name, *rest = names
    if not rest:
        return {**fields, name: value}
    inner = fields.get(name)
    return {**fields, name: placed(inner if isinstance(inner, Mapping) else {}, rest, value)}


@dataclass(frozen=True, slots=True)
class Turn:
    """One page that was read: what it held and what has been read so far, itself included."""

    number: int  # pages read
    length: int  # members on this page
    fetched: int  # members read
    page_size: int | None  # members asked for
    total: int | None  # members the platform says there are
    values: Mapping[str, Any]  # what stood beside the members, by name
    headers: Mapping[str, str]
    base: Base
    where: str
    ids: Sequence[str | None] = ()  # primary identifiers of this page, in its order

    def silent_end(self) -> None:
        """Refuses an end that is only the absence of something, where a wrong path would look the same.

        A full first page without a total proves nothing: either everything fits exactly, or the place of the cursor
        is misspelt. Once a cursor was seen there, or the page is short, or the total is reached, absence is the end.

        Raises:
            PlatformError: `end-unproven`.
        """
        reached = self.total is not None and self.fetched >= self.total
        if self.number == 1 and not reached and (self.page_size is None or self.length >= self.page_size):
            found = "The first page is full, but names no next page, and no total says that it is the only one."
            fix = "Nothing was stored. Check the paging of the manifest, or give it a declared total."
            raise PlatformError("end-unproven", found, fix, self.where)


def pointer(turn: Turn, path: str, end: tuple[Signal, ...]) -> str | int | None:
    """Returns the next cursor or link on a page, or None when the platform says that there is none.

    Raises:
        PlatformError: `path-missing`, `wrong-type` when the place holds no pointer and the manifest calls that no end.
    """
    value = turn.values["next"]
    signal: Signal
    if value is UNSET:
        signal = "absent"
    elif value is None:
        signal = "null-value"
    elif value == "":
        signal = "blank"
    else:
        return value  # type: ignore[no-any-return]
    if signal not in end:
        raise missing(path, path, turn.where) if signal == "absent" else no_pointer(path, signal, turn.where)
    if signal == "absent":
        turn.silent_end()
    return None


def no_pointer(path: str, signal: Signal, where: str) -> PlatformError:
    """Returns the error for an empty pointer that the manifest does not declare as the end."""
    found = f"At `{path}` is {'null' if signal == 'null-value' else 'an empty text'} instead of the next page."
    fix = "If the platform ends its pages so, add it to `end` in the manifest's paging; else its answer has changed."
    return PlatformError("wrong-type", found, fix, where)
