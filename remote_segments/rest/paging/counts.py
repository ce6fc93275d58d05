"""Paging by counting: an offset or a page number, whose end is a total reached, an empty page, or a short one."""

from collections.abc import Iterator
from math import ceil
from typing import Literal

from pydantic import Field

from remote_segments.errors import PlatformError
from remote_segments.rest.paging.kinds import Declared, PagingKind
from remote_segments.rest.paging.turns import PLACE, Call, Placement, Turn

CountedEnd = Literal["total", "empty-page", "short-page"]


def ended(end: CountedEnd, turn: Turn) -> bool:
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


def counted_problems(end: CountedEnd, declared: Declared) -> Iterator[str]:
    """Yields why an end that is counted could come too early."""
    if end in {"total", "short-page"} and not declared.certain:
        yield f"an end by {end} needs a total on every page: a smaller page would look like the last"
    if end != "empty-page" and declared.page_size is None:
        yield f"an end by {end} needs page_size"
    if end == "total" and declared.certain and not declared.on_page:
        yield "an end by total needs the total on each page"


def counted_pages(end: CountedEnd, size: int, page_size: int | None) -> int:
    """Returns the pages that so many members take at most: a full page is never the last."""
    full = page_size or max(1, size)
    return ceil(size / full) + 1 if end == "empty-page" else size // full + 1


class Counted(PagingKind):
    """What offset and page number have in common."""

    end: CountedEnd = Field(
        description="What proves the last page: the total reached, an empty page, or (with a total) a short one."
    )

    def problems(self, declared: Declared) -> Iterator[str]:
        """Yields why members could be lost without an error."""
        yield from counted_problems(self.end, declared)

    def pages(self, size: int, page_size: int | None) -> int:
        """Returns the pages that so many members take at most."""
        return counted_pages(self.end, size, page_size)


class Offset(Counted):
    """The call says how many members to skip, `?offset=2000`, or which comes first, `?startIndex=2001`."""

    kind: Literal["offset"]
    parameter: str = Field(description="Parameter that takes the number of members to skip.", examples=["offset"])
    place: Placement = Field("query", description=PLACE)
    start: int = Field(0, ge=0, le=1, description="What the first member is called: 0, or 1 for a startIndex.")

    def first(self, call: Call) -> Call:
        """Returns the call for the first page."""
        return call.having(self.parameter, self.start, self.place)

    def following(self, call: Call, turn: Turn) -> Call | None:
        """Returns the call for the next page, None after the last."""
        return None if ended(self.end, turn) else call.having(self.parameter, self.start + turn.fetched, self.place)


class PageNumber(Counted):
    """The call says which page: `?page=3`."""

    kind: Literal["page-number"]
    parameter: str = Field(description="Parameter that takes the number of the page.", examples=["page"])
    place: Placement = Field("query", description=PLACE)
    start: int = Field(1, ge=0, le=1, description="Number of the first page.")

    def first(self, call: Call) -> Call:
        """Returns the call for the first page."""
        return call.having(self.parameter, self.start, self.place)

    def following(self, call: Call, turn: Turn) -> Call | None:
        """Returns the call for the next page, None after the last."""
        return None if ended(self.end, turn) else call.having(self.parameter, self.start + turn.number, self.place)


class Single(PagingKind):
    """Everything comes in one answer; for members a declared total must agree."""

    kind: Literal["single"]

    def problems(self, declared: Declared) -> Iterator[str]:
        """Yields why members could be lost without an error."""
        if not declared.certain:
            yield "a single answer needs a total: a default page size would go unnoticed"

    def following(self, call: Call, turn: Turn) -> Call | None:  # noqa: ARG002 - one signature for all
        """Returns None: there is no next page."""
        return None
