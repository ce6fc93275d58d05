"""An export that lands in a bucket: the folder of another connection of the project, read as files are read."""

from pathlib import Path

import httpx
import pytest

from remote_segments.config.loader import load_project
from remote_segments.config.project import Project
from remote_segments.errors import InvalidProject, TemporaryError
from remote_segments.simulator import Simulator
from remote_segments.sources.account import Account
from remote_segments.sync.connecting import connect
from remote_segments.sync.fetch import fetch
from tests.support.exporting import archive
from tests.support.fetching import NOW, WINDOW
from tests.support.projects import write_project

SEGMENT = {
    "model": "contacts",
    "source": {"connection": "braze", "segment_id": "5f00aa-1"},
    "identifiers": [{"email": "email"}],
    "refresh_frequency": "1 day",
}
FOLDER = "segment-export/5f00aa-1/2026-11-24/run-1"


def project_folder(folder: Path, simulator: Simulator, **braze: str) -> Path:
    """A project whose Braze exports into a folder of this machine, as into any bucket."""
    connections = {
        "exports": {"platform": "files", "url": "bucket"},
        "braze": {"platform": "braze", "host": "rest.iad-01.braze.com", "api_key": {"file": "key"}, **braze},
    }
    (folder / "bucket").mkdir()
    return write_project(folder, simulator, {"vip": SEGMENT}, connections=connections)


def put(folder: Path, name: str, *users: str) -> None:
    """Puts an archive of users where Braze puts it."""
    lines = "".join(f'{{"braze_id":"{user}","email":"{user}@example.test"}}\n' for user in users)
    file = folder / "bucket" / FOLDER / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(archive(lines.encode()))


def braze(request: httpx.Request) -> httpx.Response:
    """Answers as Braze does for a workspace with a bucket of its own."""
    if request.method == "POST":
        return httpx.Response(201, json={"message": "success", "object_prefix": "run-1"})
    return httpx.Response(200, json={"name": "VIP", "updated_at": "2026-11-01T08:00:00Z"})


def hasty(project: Project, connection: str) -> Account:
    """Opens the account with a clock that passes only by waiting."""
    passed = [0.0]

    def sleep(seconds: float) -> None:
        passed[0] += seconds

    return connect(project, connection, clock=lambda: passed[0], sleep=sleep, transport=httpx.MockTransport(braze))


def test_members_are_read_from_the_bucket_that_the_connection_names(tmp_path: Path, simulator: Simulator) -> None:
    """Both archives of the export are loaded; the row says what proves them, and what does not."""
    project = load_project(project_folder(tmp_path, simulator, bucket="exports"))
    put(tmp_path, "1.zip", "u1", "u2")
    put(tmp_path, "2.zip", "u3")
    row = fetch(project, "vip", partition_key=WINDOW, run_id=None, now=NOW, connect=hasty)
    assert row.fetched == 3
    assert "in the bucket unchanged for a while, which nothing else confirms" in (row.completeness or "")
    with project.open_warehouse().read() as session:
        found = session.rows("SELECT braze_id, email FROM segments.members ORDER BY member_no")
    assert found == [(user, f"{user}@example.test") for user in ("u1", "u2", "u3")]


def test_an_export_that_never_lands_is_told(tmp_path: Path, simulator: Simulator) -> None:
    """An empty bucket is not an empty segment."""
    project = load_project(project_folder(tmp_path, simulator, bucket="exports"))
    with pytest.raises(TemporaryError, match="export-not-ready"):
        fetch(project, "vip", partition_key=WINDOW, run_id=None, now=NOW, connect=hasty)


@pytest.mark.parametrize(
    ("bucket", "code", "words"),
    [
        ("export", "unknown-connection", "Did you mean `exports`?"),
        ("braze", "bad-value", "is none of the platform `files`"),
    ],
)
def test_a_bucket_that_is_no_connection_of_files_is_refused(
    bucket: str, code: str, words: str, tmp_path: Path, simulator: Simulator
) -> None:
    """A misspelt name is told when the project is loaded, with the nearest one."""
    with pytest.raises(InvalidProject, match=code) as told:
        load_project(project_folder(tmp_path, simulator, bucket=bucket))
    assert words in str(told.value)
