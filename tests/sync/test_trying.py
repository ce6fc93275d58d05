"""Members are tried by the code of a refresh, on both engines, and nothing of the project is touched."""

from remote_segments.sync.trying import Outcome, Tried, try_members
from remote_segments.warehouses.base import Warehouse
from tests.support.memberships import Segment, plan_of

ROWS = [
    {"contact_id": 1, "email": "ada@example.test"},
    {"contact_id": 2, "email": "family@example.test"},
    {"contact_id": 3, "email": "family@example.test"},
    {"contact_id": 4, "email": "dan@example.test"},
]
MEMBERS = {
    "id": ["m1", "m2", "m3", "m4", "m5", "m6"],
    "external_id": ["1", None, None, "no\0body", "4", None],
    "email": ["x@example.test", "family@example.test", "n/a", "it's@example.test", None, " DAN@example.test"],
}


def tried(warehouse: Warehouse, columns: dict[str, list[str | None]]) -> Tried:
    """Tries members against a model of four rows."""
    Segment(warehouse).model(ROWS)
    with warehouse.read() as session:
        return try_members(session, plan_of(), columns, len(columns["id"]))


def test_every_member_has_its_outcome(warehouse: Warehouse) -> None:
    """Promise 11: mapped, ambiguous, invalid, unknown and duplicate add up to the members that were tried."""
    found = tried(warehouse, MEMBERS)
    assert found.outcomes == (
        Outcome(key=("1",), matched="external_id"),
        Outcome(reason="ambiguous"),
        Outcome(reason="invalid"),
        Outcome(reason="unknown"),
        Outcome(key=("4",), matched="external_id"),
        Outcome(reason="duplicate"),
    )
    assert (found.counts.fetched, found.counts.mapped) == (6, 2)


def test_an_empty_page_is_tried_too(warehouse: Warehouse) -> None:
    """Nobody is no error."""
    assert tried(warehouse, {"id": [], "external_id": [], "email": []}).counts.fetched == 0


def test_stored_members_are_not_looked_at(warehouse: Warehouse) -> None:
    """A segment of the same name with members of its own does not mix with those that are tried."""
    segment = Segment(warehouse)
    segment.model(ROWS)
    segment.refresh([{"id": "m9", "external_id": "2"}])
    before = segment.rows("SELECT * FROM {s}.members")
    found = tried(warehouse, MEMBERS)
    assert found.counts.fetched == 6
    assert segment.rows("SELECT * FROM {s}.members") == before
    assert segment.published() == [2]
