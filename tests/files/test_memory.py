"""What a fetch of files holds in memory does not depend on how many members there are."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.support.deliveries import content, put

ROOT = Path(__file__).resolve().parents[2]
CEILING = 300  # megabytes, of the whole process
LARGE, SMALL = 500_000, 50_000


def peak(folder: Path, size: int, kind: str) -> float:
    """Megabytes at most, of a process that fetches one file of so many members."""
    rows = [{"contact_id": f"{number:09}", "email": f"{number}.person@example.test"} for number in range(size)]
    put(folder, f"{size}.{kind}", content(rows, kind, ("contact_id", "email")))
    segment = {
        "model": "contacts",
        "source": {"connection": "drop", "path": f"{size}.{kind}", "completeness": "atomic"},
        "identifiers": [{"contact_id": "contact_id"}, {"email": "email"}],
        "refresh_frequency": "1 day",
    }
    (folder / "segments").mkdir(exist_ok=True)
    (folder / "segments" / f"big_{size}.yaml").write_text(yaml.safe_dump(segment))
    command = [sys.executable, "-m", "tests.support.measured_fetch", str(folder), f"big_{size}"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120).stdout
    fetched, megabytes = printed.split()
    assert int(fetched) == size
    return float(megabytes)


@pytest.mark.parametrize("kind", ["csv", "ndjson.gz", "parquet"])
def test_memory_does_not_grow_with_the_file(tmp_path: Path, kind: str) -> None:
    """Promise 10: ten times the members, under the same ceiling, and nearly the same; Parquet in one row group."""
    document = {
        "version": "1",
        "start": "2026-11-01",
        "warehouse": {"path": "warehouse.duckdb"},
        "connections": {"drop": {"platform": "files", "url": "."}},
        "models": {"contacts": {"table": "crm.contacts", "key": "contact_id"}},
    }
    (tmp_path / "project.yaml").write_text(yaml.safe_dump(document))
    small, large = peak(tmp_path, SMALL, kind), peak(tmp_path, LARGE, kind)
    assert large < CEILING
    assert large < small + 80
