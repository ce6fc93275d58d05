"""Retention as a job of Dagster, started each night."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg

from remote_segments.orchestration import build_definitions
from remote_segments.orchestration.forgetting import JOB
from remote_segments.simulator import Simulator
from remote_segments.sync.mapping import map_segment
from remote_segments.sync.publication import publish_segment
from tests.support.fetching import Refresher
from tests.support.projects import VIP, ready_project


def test_the_job_forgets_and_says_how_much(tmp_path: Path, simulator: Simulator) -> None:
    """What is older than the retention goes, and the run shows how many rows of how many segments."""
    project = ready_project(tmp_path, simulator, {"vip": VIP})
    refresher = Refresher(project, simulator)
    for days in (40, 39):
        now = datetime.now(UTC) - timedelta(days=days)
        snapshot = refresher.fetch(now=now)
        chosen = {"partition_key": None, "run_id": None, "now": now, "snapshot_id": snapshot.snapshot_id}
        map_segment(project, "vip", **chosen)
        publish_segment(project, "vip", **chosen)
    definitions = build_definitions(project.folder)
    result = definitions.resolve_job_def(JOB).execute_in_process(
        instance=dg.DagsterInstance.ephemeral(tempdir=str(tmp_path))
    )
    assert result.success
    assert refresher.rows("SELECT count(DISTINCT snapshot_id) FROM segments.members") == [(1,)]


def test_it_is_scheduled_each_night_where_schedules_run(tmp_path: Path, simulator: Simulator) -> None:
    """In an environment without schedules it is seen, stopped."""
    project = ready_project(tmp_path, simulator, {"vip": VIP})
    states = {}
    for environment in ("development", "running"):
        definitions = build_definitions(project.folder, environment=environment)
        schedule = definitions.resolve_schedule_def(f"{JOB}_schedule")
        states[environment] = schedule.default_status
        assert (schedule.cron_schedule, schedule.execution_timezone) == ("17 3 * * *", "Europe/Paris")
    assert states == {
        "development": dg.DefaultScheduleStatus.STOPPED,
        "running": dg.DefaultScheduleStatus.RUNNING,
    }
