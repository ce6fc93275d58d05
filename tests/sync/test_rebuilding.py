"""Rebuilding older windows, and fetches that were mapped too late: history is corrected around them, and only there."""

import itertools
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remote_segments.errors import EngineError, HeldError, ProjectError
from remote_segments.membership.guards import Guards
from remote_segments.sync.rebuilding import rebuild
from tests.reference.history import Moment, history
from tests.support.memberships import Segment, plan_of


def people(*numbers):
    """Rows of the model."""
    return [{"contact_id": n, "email": f"p{n}@example.com", "city": "Lyon"} for n in numbers]


def members(*numbers):
    """Fetched members that are in the model under their number and address."""
    return [{"id": f"m{n}", "external_id": str(n), "email": f"p{n}@example.com"} for n in numbers]


@pytest.fixture
def segment(warehouse):
    """A segment on a model of five people."""
    segment = Segment(warehouse)
    segment.model(people(1, 2, 3, 4, 5))
    return segment


def windows(segment, *sets):
    """Refreshes once per set of members; returns the snapshot ids."""
    return [segment.refresh(members(*one), partition=f"window {number}").snapshot_id for number, one in enumerate(sets)]


def test_a_rebuilt_window_is_mapped_with_todays_model(segment):
    """Promise 15: who is only found by today's model was not seen joining; events that were there keep their cause."""
    one, two, three = windows(segment, (1, 9), (1, 2, 8, 9), (2, 3, 9))
    shown = segment.published("contact_id, joined_at, snapshot_at")
    segment.model(people(1, 2, 3, 4, 5, 8, 9))
    found = segment.map(partition_key="window 1")
    assert (found.action, found.snapshot_id, found.mapped, found.unknown) == ("rebuild", two, 4, 0)
    assert segment.events(two) == {("2", "joined", "remote"), ("8", "joined", "rebuilt"), ("9", "joined", "rebuilt")}
    assert segment.events(three) == {
        ("3", "joined", "remote"),
        ("1", "left", "remote"),
        ("8", "left", "rebuilt"),
        ("9", "left", "rebuilt"),
    }
    assert segment.keys(one).keys() == {"1"}
    assert segment.keys(three).keys() == {"2", "3"}
    assert segment.published("contact_id, joined_at, snapshot_at") == shown
    assert segment.at(segment.row(two).effective_at) == {"1", "2", "8", "9"}
    assert segment.at(segment.row(three).effective_at) == {"2", "3"}


def test_publishing_a_rebuilt_window_touches_nothing(segment):
    """The older window is part of history already: the segment keeps showing the newest."""
    _, two, _ = windows(segment, (1,), (1, 2), (2, 3))
    segment.map(partition_key="window 1")
    found = segment.publish(partition_key="window 1")
    assert (found.snapshot_id, found.replaced) == (two, False)
    assert segment.published() == [2, 3]


def test_rebuilding_with_an_unchanged_model_changes_nothing(segment):
    """Promise 7: the same ids and model give the same keys and events, causes included."""
    snapshots = windows(segment, (1, 9), (1, 2), (2, 3))
    before = [(segment.keys(one), segment.unmapped(one), segment.events(one)) for one in snapshots]
    segment.map(partition_key="window 0")
    segment.map(partition_key="window 1")
    assert [(segment.keys(one), segment.unmapped(one), segment.events(one)) for one in snapshots] == before


def test_a_rebuilt_first_window_stays_a_baseline(segment):
    """Nobody joined before the first snapshot, whatever today's model finds in it."""
    one, two = windows(segment, (1, 9), (1, 9, 2))
    segment.model(people(1, 2, 9))
    segment.map(one)
    assert segment.events(one) == {("1", "joined", "baseline"), ("9", "joined", "baseline")}
    assert segment.events(two) == {("2", "joined", "remote"), ("9", "left", "rebuilt")}


def test_a_window_of_another_key_cannot_be_rebuilt(segment):
    """Its neighbours' keys could not be compared with the new ones."""
    one, _ = windows(segment, (1,), (1, 2))
    segment.plan = plan_of(key=("email",), definition_hash="second")
    segment.refresh(members(1, 2))
    with pytest.raises(ProjectError) as refused:
        segment.map(one)
    assert refused.value.code == "rebuild-key-changed"


def test_an_old_window_is_not_rewritten_to_nobody(segment):
    """A model that knows none of an old window's members is the wrong one: history stays as it was."""
    one, _ = windows(segment, (1, 2), (1, 2, 3))
    before = segment.events(one)
    segment.model(people(7))
    with pytest.raises(HeldError) as held:
        segment.map(one)
    assert held.value.code == "none-mapped"
    assert segment.row(one).state == "published"
    assert segment.events(one) == before


def test_a_window_beyond_retention_is_an_error(segment):
    """What is forgotten cannot be rebuilt; the membership of then can still be read from the events."""
    one, two = windows(segment, (1, 2), (2, 3))
    with segment.warehouse.write() as session:
        for table in ("members", "keys", "unmapped"):
            session.execute(f"DELETE FROM \"{session.schema}\".{table} WHERE snapshot_id = '{one}'")
    with pytest.raises(ProjectError) as refused:
        segment.map(one)
    assert refused.value.code == "beyond-retention"
    assert segment.at(segment.row(one).effective_at) == {"1", "2"}
    assert segment.at(segment.row(two).effective_at) == {"2", "3"}


def test_a_neighbour_beyond_retention_is_read_from_the_events(segment):
    """A window can be rebuilt although the keys of the one before it are forgotten."""
    one, two, _ = windows(segment, (1, 2), (2, 3), (2, 3, 4))
    before = segment.events(two)
    with segment.warehouse.write() as session:
        for table in ("members", "keys", "unmapped"):
            session.execute(f"DELETE FROM \"{session.schema}\".{table} WHERE snapshot_id = '{one}'")
    segment.map(two)
    assert segment.events(two) == before


