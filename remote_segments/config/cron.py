"""Five-field cron expressions: which instants of a year they name, and how far apart these are.

The dialect is the common one (`*`, lists, ranges, steps, names of months and week days; 7 is Sunday too; a day matches
when either day field does, if both are restricted), https://man7.org/linux/man-pages/man5/crontab.5.html.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, lru_cache
from itertools import pairwise

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")

_FIELDS = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, MONTHS),
    ("day of the week", 0, 7, DAYS),
)

_PART = re.compile(r"(\*|\w+)(?:-(\w+))?(?:/(\d+))?")

_CYCLE = [date(2024, 1, 1) + timedelta(days=number) for number in range(366 + 3 * 365 + 366)]
"""Five years with two leap days: long enough to hold every gap but those around the year 2100."""


class CronError(ValueError):
    """A text that is not a cron expression; the message is a sentence."""


@dataclass(frozen=True)
class Cron:
    """A cron expression and what it means."""

    text: str
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[date]
    """The matching days of the five years from 2024."""

    @cached_property
    def _of_a_day(self) -> list[int]:
        return sorted(60 * hour + minute for hour in self.hours for minute in self.minutes)

    @property
    def ticks_per_day(self) -> int:
        """Ticks on a day that has any."""
        return len(self._of_a_day)

    @cached_property
    def gaps(self) -> tuple[timedelta, timedelta]:
        """The shortest and the longest time between two ticks, clock changes aside."""
        ticks, days = self._of_a_day, sorted(self.days)
        within = [later - earlier for earlier, later in pairwise(ticks)]
        nights = {(later - earlier).days for earlier, later in pairwise(days)}
        across = [1440 * count + ticks[0] - ticks[-1] for count in nights]
        return timedelta(minutes=min(within + across)), timedelta(minutes=max(within + across))


@lru_cache(maxsize=1024)
def parse_cron(text: str) -> Cron:
    """Reads a cron expression of five fields.

    Raises:
        CronError: it has another number of fields, a value that is out of range, or names no day at all.
    """
    fields = text.lower().split()
    if len(fields) != len(_FIELDS):
        raise CronError(f"A cron expression has 5 fields, and this has {len(fields)}.")
    values = [_values(written, *limits) for written, limits in zip(fields, _FIELDS, strict=True)]
    minutes, hours, month_days, months, week_days = values
    either = fields[2] != "*" and fields[4] != "*"  # as Dagster does; some crons take `*/2` for unrestricted
    week_days = frozenset(day % 7 for day in week_days)

    def matches(day: date) -> bool:
        in_month, in_week = day.day in month_days, day.isoweekday() % 7 in week_days
        return day.month in months and (in_month or in_week if either else in_month and in_week)

    days = frozenset(filter(matches, _CYCLE))
    if len(days) < 2:
        raise CronError("This cron expression names a day that does not exist.")
    return Cron(" ".join(fields), minutes, hours, days)


def _values(written: str, name: str, low: int, high: int, names: tuple[str, ...]) -> frozenset[int]:
    """The numbers that one field names."""
    values: set[int] = set()
    for part in written.split(","):
        match = _PART.fullmatch(part)
        if not match or (match[1] == "*" and match[2]):
            raise CronError(f"The {name} `{part}` is not understood.")
        first = low if match[1] == "*" else _number(match[1], name, low, high, names)
        last = first if match[1] != "*" and not match[3] else high
        last = _number(match[2], name, low, high, names) if match[2] else last
        step = int(match[3] or 1)
        if last < first or step == 0:
            raise CronError(f"The {name} `{part}` names nothing.")
        values.update(range(first, last + 1, step))
    return frozenset(values)


def _number(written: str, name: str, low: int, high: int, names: tuple[str, ...]) -> int:
    if written in names:
        return names.index(written) + low
    if not written.isascii() or not written.isdigit() or not low <= int(written) <= high:
        raise CronError(f"The {name} `{written}` is not between {low} and {high}.")
    return int(written)
