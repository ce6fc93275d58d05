"""Mapping in a real warehouse: causes, instants, generations, which snapshot a window means, and what stops it."""

from datetime import timedelta

import pytest

from remote_segments.errors import EngineError, ProjectError
from remote_segments.membership.guards import Guards
from remote_segments.membership.matching import Pair
from tests.support.memberships import EMAIL, Segment, plan_of


def people(*numbers, city="Lyon"):
    """Rows of the model."""
    return [{"contact_id": n, "email": f"p{n}@example.com", "city": city} for n in numbers]


def members(*numbers):
    """Fetched members that are in the model under their number and address."""
    return [{"id": f"m{n}", "external_id": str(n), "email": f"p{n}@example.com"} for n in numbers]


@pytest.fixture
def segment(warehouse):
    """A segment on a model of nine people."""
    segment = Segment(warehouse)
    segment.model(people(*range(1, 10)))
    return segment


def test_members_are_published_with_their_outcomes(segment):
    """The members whose number or address is in the model become the segment; all others are counted."""
    found = segment.refresh([*members(1, 2), {"id": "x", "email": " P3@Example.com "}, {"id": "y"}, *members(12, 1)])
    assert (found.fetched, found.mapped, found.unknown, found.invalid, found.duplicate) == (6, 3, 1, 1, 1)
    assert segment.published() == [1, 2, 3]
    assert segment.keys(found.snapshot_id)["3"] == (3, "email")


def test_a_first_snapshot_is_a_baseline(segment):
    """Promise 15: nobody joined when a segment is fetched for the first time."""
    first = segment.refresh(members(1, 2))
    assert segment.events(first.snapshot_id) == {("1", "joined", "baseline"), ("2", "joined", "baseline")}
    assert (first.joined, first.left) == (0, 0)
    assert segment.published("contact_id, joined_at") == [(1, None), (2, None)]


def test_the_first_snapshot_with_members_is_a_baseline(segment):
    """Promise 15: nobody joined when a segment that had been empty since its first fetch has members."""
    segment.refresh([])
    segment.refresh([])
    found = segment.refresh(members(1, 2))
    assert segment.events(found.snapshot_id) == {("1", "joined", "baseline"), ("2", "joined", "baseline")}
    assert (found.joined, found.left) == (0, 0)
    assert segment.published("contact_id, joined_at") == [(1, None), (2, None)]
    later = segment.refresh(members(1, 3))
    assert segment.events(later.snapshot_id) == {("3", "joined", "remote"), ("2", "left", "remote")}


def test_members_after_an_empty_time_have_joined(segment):
    """A segment that had members, and then none, is no new one."""
    segment.plan = plan_of(guards=Guards(allow_empty=True))
    segment.refresh(members(1, 2))
    segment.refresh([])
    found = segment.refresh(members(2, 3))
    assert segment.events(found.snapshot_id) == {("2", "joined", "remote"), ("3", "joined", "remote")}


def test_people_join_and_leave_by_their_own_doing(segment):
    """Who is among the members of one fetch only has joined or left; the time is when it was seen."""
    segment.refresh(members(1, 2))
    second = segment.refresh(members(2, 3))
    assert segment.events(second.snapshot_id) == {("3", "joined", "remote"), ("1", "left", "remote")}
    assert (second.joined, second.left) == (1, 1)
    assert segment.published("contact_id, joined_at") == [(2, None), (3, second.fetched_at)]
    third = segment.refresh(members(3))
    assert segment.published("contact_id, joined_at, snapshot_at") == [(3, second.fetched_at, third.fetched_at)]


def test_the_platforms_own_time_of_joining_is_kept(segment):
    """Where the platform says when a person joined, that is what the segment shows, from the first snapshot on."""
    when = segment.now - timedelta(days=90)
    segment.refresh([{**members(1)[0], "joined_at": when}, *members(2)])
    assert segment.published("contact_id, joined_at") == [(1, when), (2, None)]


def test_a_changed_model_is_not_people_joining(segment):
    """Promise 15: 30 % of the model gone and come back shows as the model's doing, and calls nobody."""
    segment.refresh(members(*range(1, 10)))
    segment.model(people(*range(1, 7)))
    smaller = segment.remap()
    assert smaller.kind == "remap"
    assert segment.events(smaller.snapshot_id) == {(str(n), "left", "model") for n in (7, 8, 9)}
    assert (smaller.joined, smaller.left) == (0, 0)
    segment.model(people(*range(1, 10)))
    again = segment.refresh(members(*range(1, 10)))
    assert segment.events(again.snapshot_id) == {(str(n), "joined", "model") for n in (7, 8, 9)}
    assert segment.published("contact_id, joined_at") == [(n, None) for n in range(1, 10)]


