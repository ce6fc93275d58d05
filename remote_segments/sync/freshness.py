"""How old a segment's data is, judged by the instant its ids were fetched, never by when something last ran."""

from datetime import datetime, timedelta

from remote_segments.config.audience import Audience
from remote_segments.config.segment import Segment

CLOCKS_DIFFER = timedelta(minutes=5)
"""By how much an instant may lie in the future: the clocks of two machines never agree quite."""


def limits_of(segment: Segment | Audience) -> tuple[timedelta, timedelta]:
    """The ages at which a segment is late (a warning) and stale (a failure).

    By default one and a half and two and a half refresh periods: one refresh may fail and be made good by the next.
    """
    period = segment.period
    written = segment.freshness
    fail = written.fail if written and written.fail else period * 2.5
    warn = written.warn if written and written.warn else min(period * 1.5, fail)
    return warn, fail


def age_text(age: timedelta) -> str:
    """An age as a person says it: `3 days`, `5 hours`, `12 minutes`."""
    minutes = int(age.total_seconds() // 60)
    for unit, size in (("day", 1440), ("hour", 60), ("minute", 1)):
        if minutes >= 2 * size or (unit == "minute"):
            count = minutes // size
            return f"{count} {unit}{'' if count == 1 else 's'}"
    raise AssertionError("unreachable: the last unit always answers")


def verdict(
    segment: Segment | Audience, fetched_at: datetime | None, now: datetime, frozen: str | None = None
) -> tuple[str, str]:
    """Judges the age of the latest published snapshot.

    Args:
        segment: the segment, whose file may set limits.
        fetched_at: when its ids were fetched; None when nothing was ever published.
        now: the present instant.
        frozen: why it is not fetched any more, as `frozen since ...`; None while it is. Its ids are old on purpose.

    Returns:
        One of `fresh`, `late`, `stale`, `frozen`, `never_fetched`, and the sentence that explains it.
    """
    if fetched_at is None:
        return "never_fetched", f"No snapshot was ever published{f', and it is {frozen}' if frozen else '.'}"
    if frozen:
        return "frozen", f"The ids are {age_text(max(now - fetched_at, timedelta(0)))} old, and stay: {frozen}"
    warn, fail = limits_of(segment)
    age = now - fetched_at
    if -age > CLOCKS_DIFFER:
        ahead = age_text(-age)
        return "stale", f"The ids are stamped {ahead} in the future, by a clock that was wrong: nobody knows their age."
    words = f"The ids are {age_text(age)} old; late after {age_text(warn)}, stale after {age_text(fail)}."
    if age > fail:
        return "stale", words
    return ("late", words) if age > warn else ("fresh", words)
