"""What a manifest says of a verb that is written in Python: that it is, and what others must know of it beforehand."""

from collections.abc import Iterator
from math import ceil
from typing import ClassVar, Literal

from pydantic import Field

from remote_segments.rest.totals import Total
from remote_segments.settings import Settings


class PythonMembers(Settings):
    """The method `members` of the class beside the manifest reads the members; it says why they are all."""

    kind: Literal["python"] = Field(description="Read by Python.")
    page_size: int | None = Field(
        None, ge=1, description="Members asked for per page: told to the method, and used for estimates of calls."
    )
    certainty: Literal["exact", "drifting", "estimate"] | None = Field(
        None,
        description="How far the platform's own count can be trusted, as with `total` of pages; the method must then "
        "return it.",
    )
    tolerance: float = Field(
        0.0, ge=0, le=0.1, description="Share of the members by which a drifting count may differ."
    )
    max_pages: int = Field(200_000, ge=1, description="More pages than this are an error.")
    more_calls: int = Field(0, ge=0, description="Calls of one reading beside those for pages, for estimates.")

    format: ClassVar[None] = None
    job: ClassVar[None] = None

    @property
    def total(self) -> Total | None:
        """How far the count that the method returns can be trusted; None where it returns none."""
        if self.certainty is None:
            return None
        return Total(certainty=self.certainty, source="describe", tolerance=self.tolerance)

    def given(self) -> Iterator[str]:
        """Yields the placeholders that it fills itself: none."""
        yield from ()

    def placeholders(self) -> Iterator[str]:
        """Yields the names that its addresses use: a manifest knows none of them."""
        yield from ()

    def problems(self) -> Iterator[str]:
        """Yields why members could be lost without an error."""
        if self.tolerance and self.certainty != "drifting":
            yield "only a drifting count has a tolerance"

    def pages(self, size: int) -> int:
        """Returns the calls that so many members take at most."""
        return max(1, ceil(size / (self.page_size or max(1, size)))) + self.more_calls


class PythonDescribe(Settings):
    """The method `describe` of the class beside the manifest describes a segment."""

    kind: Literal["python"] = Field(description="Described by Python.")
    estimated_calls: int = Field(1, ge=0, description="Calls of one description, for estimates.")

    name: ClassVar[str] = "describe"
    size: ClassVar[None] = None
    count: ClassVar[None] = None
    updated_at: ClassVar[None] = None
    rule: ClassVar[None] = None
    computing: ClassVar[None] = None
    archived: ClassVar[None] = None
    inactive: ClassVar[None] = None
    deleted: ClassVar[None] = None

    def placeholders(self) -> Iterator[str]:
        """Yields the names that its addresses use: a manifest knows none of them."""
        yield from ()

    def calls(self) -> int:
        """Returns the number of calls that one description takes."""
        return self.estimated_calls


class PythonListing(Settings):
    """The method `segments` of the class beside the manifest lists the segments of an account."""

    kind: Literal["python"] = Field(description="Listed by Python.")
    needs: tuple[str, ...] = Field((), description="Id keys that a listing needs, such as Mailchimp's list_id.")

    def placeholders(self) -> Iterator[str]:
        """Yields the names that its addresses use."""
        yield from self.needs
