"""A fetch that was proven but could not be loaded: kept, and loaded by the next try without calling anybody."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from remote_segments.config.loader import load_project
from remote_segments.errors import TemporaryError
from remote_segments.simulator import Simulator
from remote_segments.sync.fetch import load
from remote_segments.sync.mapping import map_segment
from remote_segments.sync.publication import publish_segment
from remote_segments.sync.spool import Spools
from tests.support.fetching import NOW, WINDOW, Refresher, with_small_pages
from tests.support.projects import VIP, seed_contacts, write_project, write_segment

HOLDER = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"


@pytest.fixture
def refresher(tmp_path: Path, simulator: Simulator) -> Refresher:
    warehouse = {"kind": "duckdb", "path": "warehouse.duckdb", "wait_seconds": "0"}
    written = write_project(tmp_path, simulator, {"vip": VIP}, warehouse=warehouse)
    return Refresher(with_small_pages(load_project(written)), simulator)


@contextmanager
def kept_by_another_program(database: Path) -> Iterator[None]:
    """Another process has the DuckDB file open, as a database browser would."""
    command = [sys.executable, "-c", HOLDER, str(database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        yield
        holder.communicate()


@pytest.fixture
def unloaded(refresher: Refresher, tmp_path: Path) -> Refresher:
    """After a fetch that was proven while the warehouse could not be written."""
    with kept_by_another_program(tmp_path / "warehouse.duckdb"), pytest.raises(TemporaryError) as caught:
        refresher.fetch()
    assert caught.value.code == "warehouse-busy"
    return refresher


def test_the_retry_loads_what_was_fetched_without_a_call(unloaded: Refresher) -> None:
    """The members are those of the first try, stamped with its instant, filed under the run that loaded them."""
    calls = unloaded.calls()
    row = unloaded.fetch(run_id="run-2")
    assert unloaded.calls() == calls
    assert set(unloaded.members(row.snapshot_id)) == unloaded.expected(1)
    assert (row.fetched_at, row.run_id) == (NOW, "run-2")
    assert unloaded.states() == [("fetched", None)]
    assert unloaded.files() == []


def test_the_refresh_after_the_retry_asks_the_platform_again(unloaded: Refresher) -> None:
    """A kept spool is used once."""
    unloaded.fetch()
    row = unloaded.fetch()
    assert set(unloaded.members(row.snapshot_id)) == unloaded.expected(2)


def test_a_spool_waits_through_several_tries(unloaded: Refresher, tmp_path: Path) -> None:
    """As long as the warehouse is held, nothing is lost and nobody is called."""
    calls = unloaded.calls()
    with kept_by_another_program(tmp_path / "warehouse.duckdb"):
        for _ in range(2):
            with pytest.raises(TemporaryError):
                unloaded.fetch()
    assert unloaded.calls() == calls
    assert unloaded.fetch().fetched_at == NOW


def test_another_window_is_fetched_anew(unloaded: Refresher) -> None:
    """A later window wants to know who is a member now; the older spool still waits for its own."""
    calls = unloaded.calls()
    row = unloaded.fetch(window="2026-11-24-12:00")
    assert unloaded.calls() > calls
    assert set(unloaded.members(row.snapshot_id)) == unloaded.expected(2)
    assert len(unloaded.files()) == 2


def test_an_edited_definition_is_fetched_anew(unloaded: Refresher, tmp_path: Path) -> None:
    """What was fetched for another segment id or other identifiers is not what is wanted now."""
    write_segment(tmp_path, "vip", {**VIP, "source": {"connection": "klaviyo", "segment_id": "WINBCK"}})
    edited = replace(unloaded, project=with_small_pages(load_project(tmp_path)))
    row = edited.fetch()
    assert set(edited.members(row.snapshot_id)) == edited.expected(1, segment="WINBCK")


def test_an_edit_that_is_undone_does_not_bring_old_ids_back(unloaded: Refresher, tmp_path: Path) -> None:
    """What was kept from before the edit is deleted by the fetch after it, and never shown or loaded again."""
    write_segment(tmp_path, "vip", {**VIP, "source": {"connection": "klaviyo", "segment_id": "WINBCK"}})
    edited = replace(unloaded, project=with_small_pages(load_project(tmp_path)))
    edited.fetch()
    assert edited.files() == []
    write_segment(tmp_path, "vip", VIP)
    undone = replace(unloaded, project=with_small_pages(load_project(tmp_path)), attempts=edited.attempts)
    row = undone.fetch()
    assert row.fetched_at != NOW
    assert set(undone.members(row.snapshot_id)) == undone.expected(2)


def test_a_spool_that_newer_published_ids_have_overtaken_is_fetched_anew(unloaded: Refresher, tmp_path: Path) -> None:
    """As when another machine refreshed the segment while this one's spool waited: it would only be history."""
    saved = {path: path.read_bytes() for path in unloaded.files()}
    for path in saved:
        path.unlink()
    unloaded.fetch()
    seed_contacts(unloaded.project, unloaded.simulator)
    map_segment(unloaded.project, "vip", partition_key=WINDOW, run_id=None, now=NOW + timedelta(minutes=2))
    publish_segment(unloaded.project, "vip", partition_key=WINDOW, run_id=None, now=NOW + timedelta(minutes=2))
    for path, content in saved.items():
        path.write_bytes(content)
    row = unloaded.fetch(now=NOW + timedelta(minutes=3))
    assert row.fetched_at == NOW + timedelta(minutes=3)
    assert set(unloaded.members(row.snapshot_id)) == unloaded.expected(3)
    assert unloaded.files() == []


def test_a_spool_older_than_a_day_is_deleted_and_fetched_anew(unloaded: Refresher) -> None:
    """Members of yesterday are not the members of now."""
    row = unloaded.fetch(now=NOW + timedelta(hours=25))
    assert set(unloaded.members(row.snapshot_id)) == unloaded.expected(2)
    assert unloaded.files() == []


def test_a_spool_that_was_loaded_but_not_deleted_is_not_loaded_twice(unloaded: Refresher) -> None:
    """A process may die between the two; the next refresh deletes it and asks the platform."""
    spools = Spools(unloaded.project.state, "vip")
    saved = {path: path.read_bytes() for path in unloaded.files()}
    first = unloaded.fetch()
    for path, content in saved.items():
        path.write_bytes(content)
    assert load(unloaded.project.open_warehouse(), spools.kept(NOW)[0]) is None
    for path, content in saved.items():
        path.write_bytes(content)
    second = unloaded.fetch()
    assert second.snapshot_id != first.snapshot_id
    assert set(unloaded.members(second.snapshot_id)) == unloaded.expected(2)
    assert unloaded.files() == []
