"""Alerts, as sequences of what happens to a segment and of what is told about it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from remote_segments.config.project import Project
from remote_segments.orchestration import Alert, build_definitions, segment_key
from remote_segments.orchestration.alerts import state_of
from remote_segments.simulator import Simulator
from remote_segments.sync.snapshots import Snapshot, insert, new_snapshot_id
from remote_segments.sync.status import read_status
from remote_segments.sync.store import ensure_store
from tests.support.projects import VIP, ready_project

HOUR = timedelta(hours=1)


class Watched:
    """A segment whose attempts are written by hand, and the sensor that looks at it after each."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.instance = dg.DagsterInstance.ephemeral(tempdir=str(project.folder))
        self.cursor: str | None = None
        self.told: list[Alert] = []
        self.broken = False
        with project.open_warehouse().write() as session:
            ensure_store(session)

    def tell(self, alert: Alert) -> None:
        if self.broken:
            raise ConnectionError("no network")
        self.told.append(alert)

    def attempt(self, state: str, *, age: timedelta = timedelta(0), run_id: str | None = None) -> None:
        """The newest attempt; a published or held one closes an earlier hold, as publication does."""
        now = datetime.now(UTC)
        complete = state in ("published", "held")
        with self.project.open_warehouse().write() as session:
            if complete:
                session.execute("UPDATE segments.snapshots SET state = 'superseded' WHERE state = 'held'")
            row = Snapshot(
                segment="vip",
                snapshot_id=new_snapshot_id(now),
                state=state,
                reason=None if state == "published" else f"why-{state}",
                message=None if state == "published" else f"It is {state}.",
                run_id=run_id,
                fetched_at=now - age if complete else None,
                effective_at=now - age if complete else None,
                fetched=5,
                mapped=5,
                **dict.fromkeys(("unknown", "ambiguous", "invalid", "duplicate"), 0),
            )
            insert(session, row)

    def look(self) -> list[tuple[str, str | None]]:
        """One tick of the sensor: what it tells."""
        repository = build_definitions(self.project.folder, tell=self.tell).get_repository_def()
        context = dg.build_sensor_context(instance=self.instance, cursor=self.cursor, repository_def=repository)
        before = len(self.told)
        result = repository.get_sensor_def("remote_segments_alert_sensor").evaluate_tick(context)
        self.cursor = result.cursor or self.cursor
        fresh = self.told[before:]
        shown = [event.metadata["alert"].value for event in result.asset_events]
        assert shown == [alert.state for alert in fresh]
        assert {event.asset_key for event in result.asset_events} <= {segment_key("vip")}
        return [(alert.state, alert.code) for alert in fresh]


@pytest.fixture
def watched(tmp_path: Path, simulator: Simulator) -> Watched:
    return Watched(ready_project(tmp_path, simulator, {"vip": VIP}))


HELD, FAILED, WELL = ("held", "why-held"), ("failed", "why-failed"), ("recovered", None)

SEQUENCES = {
    "nothing": [("published", None), ("published", None)],
    "held, held again, released": [("published", None), ("held", HELD), ("held", None), ("published", WELL)],
    "failed for days": [("failed", FAILED), ("failed", None), ("failed", None), ("published", WELL)],
    "failed, then held": [("failed", FAILED), ("held", HELD), ("published", WELL)],
    "held, then failed, then held": [("held", HELD), ("failed", FAILED), ("held", HELD)],
    "held, paused": [("held", HELD), ("skipped", None), ("published", WELL)],
    "missed": [("published", None), ("missed", None), ("published", None)],
}


@pytest.mark.parametrize("steps", SEQUENCES.values(), ids=SEQUENCES)
def test_a_change_of_state_is_told_once(watched: Watched, steps: list[tuple[str, tuple[str, str] | None]]) -> None:
    """Promise 28: one alert per change of state and one on recovery."""
    for state, expected in steps:
        watched.attempt(state)
        assert watched.look() == ([expected] if expected else [])
        assert watched.look() == []


def test_what_a_retry_heals_is_never_told(watched: Watched) -> None:
    """Promise 28: a failed try of a run that is still at it is no state yet; if the run ends, it is."""
    watched.attempt("published")
    run = watched.instance.create_run_for_job(_job(), status=dg.DagsterRunStatus.STARTED)
    watched.attempt("failed", run_id=run.run_id)
    assert watched.look() == []
    watched.attempt("published", run_id=run.run_id)
    assert watched.look() == []
    watched.attempt("failed", run_id=run.run_id)
    assert watched.look() == []
    watched.instance.report_run_failed(run)
    assert watched.look() == [FAILED]


def _job() -> dg.JobDefinition:
    @dg.job
    def anything() -> None: ...

    return anything


def test_an_alert_that_could_not_be_told_is_told_later(watched: Watched) -> None:
    """A channel that is down loses no alert, and does not stop the sensor."""
    watched.attempt("failed")
    watched.broken = True
    assert watched.look() == []
    watched.broken = False
    assert watched.look() == [FAILED]
    assert watched.look() == []


def test_data_that_grows_old_while_nothing_runs_is_told(watched: Watched) -> None:
    """A schedule that stopped fails nothing: the age of the data is what is seen."""
    watched.attempt("published", age=5 * HOUR)
    assert watched.look() == [("stale", None)]
    assert "5 hours old" in watched.told[-1].message
    watched.attempt("published")
    assert watched.look() == [WELL]


def test_data_that_grows_old_while_the_warehouse_cannot_be_read_is_told(watched: Watched) -> None:
    """What was seen last is judged again; silence is no good news."""
    watched.attempt("published")
    assert watched.look() == []
    known = json.loads(watched.cursor or "")
    known["vip"]["at"] = (datetime.now(UTC) - 5 * HOUR).isoformat()
    watched.cursor = json.dumps(known)
    (watched.project.folder / "warehouse.duckdb").write_bytes(b"not a database")
    assert watched.look() == [("stale", None)]
    assert watched.look() == []


def test_a_pause_is_no_recovery(watched: Watched) -> None:
    """A held segment that is paused is still held."""
    watched.attempt("held")
    watched.attempt("skipped")
    [status] = read_status(watched.project, datetime.now(UTC))
    assert (status.state, state_of(status)) == ("skipped", "held")