def test_a_changed_definition_is_not_people_joining(segment):
    """Promise 15: after the segment's file was edited, all events have the cause `definition`."""
    segment.refresh(members(1, 2))
    segment.plan = plan_of(entries=(EMAIL,), definition_hash="second")
    found = segment.refresh(members(2, 3))
    assert segment.events(found.snapshot_id) == {("3", "joined", "definition"), ("1", "left", "definition")}
    assert segment.published("contact_id, joined_at") == [(2, None), (3, None)]


def test_a_changed_key_starts_a_new_generation(segment):
    """Keys of two generations are not compared: the first snapshot of the new one is a baseline again."""
    first = segment.refresh(members(1, 2))
    segment.plan = plan_of(key=("email",), definition_hash="second")
    second = segment.refresh(members(2, 3))
    assert (first.generation, second.generation) == (1, 2)
    assert segment.events(second.snapshot_id) == {(f"p{n}@example.com", "joined", "baseline") for n in (2, 3)}
    assert segment.at(first.effective_at) == {"1", "2"}
    assert segment.at(second.effective_at) == {"p2@example.com", "p3@example.com"}


def test_mapping_again_gives_equal_tables(segment):
    """Promise 7: the stored ids and an unchanged model give the same keys, reasons and rows again, in any order."""
    first = segment.refresh([*members(3, 1, 2), {"id": "y"}])
    before = segment.published("contact_id, city, joined_at, snapshot_at")
    segment.model(people(*reversed(range(1, 10))))
    again = segment.remap()
    assert segment.published("contact_id, city, joined_at, snapshot_at") == before
    assert segment.keys(again.snapshot_id) == segment.keys(first.snapshot_id)
    assert segment.unmapped(again.snapshot_id) == segment.unmapped(first.snapshot_id)
    assert segment.events(again.snapshot_id) == set()
    assert (again.members_id, again.fetched_at) == (first.snapshot_id, first.fetched_at)
    assert again.effective_at > first.effective_at


def test_mapping_a_snapshot_twice_writes_it_once(segment):
    """A retry replaces what the first try wrote under the same id."""
    snapshot = segment.fetch([*members(1, 2), {"id": "y"}])
    assert segment.map(snapshot) == segment.map(snapshot)
    for table, rows in (("keys", 2), ("unmapped", 1), ("changes", 2)):
        assert segment.rows(f"SELECT count(*) FROM {{s}}.{table}") == [(rows,)]


def test_a_window_means_its_runs_own_snapshot_then_its_newest(segment):
    """A window may hold several snapshots; a window that is still empty takes the newest of the segment."""
    one, two = segment.fetch(members(1), "10:00"), segment.fetch(members(2), "10:00")
    assert segment.map(partition_key="10:00", run_id=f"run of {one}").snapshot_id == one
    assert segment.map(partition_key="10:00", run_id="another").snapshot_id == two
    assert segment.map(partition_key="11:00").snapshot_id == two
    with pytest.raises(ProjectError) as refused:
        segment.map(partition_key="09:00")
    assert refused.value.code == "nothing-fetched"


def test_a_remap_of_an_open_window_is_filed_under_it(segment):
    """A model refreshed in a later window than the last fetch makes a snapshot of that window, as old as the ids."""
    first = segment.refresh(members(1), "10:00")
    found = segment.map(partition_key="11:00", now=segment.now + timedelta(minutes=50))
    assert (found.kind, found.partition_key, found.fetched_at) == ("remap", "11:00", first.fetched_at)
    assert segment.publish(partition_key="11:00").snapshot_id == found.snapshot_id


def test_a_fetch_that_began_before_a_remap_still_counts_after_it(segment):
    """Ids that were being fetched while the model was refreshed are newer than those that were mapped again."""
    segment.refresh(members(1))
    late = segment.fetch(members(1, 2))
    remapped = segment.map(segment.row(late).previous_id or _published(segment), now=segment.now + timedelta(minutes=5))
    segment.publish(remapped.snapshot_id)
    found = segment.map(late)
    assert found.effective_at > remapped.effective_at
    assert segment.publish(late).replaced
    assert segment.published() == [1, 2]


def _published(segment):
    return segment.rows("SELECT snapshot_id FROM {s}.snapshots WHERE state = 'published'")[0][0]


