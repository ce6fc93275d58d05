"""Paging by what the last answer held: a cursor, several of them, or the last identifier that was read."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Literal

from msgspec import UNSET
from pydantic import Field, model_validator

from remote_segments.errors import PlatformError
from remote_segments.rest.decoding import Extra
from remote_segments.rest.paging.counts import counted_pages, counted_problems, ended
from remote_segments.rest.paging.kinds import Declared, PagingKind
from remote_segments.rest.paging.turns import PLACE, Call, Placement, Signal, Turn, pointer
from remote_segments.rest.paths import Path, missing, wrong_type


class Cursor(PagingKind):
    """The answer holds a cursor for the next call: `{"paging": {"next": {"after": "MTAx"}}}`."""

    kind: Literal["cursor"]
    path: Path = Field(description="Path of the cursor.", examples=["paging.next.after"])
    parameter: str = Field(description="Parameter of the next call that takes it.", examples=["after"])
    place: Placement = Field("query", description=PLACE)
    start: int | None = Field(None, description="Value of the parameter in the first call, where it must be there.")
    more: Path | None = Field(None, description="Path of a true or false that says whether there is a next page.")
    end: tuple[Signal, ...] = Field(
        (), description="What stands at `path` on the last page; left out when `more` says it."
    )

    @model_validator(mode="after")
    def _ends(self) -> "Cursor":
        if bool(self.end) == (self.more is not None):
            raise ValueError(
                "a cursor has one end: `end` says what stands at its path on the last page, or `more` says it"
            )
        return self

    def extras(self) -> dict[str, Extra]:
        """Returns the values a page must hold beside its members."""
        lenient = self.more is not None
        absent, null = lenient or "absent" in self.end, lenient or "null-value" in self.end
        found = {"next": Extra(self.path, str | int, absent=absent, null=null)}
        return found | ({"more": Extra(self.more, bool)} if self.more else {})

    def ends_by_absence(self) -> bool:
        """Tells whether the last page is one on which something is not there."""
        return "absent" in self.end

    def first(self, call: Call) -> Call:
        """Returns the call for the first page: one without a cursor, or with the declared first one."""
        return call if self.start is None else call.having(self.parameter, self.start, self.place)

    def following(self, call: Call, turn: Turn) -> Call | None:
        """Returns the call for the next page, None after the last."""
        if self.more is not None:
            if not turn.values["more"]:
                return None
            cursor = turn.values["next"]
            if cursor is UNSET or cursor in (None, ""):
                raise missing(self.path, self.path, turn.where)
        else:
            cursor = pointer(turn, self.path, self.end)
            if cursor is None:
                return None
        return call.having(self.parameter, cursor, self.place)


class Continue(PagingKind):
    """The answer holds an object whose fields all go into the next call: `{"continue": {"from": "x", "by": "-"}}`."""

    kind: Literal["continue"]
    path: Path = Field(description="Path of the object, which the last page lacks.", examples=["continue"])
    place: Placement = Field("query", description=PLACE)

    def extras(self) -> dict[str, Extra]:
        """Returns the values a page must hold beside its members."""
        return {"next": Extra(self.path, dict[str, str | int], absent=True)}

    def ends_by_absence(self) -> bool:
        """Tells whether the last page is one on which something is not there."""
        return True

    def following(self, call: Call, turn: Turn) -> Call | None:
        """Returns the call for the next page, None after the last."""
        fields = turn.values["next"]
        if fields is UNSET:
            turn.silent_end()
            return None
        if not isinstance(fields, dict):
            raise wrong_type(self.path, "no object of parameters", turn.where)
        for name, value in fields.items():
            call = call.having(name, value, self.place)
        return call


class Keyset(PagingKind):
    """The call names the last identifier that was read, `?id_greater=1500`: members come sorted by it, ascending."""

    kind: Literal["keyset"]
    parameter: str = Field(
        description="Parameter that takes the primary identifier of the last member.", examples=["id_greater"]
    )
    place: Placement = Field("query", description=PLACE)
    order: Literal["integer", "text"] = Field(
        description="How identifiers ascend: as numbers, or as texts by the code of their characters."
    )
    start: str | None = Field(None, description="Value of the parameter in the first call, where it must be there.")
    end: Literal["empty-page", "short-page"] = Field(
        description="What proves the last page: an empty one, or (with a total) a short one."
    )

    def problems(self, declared: Declared) -> Iterator[str]:
        """Yields why members could be lost without an error."""
        yield from counted_problems(self.end, declared)

    def pages(self, size: int, page_size: int | None) -> int:
        """Returns the pages that so many members take at most."""
        return counted_pages(self.end, size, page_size)

    def first(self, call: Call) -> Call:
        """Returns the call for the first page."""
        return call if self.start is None else call.having(self.parameter, self.start, self.place)

    def following(self, call: Call, turn: Turn) -> Call | None:
        """Returns the call for the next page, None after the last.

        Raises:
            PlatformError: `page-unsorted` when members do not ascend: the next page would skip some.
        """
        before = call.value(self.parameter, self.place)
        keys = [self._key(value, turn) for value in ([] if before is None else [str(before)]) + list(turn.ids)]
        if any(one >= other for one, other in pairwise(keys)):
            found = f"Page {turn.number} is not sorted by the identifier that the next page would continue from."
            fix = "Nothing was stored. Ask for members in ascending order of it, in the query of the manifest."
            raise PlatformError("page-unsorted", found, fix, turn.where)
        if ended(self.end, turn):
            return None
        last = keys[-1] if self.place == "body" else str(keys[-1])
        return call.having(self.parameter, last, self.place)

    def _key(self, value: str | None, turn: Turn) -> Any:
        if self.order == "text":
            return value or ""
        if value is None or not value.isdecimal():
            raise wrong_type("the primary identifier", "no whole number, by which members are sorted", turn.where)
        return int(value)
