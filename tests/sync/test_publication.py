"""Publication in a real warehouse: guards, retries, supersession, columns, retention."""

from datetime import timedelta

import pytest

from remote_segments.errors import HeldError, ProjectError
from remote_segments.membership.guards import Guards
from remote_segments.sync.plan import ModelSource
from tests.support.memberships import EMAIL, Segment, plan_of, write_model


def people(*numbers, city="Lyon"):
    """Rows of the model."""
    return [{"contact_id": n, "email": f"p{n}@example.com", "city": city} for n in numbers]


def members(*numbers):
    """Fetched members that are in the model under their number and address."""
    return [{"id": f"m{n}", "external_id": str(n), "email": f"p{n}@example.com"} for n in numbers]


@pytest.fixture
def segment(warehouse):
    """A segment on a model of nine people, with two of them published."""
    segment = Segment(warehouse)
    segment.model(people(*range(1, 10)))
    segment.refresh(members(1, 2))
    return segment


@pytest.mark.parametrize(
    ("code", "fetched", "guards"),
    [
        ("none-mapped", members(21, 22, 23), Guards()),
        ("emptied", [], Guards()),
        ("match-rate-low", members(1, 21, 22, 23), Guards(minimum_match_rate=50.0)),
    ],
)
def test_a_doubtful_snapshot_is_held_and_the_old_one_stays(segment, code, fetched, guards):
    """What would empty a segment by mistake waits for a person, is recorded, and writes no `left` event."""
    segment.plan = plan_of(guards=guards)
    snapshot = segment.fetch(fetched)
    segment.map(snapshot)
    with pytest.raises(HeldError) as held:
        segment.publish(snapshot)
    assert held.value.code == code
    assert f"{len(fetched):,}" in held.value.problem.found
    row = segment.row(snapshot)
    assert (row.state, row.reason) == ("held", code)
    assert row.message.startswith(held.value.problem.found)
    assert segment.events(snapshot) == set()
    assert segment.published() == [1, 2]
    assert segment.at(segment.now) == {"1", "2"}


def test_a_held_snapshot_is_published_once_the_limit_allows_it(segment):
    """After the segment's file was mended, publishing maps it again and goes through."""
    snapshot = segment.fetch([])
    segment.map(snapshot)
    with pytest.raises(HeldError):
        segment.publish(snapshot)
    segment.plan = plan_of(guards=Guards(allow_empty=True))
    assert segment.publish(snapshot).left == 2
    assert segment.published() == []
    assert segment.events(snapshot) == {("1", "left", "remote"), ("2", "left", "remote")}
    assert segment.at(segment.row(snapshot).effective_at) == set()


def test_a_proven_empty_first_snapshot_is_published(warehouse):
    """Promise 4: empty and proven is neither failed nor never fetched; the empty table has its columns."""
    segment = Segment(warehouse)
    segment.model(people(1))
    found = segment.refresh([])
    assert (found.state, found.fetched, found.rows) == ("published", 0, 0)
    assert segment.published("contact_id, email, city, joined_at, snapshot_at") == []


def test_what_is_not_mapped_is_not_published(segment):
    """A fetch alone changes nothing that anybody reads."""
    snapshot = segment.fetch(members(3))
    with pytest.raises(ProjectError) as refused:
        segment.publish(snapshot)
    assert refused.value.code == "not-mapped"
    assert segment.published() == [1, 2]


def test_a_model_that_changed_since_mapping_is_mapped_again(segment):
    """Rows and keys always agree: a key that the model lost in between is unmapped, not silently missing."""
    snapshot = segment.fetch(members(1, 2, 3))
    segment.map(snapshot)
    segment.model(people(1, 3))
    found = segment.publish(snapshot)
    assert (found.mapped, found.unknown, found.rows) == (2, 1, 2)
    assert segment.published() == [1, 3]


def test_a_snapshot_mapped_against_an_older_one_is_mapped_again(segment):
    """Events are always counted against what is published, even when somebody published in between."""
    one, two = segment.fetch(members(1)), segment.fetch(members(1, 3))
    segment.map(one)
    segment.map(two)
    segment.publish(one)
    segment.publish(two)
    assert segment.events(two) == {("3", "joined", "remote")}
    assert segment.row(two).previous_id == one


def test_an_older_snapshot_never_replaces_a_newer_one(segment):
    """Promise 13: a late publication is refused and changes nothing."""
    one, two = segment.fetch(members(1)), segment.fetch(members(1, 3))
    segment.map(one)
    segment.map(two)
    segment.publish(two)
    with pytest.raises(ProjectError) as refused:
        segment.publish(one)
    assert refused.value.code == "snapshot-superseded"
    assert segment.published() == [1, 3]


def test_publishing_again_shows_the_models_new_values(segment):
    """The published snapshot can be shown anew: same people, fresh columns, no event."""
    segment.model(people(*range(1, 10), city="Nice"))
    found = segment.publish(partition_key=f"{segment.now:%Y-%m-%d-%H:%M}")
    assert (found.kind, found.replaced) == ("fetch", True)
    assert segment.published("contact_id, city") == [(1, "Nice"), (2, "Nice")]


def test_publishing_again_after_the_model_lost_people_maps_again(segment):
    """A model that no longer has the keys makes a new snapshot, so that counts, rows and events agree."""
    segment.model(people(1))
    found = segment.publish(partition_key=f"{segment.now:%Y-%m-%d-%H:%M}")
    assert (found.kind, found.rows, segment.published()) == ("remap", 1, [1])
    assert segment.events(found.snapshot_id) == {("2", "left", "model")}


