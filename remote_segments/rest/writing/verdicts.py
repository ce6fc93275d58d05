"""What one entry of an answer says about one member: taken, or rejected and why."""

import re
from collections.abc import Iterator
from typing import Any

from pydantic import Field, model_validator

from remote_segments.destinations.batches import OTHER_REASON, UNKNOWN_PERSON, Outcome
from remote_segments.errors import PlatformError
from remote_segments.rest.paths import Path, find, take
from remote_segments.rest.refusals import as_text
from remote_segments.settings import Settings, Texts

Told = tuple[Outcome, str | None, bool]
"""Outcome, reason, and whether it is for good."""

ACCEPTED: Told = ("accepted", None, False)

_CODE = re.compile(r"[A-Za-z][A-Za-z_. -]{0,58}[A-Za-z]|(?:http-)?\d{1,5}|[A-Za-z_]{1,20}-?\d{1,4}")


def safe_reason(code: str | None) -> str:
    """Returns a platform's code, or `other` where it is none: it is kept, and shown to people."""
    return code if code is not None and _CODE.fullmatch(code) else OTHER_REASON


class Reasons(Settings):
    """What a platform's codes of rejections mean."""

    reason: Path | None = Field(None, description="Path of the platform's code of a rejection.")
    harmless: Texts = Field(
        (), description="Codes that mean: it is as it should be already, such as a member who is in the list."
    )
    unknown_people: Texts = Field((), description="Codes that mean: the platform does not know this person.")
    permanent: Texts = Field(
        (), description="Codes of rejections that another try would not change; the others are tried again later."
    )

    @model_validator(mode="after")
    def _once(self) -> "Reasons":
        codes = [*self.harmless, *self.unknown_people]
        if len(set(codes)) < len(codes):
            raise ValueError("one code cannot be harmless and about an unknown person")
        return self

    def rejected(self, entry: Any, fallback: str = OTHER_REASON) -> Told:
        """Returns what a rejection comes to; the code's path may be absent of some rejections."""
        code = as_text(find(entry, self.reason)) if self.reason else None
        return self.coded(code if code is not None else fallback)

    def coded(self, code: str) -> Told:
        """Returns what a code of rejection comes to."""
        if code in self.harmless:
            return ACCEPTED
        if code in self.unknown_people:
            return "rejected", UNKNOWN_PERSON, code in self.permanent
        return "rejected", safe_reason(code), code in self.permanent


class Verdict(Reasons):
    """How one entry says what became of its member: by a value that is one of a few."""

    status: Path | None = Field(None, description="Path of the value that says it.", examples=["status", "success"])
    accepted: Texts = Field((), description="Values that mean: taken. `2xx` stands for 200 to 299.")
    rejected_values: Texts = Field(
        (), alias="rejected", description="Values that mean: rejected. `4xx` stands for 400 to 499."
    )

    @model_validator(mode="after")
    def _closed(self) -> "Verdict":
        if self.status is not None and not self.accepted:
            raise ValueError("`status` and the values that mean `accepted` are written together")
        return self

    def judge(self, entry: Any, where: str, fallback: str = OTHER_REASON) -> Told:
        """Returns what an entry says, `fallback` being the code of a rejection that has none.

        Raises:
            PlatformError: `path-missing`; `outcome-unknown-value` for a value that the manifest does not know.
        """
        value = as_text(take(entry, self.status, where) if self.status is not None else entry)
        if _among(value, self.accepted):
            return ACCEPTED
        if _among(value, self.rejected_values):
            return self.rejected(entry, fallback)
        found = f"The outcome of a member at `{self.status or 'its entry'}` is none that the manifest knows."
        fix = "Add the value to `accepted` or `rejected` in the manifest."
        raise PlatformError("outcome-unknown-value", found, fix, where)


def _among(value: str | None, wanted: Texts) -> bool:
    return value is not None and any(_fits(value, one) for one in wanted)


def _fits(value: str, wanted: str) -> bool:
    return value == wanted or (wanted[1:] == "xx" and len(value) == 3 and value[0] == wanted[0] and value.isdecimal())


def ids_at(entry: Any, path: str | None, where: str) -> Iterator[str]:
    """Yields the identifiers at a path of an entry: one, or an array of them."""
    found = take(entry, path, where) if path else entry
    for one in found if isinstance(found, list) else [found]:
        text = as_text(one)
        if text is None:
            raise PlatformError(
                "wrong-type",
                f"At `{path or 'an entry'}` is no identifier.",
                "Correct the path in the manifest; the platform may have changed its answer.",
                where,
            )
        yield text
