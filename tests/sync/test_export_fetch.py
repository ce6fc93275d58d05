"""An export over real HTTP, from the submission to the raw table, in memory that does not depend on its size."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from remote_segments.config.loader import load_project
from remote_segments.errors import TemporaryError
from remote_segments.simulator import Simulator
from remote_segments.sync.fetch import fetch
from tests.support.export_server import PLATFORM, ExportServer, export_server
from tests.support.fetching import NOW, WINDOW
from tests.support.projects import write_project

ROOT = Path(__file__).resolve().parents[2]
CEILING = 300  # megabytes, of the whole process
SIZES = (1, 12_000, 100_000, 1_000_000)


@pytest.fixture
def server() -> Iterator[ExportServer]:
    with export_server() as found:
        yield found


@pytest.fixture
def folder(tmp_path: Path, simulator: Simulator, server: ExportServer) -> Path:
    segments = {
        f"big_{size}": {
            "model": "contacts",
            "source": {"connection": "exporter", "segment_id": str(size)},
            "identifiers": [{"email": "email"}],
            "refresh_frequency": "1 day",
        }
        for size in SIZES
    }
    (tmp_path / "platforms").mkdir()
    (tmp_path / "platforms" / "exporter.yaml").write_text(yaml.safe_dump(PLATFORM, sort_keys=False))
    connections = {"exporter": {"platform": "exporter", "key": {"file": "key"}, "base_url": server.url}}
    return write_project(tmp_path, simulator, segments, connections=connections)


@pytest.mark.parametrize("size", [1, 12_000])
def test_an_export_is_fetched_into_the_raw_table(size: int, folder: Path, server: ExportServer) -> None:
    """Submitted once, waited for, read, loaded; nothing is left in the folder of downloads."""
    project = load_project(folder)
    row = fetch(project, f"big_{size}", partition_key=WINDOW, run_id=None, now=NOW)
    assert (row.fetched, row.completeness) == (size, "file whole, by the check sums in it")
    assert [call for call in server.calls if call.startswith("POST")] == ["POST /exports"]
    assert server.calls.count(f"GET /files/{size}") == 3
    assert list((project.state / "downloads").iterdir()) == []
    with project.open_warehouse().read() as session:
        counted = session.rows("SELECT count(*), count(DISTINCT id), min(email) FROM segments.members")
        assert counted == [(size, size, "member0@example.test")]


def test_a_file_cut_on_the_wire_is_never_loaded(folder: Path, server: ExportServer) -> None:
    """Promise 2: a connection that closes in the middle of the file leaves no members; one that heals, all."""
    project = load_project(folder)
    server.cuts = 3
    with pytest.raises(TemporaryError, match="answer-cut"):
        fetch(project, "big_12000", partition_key=WINDOW, run_id=None, now=NOW)
    server.cuts = 1
    assert fetch(project, "big_12000", partition_key=WINDOW, run_id=None, now=NOW).fetched == 12_000


def peak(folder: Path, size: int) -> float:
    """Megabytes at most, of a process that fetches an export of this size."""
    command = [sys.executable, "-m", "tests.support.measured_fetch", str(folder), f"big_{size}"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120).stdout
    fetched, megabytes = printed.split()
    assert int(fetched) == size
    return float(megabytes)


def test_memory_does_not_grow_with_the_export(folder: Path) -> None:
    """Promise 10: a zip of 200 files and a million lines stays under the same ceiling as a small one."""
    small, large = peak(folder, 100_000), peak(folder, 1_000_000)
    assert large < CEILING
    assert large < small + 60
