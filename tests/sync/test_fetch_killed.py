"""A fetch that is killed at any moment, without a chance to tidy up."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from remote_segments.config.loader import load_project
from remote_segments.simulator import Simulator
from tests.support.fetching import Refresher, with_small_pages
from tests.support.projects import VIP, write_project

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def refresher(tmp_path: Path, simulator: Simulator) -> Refresher:
    return Refresher(with_small_pages(load_project(write_project(tmp_path, simulator, {"vip": VIP}))), simulator)


def fetch_until(refresher: Refresher, touches: int) -> subprocess.CompletedProcess[str]:
    """Fetches in a process of its own, which kills itself at its n-th touch of a file, connection or page."""
    command = [sys.executable, "-m", "tests.support.killed_fetch", str(refresher.project.folder), str(touches)]
    environment = {**os.environ, "REMOTE_SEGMENTS_ENV": "development"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60)


def assert_whole(refresher: Refresher, before: list[object]) -> None:
    """Each snapshot in the warehouse is one that the platform really had, and those of before are untouched."""
    everything = refresher.everything()
    assert [row for row in before if row not in everything] == []
    for snapshot_id, fetched in refresher.rows("SELECT snapshot_id, fetched FROM segments.snapshots"):
        members = set(refresher.members(snapshot_id))
        assert len(members) == fetched
        assert members in [refresher.expected(number) for number in range(1, 60)]


def test_a_fetch_killed_at_every_write_point_leaves_the_old_or_the_new_snapshot(refresher: Refresher) -> None:
    """Promise 1: kill -9 at each file touched, connection made and page read in turn; never a mix, and all heals."""
    refresher.fetch()
    before: list[object] = list(refresher.everything())
    touches, killed = 0, 0
    while True:
        touches += 1
        done = fetch_until(refresher, touches)
        assert_whole(refresher, before)
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
        killed += 1
    assert killed >= 10
    assert refresher.files() == []
    row = refresher.fetch()
    assert row.fetched == len(set(refresher.members(row.snapshot_id)))


def test_a_fetch_killed_while_a_page_is_on_its_way_leaves_no_partial_spool_behind(refresher: Refresher) -> None:
    """The next refresh deletes what the killed one had written so far."""
    command = [sys.executable, "-m", "tests.support.killed_fetch", str(refresher.project.folder), "0"]
    refresher.simulator.fault("hang", page=3, times=None)
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while not [call for call in refresher.simulator.calls(verb="members") if call.page == 3]:
            assert process.poll() is None
        process.kill()
    assert [path.name.endswith(".parquet.partial") for path in refresher.files()] == [True]
    assert refresher.everything() == []
    refresher.simulator.state.faults.clear()
    row = refresher.fetch()
    assert set(refresher.members(row.snapshot_id)) == refresher.expected(2)
    assert refresher.files() == []
