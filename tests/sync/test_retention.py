"""Forgetting what is too old, also of segments that publish nothing any more."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from remote_segments.errors import HeldError
from remote_segments.simulator import Simulator
from remote_segments.sync.deciding import Choice, decide
from remote_segments.sync.retention import forget
from tests.support.fetching import NOW, Refresher
from tests.support.projects import PAYING, VIP, kept_in, ready_project, seed_contacts

RAW = ("members", "keys", "unmapped")


@pytest.fixture
def refresher(tmp_path: Path, simulator: Simulator, warehouse) -> Refresher:
    """Two segments, the first refreshed three times."""
    segments = {"vip": {**VIP, "retention": "7 days"}, "paying": PAYING}
    project = kept_in(ready_project(tmp_path / "project", simulator, segments), warehouse)
    seed_contacts(project, simulator)
    found = Refresher(project, simulator)
    for name in ("vip", "vip", "vip", "paying"):
        found.refresh(name)
    return found


def stored(refresher: Refresher, name: str = "vip") -> dict[str, list[str]]:
    """The snapshots that still have rows, by table."""
    select = "SELECT DISTINCT snapshot_id FROM segments.{} WHERE segment = '{}' ORDER BY 1"
    return {table: [row[0] for row in refresher.rows(select.format(table, name))] for table in RAW}


def test_only_the_published_snapshot_outlives_the_retention(refresher: Refresher) -> None:
    """The rows of older snapshots go, their events and their rows of `snapshots` stay, and nothing that is shown."""
    before, events = stored(refresher), refresher.rows("SELECT count(*) FROM segments.changes")
    shown = refresher.rows("SELECT contact_id FROM segments.vip ORDER BY contact_id")
    gone = forget(refresher.project, NOW + timedelta(days=8))
    assert set(gone) == {"vip"}
    assert stored(refresher) == {t: ids[-1:] for t, ids in before.items()}
    assert refresher.rows("SELECT count(*) FROM segments.changes") == events
    assert refresher.rows("SELECT contact_id FROM segments.vip ORDER BY contact_id") == shown
    assert refresher.rows("SELECT count(*) FROM segments.snapshots WHERE segment = 'vip'") == [(3,)]
    assert forget(refresher.project, NOW + timedelta(days=8)) == {}


def test_nothing_is_forgotten_before_its_time(refresher: Refresher) -> None:
    """Each segment has a retention of its own."""
    before = stored(refresher)
    assert forget(refresher.project, NOW + timedelta(days=6)) == {}
    assert stored(refresher) == before


def test_a_held_snapshot_waits_for_a_person_as_long_as_it_takes(refresher: Refresher, simulator: Simulator) -> None:
    """Promise 27: what somebody may approve is kept, however old it is."""
    seed_contacts(refresher.project, simulator, leave_out=range(0, 2_000, 2))
    with pytest.raises(HeldError):
        refresher.refresh("vip")
    forget(refresher.project, NOW + timedelta(days=40))
    choice = Choice(approve=True, by="anna", reason="the CRM was cleaned up")
    decided = decide(refresher.project, "vip", choice, now=NOW + timedelta(days=40))
    assert refresher.rows("SELECT count(*) FROM segments.vip") == [(decided.snapshot.mapped,)]


def test_a_project_that_never_ran_has_nothing_to_forget(refresher: Refresher, tmp_path: Path) -> None:
    """Before the first fetch there are no tables."""
    new = refresher.project.warehouse.model_copy(update={"schema_": "elsewhere"})
    assert forget(replace(refresher.project, warehouse=new), NOW) == {}
