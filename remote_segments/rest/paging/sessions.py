"""Paging within a session: the first answer opens it, and the next calls name it with the number of the page."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from pydantic import Field

from remote_segments.rest.decoding import Extra
from remote_segments.rest.paging.counts import Counted, ended
from remote_segments.rest.paging.kinds import Declared
from remote_segments.rest.paging.turns import PLACE, Call, Placement, Turn
from remote_segments.rest.paths import Path


class SessionPage(Counted):
    """The answer names a session, which the next call sends with the number of the page: `session_id=1-a&page=2`."""

    kind: Literal["session-page"]
    session: Path = Field(description="Path of the session's name, on every page.", examples=["session_id"])
    session_parameter: str = Field(description="Parameter that takes the session.", examples=["session_id"])
    parameter: str = Field(description="Parameter that takes the number of the page.", examples=["page"])
    place: Placement = Field("query", description=PLACE)
    start: int = Field(0, ge=0, le=1, description="Number of the first page, which is asked for without a session.")
    told_size: Path | None = Field(
        None, description="Path of the number of members of a full page, where the platform tells it on every page."
    )
    usual_size: int | None = Field(
        None, ge=1, description="Members of a full page by the documentation; only for estimates of calls."
    )

    def extras(self) -> dict[str, Extra]:
        """Returns the values a page must hold beside its members."""
        size = {"told_size": Extra(self.told_size, int)} if self.told_size else {}
        return {"session": Extra(self.session, str | int), **size}

    def problems(self, declared: Declared) -> Iterator[str]:
        """Yields why members could be lost without an error."""
        # A page that is short of the size that the platform itself tells on it is an explicit end.
        if self.end != "short-page" or self.told_size is None:
            yield from super().problems(declared)

    def pages(self, size: int, page_size: int | None) -> int:
        """Returns the pages that so many members take at most."""
        return super().pages(size, page_size or self.usual_size)

    def first(self, call: Call) -> Call:
        """Returns the call for the first page."""
        return call.having(self.parameter, self.start, self.place)

    def following(self, call: Call, turn: Turn) -> Call | None:
        """Returns the call for the next page, None after the last."""
        if self.told_size is not None:
            turn = replace(turn, page_size=turn.values["told_size"])
        if ended(self.end, turn):
            return None
        call = call.having(self.session_parameter, turn.values["session"], self.place)
        return call.having(self.parameter, self.start + turn.number, self.place)
