"""Fetches side by side: each ends as a proven spool, none stops another, and nothing is left of what nobody awaits."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from remote_segments.config.loader import load_project
from remote_segments.config.project import Project
from remote_segments.errors import ProjectError
from remote_segments.simulator import Simulator
from remote_segments.sync.ahead import FetchesAhead
from remote_segments.sync.fetch import fetch
from tests.support.fetching import WINDOW, Refresher
from tests.support.projects import PAYING, VIP, snapshot_rows, write_project


@pytest.fixture
def project(tmp_path: Path, simulator: Simulator) -> Project:
    return load_project(write_project(tmp_path, simulator, {"vip": VIP, "paying": PAYING}))


def on_call(simulator: Simulator, monkeypatch: pytest.MonkeyPatch, react: Callable[[dict[str, object]], None]) -> None:
    """Lets a test react to each call as soon as the simulator has it in its log."""
    log = simulator.state.log

    def logged(**what: object) -> None:
        log(**what)
        react(what)

    monkeypatch.setattr(simulator.state, "log", logged)


def start(ahead: FetchesAhead, project: Project, *names: str) -> None:
    ahead.start(project, dict.fromkeys(names, WINDOW), "run-1")


def load(project: Project, name: str) -> int | None:
    """What the raw step does once it has waited."""
    return fetch(project, name, partition_key=WINDOW, run_id="run-1", now=datetime.now(UTC)).fetched


def test_what_was_fetched_ahead_is_loaded_without_a_call(project: Project, simulator: Simulator) -> None:
    """The spool is proven before anything in the warehouse is touched, and belongs to the run."""
    with FetchesAhead() as ahead:
        start(ahead, project, "vip", "paying")
        for name in ("vip", "paying"):
            ahead.wait(name)
        calls = len(simulator.calls())
        assert snapshot_rows(project, "vip") == []
        assert load(project, "vip") == len(simulator.expected("klaviyo", "VIPOPN", 1))
    assert len(simulator.calls()) == calls
    refresher = Refresher(project, simulator)
    assert refresher.rows("SELECT run_id, state FROM segments.snapshots") == [("run-1", "fetched")]
    assert refresher.files("vip") == []


def test_fetches_wait_for_their_platforms_at_the_same_time(
    project: Project, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A segment whose platform does not answer is overtaken: its answer is let go by the call of another one."""
    simulator.fault("hang", platform="klaviyo", verb="members", page=1, times=1)
    on_call(
        simulator, monkeypatch, lambda call: simulator.state.faults.release() if call["platform"] == "hubspot" else None
    )
    with FetchesAhead() as ahead:
        start(ahead, project, "vip", "paying")
        for name in ("vip", "paying"):
            ahead.wait(name)
            assert load(project, name)
    assert len([call for call in simulator.calls(platform="klaviyo", verb="members") if call.page == 1]) == 1


def test_no_more_than_a_few_go_at_once(project: Project, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded: the third of three is begun when one of two is done."""
    seen: list[str] = []
    on_call(simulator, monkeypatch, lambda call: seen.append(str(call["platform"])))
    with FetchesAhead(at_once=1) as ahead:
        start(ahead, project, "vip", "paying")
        ahead.wait("paying")
    assert seen == sorted(seen, reverse=True)
    assert set(seen) == {"klaviyo", "hubspot"}


def test_one_that_fails_stops_no_other(project: Project, simulator: Simulator) -> None:
    """Its error is raised where it is awaited, and recorded once; the next try fetches by itself."""
    simulator.fault("not-found", platform="hubspot", times=1)
    with FetchesAhead() as ahead:
        start(ahead, project, "vip", "paying")
        with pytest.raises(ProjectError) as caught:
            ahead.wait("paying")
        assert caught.value.code == "segment-not-found"
        ahead.wait("paying")
        assert load(project, "paying")
        ahead.wait("vip")
        assert load(project, "vip")
    assert [row["state"] for row in snapshot_rows(project, "paying")] == ["failed", "fetched"]


def test_the_end_stops_a_fetch_that_waits(
    project: Project, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that is cancelled does not wait for a quota: nothing is recorded, and nothing is left on the disk."""
    refused = threading.Event()
    on_call(simulator, monkeypatch, lambda call: refused.set() if call["status"] == 429 else None)
    simulator.fault("rate-limited", platform="klaviyo", verb="members", page=2, retry_after="600")
    with FetchesAhead() as ahead:
        start(ahead, project, "vip")
        assert refused.wait(60)
    assert not any(thread.is_alive() for thread in ahead._threads)
    assert Refresher(project, simulator).files("vip") == []
    assert snapshot_rows(project, "vip") == []


def test_the_end_deletes_what_nobody_awaited(project: Project, simulator: Simulator) -> None:
    """Ids that were fetched for a run that is gone would be old when somebody asks again."""
    refresher = Refresher(project, simulator)
    with FetchesAhead() as ahead:
        start(ahead, project, "vip")
        assert ahead._tasks["vip"].done.wait(60)
        assert len(refresher.files("vip")) == 2
    assert refresher.files("vip") == []


def test_the_warehouse_itself_is_not_read_ahead(tmp_path: Path, simulator: Simulator) -> None:
    """A reader of the warehouse would keep the loads of other segments waiting, and no network is waited for."""
    source = {"connection": "own", "sql": "select 'C0000001' as contact_id"}
    known = {**VIP, "source": source, "identifiers": [{"contact_id": "contact_id"}]}
    connections = {
        "own": {"platform": "warehouse"},
        "klaviyo": {"platform": "klaviyo", "api_key": {"file": "key"}, "base_url": simulator.url("klaviyo")},
    }
    project = load_project(write_project(tmp_path, simulator, {"vip": VIP, "known": known}, connections=connections))
    with FetchesAhead() as ahead:
        start(ahead, project, "known", "vip")
        assert list(ahead._tasks) == ["vip"]
        ahead.wait("known")
        assert load(project, "known") == 1


def test_how_far_a_fetch_is_is_told_to_whoever_waits(
    project: Project, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages and members so far, and what the platform announced."""
    simulator.fault("hang", platform="klaviyo", verb="members", page=2, times=1)
    told: list[tuple[int, int, int | None]] = []

    def tell(pages: int, members: int, expected: int | None) -> None:
        told.append((pages, members, expected))
        simulator.state.faults.release()

    with FetchesAhead() as ahead:
        start(ahead, project, "vip")
        ahead.wait("vip", tell)
    assert told[0] == (1, 100, len(simulator.expected("klaviyo", "VIPOPN", 1)))
