"""A segment whose pages hold others, too: only its members are stored, and the proof says how many were left out."""

import json
from pathlib import Path

import httpx
import yaml

from remote_segments.config.loader import load_project
from remote_segments.config.project import Project
from remote_segments.rest.platform import Platform
from remote_segments.simulator import Simulator
from remote_segments.sync.fetch import fetch
from tests.rest.test_where import ON, PAGES, answer, platform
from tests.support.fetching import NOW, WINDOW
from tests.support.projects import write_project


def open_account(project: Project, connection: str) -> Platform:
    """Opens the account, whose network is a function."""
    manifest = project.platforms["invented"]
    return Platform(manifest, connection=connection, secrets={"key": "x"}, transport=httpx.MockTransport(answer))


def test_only_members_are_stored(tmp_path: Path, simulator: Simulator) -> None:
    """The platform's count of everybody agrees with what was read, not with what is kept."""
    written = json.loads(platform(ON, PAGES).model_dump_json(exclude_defaults=True))
    (tmp_path / "platforms").mkdir()
    (tmp_path / "platforms" / "invented.yaml").write_text(yaml.safe_dump(written, sort_keys=False))
    segment = {
        "model": "contacts",
        "source": {"connection": "invented", "segment_id": "s1"},
        "identifiers": [{"id": "contact_id"}],
        "refresh_frequency": "1 day",
    }
    connections = {"invented": {"platform": "invented", "key": {"file": "key"}}}
    project = load_project(write_project(tmp_path, simulator, {"on": segment}, connections=connections))
    row = fetch(project, "on", partition_key=WINDOW, run_id=None, now=NOW, connect=open_account)
    assert (row.fetched, row.declared_total) == (3, 5)
    assert row.completeness == "last page seen; the platform's total agrees; 2 of 5 left out, by their `status`"
    with project.open_warehouse().read() as session:
        assert session.rows("SELECT id FROM segments.members ORDER BY member_no") == [("m1",), ("m4",), ("m5",)]
