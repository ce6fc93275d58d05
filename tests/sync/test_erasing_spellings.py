"""Erasing a person whose identifiers only Python can normalise: every spelling leads to them, and none is left."""

from datetime import timedelta
from pathlib import Path

import pytest

from remote_segments.membership.literals import table_name
from remote_segments.simulator import Simulator
from remote_segments.sync.erasing import erase, look
from remote_segments.sync.mapping import map_segment
from remote_segments.sync.publication import publish_segment
from tests.support.fetching import NOW, Refresher
from tests.support.projects import VIP, kept_in, ready_project, seed_contacts

FRENCH = [{"phone": {"column": "phone", "region": "FR"}}, {"email": "email"}]
WRITTEN = "06 12 34 56 78"


@pytest.fixture
def refresher(tmp_path: Path, simulator: Simulator, warehouse) -> Refresher:
    """A segment matched by French numbers; one of its members has a number and a domain in a spelling of their own."""
    project = kept_in(
        ready_project(tmp_path / "project", simulator, {"vip": {**VIP, "identifiers": FRENCH}}), warehouse
    )
    seed_contacts(project, simulator)
    found = Refresher(project, simulator)
    snapshot = found.fetch()
    with project.open_warehouse().write() as session:
        members = table_name(session.schema, "members")
        session.execute(
            f"UPDATE {members} SET phone = '{WRITTEN}', email = 'Eve@b\u00fccher.example' WHERE member_no = 1"
        )
        session.execute(f"UPDATE analytics.contacts SET phone = '0612345678' WHERE contact_id = {_key(session)}")
    chosen = {"partition_key": None, "run_id": None, "now": NOW + timedelta(minutes=5)}
    map_segment(project, "vip", **chosen, snapshot_id=snapshot.snapshot_id)
    publish_segment(project, "vip", **chosen, snapshot_id=snapshot.snapshot_id)
    return found


def _key(session) -> str:
    ((number,),) = session.rows("SELECT min(contact_id) FROM analytics.contacts")
    return f"'{number}'"


@pytest.mark.parametrize(("by", "value"), [("phone", "+33 6 12 34 56 78"), ("email", "eve@xn--bcher-kva.example")])
def test_a_person_is_found_by_another_spelling_and_no_spelling_is_left(
    refresher: Refresher, by: str, value: str
) -> None:
    """Promise 32: the row holds the number as written at home and the domain as people write it, and goes with them."""
    assert refresher.rows("SELECT 1 FROM segments.spellings LIMIT 1")
    assert look(refresher.project, by, value) == {"vip": 1}
    receipt = erase(refresher.project, by, value, by="dpo", reason="asked to", now=NOW + timedelta(days=1))
    assert receipt.proven
    assert receipt.rows["members"] == receipt.rows["vip"] == 1
    assert refresher.rows(f"SELECT 1 FROM segments.members WHERE phone = '{WRITTEN}'") == []
    assert refresher.rows("SELECT 1 FROM segments.spellings") == []
    assert refresher.rows("SELECT DISTINCT kind FROM segments.tombstones WHERE kind NOT IN ('text', 'key')") == [(by,)]
