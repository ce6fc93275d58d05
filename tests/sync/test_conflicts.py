"""Identifiers that lead to different people are detected, decided by the order of the entries, and counted."""

import pytest

from remote_segments.membership.guards import Counts
from remote_segments.membership.matching import Pair
from tests.support.memberships import EMAIL, NUMBER, Segment, plan_of

TYPES = {"contact_id": "BIGINT", "email": "VARCHAR(80)", "phone": "VARCHAR(80)"}
PHONE = (Pair("phone", "phone", "phone"),)
ROWS = [{"contact_id": n, "email": f"p{n}@example.com", "phone": f"+3360000000{n}"} for n in range(1, 7)]


def member(number, email=None, phone=None, name=None):
    """A member with identifiers of the rows of these numbers."""
    return {
        "id": name or f"m{number}{email}{phone}",
        "external_id": None if number is None else str(number),
        "email": email and f"p{email}@example.com",
        "phone": phone and f"+3360000000{phone}",
    }


@pytest.fixture
def segment(warehouse):
    """A segment that matches by number, else address, else telephone."""
    segment = Segment(warehouse, plan_of(entries=(NUMBER, EMAIL, PHONE)), types=TYPES)
    segment.names = ("id", "external_id", "email", "phone")
    segment.model(ROWS)
    return segment


def test_the_first_entry_that_meets_a_row_decides(segment):
    """A member whose address leads to another row than its number is mapped by its number, and counted once."""
    found = segment.refresh([member(1, 1, 1), member(2, 3), member(None, 4, 5), member(6, 5, 4), member(9, 8, 7)])
    assert segment.published() == [1, 2, 4, 6]
    assert (found.mapped, found.unknown, found.conflicting, found.same_row) == (4, 1, 3, 0)


def test_an_identifier_that_nobody_has_is_no_conflict(segment):
    """Only a row that is met can be another one."""
    found = segment.refresh([member(1, 9), member(2), member(3, None, 9)])
    assert (found.mapped, found.conflicting) == (3, 0)


def test_an_address_that_several_rows_share_is_no_conflict_if_one_of_them_is_the_members(segment):
    """A family's address leads to the member's own row, too; without that row it is a conflict."""
    segment.model([*ROWS, {"contact_id": 7, "email": "p1@example.com"}, {"contact_id": 8, "email": "p1@example.com"}])
    found = segment.refresh([member(1, 1), member(7, 1), member(2, 1)])
    assert (found.mapped, found.ambiguous, found.conflicting) == (3, 0, 1)


def test_two_members_of_one_row_are_one_and_a_duplicate(segment):
    """The first fetched has the row; the second is a duplicate of the row, one fetched twice a duplicate of itself."""
    found = segment.refresh([member(1, name="a"), member(None, 1, name="b"), member(1, name="a"), member(2, name="c")])
    assert segment.published() == [1, 2]
    assert segment.keys(found.snapshot_id)["1"] == (1, "external_id")
    assert (found.mapped, found.duplicate, found.same_row, found.conflicting) == (2, 2, 1, 0)


def test_a_member_without_a_primary_id_hides_no_other_that_came_twice(segment):
    """Two fetches of one member lead to two rows, a third has no id: the first fetched counts."""
    found = segment.refresh([member(1, name="a"), member(2, name="a"), {**member(3), "id": None}])
    assert segment.published() == [1, 3]
    assert (found.mapped, found.duplicate, found.same_row) == (2, 1, 0)


def test_members_that_are_not_mapped_are_in_no_conflict(segment):
    """An ambiguous or repeated member is counted as that, and nothing else."""
    segment.plan = plan_of(entries=(EMAIL, NUMBER))
    segment.model([*ROWS, {"contact_id": 7, "email": "p1@example.com"}])
    found = segment.refresh([member(2, 1), member(3, 3, name="a"), member(4, 5, name="a")])
    assert (found.mapped, found.ambiguous, found.duplicate, found.conflicting) == (1, 1, 1, 0)


def test_conflicts_are_part_of_what_they_are_counted_among():
    """Promise 11: a count of conflicts that is more than its members is a defect, and is not stored."""
    for wrong in ({"same_row": 1}, {"conflicting": 2}, {"conflicting": -1}):
        with pytest.raises(ValueError, match="conflict"):
            Counts(fetched=1, mapped=1, unknown=0, ambiguous=0, invalid=0, duplicate=0, **wrong)
