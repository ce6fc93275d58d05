"""Paging by counting: an offset or a page number, whose end is a total reached, an empty page, or a short one."""

from typing import Literal

from pydantic import Field

from remote_segments.errors import PlatformError
from remote_segments.rest.decoding import Extra
from remote_segments.rest.paging.turns import Call, Placement, Turn
from remote_segments.settings import Settings

CountedEnd = Literal["total", "empty-page", "short-page"]


def _ended(end: CountedEnd, turn: Turn) -> bool:
    """Tells whether the page was the last.

    Raises:
        PlatformError: `page-short` when a page in the middle is not full: the members after it would be skipped;
            `page-long` when a page holds more than was asked for: the next would begin in the wrong place.
    """
    if turn.page_size is not None and turn.length > turn.page_size:
        found = f"Page {turn.number} holds {turn.length:,} members, but {turn.page_size:,} were asked for."
        fix = "Nothing was stored. Check the parameter of the page size in the manifest."
        raise PlatformError("page-long", found, fix, turn.where)
    if turn.length == 0:
        return True  # a total that was not reached is found by its own check
    if end == "empty-page":
        return False
    full = turn.page_size is not None and turn.length >= turn.page_size
    if full:
        return False  # even when the total is reached: some totals are capped, and one more call tells
    if end == "total" and turn.total is not None and turn.fetched < turn.total:
        found = f"Page {turn.number} holds {turn.length:,} of {turn.page_size or 0:,} members, but is not the last."
        fix = "Nothing was stored. The platform may allow smaller pages only: correct page_size in the manifest."
        raise PlatformError("page-short", found, fix, turn.where)
    return True


class Offset(Settings):
    """The call says how many members to skip: `?offset=2000`."""

    kind: Literal["offset"]
    parameter: str = Field(description="Parameter that takes the number of members to skip.", examples=["offset"])
    place: Placement = Field("query", description="Whether the parameter is part of the query or of the JSON body.")
    end: CountedEnd = Field(
        description="What proves the last page: the total reached, an empty page, or (with a total) a short one."
    )

    def extras(self) -> dict[str, Extra]:
        """Returns the values a page must hold beside its members: none."""
        return {}

    def ends_by_absence(self) -> bool:
        """Tells whether the last page is one on which something is not there."""
        return False

    def first(self, call: Call) -> Call:
        """Returns the call for the first page."""
        return call.having(self.parameter, 0, self.place)

    def following(self, call: Call, turn: Turn) -> Call | None:
        """Returns the call for the next page, None after the last."""
        return None if _ended(self.end, turn) else call.having(self.parameter, turn.fetched, self.place)


class PageNumber(Settings):
    """The call says which page: `?page=3`."""

    kind: Literal["page-number"]
    parameter: str = Field(description="Parameter that takes the number of the page.", examples=["page"])
    place: Placement = Field("query", description="Whether the parameter is part of the query or of the JSON body.")
    start: int = Field(1, ge=0, le=1, description="Number of the first page.")
    end: CountedEnd = Field(
        description="What proves the last page: the total reached, an empty page, or (with a total) a short one."
    )

    def extras(self) -> dict[str, Extra]:
        """Returns the values a page must hold beside its members: none."""
        return {}

    def ends_by_absence(self) -> bool:
        """Tells whether the last page is one on which something is not there."""
        return False

    def first(self, call: Call) -> Call:
        """Returns the call for the first page."""
        return call.having(self.parameter, self.start, self.place)

    def following(self, call: Call, turn: Turn) -> Call | None:
        """Returns the call for the next page, None after the last."""
        return None if _ended(self.end, turn) else call.having(self.parameter, self.start + turn.number, self.place)


class Single(Settings):
    """Everything comes in one answer; for members a declared total must agree."""

    kind: Literal["single"]

    def extras(self) -> dict[str, Extra]:
        """Returns the values a page must hold beside its members: none."""
        return {}

    def ends_by_absence(self) -> bool:
        """Tells whether the last page is one on which something is not there."""
        return False

    def first(self, call: Call) -> Call:
        """Returns the only call."""
        return call

    def following(self, call: Call, turn: Turn) -> Call | None:  # noqa: ARG002 - one signature for all
        """Returns None: there is no next page."""
        return None
