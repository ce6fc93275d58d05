"""Windows: labels made from a frequency, a fixed start and a time zone."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from remote_segments.orchestration.partitions import open_window, partitions_of, window_of
from remote_segments.simulator import Simulator
from tests.support.projects import VIP, ready_project


def windows(folder: Path, simulator: Simulator, frequency: str, **segment: str):
    project = ready_project(folder, simulator, {"vip": {**VIP, "refresh_frequency": frequency, **segment}})
    return partitions_of(project, project.segment("vip"))


def paris(hour: int, minute: int = 0, day: int = 24) -> datetime:
    return datetime(2026, 11, day, hour - 1, minute, tzinfo=UTC)


def test_the_window_that_is_open_now_exists(tmp_path: Path, simulator: Simulator) -> None:
    """A tick at 10:00 belongs to the key 10:00, and so does everything until 10:59."""
    hourly = windows(tmp_path, simulator, "1 hour")
    assert open_window(hourly, paris(10)).key == "2026-11-24-10:00"
    assert open_window(hourly, paris(10, 59)).key == "2026-11-24-10:00"
    assert open_window(hourly, paris(11)).key == "2026-11-24-11:00"


def test_a_daily_window_starts_at_its_time_of_day(tmp_path: Path, simulator: Simulator) -> None:
    """Before 06:30 the window of yesterday is still open."""
    daily = windows(tmp_path, simulator, "1 day at 06:30")
    assert open_window(daily, paris(6, 29)).key == "2026-11-23-06:30"
    assert open_window(daily, paris(6, 30)).key == "2026-11-24-06:30"


def test_refreshes_under_an_hour_share_hourly_windows(tmp_path: Path, simulator: Simulator) -> None:
    """Four refreshes an hour belong to one window: 35,040 partitions a year would be too many."""
    quarter = windows(tmp_path, simulator, "15 minutes")
    assert open_window(quarter, paris(10, 45)).key == "2026-11-24-10:00"


def test_there_is_no_window_before_the_start(tmp_path: Path, simulator: Simulator) -> None:
    """A start to come has no windows yet."""
    later = windows(tmp_path, simulator, "1 hour", start="2027-01-01")
    assert open_window(later, paris(10)) is None


@pytest.mark.parametrize(
    ("late", "allowed"),
    [(timedelta(0), True), (timedelta(minutes=119), True), (timedelta(minutes=120), False), (timedelta(days=7), False)],
)
def test_a_fetch_may_be_one_window_late(tmp_path: Path, simulator: Simulator, late: timedelta, allowed: bool) -> None:
    """Promise 8: what is older than one window would be filed under a time it does not describe."""
    window = window_of(windows(tmp_path, simulator, "1 hour"), "2026-11-24-10:00")
    assert window.can_be_fetched(paris(10) + late) is allowed


def test_the_doubled_hour_of_autumn_has_two_windows(tmp_path: Path, simulator: Simulator) -> None:
    """On the clock change both hours that the clock calls 02:00 have a key of their own."""
    hourly = windows(tmp_path, simulator, "1 hour", start="2026-10-01")
    first, second = datetime(2026, 10, 25, 0, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)
    keys = [open_window(hourly, instant).key for instant in (first, second)]
    assert len(set(keys)) == 2
    assert all(key.startswith("2026-10-25-02:00") for key in keys)
    assert [window_of(hourly, key).start for key in keys] == [first, second]
