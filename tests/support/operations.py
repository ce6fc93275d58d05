"""What is done to a stored segment in the tests that kill it: each on a folder, as a new process does it."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from remote_segments.config.loader import load_project
from remote_segments.config.project import Project
from remote_segments.errors import HeldError
from remote_segments.sync.deciding import Choice, decide_with
from remote_segments.sync.erasing import erase as erase_person
from remote_segments.sync.mapping import map_with
from remote_segments.sync.pruning import prune as prune_segments
from remote_segments.sync.publication import publish_with
from remote_segments.sync.retention import expire
from remote_segments.sync.snapshots import latest_published
from remote_segments.sync.store import ensure_store
from tests.support.memberships import START, Segment, plan_of
from tests.support.projects import kept_in
from tests.support.warehouses import duckdb_warehouse

HOURS = 3
"""Fetches of the start: two published, one that waits."""

NOW = START + timedelta(hours=HOURS, minutes=30)


def segment_in(folder: Path) -> Segment:
    """The segment of a folder, after its three fetches."""
    plan = plan_of(model_name="contacts", connection="klaviyo")
    return Segment(duckdb_warehouse(folder), plan, now=START + timedelta(hours=HOURS))


def project_in(folder: Path) -> Project:
    """A project without segment files, whose state is in the folder."""
    loaded = load_project(folder / "project")
    return replace(kept_in(loaded, duckdb_warehouse(folder)), segments={}, state=folder / "state")


def refresh(folder: Path) -> None:
    """Maps and publishes what waits."""
    segment = segment_in(folder)
    segment.map()
    segment.publish()


def erase(folder: Path) -> None:
    """Erases person 2."""
    erase_person(project_in(folder), "key", "2", by="dpo", reason="asked to", now=NOW)


def rename(folder: Path) -> None:
    """Maps and publishes under a new name."""
    segment = segment_in(folder)
    plan = replace(segment.plan, segment="very", renamed_from="vip")
    mapped = map_with(segment.warehouse, plan, now=NOW)
    publish_with(segment.warehouse, plan, snapshot_id=mapped.snapshot_id, now=NOW)


def approve(folder: Path) -> None:
    """Approves the held snapshot."""
    _decide(folder, approve=True)


def reject(folder: Path) -> None:
    """Rejects the held snapshot."""
    _decide(folder, approve=False)


def _decide(folder: Path, *, approve: bool) -> None:
    segment = segment_in(folder)
    choice = Choice(approve=approve, by="anna", reason="looked at it")
    decide_with(segment.warehouse, segment.plan, choice, now=NOW)


def hold(folder: Path) -> None:
    """Maps what waits; a guard holds it."""
    segment = segment_in(folder)
    segment.map()
    try:
        segment.publish()
    except HeldError:
        return
    raise AssertionError("it was not held")


def prune(folder: Path) -> None:
    """Removes the segment, which no file names."""
    prune_segments(project_in(folder), ["vip"], compact=True)


def forget(folder: Path) -> None:
    """Forgets all but the published snapshot."""
    segment = segment_in(folder)
    with segment.warehouse.write("vip") as session:
        expire(session, segment.plan, latest_published(session, "vip"), NOW + timedelta(days=40))


def rebuild(folder: Path) -> None:
    """Maps the first window again, whose person 3 the model has lost."""
    segment = segment_in(folder)
    segment.map(min(row[0] for row in segment.rows("SELECT snapshot_id FROM {s}.snapshots")))


def migrate(folder: Path) -> None:
    """Brings the tables of an earlier version up."""
    with segment_in(folder).warehouse.write() as session:
        ensure_store(session)
