"""How often a segment is refreshed: `1 hour`, `1 day at 06:30`, or a cron expression; from it come all schedules.

Only what divides an hour, a day or a week evenly is allowed in words, so that every refresh has the same distance to
the next: `7 hours` would leave a gap of 3 at midnight.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from remote_segments.config.cron import CronError, parse_cron
from remote_segments.explanations import kind_of, refusal
from remote_segments.suggestions import listed, near

WEEK_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")

HOUR, DAY, WEEK = 60, 1_440, 10_080
"""In minutes."""

_UNITS = {"minute": 1, "hour": HOUR, "day": DAY, "week": WEEK}

ALLOWED = tuple(
    [minutes for minutes in range(1, HOUR) if HOUR % minutes == 0]
    + [HOUR * hours for hours in range(1, 24) if 24 % hours == 0]
    + [DAY, WEEK]
)
"""The distances that can be written in words, in minutes."""

EXAMPLES = (
    "15 minutes",
    "1 hour",
    "6 hours",
    "1 day",
    "1 day at 06:30",
    "1 week on monday at 06:30",
    "30 6 * * mon-fri",
)

_WORDS = re.compile(r"(\d{1,6})\s+([a-z]+)(?:\s+on\s+([a-z]+))?(?:\s+at\s+(\d{1,2}):(\d{2}))?")

_SAID = {
    "hourly": "1 hour",
    "daily": "1 day",
    "nightly": "1 day at 02:00",
    "weekly": "1 week on monday",
    "every hour": "1 hour",
    "every day": "1 day",
    "@hourly": "1 hour",
    "@daily": "1 day",
    "@midnight": "1 day",
    "@weekly": "1 week on sunday",
}
"""What people write instead."""


@dataclass(frozen=True)
class Frequency:
    """A refresh frequency, as written and as cron."""

    text: str
    cron: str
    period: timedelta
    """Between two refreshes, clock changes aside; the longest distance where a cron expression has several."""
    partition_cron: str
    """Starts of the windows of time: `cron`, or hourly at the same hours where refreshes are under an hour apart."""
    ticks_per_day: int
    """Refreshes on a day that has any."""

    def __str__(self) -> str:
        return self.text

    @classmethod
    def parse(cls, value: Any) -> "Frequency":
        """Reads a frequency.

        Raises:
            PydanticCustomError: `frequency-invalid`, naming the nearest that is allowed.
        """
        if isinstance(value, cls):
            return value
        if not isinstance(value, str):
            raise _refused(f"A refresh frequency is text, and this is {kind_of(value)}.", [EXAMPLES[1], *EXAMPLES[4:]])
        return _parsed(value)


@lru_cache(maxsize=1024)
def _parsed(written: str) -> Frequency:
    text = " ".join(written.split())
    cron = _cron_of_words(text.lower()) or text.lower()
    try:
        meant = parse_cron(cron)
    except CronError as error:
        found = str(error) if _like_cron(text) else f"`{text[:40]}` is not understood."
        raise _refused(found, _guess(text.lower())) from None
    shortest, longest = meant.gaps
    windows = meant.text if shortest >= timedelta(hours=1) else " ".join(["0", *meant.text.split()[1:]])
    return Frequency(text, meant.text, longest, windows, meant.ticks_per_day)


def _like_cron(text: str) -> bool:
    """Whether somebody meant a cron expression: several fields, of which the first two begin as numbers or stars."""
    fields = text.split()
    return len(fields) >= 4 and all(field[0] in "*0123456789" for field in fields[:2])


def _cron_of_words(text: str) -> str | None:
    """The cron expression of a frequency in words; None if it is not in words."""
    match = _WORDS.fullmatch(text)
    unit = match[2].removesuffix("s") if match else ""
    if not match or unit not in _UNITS:
        return None
    minutes = int(match[1]) * _UNITS[unit]
    if minutes not in ALLOWED:
        raise _refused(f"`{text}` does not divide an hour, a day or a week evenly.", _nearest(minutes))
    return _at_a_time(text, minutes, match) if minutes >= DAY else _through_the_day(text, minutes, match)


def _through_the_day(text: str, minutes: int, match: re.Match[str]) -> str:
    if match[3] or match[4]:
        raise _refused(
            f"`{text}` names a day or a time, which only days and weeks have.", [in_words(minutes), "1 day at 06:30"]
        )
    if minutes < HOUR:
        return f"*/{minutes} * * * *" if minutes > 1 else "* * * * *"
    return f"0 */{minutes // HOUR} * * *" if minutes > HOUR else "0 * * * *"


def _at_a_time(text: str, minutes: int, match: re.Match[str]) -> str:
    hour, minute = int(match[4] or 0), int(match[5] or 0)
    if hour > 23 or minute > 59:
        raise _refused(f"`{text}` names a time that no clock shows.", ["1 day at 06:30"])
    day = match[3]
    if minutes == DAY:
        if day:
            raise _refused(f"`{text}` names a day, which only a week has.", [f"1 week on {day}"])
        return f"{minute} {hour} * * *"
    if day and day not in WEEK_DAYS:
        raise _refused(f"`{text}` names no day of the week.", [f"1 week on {near(day, WEEK_DAYS) or 'monday'}"])
    return f"{minute} {hour} * * {WEEK_DAYS.index(day) if day else 1}"


def in_words(minutes: int) -> str:
    """A distance in minutes as it is written: `15 minutes`, `1 hour`."""
    unit, size = next((unit, size) for unit, size in reversed(_UNITS.items()) if minutes % size == 0)
    count = minutes // size
    return f"{count} {unit}{'' if count == 1 else 's'}"


def _nearest(minutes: int) -> list[str]:
    below = [allowed for allowed in ALLOWED if allowed <= minutes]
    above = [allowed for allowed in ALLOWED if allowed >= minutes]
    return [in_words(allowed) for allowed in below[-1:] + above[:1]]


def _guess(text: str) -> list[str]:
    """What was probably meant by a text that is not understood."""
    if text in _SAID:
        return [_SAID[text]]
    short = re.match(r"(?:every )?(\d{1,6})?\s*(m|min|minute|h|hr|hour|d|day|w|week)s?\b", text)
    if short:
        unit = next(unit for unit in _UNITS if unit.startswith(short[2][0]))
        return _nearest(int(short[1] or 1) * _UNITS[unit])
    return [near(text, EXAMPLES) or EXAMPLES[1], *EXAMPLES[4:]]


def _refused(found: str, nearest: Any) -> Exception:
    names = list(dict.fromkeys(nearest))
    return refusal(
        "frequency-invalid", found, f"Write {' or '.join(listed([name]) for name in names)}, or a cron expression."
    )


WrittenFrequency = Annotated[
    Frequency,
    PlainValidator(Frequency.parse),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "examples": list(EXAMPLES)}),
]
"""A frequency in a settings class."""
