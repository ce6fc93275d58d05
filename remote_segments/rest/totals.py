"""The platform's own count of members, and what it proves about the members that were read."""

from math import ceil
from typing import Any, Literal

from msgspec import UNSET
from pydantic import Field, model_validator

from remote_segments.errors import PlatformError, TemporaryError
from remote_segments.rest.counting import whole_number
from remote_segments.rest.decoding import Extra
from remote_segments.rest.paths import Path, find, take, wrong_type
from remote_segments.settings import Settings

MOVED_SHARE = 0.02
"""Of the members; a count that moves by more during one fetch proves nothing about what was read."""


class Total(Settings):
    """Where the count is, and how far it can be trusted."""

    certainty: Literal["exact", "drifting", "estimate"] = Field(
        description="exact: must agree; drifting: counted at another time than the members, must agree within the "
        "tolerance or lie between the counts read before and after; estimate: is shown, proves nothing."
    )
    source: Literal["page", "header", "describe", "job"] = Field(
        description="Whether each page holds it, a header, `describe`, or the answer that says that the job is done."
    )
    path: Path | None = Field(None, description="Path within the page or that answer.", examples=["total_items"])
    header: str | None = Field(None, description="Name of the header.", examples=["Total-Records"])
    absent: Literal["error", "unknown"] = Field(
        "error", description="What it means when a page does not hold the count."
    )
    tolerance: float = Field(
        0.0, ge=0, le=0.1, description="Share of the members by which a drifting count may differ."
    )

    @model_validator(mode="after")
    def _place(self) -> "Total":
        pathed = self.source in {"page", "job"}
        if (self.path is not None) != pathed or (self.header is not None) != (self.source == "header"):
            raise ValueError(
                "a total has `path` with source page or job, `header` with source header, and neither with describe"
            )
        if self.tolerance and self.certainty != "drifting":
            raise ValueError("only a drifting total has a tolerance")
        return self

    def extras(self) -> dict[str, Extra]:
        """Returns the values a page must hold beside its members."""
        if self.path is None or self.source != "page":
            return {}
        return {"total": Extra(self.path, int | str, absent=self.absent == "unknown")}

    def of_job(self, document: Any, where: str) -> int | None:
        """Returns the count that the answer tells which says that a job is done, None where it tells none.

        Raises:
            PlatformError: `path-missing`, `wrong-type`.
        """
        if self.source != "job" or self.path is None:
            return None
        if self.absent == "unknown" and find(document, self.path) is None:
            return None
        return whole_number(take(document, self.path, where), self.path, where)

    def read(self, values: dict[str, object], headers: dict[str, str], where: str) -> int | None:
        """Returns the count that a page tells, None where it tells none.

        Raises:
            PlatformError: `path-missing`, `wrong-type`.
        """
        if self.source == "page":
            value = values["total"]
            return None if value is UNSET else whole_number(value, self.path or "", where)
        if self.source in {"describe", "job"}:
            return None
        text = headers.get((self.header or "").lower(), "").strip()
        if text.isdecimal():
            return int(text)
        if not text and self.absent == "unknown":
            return None
        raise wrong_type(f"header {self.header}", "no number of members", where)

    def fewest(self, declared: int, doubt: int) -> int | None:
        """Returns how many different members must have been read for the count to agree; None where it proves nothing.

        Args:
            declared: the last count read.
            doubt: by how many members the membership moved meanwhile, as `verdict` returned it.
        """
        return None if self.certainty == "estimate" else max(0, declared - max(doubt, self._slack(declared)))

    def _slack(self, members: int) -> int:
        return ceil(self.tolerance * members)

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
        low, high, last = min(counts), max(counts), counts[-1]
        if self.certainty == "estimate":
            return f"the platform's estimate is {last:,}", 0
        if last == fetched and low == high:
            return "the platform's total agrees", 0
        if self._explained(low, high, last, fetched):
            return f"the platform's total was {low:,} to {high:,} meanwhile", max(high - low, abs(fetched - last))
        if low == high:
            found = f"The platform counts {high:,} members, but its pages held {fetched:,}."
            fix = (
                "Nothing was stored. Compare with the segment in the tool; a count that is an estimate is declared so."
            )
            raise PlatformError("total-mismatch", found, fix, where)
        found = f"The membership moved while it was read: counted {low:,} to {high:,}, read {fetched:,}."
        raise TemporaryError("membership-moved", found, "The next refresh reads it again.", where)

    def _explained(self, low: int, high: int, last: int, fetched: int) -> bool:
        """Whether people who came and went during the fetch explain what was read.

        A count that falls to nothing, or nobody read where somebody is counted, is explained by nothing: that is what a
        platform answers when it fails half-way. Nor is a count that moved by more than a small share of the members.
        """
        if high > 0 and 0 in (last, fetched):
            return False
        if high - low > ceil(MOVED_SHARE * high):
            return False
        slack = self._slack(max(high, fetched))
        return low - slack <= fetched <= high + slack
