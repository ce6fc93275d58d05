"""Jobs and schedules: who is due together, and in which runs."""

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from remote_segments.orchestration import build_definitions
from remote_segments.orchestration.cadences import cadences
from remote_segments.orchestration.schedules import BATCH_SEGMENTS, batches
from remote_segments.simulator import Simulator
from tests.support.projects import PAYING, VIP, ready_project


def test_segments_of_one_cadence_share_a_job(tmp_path: Path, simulator: Simulator) -> None:
    """Frequency, start and time zone make a cadence; each has one job and one schedule."""
    daily = {**VIP, "refresh_frequency": "1 day at 06:30"}
    project = ready_project(tmp_path, simulator, {"a": VIP, "b": PAYING, "c": daily, "d": {**daily, "timezone": "UTC"}})
    names = {cadence.job_name(project): [one.name for one in found] for cadence, found in cadences(project).items()}
    assert names == {
        "refresh_hourly": ["a", "b"],
        "refresh_daily_at_0630": ["c"],
        "refresh_daily_at_0630_utc": ["d"],
    }


def test_a_run_holds_segments_of_one_connection(tmp_path: Path, simulator: Simulator) -> None:
    """Accounts do not wait for each other's quota."""
    project = ready_project(tmp_path, simulator, {"a": VIP, "b": PAYING, "c": VIP})
    found = [
        (connection, [one.name for one in batch]) for connection, batch in batches([*project.segments.values()], {})
    ]
    assert found == [("klaviyo", ["a", "c"]), ("hubspot", ["b"])]


def test_a_run_is_bounded_by_count_and_by_seconds(tmp_path: Path, simulator: Simulator) -> None:
    """A fetch of more than two minutes runs alone, and no run is the fate of too many segments."""
    names = [f"s{number:02}" for number in range(BATCH_SEGMENTS + 5)]
    project = ready_project(tmp_path, simulator, dict.fromkeys(names, VIP))
    segments = [project.segments[name] for name in names]
    assert [len(batch) for _, batch in batches(segments, dict.fromkeys(names, 1.0))] == [BATCH_SEGMENTS, 5]
    slow = {**dict.fromkeys(names[:4], 120.0), names[1]: 121.0}
    assert [[one.name for one in batch] for _, batch in batches(segments[:4], slow)] == [
        ["s01"],
        ["s00", "s02"],
        ["s03"],
    ]


def test_a_tick_asks_for_one_run_per_batch_in_the_open_window(tmp_path: Path, simulator: Simulator) -> None:
    """The run key names tick, connection and batch, so a tick that is evaluated twice starts nothing twice."""
    ready_project(tmp_path, simulator, {"vip": VIP, "paying": PAYING})
    repository = build_definitions(tmp_path).get_repository_def()
    schedule = repository.get_schedule_def("refresh_hourly_schedule")
    tick = datetime(2026, 11, 24, 9, tzinfo=UTC)
    context = dg.build_schedule_context(scheduled_execution_time=tick, repository_def=repository)
    requests = schedule.evaluate_tick(context).run_requests
    assert {request.partition_key for request in requests} == {"2026-11-24-10:00"}
    assert [[key.path[1] for key in request.asset_selection] for request in requests] == [["paying"] * 3, ["vip"] * 3]
    assert len({request.run_key for request in requests}) == 2


def test_a_tick_before_the_start_says_when_the_first_window_opens(tmp_path: Path, simulator: Simulator) -> None:
    """A start to come is no failure."""
    ready_project(tmp_path, simulator, {"vip": VIP}, start="2027-01-01")
    schedule = build_definitions(tmp_path).get_repository_def().schedule_defs[0]
    context = dg.build_schedule_context(scheduled_execution_time=datetime(2026, 11, 24, 9, tzinfo=UTC))
    result = schedule.evaluate_tick(context)
    assert not result.run_requests
    assert "2027-01-01" in result.skip_message


def test_schedules_run_only_where_the_environment_says_so(tmp_path: Path, simulator: Simulator) -> None:
    """In development they are seen in the UI, stopped: a person may start them."""
    ready_project(tmp_path, simulator, {"vip": VIP})
    stopped = build_definitions(tmp_path).get_repository_def()
    running = build_definitions(tmp_path, environment="running").get_repository_def()
    assert {one.default_status for one in stopped.schedule_defs} == {dg.DefaultScheduleStatus.STOPPED}
    assert {one.default_status for one in running.schedule_defs} == {dg.DefaultScheduleStatus.RUNNING}
    assert {one.default_status for one in running.sensor_defs} == {dg.DefaultSensorStatus.RUNNING}


def test_a_warehouse_that_cannot_be_read_does_not_stop_the_tick(tmp_path: Path, simulator: Simulator) -> None:
    """How long fetches take is nice to know; refreshing nobody because of it is not."""
    project = ready_project(tmp_path, simulator, {"vip": VIP})
    repository = build_definitions(tmp_path).get_repository_def()
    (project.folder / "warehouse.duckdb").write_bytes(b"not a database")
    tick = datetime(2026, 11, 24, 9, tzinfo=UTC)
    context = dg.build_schedule_context(scheduled_execution_time=tick, repository_def=repository)
    assert len(repository.get_schedule_def("refresh_hourly_schedule").evaluate_tick(context).run_requests) == 1
