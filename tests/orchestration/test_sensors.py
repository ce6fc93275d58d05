"""The age of the data: judged from the instant the ids were fetched, whatever ran last."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from remote_segments.config.project import Project
from remote_segments.orchestration import build_definitions
from remote_segments.orchestration.running import refresh
from remote_segments.simulator import Simulator
from remote_segments.sync.freshness import age_text, verdict
from tests.support.projects import VIP, ready_project

HOUR = timedelta(hours=1)


@pytest.fixture
def project(tmp_path: Path, simulator: Simulator) -> Project:
    return ready_project(tmp_path, simulator, {"vip": VIP})


def tick(project: Project, tmp_path: Path, cursor: str | None) -> dg.SensorResult:
    """One evaluation of the sensor."""
    repository = build_definitions(project.folder).get_repository_def()
    sensor = repository.get_sensor_def("remote_segments_data_age_sensor")
    instance = dg.DagsterInstance.ephemeral(tempdir=str(tmp_path))
    return sensor.evaluate_tick(dg.build_sensor_context(instance=instance, cursor=cursor, repository_def=repository))


def age_by(project: Project, age: timedelta) -> None:
    """Moves the latest fetch into the past."""
    with project.open_warehouse().write() as session:
        then = (datetime.now(UTC) - age).isoformat()
        session.execute(f"UPDATE segments.snapshots SET fetched_at = CAST('{then}' AS TIMESTAMPTZ)")


def test_a_verdict_is_written_once_per_change(project: Project, tmp_path: Path) -> None:
    """Promise 28: fresh, then late, then stale; each is said once."""
    refresh(project.folder, "vip")
    said, cursor = [], None
    for age in (0 * HOUR, 0 * HOUR, 2 * HOUR, 2 * HOUR, 5 * HOUR):
        if age:
            age_by(project, age)
        result = tick(project, tmp_path, cursor)
        cursor = result.cursor or cursor
        said.append([(event.passed, event.severity.value) for event in result.asset_events])
    assert said[0] == [(True, "ERROR")]
    assert said[1] == []
    assert said[2] == [(False, "WARN")]
    assert said[4] == [(False, "ERROR")]


def test_a_segment_that_was_never_published_is_not_fresh(project: Project, tmp_path: Path) -> None:
    """Promise 4: never fetched is a state of its own, and no success."""
    [event] = tick(project, tmp_path, None).asset_events
    assert not event.passed
    assert event.description == "No snapshot was ever published."


@pytest.mark.parametrize(
    ("age", "expected"), [(HOUR, "fresh"), (1.6 * HOUR, "late"), (2.6 * HOUR, "stale"), (None, "never_fetched")]
)
def test_an_hourly_segment_is_late_then_stale(project: Project, age: timedelta | None, expected: str) -> None:
    """Promise 18: one and a half and two and a half periods, from the instant of the fetch."""
    now = datetime.now(UTC)
    assert verdict(project.segment("vip"), None if age is None else now - age, now)[0] == expected


def test_ages_are_said_as_a_person_says_them() -> None:
    """In the largest unit of which there are two."""
    ages = {age_text(timedelta(minutes=minutes)) for minutes in (1, 90, 120, 60 * 50)}
    assert ages == {"1 minute", "90 minutes", "2 hours", "2 days"}


def test_data_grows_old_while_the_warehouse_cannot_be_read(project: Project, tmp_path: Path) -> None:
    """Promise 18: what was seen last is judged again; green does not stay because nobody can look."""
    refresh(project.folder, "vip")
    age_by(project, HOUR)
    cursor = tick(project, tmp_path, None).cursor
    aged = cursor.replace(cursor.split(" ")[-1].rstrip('"}'), (datetime.now(UTC) - 5 * HOUR).isoformat())
    (project.folder / "warehouse.duckdb").write_bytes(b"not a database")
    [event] = tick(project, tmp_path, aged).asset_events
    assert not event.passed
    assert "5 hours old" in event.description
