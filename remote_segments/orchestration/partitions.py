"""Partitions: a label for a window of time, made from a segment's refresh frequency; never the time of its data.

The window that is open now exists (`end_offset=1`), so a tick at 10:00 belongs to the key `10:00`. A segment that is
refreshed more often than hourly has hourly windows that hold several snapshots: about 100,000 partitions an asset is
the practical limit of Dagster.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

import dagster as dg

from remote_segments.config.project import Project
from remote_segments.config.segment import Segment

KEY_FORMAT = "%Y-%m-%d-%H:%M"


@lru_cache(maxsize=1024)
def _windows(cron: str, start: datetime, timezone: str) -> dg.TimeWindowPartitionsDefinition:
    return dg.TimeWindowPartitionsDefinition(
        start=start, cron_schedule=cron, fmt=KEY_FORMAT, timezone=timezone, end_offset=1
    )


def partitions_of(project: Project, segment: Segment) -> dg.TimeWindowPartitionsDefinition:
    """The windows of a segment; segments with the same frequency, start and time zone share one object."""
    start = project.start_of(segment)
    return _windows(
        segment.refresh_frequency.partition_cron,
        datetime(start.year, start.month, start.day),
        project.timezone_of(segment),
    )


@dataclass(frozen=True)
class Window:
    """One partition: its key, and the half-open interval of instants (in UTC) that it labels."""

    key: str
    start: datetime
    end: datetime

    def can_be_fetched(self, now: datetime) -> bool:
        """Whether a fetch at `now` may still be filed under this window.

        The platform only knows who is a member now. A run may be late by up to one window (queued at 10:59, started
        at 11:01); what is older would be filed under a time that it does not describe.
        """
        return now < self.end + (self.end - self.start)


def window_of(windows: dg.TimeWindowPartitionsDefinition, key: str) -> Window:
    """The window that a partition key labels."""
    bounds = windows.time_window_for_partition_key(key)
    # In UTC: Python compares two instants of one zone by the clock on the wall, which goes back in autumn.
    return Window(key, bounds.start.astimezone(UTC), bounds.end.astimezone(UTC))


def open_window(windows: dg.TimeWindowPartitionsDefinition, now: datetime) -> Window | None:
    """The window that `now` falls into; None before the first one."""
    first = windows.get_first_partition_window()
    if first is None or now < first.start.astimezone(UTC):
        return None
    return window_of(windows, windows.get_partition_key_for_timestamp(now.timestamp()))
