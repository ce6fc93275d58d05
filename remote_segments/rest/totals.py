"""The platform's own count of members, and what it proves about the members that were read."""

from typing import Literal

from msgspec import UNSET
from pydantic import Field, model_validator

from remote_segments.errors import PlatformError, TemporaryError
from remote_segments.rest.decoding import Extra
from remote_segments.rest.describing import whole_number
from remote_segments.rest.paths import Path, wrong_type
from remote_segments.settings import Settings

LEAST_TOLERANCE = 10
"""Members; a drifting count with a tolerance may differ by as many even in a small segment."""


class Total(Settings):
    """Where the count is, and how far it can be trusted."""

    certainty: Literal["exact", "drifting", "estimate"] = Field(
        description="exact: must agree; drifting: counted at another time than the members, must agree within the "
        "tolerance or lie between the counts read before and after; estimate: is shown, proves nothing."
    )
    source: Literal["page", "header", "describe"] = Field(
        description="Whether each page holds it, a header, or `describe`."
    )
    path: Path | None = Field(None, description="Path within the page.", examples=["total_items"])
    header: str | None = Field(None, description="Name of the header.", examples=["Total-Records"])
    absent: Literal["error", "unknown"] = Field(
        "error", description="What it means when a page does not hold the count."
    )
    tolerance: float = Field(
        0.0, ge=0, le=0.1, description="Share of the members by which a drifting count may differ."
    )

    @model_validator(mode="after")
    def _place(self) -> "Total":
        if (self.path is not None) != (self.source == "page") or (self.header is not None) != (self.source == "header"):
            raise ValueError(
                "a total has `path` with source page, `header` with source header, and neither with describe"
            )
        if self.tolerance and self.certainty != "drifting":
            raise ValueError("only a drifting total has a tolerance")
        return self

    def extras(self) -> dict[str, Extra]:
        """Returns the values a page must hold beside its members."""
        return {"total": Extra(self.path, int | str, absent=self.absent == "unknown")} if self.path else {}

    def read(self, values: dict[str, object], headers: dict[str, str], where: str) -> int | None:
        """Returns the count that a page tells, None where it tells none.

        Raises:
            PlatformError: `path-missing`, `wrong-type`.
        """
        if self.source == "page":
            value = values["total"]
            return None if value is UNSET else whole_number(value, self.path or "", where)
        if self.source == "describe":
            return None
        text = headers.get((self.header or "").lower(), "").strip()
        if text.isdecimal():
            return int(text)
        if not text and self.absent == "unknown":
            return None
        raise wrong_type(f"header {self.header}", "no number of members", where)

    def verdict(self, counts: list[int], fetched: int, where: str) -> tuple[str, int]:
        """Judges the members read against the counts read during the fetch, in order of time.

        Args:
            counts: at least one count.
            fetched: number of members read.
            where: manifest and block, for messages.

        Returns:
            How the count agrees, in words, and by how many members the membership moved meanwhile (the doubt).

        Raises:
            PlatformError: `total-mismatch` when a count that did not change disagrees.
            TemporaryError: `membership-moved` when the count changed and the members read do not lie between.
        """
        low, high = min(counts), max(counts)
        if self.certainty == "estimate":
            return f"the platform's estimate is {counts[-1]:,}", 0
        if counts[-1] == fetched and low == high:
            return "the platform's total agrees", 0
        slack = max(LEAST_TOLERANCE, round(self.tolerance * max(high, fetched))) if self.tolerance else 0
        if low - slack <= fetched <= high + slack:
            doubt = max(high - low, abs(fetched - counts[-1]))
            return f"the platform's total was {low:,} to {high:,} meanwhile", doubt
        if low == high:
            found = f"The platform counts {high:,} members, but its pages held {fetched:,}."
            fix = (
                "Nothing was stored. Compare with the segment in the tool; a count that is an estimate is declared so."
            )
            raise PlatformError("total-mismatch", found, fix, where)
        found = f"The membership moved while it was read: counted {low:,} to {high:,}, read {fetched:,}."
        raise TemporaryError("membership-moved", found, "The next refresh reads it again.", where)
