"""Refreshes that end in the middle, by an exception or by `kill -9`: what was published stays readable."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from remote_segments.membership.compile import Scope
from remote_segments.membership.history import keys_at
from remote_segments.sync.snapshots import latest_published
from remote_segments.warehouses.duckdb_session import DuckDBSession
from tests.support.memberships import START, Segment
from tests.support.stopping import StoppedError, stop_at
from tests.support.warehouses import duckdb_warehouse

ROOT = Path(__file__).parents[2]
OLD, NEW = [1, 2, 3], [2, 3, 4]
LATER = START + timedelta(hours=2)
"""When the two fetches of `prepared` are done."""


def people(numbers):
    """Rows of the model."""
    return [{"contact_id": n, "email": f"p{n}@example.com", "city": "Lyon"} for n in numbers]


def members(numbers):
    """Fetched members that are in the model."""
    return [{"id": f"m{n}", "external_id": str(n)} for n in numbers]


def prepared(folder, more=0):
    """A published snapshot and a fetched one, with `more` people who are in both."""
    others = list(range(100, 100 + more))
    folder.mkdir()
    segment = Segment(duckdb_warehouse(folder))
    segment.model(people([*range(1, 10), *others]))
    segment.refresh(members([*OLD, *others]))
    segment.fetch([*members([*NEW, *others]), {"id": "nobody"}])
    return others


def kill(folder, *arguments):
    """Runs the script that kills; returns the folders it left."""
    command = [sys.executable, "-m", "tests.support.killing", arguments[0], str(folder), *arguments[1:]]
    subprocess.run(command, check=True, cwd=ROOT, timeout=300)
    left = [path for path in folder.iterdir() if path.name != "start"]
    return sorted(left, key=lambda path: int(path.name))


def shown(folder, others=()):
    """What the segment in a folder shows, after checking that it agrees with the rows of `snapshots` and the events."""
    with duckdb_warehouse(folder).read() as session:
        rows = [row[0] for row in session.rows("SELECT contact_id FROM segments.vip ORDER BY contact_id")]
        published = latest_published(session, "vip")
        scope = Scope("duckdb", "segments", "vip")
        members = session.rows(scope.sql(keys_at(scope, published.effective_at, 1).select("key")))
        keys = session.rows(f"SELECT key FROM segments.keys WHERE snapshot_id = '{published.snapshot_id}'")
    assert {row[0] for row in members} == {row[0] for row in keys} == set(map(str, rows))
    assert published.mapped == len(rows)
    return [one for one in rows if one not in set(others)]


def test_a_refresh_killed_before_any_statement_leaves_the_old_or_the_new(tmp_path):
    """Promise 1: killed before each statement in turn, a whole segment is readable, and a retry ends well."""
    prepared(tmp_path / "start")
    folders = kill(tmp_path, "statements")
    assert len(folders) > 30
    assert {tuple(shown(folder)) for folder in folders} == {tuple(OLD), tuple(NEW)}
    assert shown(folders[-1]) == NEW
    for folder in folders[:-1:10]:
        segment = Segment(duckdb_warehouse(folder), now=LATER)
        segment.map(), segment.publish()
        assert shown(folder) == NEW
        assert segment.rows("SELECT count(*) FROM {s}.changes") == [(5,)]


def test_a_refresh_killed_at_any_moment_leaves_the_old_or_the_new(tmp_path):
    """Promise 1: killed at ten moments in the middle of statements and commits, a whole segment is readable."""
    others = prepared(tmp_path / "start", more=4000)
    folders = kill(tmp_path, "moments", "10")
    assert len(folders) == 11
    assert {tuple(shown(folder, others)) for folder in folders} <= {tuple(OLD), tuple(NEW)}


@pytest.mark.parametrize("stage", ["map", "publish"])
def test_an_exception_at_any_statement_leaves_the_old_one(tmp_path, monkeypatch, stage):
    """Promise 1: whatever statement fails, nothing of the stage is kept."""
    prepared(tmp_path / "start")
    segment = Segment(duckdb_warehouse(tmp_path / "start"), now=LATER)
    if stage == "publish":
        segment.map()
    before = segment.rows("SELECT * FROM {s}.snapshots ORDER BY snapshot_id")
    failing = 0
    while True:
        failing += 1
        with monkeypatch.context() as patch:
            stop_at(patch, DuckDBSession, failing)
            try:
                getattr(segment, stage)()
            except StoppedError:
                pass
            else:
                break
        assert segment.rows("SELECT * FROM {s}.snapshots ORDER BY snapshot_id") == before
        assert shown(tmp_path / "start") == OLD
    assert failing > 2
