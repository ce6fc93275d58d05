"""Which segments are due together and can share a job: those with the same ticks and windows."""

import re
from dataclasses import dataclass
from datetime import date

from remote_segments.config.project import Project
from remote_segments.config.segment import Segment


@dataclass(frozen=True)
class Cadence:
    """What segments have in common when they can share a job: their ticks and their windows."""

    cron: str
    partition_cron: str
    start: date
    timezone: str

    @classmethod
    def of(cls, project: Project, segment: Segment) -> "Cadence":
        """The cadence of a segment."""
        frequency = segment.refresh_frequency
        return cls(frequency.cron, frequency.partition_cron, project.start_of(segment), project.timezone_of(segment))

    def job_name(self, project: Project) -> str:
        """A readable name; time zone and start are part of it only where they are not the project's."""
        parts = ["refresh", _spoken(self.cron)]
        if self.timezone != project.timezone:
            parts.append(self.timezone)
        if self.start != project.start:
            parts.append(f"from {self.start}")
        return _as_name(parts)


def spoken_cadence(verb: str, cron: str, zone: str = "") -> str:
    """A readable name of what is done at the ticks of a cron expression, in a zone that is not the project's."""
    return _as_name([verb, _spoken(cron), zone])


def _as_name(parts: list[str]) -> str:
    return re.sub(r"[^a-z0-9]+", "_", " ".join(parts).lower()).strip("_")


_WEEK_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")


def _spoken(cron: str) -> str:
    """A cron expression in words where it has simple ones; the name depends on nothing else, so that it is stable."""
    minute, hour, day, month, week_day = cron.split()
    if (day, month) == ("*", "*"):
        if (hour, week_day) == ("*", "*"):
            return _spoken_minutes(minute)
        if minute == "0" and hour.startswith("*/") and week_day == "*":
            return f"every {hour.removeprefix('*/')} hours"
        if minute.isdigit() and hour.isdigit():
            time = f"at {hour.zfill(2)}{minute.zfill(2)}"
            if week_day == "*":
                return f"daily {time}"
            if week_day.isdigit():
                return f"weekly on {_WEEK_DAYS[int(week_day) % 7]} {time}"
    return cron.replace("*", "any")


def _spoken_minutes(minute: str) -> str:
    if minute.isdigit():
        return "hourly" if minute == "0" else f"hourly at minute {minute}"
    return f"every {minute.removeprefix('*/').replace('*', '1')} minutes"


def cadences(project: Project) -> dict[Cadence, list[Segment]]:
    """The segments of a project by cadence, both in the order of their names."""
    found: dict[Cadence, list[Segment]] = {}
    for name in sorted(project.segments):
        segment = project.segments[name]
        found.setdefault(Cadence.of(project, segment), []).append(segment)
    return found
