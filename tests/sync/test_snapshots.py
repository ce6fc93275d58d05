"""The rows of `snapshots` and the tables around them, on both engines."""

from datetime import UTC, datetime, timedelta

import pytest

from remote_segments.errors import ProjectError
from remote_segments.membership.tables import CONTRACT_VERSION, TABLES, VIEWS
from remote_segments.sync.snapshots import (
    Snapshot,
    get,
    insert,
    latest_published,
    new_snapshot_id,
    newest_complete,
    published_after,
    published_before,
    record,
    update,
)
from remote_segments.sync.store import ensure_store, reading, stored_version

NOW = datetime(2026, 11, 24, 8, 0, 0, 123456, tzinfo=UTC)


def snapshot(hours, state, partition=None, **columns):
    """A snapshot some hours after NOW."""
    when = NOW + timedelta(hours=hours)
    columns = {"kind": "fetch", "fetched_at": when, "effective_at": when, **columns}
    return Snapshot(segment="vip", snapshot_id=new_snapshot_id(when), state=state, partition_key=partition, **columns)


@pytest.fixture
def session(warehouse):
    """A writing session with the tables of the contract."""
    with warehouse.write() as session:
        ensure_store(session)
        yield session


def test_ids_sort_by_time_and_never_meet():
    """Ids made later sort later, whatever the zone; two of one microsecond differ."""
    ids = [new_snapshot_id(NOW + timedelta(microseconds=number)) for number in range(20)]
    assert ids == sorted(ids)
    assert len({new_snapshot_id(NOW) for _ in range(50)}) == 50


def test_a_row_is_read_as_it_was_written(session):
    """All columns come back, instants to the microsecond in UTC."""
    row = snapshot(0, "fetched", "10:00", fetched=3, seconds=1.5, source='{"segment_id": "it\'s"}', message="100 %")
    insert(session, row)
    assert get(session, "vip", row.snapshot_id) == row
    changed = update(session, row, state="held", reason="emptied", message=None, declared_total=4)
    assert get(session, "vip", row.snapshot_id) == changed
    assert get(session, "other", row.snapshot_id) is None


def test_only_the_published_are_neighbours(session):
    """What is held, fetched or failed stands beside history."""
    states = ["published", "held", "published", "fetched", "published", "mapped"]
    rows = [snapshot(number, state) for number, state in enumerate(states)]
    for row in reversed(rows):
        insert(session, row)
    assert latest_published(session, "vip") == rows[4]
    assert published_before(session, rows[3]) == rows[2]
    assert published_after(session, rows[2]) == rows[4]
    assert published_after(session, rows[4]) is None
    assert latest_published(session, "other") is None


def test_the_newest_complete_one_has_all_its_ids(session):
    """Failed, missed and skipped attempts brought no ids, however new; a run and a window narrow the choice."""
    old = snapshot(0, "published", "10:00", run_id="one")
    new = snapshot(1, "held", "10:00", run_id="two")
    other = snapshot(2, "mapped", "12:00")
    for row in (new, old, other):
        insert(session, row)
    failed = record(
        session,
        "vip",
        state="failed",
        reason="key-refused",
        message="The key was refused.",
        partition_key="10:00",
        run_id="three",
        now=NOW + timedelta(hours=3),
        platform="klaviyo",
    )
    assert get(session, "vip", failed.snapshot_id) == failed
    assert newest_complete(session, "vip") == other
    assert newest_complete(session, "vip", "10:00") == new
    assert newest_complete(session, "vip", "10:00", "one") == old
    assert newest_complete(session, "vip", "11:00") is None


def test_the_tables_are_made_once_with_their_version(warehouse):
    """Promise 16: the version stands in `meta` from the first day, once, and making sure again changes nothing."""
    for _ in range(2):
        with warehouse.write() as session:
            ensure_store(session)
    with warehouse.read() as session:
        assert stored_version(session) == CONTRACT_VERSION
        names = session.rows(f'SELECT name FROM "{session.schema}".meta ORDER BY name')
        assert names == [("contract_columns",), ("contract_version",)]
        for name, columns in {**TABLES, **VIEWS}.items():
            assert list(session.relation(name, session.schema).columns) == list(columns)


def test_an_older_minor_version_is_brought_up(warehouse):
    """Promise 33: columns that a later release added appear, and the version with them."""
    with warehouse.write() as session:
        ensure_store(session)
        session.execute(f'ALTER TABLE "{session.schema}".snapshots DROP COLUMN calls')
        session.execute(f"UPDATE \"{session.schema}\".meta SET value = '0.9'")
    with warehouse.write() as session:
        ensure_store(session)
        assert "calls" in session.relation("snapshots", session.schema).columns
        assert stored_version(session) == CONTRACT_VERSION


def test_columns_of_the_same_version_are_added_before_anybody_reads(warehouse):
    """Promise 33: what is stored is brought up by the first reader, too, without a refresh."""
    with warehouse.write() as session:
        ensure_store(session)
        session.execute(f'ALTER TABLE "{session.schema}".snapshots DROP COLUMN repeated')
        session.execute(f"UPDATE \"{session.schema}\".meta SET value = 'old' WHERE name = 'contract_columns'")
    with reading(warehouse) as session:
        assert "repeated" in session.relation("snapshots", session.schema).columns


def test_tables_of_a_later_minor_version_are_used_as_they_are(warehouse):
    """Promise 16: they have all that this release needs; nothing is taken back."""
    with warehouse.write() as session:
        ensure_store(session)
        session.execute(f"UPDATE \"{session.schema}\".meta SET value = '1.99' WHERE name = 'contract_version'")
    with warehouse.write() as session:
        ensure_store(session)
        assert stored_version(session) == "1.99"
    with reading(warehouse) as session:
        assert latest_published(session, "vip") is None


def test_tables_of_a_later_major_version_are_left_alone(warehouse):
    """Promise 16: what this release does not know it does not write."""
    with warehouse.write() as session:
        ensure_store(session)
        session.execute(f"UPDATE \"{session.schema}\".meta SET value = '2.0'")
    with warehouse.write() as session, pytest.raises(ProjectError) as refused:
        ensure_store(session)
    assert refused.value.code == "warehouse-newer"
