"""Paging by a cursor or token in the body, which the next call repeats to the platform."""

from typing import Literal

from msgspec import UNSET
from pydantic import Field, model_validator

from remote_segments.rest.decoding import Extra
from remote_segments.rest.paging.turns import Call, Placement, Signal, Turn, pointer
from remote_segments.rest.paths import Path, missing
from remote_segments.settings import Settings


class Cursor(Settings):
    """The answer holds a cursor for the next call: `{"paging": {"next": {"after": "MTAx"}}}`."""

    kind: Literal["cursor"]
    path: Path = Field(description="Path of the cursor.", examples=["paging.next.after"])
    parameter: str = Field(description="Parameter of the next call that takes it.", examples=["after"])
    place: Placement = Field("query", description="Whether the parameter is part of the query or of the JSON body.")
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
