"""Since when each member is one, kept beside keys and events, and what it makes quick: a membership of long ago."""

from datetime import timedelta

import pytest

from remote_segments.membership.compile import Scope
from remote_segments.membership.history import without_since
from remote_segments.sync.snapshots import latest_published
from tests.support.memberships import Segment, members, people


@pytest.fixture
def segment(warehouse) -> Segment:
    """Four refreshes: 1 stays, 2 leaves and comes again, 3 leaves, 4 joins."""
    found = Segment(warehouse)
    found.model(people(range(1, 7)))
    for numbers in ((1, 2, 3), (1, 2), (1, 4), (1, 2, 4)):
        found.refresh(members(numbers))
    return found


def known(segment: Segment, hours_ago: int) -> tuple[int, int, int]:
    """Keys that are shown, those without `since`, and later leavings without."""
    with segment.warehouse.read() as session:
        scope, newest = Scope(session.dialect, session.schema, "vip"), latest_published(session, "vip")
        when = segment.now - timedelta(hours=hours_ago)
        ((keys, unknown, left),) = session.rows(
            scope.sql(without_since(scope, newest.snapshot_id, newest.generation, when))
        )
    return keys, unknown, left


def since_by_key(segment: Segment) -> dict[str, int]:
    """For each key of the published snapshot, how many hours ago its stay began."""
    newest = "(SELECT max(snapshot_id) FROM {s}.snapshots WHERE state = 'published')"
    rows = segment.rows(f"SELECT key, since FROM {{s}}.keys WHERE snapshot_id = {newest}")
    return {key: round((segment.now - since) / timedelta(hours=1)) for key, since in rows}


def test_each_refresh_carries_on_since_when_everybody_is_there(segment: Segment) -> None:
    """Promise 14: who left and came back is there since the second time; leavings say which stay they ended."""
    assert since_by_key(segment) == {"1": 3, "4": 1, "2": 0}
    left = segment.rows("SELECT key, instant, since FROM {s}.changes WHERE event = 'left' ORDER BY key")
    assert [(key, instant - since) for key, instant, since in left] == [
        ("2", timedelta(hours=2)),
        ("3", timedelta(hours=1)),
    ]
    assert known(segment, 3) == (3, 0, 0)


@pytest.mark.parametrize("hours", range(4))
def test_the_membership_of_any_time_is_read_back_from_the_published_one(segment: Segment, hours: int) -> None:
    """Promise 12: both ways of reading it agree, and the quick one was possible."""
    expected = [{"1", "2", "4"}, {"1", "4"}, {"1", "2"}, {"1", "2", "3"}][hours]
    assert known(segment, hours)[1:] == (0, 0)
    assert segment.at(segment.now - timedelta(hours=hours)) == expected


def test_a_rebuild_restores_since(segment: Segment) -> None:
    """Promise 13: an older window without somebody breaks that person's stay in two, for all snapshots after it."""
    second = segment.rows("SELECT snapshot_id FROM {s}.snapshots ORDER BY snapshot_id")[1][0]
    segment.model(people([2, 3, 4]))
    segment.map(second)
    assert segment.at(segment.now - timedelta(hours=2)) == {"2"}
    assert since_by_key(segment) == {"1": 1, "4": 1, "2": 0}
    assert known(segment, 3) == (3, 0, 0)


def test_a_rebuild_restores_what_waits_to_be_published(segment: Segment) -> None:
    """Promise 13: a snapshot mapped before the rebuild and published after it carries on what is true by then."""
    second = segment.rows("SELECT snapshot_id FROM {s}.snapshots ORDER BY snapshot_id")[1][0]
    waiting = segment.fetch(members([1, 2]))
    segment.map(waiting)
    segment.model(people([2, 3, 4]))
    segment.map(second)
    segment.model(people(range(1, 7)))
    segment.publish(waiting)
    assert since_by_key(segment) == {"1": 2, "2": 1}
    assert known(segment, 4) == (2, 0, 0)
    assert segment.at(segment.now - timedelta(hours=3)) == {"2"}


def test_rows_of_an_earlier_release_are_read_slowly_and_mended_by_the_next_refresh(segment: Segment) -> None:
    """Promise 33: what was stored without `since` gives the same answers, before and after."""
    with segment.warehouse.write() as session:
        for table in ("keys", "changes"):
            session.execute(f'UPDATE "{session.schema}".{table} SET since = NULL')
    assert known(segment, 3) == (3, 3, 2)
    assert segment.at(segment.now - timedelta(hours=3)) == {"1", "2", "3"}
    segment.refresh(members([1, 5]))
    assert known(segment, 4) == (2, 0, 0)
    assert since_by_key(segment) == {"1": 4, "5": 0}
    assert segment.at(segment.now - timedelta(hours=4)) == {"1", "2", "3"}
