"""What a fetch holds in memory does not depend on how many members there are."""

import subprocess
import sys
from pathlib import Path

import pytest

from remote_segments.simulator import Simulator
from tests.support.projects import write_project

ROOT = Path(__file__).resolve().parents[2]
CEILING = 300  # megabytes, of the whole process
LARGE, SMALL = 1_000_000, 100_000


@pytest.fixture
def folder(tmp_path: Path, simulator: Simulator) -> Path:
    url = simulator.url("mailchimp") + "/3.0"
    connection = {"platform": "mailchimp", "api_key": {"file": "key"}, "data_center": "us1", "base_url": url}
    segments = {
        f"big_{size}": {
            "model": "contacts",
            "source": {"connection": "big", "list_id": "a1b2c3d4e5", "segment_id": f"big-{size}"},
            "identifiers": [{"email": "email"}],
            "refresh_frequency": "1 day",
        }
        for size in (SMALL, LARGE)
    }
    return write_project(tmp_path, simulator, segments, connections={"big": connection})


def peak(folder: Path, size: int) -> float:
    """Megabytes at most, of a process that fetches a segment of this size."""
    command = [sys.executable, "-m", "tests.support.measured_fetch", str(folder), f"big_{size}"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120).stdout
    fetched, megabytes = printed.split()
    assert int(fetched) == size
    return float(megabytes)


def test_memory_does_not_grow_with_the_segment(folder: Path) -> None:
    """Promise 10: ten times the members, under the same ceiling, and nearly the same."""
    small, large = peak(folder, SMALL), peak(folder, LARGE)
    assert large < CEILING
    assert large < small + 60
