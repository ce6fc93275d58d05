"""Which model keys are of: a renamed model keeps its history, another one with the same key columns begins its own."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from remote_segments.errors import ProjectError
from remote_segments.simulator import Simulator
from remote_segments.sync.erasing import erase
from remote_segments.sync.lineage import Lineage
from tests.support.fetching import NOW, Refresher
from tests.support.memberships import Segment, members, people, plan_of, write_model
from tests.support.projects import VIP, kept_in, ready_project, seed_contacts

CONTACTS = {"model": "contacts", "table": "crm.contacts"}


def defined(segment: Segment, **settings: str) -> None:
    """Gives the segment another model: its name, and the table in its settings."""
    known = {**segment.plan.settings, **settings}
    name, table = known["model"], known["table"]
    source = replace(segment.plan.model, table=table)
    segment.plan = replace(
        segment.plan, settings=known, model_name=name, model=source, definition_hash=f"{name} at {table}"
    )


@pytest.fixture
def segment(warehouse) -> Segment:
    """A published segment of the model contacts; crm.leads has a key column of the same name, and other people."""
    found = Segment(warehouse, plan_of())
    defined(found, **CONTACTS)
    found.model(people(range(1, 5)))
    with warehouse.write() as session:
        write_model(session, people(range(1, 9)), found.types, "leads")
    found.refresh(members(range(1, 4)))
    return found


def test_another_model_with_the_same_key_column_is_a_new_generation(segment: Segment) -> None:
    """Promise 15: keys of two models are not comparable: a baseline begins, and nobody joins or leaves."""
    first = segment.now
    defined(segment, model="leads", table="crm.leads")
    row = segment.row(segment.refresh(members(range(2, 6))).snapshot_id)
    assert (row.generation, row.joined_count, row.left_count) == (2, 0, 0)
    assert segment.events(row.snapshot_id) == {(str(n), "joined", "baseline") for n in range(2, 6)}
    assert segment.at(first) == {"1", "2", "3"}
    assert segment.at(segment.now) == {"2", "3", "4", "5"}


def test_a_renamed_model_keeps_its_history(segment: Segment) -> None:
    """Promise 15: the same table under another name in project.yaml is the same model: only the definition changed."""
    defined(segment, model="people")
    row = segment.row(segment.refresh(members(range(2, 5))).snapshot_id)
    assert row.generation == 1
    assert segment.events(row.snapshot_id) == {("1", "left", "definition"), ("4", "joined", "definition")}


def test_a_model_whose_table_moved_keeps_its_history(segment: Segment) -> None:
    """Promise 15: the same model in another table: events of the cause `definition`."""
    defined(segment, table="crm.leads")
    row = segment.row(segment.refresh(members(range(1, 4))).snapshot_id)
    assert (row.generation, segment.events(row.snapshot_id)) == (1, set())


def test_a_window_of_another_model_is_not_rebuilt(segment: Segment) -> None:
    """Promise 13: its neighbours hold keys of the model of then."""
    ((first,),) = segment.rows("SELECT snapshot_id FROM {s}.snapshots")
    segment.refresh(members(range(1, 4)))
    defined(segment, model="leads", table="crm.leads")
    segment.refresh(members(range(1, 4)))
    with pytest.raises(ProjectError) as refused:
        segment.map(first)
    assert refused.value.code == "rebuild-key-changed"
    defined(segment, **CONTACTS, key="still the same")
    segment.refresh(members(range(1, 4)))


def test_erasing_a_key_of_one_model_leaves_the_other_ones_people(
    tmp_path: Path, simulator: Simulator, warehouse
) -> None:
    """Promise 32: a segment that moved between models keeps the events of whoever has the same key in the other one."""
    models = {name: {"table": f"analytics.{name}", "key": "contact_id"} for name in ("contacts", "leads")}
    by_email = {**VIP, "identifiers": [{"email": "email"}]}
    project = kept_in(ready_project(tmp_path / "project", simulator, {"vip": by_email}, models=models), warehouse)
    seed_contacts(project, simulator)
    with project.open_warehouse().write() as session:  # everybody has the key that the one before has in contacts
        session.execute(
            "CREATE TABLE analytics.leads AS SELECT email, "
            "coalesce(lag(contact_id) OVER (ORDER BY contact_id), 'C9999999') AS contact_id FROM analytics.contacts"
        )
    refresher = Refresher(project, simulator)
    refresher.refresh()
    moved = project.segments["vip"].model_copy(update={"model": "leads"})
    refresher.project = replace(project, segments={"vip": moved})
    refresher.refresh()
    events = "SELECT generation, key FROM segments.changes WHERE {} ORDER BY generation, key"
    ((key,),) = refresher.rows(
        "SELECT min(contact_id) FROM segments.vip WHERE contact_id IN "
        "(SELECT key FROM segments.changes WHERE generation = 1)"
    )
    mine = f"key = '{key}'"
    assert refresher.rows(events.format(mine)) == [(1, key), (2, key)]
    erase(refresher.project, "key", key, model="leads", by="dpo", reason="asked to", now=NOW + timedelta(days=1))
    assert refresher.rows(events.format(mine)) == [(1, key)]


@pytest.mark.parametrize(
    ("places", "current", "name", "today"),
    [
        ({"old": {"a"}, "new": {"a"}}, {"new"}, "old", "new"),
        ({"old": {"a"}, "between": {"a", "b"}, "new": {"b"}}, {"new"}, "old", "new"),
        ({"old": {"a"}, "new": {"b"}}, {"new"}, "old", "old"),
        ({"one": {"a", "b"}, "two": {"a", "b"}}, {"one", "two"}, "one", "one"),
        ({"old": {"a", "b"}, "one": {"a"}, "two": {"b"}}, {"one", "two"}, "old", "old"),
        ({"z": {"a"}, "b": {"a"}}, set(), "z", "b"),
    ],
    ids=["renamed", "renamed and moved", "gone", "both still there", "two took its place", "all gone"],
)
def test_a_model_is_known_by_the_name_that_it_has_today(places, current, name, today) -> None:
    """Names are one model where they had the same place, and only one of them is left."""
    lineage = Lineage({one: frozenset(found) for one, found in places.items()}, frozenset(current))
    assert lineage.today(name) == today
    assert name in lineage.names(today)
