"""How often a platform may be called: calls in sliding windows and at the same time. All durations are in seconds."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal

from pydantic import Field

from remote_segments.settings import Settings

WINDOWS: Mapping[str, float] = {
    "per_second": 1,
    "per_ten_seconds": 10,
    "per_minute": 60,
    "per_hour": 3600,
    "per_day": 86400,
    "per_month": 30 * 86400,
}
"""Length in seconds of the window behind each kind of limit."""


class Limits(Settings):
    """Calls allowed per window and at once, for all users of one account together."""

    per_second: int | None = Field(None, ge=1, description="Calls within any second.")
    per_ten_seconds: int | None = Field(None, ge=1, description="Calls within any 10 seconds.")
    per_minute: int | None = Field(None, ge=1, description="Calls within any minute.")
    per_hour: int | None = Field(None, ge=1, description="Calls within any hour.")
    per_day: int | None = Field(None, ge=1, description="Calls within any 24 hours.")
    per_month: int | None = Field(None, ge=1, description="Calls within any 30 days.")
    concurrent: int | None = Field(None, ge=1, description="Calls on their way at the same time.")

    def windows(self) -> list[tuple[int, float]]:
        """Returns pairs of allowed calls and window length in seconds, shortest first."""
        values = [(getattr(self, name), seconds) for name, seconds in WINDOWS.items()]
        return [(calls, seconds) for calls, seconds in values if calls is not None]

    def overridden_by(self, other: "Limits | None") -> "Limits":
        """Returns these limits with those that a connection sets instead."""
        return self.model_copy(update=other.model_dump(exclude_none=True)) if other else self

    def calls_per_day(self) -> float:
        """Returns the most calls that fit into 24 hours, infinite without any limit."""
        return min((calls * 86400 / seconds for calls, seconds in self.windows()), default=float("inf"))

    def words(self) -> str:
        """Returns them as a person says them: `10 per second, 25 at once`; empty where none is known."""
        return ", ".join(
            f"{calls:,} {'at once' if name == 'concurrent' else name.replace('_', ' ').replace('per ten', 'per 10')}"
            for name, calls in self.model_dump(exclude_none=True).items()
        )

    def seconds_for(self, calls: int) -> float:
        """Returns the least time that so many calls take under these limits."""
        return max((max(0, calls - allowed) / allowed * seconds for allowed, seconds in self.windows()), default=0.0)


class Quota(Settings):
    """Headers in which the platform says how much of its quota is left."""

    remaining: str = Field(description="Header with the number of calls left.", examples=["RateLimit-Remaining"])
    reset: str = Field(description="Header that says when the quota is full again.", examples=["RateLimit-Reset"])
    unit: Literal["seconds", "milliseconds", "epoch"] = Field(
        "seconds", description="What the reset header counts: time left, or (epoch) seconds since 1970."
    )

    def wait(self, headers: Mapping[str, str], now: datetime) -> float:
        """Returns the seconds to wait before the next call: 0 while calls are left or the headers are absent."""
        remaining, reset = headers.get(self.remaining.lower()), headers.get(self.reset.lower())
        try:
            if remaining is None or reset is None or float(remaining) > 0:
                return 0.0
            value = float(reset)
        except ValueError:
            return 0.0  # a hint that cannot be read is no reason to fail: the platform still answers 429
        if self.unit == "epoch":
            return max(0.0, value - now.timestamp())
        return max(0.0, value / 1000 if self.unit == "milliseconds" else value)


def utc_now() -> datetime:
    """Returns the wall clock's time, for headers that name an instant."""
    return datetime.now(UTC)