def test_ids_of_another_source_are_not_shown_under_the_new_one(segment):
    """After the segment's id was edited, the stored ids are the wrong people: nothing is mapped until a new fetch."""
    segment.plan = plan_of(connection="klaviyo", source='{"segment_id": "A"}')
    snapshot = segment.fetch(members(1), connection="klaviyo", source='{"segment_id": "A"}')
    segment.map(snapshot)
    segment.publish(snapshot)
    segment.plan = plan_of(connection="klaviyo", source='{"segment_id": "B"}', definition_hash="second")
    with pytest.raises(ProjectError) as refused:
        segment.map(snapshot)
    assert refused.value.code == "source-changed"
    assert segment.published() == [1]


def test_ids_that_are_no_longer_kept_are_an_error(segment):
    """A snapshot whose members were forgotten cannot be mapped, and says so."""
    snapshot = segment.fetch(members(1))
    with segment.warehouse.write() as session:
        session.execute(f'DELETE FROM "{session.schema}".members')
    with pytest.raises(ProjectError) as refused:
        segment.map(snapshot)
    assert refused.value.code == "beyond-retention"


@pytest.mark.parametrize(
    ("code", "rows", "changes"),
    [
        ("model-empty", [], {}),
        ("model-key-null", [{"contact_id": None}, {"contact_id": 1}], {}),
        ("model-key-duplicated", [{"contact_id": 1}, {"contact_id": 1}], {}),
        ("model-key-duplicated", [{"contact_id": 1, "city": "a"}, {"contact_id": 1, "city": "a"}], {"key": ("city",)}),
        ("unknown-column", people(1), {"key": ("contct_id",)}),
        ("unknown-column", people(1), {"entries": ((Pair("email", "email", "e_mail"),),)}),
        ("unknown-column", people(1), {"include": ("contact_id", "town")}),
        ("model-key-type", people(1), {"key": ("score",)}),
        ("identifier-column-type", people(1), {"entries": ((Pair("external_id", "text", "score"),),)}),
        ("column-collision", people(1), {"exclude": ("score",)}),
    ],
)
def test_a_model_that_cannot_be_used_publishes_nothing(segment, code, rows, changes):
    """Empty, without a sound key, without a column, or with a column of ours: an error, and the old segment stays."""
    segment.refresh(members(1, 2))
    segment.model(rows, {**segment.types, "score": "DOUBLE PRECISION", "joined_at": "VARCHAR(9)"})
    segment.plan = plan_of(**{"exclude": ("joined_at",), **changes})
    snapshot = segment.fetch(members(1))
    with pytest.raises(ProjectError) as refused:
        segment.map(snapshot)
    assert refused.value.code == code
    assert segment.published() == [1, 2]
    row = segment.row(snapshot)
    assert (row.state, row.reason) == ("fetched", code)
    assert refused.value.problem.found in row.message


def test_a_missing_model_is_an_error_that_names_a_near_one(segment):
    """A misspelt table stops before anything is written."""
    segment.plan = plan_of(model=type(segment.plan.model)(table="crm.contcts"))
    with pytest.raises(ProjectError) as refused:
        segment.map(segment.fetch(members(1)))
    assert refused.value.code == "model-missing"
    assert "crm.contacts" in str(refused.value)


def test_an_unknown_column_names_a_near_one(segment):
    """A dropped or misspelt column says which one was probably meant."""
    segment.plan = plan_of(key=("contct_id",))
    with pytest.raises(ProjectError, match="Did you mean `contact_id`"):
        segment.map(segment.fetch(members(1)))


def test_an_identifier_that_no_fetch_gave_identifies_nobody(segment):
    """A newly written identifier that the stored members lack is not usable, and the next entry decides."""
    segment.plan = plan_of(entries=((Pair("phone", "phone", "city"),), EMAIL))
    assert segment.map(segment.fetch(members(1, 2))).mapped == 2


@pytest.mark.parametrize("sign", ["<", "="])
def test_members_that_are_missing_from_the_warehouse_are_an_error(segment, sign):
    """Some of a fetch's rows gone is our mistake or somebody's DELETE: nobody is taken for gone, nothing is written."""
    segment.refresh(members(1, 2, 3))
    snapshot = segment.fetch(members(1, 2, 3, 4))
    with segment.warehouse.write() as session:
        where = f"snapshot_id = '{snapshot}' AND member_no {sign} 4"
        session.execute(f'DELETE FROM "{session.schema}".members WHERE {where}')
    with pytest.raises(EngineError) as broken:
        segment.map(snapshot)
    assert broken.value.code == "members-short"
    assert (segment.row(snapshot).state, segment.keys(snapshot), segment.events(snapshot)) == ("fetched", {}, set())
    assert segment.published() == [1, 2, 3]
