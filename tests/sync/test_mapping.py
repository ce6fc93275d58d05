"""Mapping in a real warehouse: outcomes, instants, causes, and what stops it."""

from tests.support.memberships import Segment


def people(*numbers: int) -> list[dict[str, object]]:
    return [{"contact_id": n, "email": f"p{n}@example.com", "city": "Lyon"} for n in numbers]


def members(*numbers: int) -> list[dict[str, object]]:
    return [{"id": f"m{n}", "external_id": str(n), "email": f"p{n}@example.com"} for n in numbers]


def test_a_fetch_is_mapped_and_published(warehouse):
    """The members whose number or address is in the model become the segment."""
    segment = Segment(warehouse)
    segment.model(people(1, 2, 3, 4))
    found = segment.refresh([*members(1, 2), {"id": "x", "email": " P3@Example.com "}, {"id": "y"}, *members(9, 1)])
    assert (found.fetched, found.mapped, found.unknown, found.invalid, found.duplicate) == (6, 3, 1, 1, 1)
    assert segment.published() == [1, 2, 3]
    again = segment.refresh(members(1, 3, 4))
    assert (again.joined, again.left) == (1, 1)
    assert segment.events(again.snapshot_id) == {("4", "joined", "remote"), ("2", "left", "remote")}