def test_a_fetch_that_was_mapped_late_finds_its_place(segment):
    """Promise 13: it enters history between its neighbours, with the causes it would have had in time."""
    first = segment.refresh(members(1, 2))
    late = segment.fetch(members(1, 3))
    last = segment.refresh(members(3, 4))
    found = segment.map(late)
    assert (found.action, found.state, found.previous_id) == ("rebuild", "published", first.snapshot_id)
    assert segment.events(late) == {("3", "joined", "remote"), ("2", "left", "remote")}
    assert segment.events(last.snapshot_id) == {("4", "joined", "remote"), ("1", "left", "remote")}
    row = segment.row(last.snapshot_id)
    assert (row.previous_id, row.joined_count, row.left_count) == (late, 1, 1)
    assert segment.published() == [3, 4]


def test_members_of_a_late_fetch_before_the_first_ones_are_the_baseline(segment):
    """Promise 15: the events after it are then counted against it, as they would have been in time."""
    segment.refresh([])
    late = segment.fetch(members(1, 2))
    last = segment.refresh(members(2, 3))
    assert segment.events(last.snapshot_id) == {("2", "joined", "baseline"), ("3", "joined", "baseline")}
    segment.map(late)
    assert segment.events(late) == {("1", "joined", "baseline"), ("2", "joined", "baseline")}
    assert segment.events(last.snapshot_id) == {("3", "joined", "remote"), ("1", "left", "remote")}


def held_before_a_later_publication(segment):
    """A fetch that was mapped after a remap and held, then one that began after it and was published."""
    start = segment.refresh(members(1, 2)).fetched_at
    segment.now = start + timedelta(hours=3)
    segment.remap()
    segment.now = start
    held = segment.fetch([])
    segment.map(held, now=start + timedelta(hours=4))
    with pytest.raises(HeldError):
        segment.publish(held, now=start + timedelta(hours=4))
    newer = segment.fetch(members(1, 3))
    segment.map(newer, now=start + timedelta(hours=4))
    segment.publish(newer, now=start + timedelta(hours=4))
    segment.now = start + timedelta(hours=5)
    segment.plan = plan_of(guards=Guards(allow_empty=True))
    return held, newer


def test_a_held_fetch_that_was_overtaken_finds_its_place(segment):
    """It enters history at the instant of its fetch, although it once stood where the newer one stands now."""
    held, newer = held_before_a_later_publication(segment)
    found = segment.map(held)
    assert (found.action, found.state, found.effective_at) == ("rebuild", "published", found.fetched_at)
    assert found.effective_at < segment.row(newer).effective_at
    assert segment.events(held) == {("1", "left", "remote"), ("2", "left", "remote")}
    assert segment.at(found.effective_at) == set()
    assert segment.at(segment.now) == {"1", "3"}
    assert segment.published() == [1, 3]


def test_a_remap_that_was_overtaken_finds_its_place(segment):
    """Newer ids were published while it was mapped: it stands just before them, and they stay the last word."""
    segment.refresh(members(1, 2, 9))
    newer = segment.fetch(members(1, 3, 9))
    segment.model(people(1, 2, 3, 9))
    remapped = segment.map(segment.rows("SELECT min(snapshot_id) FROM {s}.snapshots")[0][0])
    segment.map(newer)
    segment.publish(newer)
    found = segment.map(remapped.snapshot_id)
    assert (found.action, found.state) == ("rebuild", "published")
    assert found.effective_at < segment.row(newer).effective_at
    assert segment.events(remapped.snapshot_id) == {("9", "joined", "model")}
    assert segment.events(newer) == {("3", "joined", "remote"), ("2", "left", "remote")}
    assert segment.at(segment.now) == {"1", "3", "9"}


def test_what_nothing_follows_is_not_rebuilt(segment):
    """The published snapshot is no history: asking for it is our mistake, and nothing is written."""
    last = segment.refresh(members(1, 2))
    with segment.warehouse.write() as session, pytest.raises(EngineError) as mistaken:
        rebuild(session, segment.plan, last.snapshot_id, now=segment.now)
    assert mistaken.value.code == "no-later-snapshot"


counter = itertools.count()
SETS = st.lists(st.frozensets(st.integers(1, 7), max_size=5), min_size=2, max_size=4)


@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(sets=SETS, data=st.data())
def test_any_order_of_mapping_gives_the_same_history(duckdb_warehouse, sets, data):
    """Promise 12 and 13: whatever was mapped late, events rebuild every snapshot, and are those of plain Python."""
    sets = [one | {1} for one in sets]
    order = data.draw(st.permutations(range(len(sets))))
    segment = Segment(duckdb_warehouse, plan_of(segment=f"vip_{next(counter)}"))
    segment.model(people(1, 2, 3, 4, 5))
    snapshots = [segment.fetch(members(*one)) for one in sets]
    for number in order:
        if segment.map(snapshots[number]).action == "map":
            segment.publish(snapshots[number])
    moments = [
        Moment({str(n): f"m{n}" for n in one if n <= 5}, frozenset(f"m{n}" for n in one), fetch=number)
        for number, one in enumerate(sets)
    ]
    assert [segment.events(one) for one in snapshots] == history(moments).events
    current: set[str] = set()
    for snapshot, moment in zip(snapshots, moments, strict=True):
        events = segment.events(snapshot)
        current = (current | {k for k, event, _ in events if event == "joined"}) - {
            k for k, event, _ in events if event == "left"
        }
        assert current == set(moment.keys) == segment.at(segment.row(snapshot).effective_at)
    assert segment.published() == sorted(map(int, moments[-1].keys))
