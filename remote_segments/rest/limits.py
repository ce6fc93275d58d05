"""How often a platform may be called: sliding windows and a number of calls at once, kept by waiting before a call.

All durations are in seconds. The clock and the sleep are given, so that tests wait for nothing.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Literal

from pydantic import Field

from remote_segments.errors import TemporaryError
from remote_segments.settings import Settings

LONGEST_WAIT = 900.0
"""Seconds; a longer wait for a quota ends the refresh as `rate-limited`, to be tried again, and holds no run."""

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


class Limiter:
    """Waits until a call fits into every window; one per account and process, safe to share between threads."""

    def __init__(self, limits: Limits, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._windows = [(allowed, seconds, deque[float](maxlen=allowed)) for allowed, seconds in limits.windows()]
        self._clock, self._sleep = clock, sleep
        self._lock = threading.Lock()
        self._blocked_until = float("-inf")
        self._slots = threading.Semaphore(limits.concurrent) if limits.concurrent else None

    def _reserve(self) -> float:
        """Takes the next free instant and returns the seconds until it."""
        with self._lock:
            now = self._clock()
            start = max(now, self._blocked_until)
            for allowed, seconds, taken in self._windows:
                if len(taken) == allowed:
                    start = max(start, taken[0] + seconds)
            if start - now > LONGEST_WAIT:
                raise too_long(start - now)
            for _, _, taken in self._windows:
                taken.append(start)
            return start - now

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Holds a slot for one call, after waiting for it.

        Raises:
            TemporaryError: `rate-limited` when the wait would be longer than 15 minutes.
        """
        wait = self._reserve()
        if wait > 0:
            self._sleep(wait)
        if self._slots is None:
            yield
            return
        with self._slots:
            yield

    def block(self, seconds: float) -> None:
        """Lets nobody call for so many seconds: the platform said that its quota is used up."""
        with self._lock:
            self._blocked_until = max(self._blocked_until, self._clock() + seconds)


class Limiters:
    """The limiters of a process: fetches that run at the same time on one account take turns at the same windows."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[tuple[str, Limits], Limiter] = {}

    def of(self, account: str, limits: Limits, clock: Callable[[], float], sleep: Callable[[float], None]) -> Limiter:
        """Returns the limiter of an account and its limits: the same each time, with the clock it was first given."""
        with self._lock:
            if (account, limits) not in self._known:
                self._known[account, limits] = Limiter(limits, clock, sleep)
            return self._known[account, limits]


SHARED = Limiters()
"""Those of this process; tests with a clock of their own do not use them."""


def too_long(seconds: float, where: str | None = None) -> TemporaryError:
    """Returns the error for a quota that opens too late to wait for."""
    found = f"The platform's quota is used up for another {seconds:,.0f} seconds."
    fix = "The next refresh tries again. Refresh less often, or raise the limit if the account allows more calls."
    return TemporaryError("rate-limited", found, fix, where, retry_after=seconds)


def utc_now() -> datetime:
    """Returns the wall clock's time, for headers that name an instant."""
    return datetime.now(UTC)
