"""The fetches of a run of several segments overlap; those that a run should not make are not made."""

import os
import signal
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from remote_segments.config.project import Project
from remote_segments.orchestration import build_definitions
from remote_segments.orchestration.keys import chain_keys, layer_key
from remote_segments.orchestration.partitions import open_window, partitions_of
from remote_segments.orchestration.running import refresh, side_by_side
from remote_segments.simulator import Simulator
from remote_segments.sync.ahead import FetchesAhead
from remote_segments.sync.pausing import pause
from tests.support.projects import PAYING, VIP, ready_project, snapshot_rows, table_rows

DAILY = {**VIP, "refresh_frequency": "1 day"}


@pytest.fixture
def project(tmp_path: Path, simulator: Simulator) -> Project:
    return ready_project(tmp_path, simulator, {"a": VIP, "b": PAYING, "c": VIP, "daily": DAILY})


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The segments that each run fetches ahead."""
    seen: list[list[str]] = []
    start = FetchesAhead.start

    def watched(self: FetchesAhead, project: Project, windows: dict[str, str], run_id: str | None) -> None:
        seen.append(list(windows))
        start(self, project, windows, run_id)

    monkeypatch.setattr(FetchesAhead, "start", watched)
    return seen


def run(project: Project, job: str, *names: str) -> dg.ExecuteInProcessResult:
    """Runs the chains of segments, or the whole job, in the window that is open now."""
    window = open_window(partitions_of(project, project.segment("a")), datetime.now(UTC))
    definitions = build_definitions(project.folder, retries=None)
    return definitions.resolve_job_def(job).execute_in_process(
        partition_key=window.key,
        instance=dg.DagsterInstance.ephemeral(tempdir=str(project.folder)),
        asset_selection=[key for name in names for key in chain_keys(name)] or None,
        raise_on_error=False,
    )


def shown(result: dg.ExecuteInProcessResult, name: str) -> dict[str, object]:
    """The metadata of a segment's raw ids."""
    key = layer_key(name, "raw_remote_ids")
    (event,) = [one for one in result.get_asset_materialization_events() if one.asset_key == key]
    return {label: value.value for label, value in event.materialization.metadata.items()}


def test_a_batch_is_fetched_side_by_side(project: Project, begun: list[list[str]]) -> None:
    """All segments of a run are begun at once and published; what is not of the run is not fetched."""
    result = run(project, "refresh_hourly")
    assert result.success
    assert begun == [["a", "b", "c"]]
    for name in "abc":
        assert len(table_rows(project, name)) == snapshot_rows(project, name)[0]["mapped"] > 0
    assert snapshot_rows(project, "daily") == []


def test_only_the_segments_of_a_run_are_fetched(project: Project, begun: list[list[str]]) -> None:
    """A batch of two begins two; a run of one segment needs no thread."""
    assert run(project, "refresh_hourly", "a", "c").success
    assert run(project, "refresh_hourly", "b").success
    assert begun == [["a", "c"]]


def test_a_failure_stops_only_its_own_chain(project: Project, simulator: Simulator, begun: list[list[str]]) -> None:
    """Two of three segments are published although the third one's platform refuses."""
    simulator.fault("not-found", platform="hubspot", times=None)
    result = run(project, "refresh_hourly")
    assert not result.success
    assert [name for name in "abc" if snapshot_rows(project, name)[-1]["state"] == "published"] == ["a", "c"]
    assert [row["reason"] for row in snapshot_rows(project, "b")] == ["segment-not-found"]


def test_a_paused_segment_is_not_fetched_ahead(project: Project, simulator: Simulator, begun: list[list[str]]) -> None:
    """A pause holds for a batch as it does for one segment: without a call."""
    pause(project, "b", reason="an import runs", until=None, now=datetime.now(UTC))
    assert run(project, "refresh_hourly").success
    assert begun == [["a", "c"]]
    assert simulator.calls(platform="hubspot") == []


def test_several_refreshes_of_one_process_are_fetched_side_by_side(
    project: Project, simulator: Simulator, begun: list[list[str]]
) -> None:
    """`run a b daily` waits for the slowest of them only, whatever their windows; each is fetched once."""
    with side_by_side(project.folder, ["a", "b", "daily"]):
        for name in ("a", "b", "daily"):
            refresh(project.folder, name)
    assert begun == [["a", "b", "daily"]]
    for name in ("a", "b", "daily"):
        assert [row["state"] for row in snapshot_rows(project, name)] == ["published"]
    assert len([call for call in simulator.calls(platform="hubspot", verb="members") if call.page == 1]) == 1


def test_what_a_refresh_will_take_is_known_before_it_starts(project: Project) -> None:
    """Promise 9: the calls are expected from the size of the last snapshot, and shown beside those that were made."""
    first = shown(run(project, "refresh_hourly", "a"), "a")
    second = shown(run(project, "refresh_hourly", "a"), "a")
    assert first["calls expected"] <= second["calls expected"]
    assert second["calls"] <= second["calls expected"]


def test_a_run_that_is_stopped_waits_for_no_quota(
    project: Project, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while fetches wait for ten minutes ends all of them: nothing is recorded, and nothing left on the disk."""
    log, struck = simulator.state.log, []

    def logged(**what: object) -> None:
        log(**what)
        if what["status"] == 429 and not struck:
            struck.append(what)
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(simulator.state, "log", logged)
    simulator.fault("rate-limited", platform="klaviyo", page=2, retry_after="600", times=None)
    assert not run(project, "refresh_hourly").success
    assert struck
    assert [path for path in (project.state / "spool").rglob("*") if path.is_file()] == []
    assert [snapshot_rows(project, name) for name in "abc"] == [[], [], []]
