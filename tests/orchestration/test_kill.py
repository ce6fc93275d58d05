"""A refresh that is killed, whole, from the outside: what was published stays what everybody reads."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from remote_segments.config.project import Project
from remote_segments.orchestration.running import refresh
from remote_segments.simulator import Simulator
from tests.support.projects import VIP, ready_project, table_rows

KILLED = """
import os, signal, sys
from pathlib import Path

point = int(sys.argv[2])
seen = 0

def stop_here(event, arguments):
    # Audit events fire inside the interpreter: files opened and renamed, sockets connected and used.
    global seen
    if event in ("open", "os.rename", "socket.connect", "os.remove", "os.chmod", "fcntl.flock"):
        seen += 1
        if seen == point:
            os.kill(os.getpid(), signal.SIGKILL)

from remote_segments.orchestration.running import refresh
from remote_segments.orchestration import build_definitions
build_definitions(sys.argv[1]).get_repository_def()  # imported and loaded before the points are counted
sys.addaudithook(stop_here)
refresh(sys.argv[1], "vip")
print(seen)
"""


@pytest.fixture
def project(tmp_path: Path, simulator: Simulator) -> Project:
    loaded = ready_project(tmp_path, simulator, {"vip": VIP})
    refresh(tmp_path, "vip")
    return loaded


def run(project: Project, point: int) -> subprocess.CompletedProcess[str]:
    """A refresh in a process of its own that is killed at its n-th file, lock or socket; 0 lets it finish."""
    command = [sys.executable, "-c", KILLED, str(project.folder), str(point)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONWARNINGS": "ignore"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_a_killed_refresh_leaves_the_published_segment(project: Project) -> None:
    """Promise 1: killed at ten points spread over a whole refresh, the old segment or the new one is there, whole."""
    before = table_rows(project, "vip", "contact_id")
    finished = run(project, 0)
    assert finished.returncode == 0, finished.stderr
    points = int(finished.stdout.split()[-1])
    after = table_rows(project, "vip", "contact_id")
    assert after != before
    for number in range(10):
        killed = run(project, 1 + number * (points - 1) // 10)
        assert killed.returncode == -signal.SIGKILL
        after = table_rows(project, "vip", "contact_id")
        published = _published(project)
        assert len(after) == published["mapped"]
        assert {key for (key,) in after} == published["keys"]
    refresh(project.folder, "vip")
    assert len(table_rows(project, "vip")) == _published(project)["mapped"]


def _published(project: Project) -> dict[str, object]:
    """What the bookkeeping says of the published snapshot."""
    with project.open_warehouse().read() as session:
        [(snapshot, mapped)] = session.rows(
            "SELECT snapshot_id, mapped FROM segments.snapshots WHERE state = 'published' "
            "ORDER BY effective_at DESC LIMIT 1"
        )
        rows = session.rows(f"SELECT key FROM segments.keys WHERE snapshot_id = '{snapshot}'")
    return {"mapped": mapped, "keys": {key for (key,) in rows}}