def test_a_model_that_lists_somebody_twice_since_mapping_is_refused(segment):
    """The number of rows agrees when one key is gone and another is there twice: nobody is shown twice, nobody lost."""
    snapshot = segment.fetch(members(1, 2, 3))
    segment.map(snapshot)
    segment.model(people(1, 1, 2, 4, 5))
    with pytest.raises(ProjectError) as refused:
        segment.publish(snapshot)
    assert refused.value.code == "model-key-duplicated"
    assert segment.published() == [1, 2]


def test_publishing_again_after_the_definition_changed_maps_again(segment):
    """The old keys may be other people in the new model: they are never looked up there."""
    with segment.warehouse.write() as session:
        others = [{"contact_id": n, "email": f"p{10 - n}@example.com", "city": "Nice"} for n in range(1, 10)]
        write_model(session, others, segment.types, "others")
    segment.plan = plan_of(model=ModelSource(table="crm.others"), entries=(EMAIL,), definition_hash="second")
    found = segment.publish()
    assert (found.kind, found.definition_hash) == ("remap", "second")
    assert segment.published("contact_id, email") == [(8, "p2@example.com"), (9, "p1@example.com")]
    assert {cause for _, _, cause in segment.events(found.snapshot_id)} == {"definition"}


def test_publishing_again_after_the_source_changed_is_refused(segment):
    """Ids that came from elsewhere are not shown as if they came from where the file points now."""
    segment.plan = plan_of(connection="crm", source='{"segment_id": "A"}')
    snapshot = segment.fetch(members(1, 2, 3), connection="crm", source='{"segment_id": "A"}')
    segment.map(snapshot)
    segment.publish(snapshot)
    segment.plan = plan_of(connection="crm", source='{"segment_id": "B"}', definition_hash="second")
    with pytest.raises(ProjectError) as refused:
        segment.publish()
    assert refused.value.code == "source-changed"
    assert segment.published() == [1, 2, 3]


@pytest.mark.parametrize(
    ("changes", "columns"),
    [
        ({}, ["contact_id", "email", "city", "joined_at", "snapshot_at"]),
        ({"include": ("city", "contact_id")}, ["city", "contact_id", "joined_at", "snapshot_at"]),
        ({"exclude": ("email",)}, ["contact_id", "city", "joined_at", "snapshot_at"]),
    ],
)
def test_a_segment_has_the_columns_its_file_asks_for(segment, changes, columns):
    """All of the model's columns by default, the included ones in their order, or all but the excluded."""
    segment.plan = plan_of(segment="another", **changes)
    segment.refresh(members(1))
    with segment.warehouse.read() as session:
        assert list(session.relation("another", session.schema).columns) == columns


def test_what_is_published_is_kept_however_late_it_was_mapped(segment):
    """A remap that waited longer than its retention to be published keeps its keys and the ids it came from."""
    segment.plan = plan_of(retention=timedelta(hours=3))
    first = segment.refresh([*members(1, 2), {"id": "y"}])
    remapped = segment.map()
    segment.now += timedelta(hours=5)
    segment.publish(remapped.snapshot_id)
    assert segment.keys(remapped.snapshot_id).keys() == {"1", "2"}
    assert segment.unmapped(remapped.snapshot_id) == {3: "invalid"}
    kept = {row[0] for row in segment.rows("SELECT DISTINCT snapshot_id FROM {s}.members")}
    assert kept == {first.snapshot_id}
    segment.remap()
    assert segment.published() == [1, 2]


def test_ids_are_forgotten_after_their_retention(segment):
    """Older ids, keys and reasons go; the published snapshot, what it was mapped from, and all events stay."""
    segment.plan = plan_of(retention=timedelta(hours=3))
    second = segment.refresh([*members(2), {"id": "y"}])
    segment.now += timedelta(hours=5)
    remapped = segment.remap()
    kept = {remapped.snapshot_id, second.snapshot_id}
    assert {row[0] for row in segment.rows("SELECT DISTINCT snapshot_id FROM {s}.members")} == {second.snapshot_id}
    assert {row[0] for row in segment.rows("SELECT DISTINCT snapshot_id FROM {s}.keys")} <= kept
    assert segment.rows("SELECT count(*) FROM {s}.changes") == [(3,)]
    assert segment.published() == [2]
    third = segment.refresh(members(2, 3))
    assert {row[0] for row in segment.rows("SELECT DISTINCT snapshot_id FROM {s}.members")} == {third.snapshot_id}
    assert segment.at(second.effective_at) == {"2"}


def test_a_column_that_the_model_lost_publishes_nothing(segment):
    """Nobody asked for the published table to lose a column; a column that is new appears."""
    types = {"contact_id": "BIGINT", "email": "TEXT", "plan": "TEXT"}
    segment.model([{"contact_id": n, "email": f"p{n}@example.com", "plan": "free"} for n in range(1, 10)], types)
    snapshot = segment.fetch(members(1, 2, 3))
    segment.map(snapshot)
    with pytest.raises(ProjectError, match="column-dropped") as refused:
        segment.publish(snapshot)
    assert "`city`" in refused.value.problem.found
    assert segment.row(snapshot).reason == "column-dropped"
    assert segment.published() == [1, 2]
    segment.plan = plan_of(include=("contact_id", "plan"))
    segment.publish(snapshot)
    assert segment.published() == [1, 2, 3]
