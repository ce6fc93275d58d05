"""A mailing list on a real GNU Mailman server, from its REST API to an enriched segment."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from remote_segments.config.loader import load_project
from remote_segments.config.project import Project
from remote_segments.errors import ProjectError
from remote_segments.sync.fetch import fetch
from remote_segments.sync.mapping import map_segment
from remote_segments.sync.publication import publish_segment
from remote_segments.sync.seeding import seed_model
from tests.support.mailman import MEMBERS, Mailman, running

pytestmark = pytest.mark.xdist_group("mailman")

WINDOW = "2026-11-24-11:00"
UNKNOWN = 10  # every tenth member is no contact of ours


@pytest.fixture(scope="module")
def mailman() -> Iterator[Mailman]:
    """The server, seeded with its members; one test process at a time has it."""
    with running() as server:
        yield server


def write_files(folder: Path, server: Mailman, password: str) -> Project:
    """A project on the server, with a data model of 1,800 contacts."""
    (folder / "segments").mkdir()
    (folder / "password").write_text(password)
    connection = {
        "platform": "mailman",
        "base_url": server.url,
        "username": server.username,
        "password": {"file": "password"},
    }
    document = {
        "version": "1",
        "start": "2026-11-24",
        "warehouse": {"kind": "duckdb", "path": "warehouse.duckdb"},
        "connections": {"mailman": connection},
        "models": {"contacts": {"table": "crm.contacts", "key": "contact_id"}},
    }
    segment = {
        "model": "contacts",
        "source": {"connection": "mailman", "list_id": server.list_id},
        "identifiers": [{"email": "email"}],
        "refresh_frequency": "1 hour",
    }
    (folder / "project.yaml").write_text(yaml.safe_dump(document))
    (folder / "segments" / "vip.yaml").write_text(yaml.safe_dump(segment))
    project = load_project(folder)
    numbers = [number for number in range(1, 2_001) if number % UNKNOWN]
    columns = {
        "contact_id": [f"C{number}" for number in numbers],
        "email": [f"Member{number:05d}@example.test" for number in numbers],
        "country": ["DE" if number % 2 else "FR" for number in numbers],
    }
    seed_model(project, "crm", "contacts", columns)
    return project


def test_a_segment_file_yields_exactly_the_members_that_the_server_has(
    mailman: Mailman, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As many as the server's own script counts with curl and jq, each mapped to a contact or counted as unknown."""
    if mailman.missing:
        with capsys.disabled():
            sys.stdout.write(f"\nstand-ins of this suite took the place of {', '.join(mailman.missing)}\n")
    counted = mailman.count()
    project, now = write_files(tmp_path, mailman, mailman.password), datetime.now(UTC)
    common = {"partition_key": WINDOW, "run_id": "run-1", "now": now}
    row = fetch(project, "vip", **common)
    assert row.fetched == row.declared_total == counted == MEMBERS
    assert row.completeness == "last page seen; the platform's total agrees"
    mapped = map_segment(project, "vip", **common)
    expected = [number for number in range(1, MEMBERS + 1) if number % UNKNOWN]
    publish_segment(project, "vip", **common)
    with project.open_warehouse().read() as session:
        states = session.rows("SELECT state, fetched, mapped, unknown, duplicate FROM segments.snapshots")
        found = session.rows("SELECT contact_id FROM segments.vip")
    assert states == [("published", MEMBERS, len(expected), MEMBERS - len(expected), 0)]
    assert sorted(found) == sorted((f"C{number}",) for number in expected)
    assert mapped.mapped == len(expected)


def test_a_wrong_password_is_told_as_such(mailman: Mailman, tmp_path: Path) -> None:
    """The real server's 401 names the connection, and leaves nothing behind."""
    project = write_files(tmp_path, mailman, "wrong")
    with pytest.raises(ProjectError) as caught:
        fetch(project, "vip", partition_key=WINDOW, run_id=None, now=datetime.now(UTC))
    assert caught.value.code == "key-refused"
    assert "mailman" in str(caught.value)
