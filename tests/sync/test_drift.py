"""What the platform changes about a segment between two snapshots: compared, stored, and named where a guard holds."""

from dataclasses import replace

import pytest

from remote_segments.errors import HeldError
from remote_segments.membership.guards import Guards
from remote_segments.sync.drift import drift, rule_changed
from remote_segments.sync.snapshots import Snapshot
from tests.support.memberships import Segment, plan_of

BEFORE = Snapshot(
    segment="vip",
    snapshot_id="1",
    state="published",
    platform="klaviyo",
    connection="klaviyo",
    source='{"segment_id": "VIPOPN"}',
    source_name="VIP openers",
    api_version="2026-07-15",
    remote_state="ready",
    remote_rule_hash="a" * 32,
)
TOLD = {
    "platform": "klaviyo",
    "connection": "klaviyo",
    "source": '{"segment_id": "VIPOPN"}',
    "source_name": "VIP openers",
    "api_version": "2026-07-15",
    "remote_state": "ready",
    "remote_rule_hash": "a" * 32,
}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, None),
        ({"source_name": "VIP 2027"}, "The platform calls it `VIP 2027` now; it was `VIP openers`."),
        ({"remote_rule_hash": "b" * 32}, "Its rule was changed on the platform."),
        ({"remote_state": "archived"}, "The platform says `archived` of it now; it was `ready`."),
        ({"source_name": None, "remote_rule_hash": None, "remote_state": None}, None),
        ({"remote_rule_hash": "b" * 32, "api_version": "2027-01-15"}, None),
        ({"source_name": "Another", "source": '{"segment_id": "WINBCK"}'}, None),
        ({"source_name": "Another", "connection": "second_account"}, None),
    ],
)
def test_what_changed_is_said_where_it_can_be_compared(changes, said):
    """Name, rule and state of the same source; what is not told, or told by another API version, says nothing."""
    assert drift(BEFORE, replace(BEFORE, **changes)) == said


def test_the_first_snapshot_has_nothing_to_be_compared_with():
    """Nor does anything change by being seen first."""
    assert drift(None, BEFORE) is None
    assert not rule_changed(None, BEFORE)


def people(numbers):
    """Rows of the model."""
    return [{"contact_id": n, "email": f"p{n}@example.com", "city": "Lyon"} for n in numbers]


def members(numbers):
    """Fetched members that are in the model."""
    return [{"id": f"m{n}", "external_id": str(n), "email": None} for n in numbers]


@pytest.fixture
def segment(warehouse):
    """A published segment of three hundred members, whose rule and name the platform told."""
    segment = Segment(warehouse)
    segment.model(people(range(1, 1001)))
    first = segment.fetch(members(range(1, 301)), **TOLD)
    segment.map(first)
    segment.publish(first)
    return segment


def test_a_change_is_told_once_with_the_snapshot_that_brought_it(segment):
    """A renamed segment goes on being refreshed; old and new name are on the row that was published first after it."""
    renamed = {**TOLD, "source_name": "VIP 2027"}
    found = []
    for told in (TOLD, renamed, renamed):
        snapshot_id = segment.fetch(members(range(1, 301)), **told)
        segment.map(snapshot_id)
        found.append(segment.publish(snapshot_id).drift)
    assert found == [None, "The platform calls it `VIP 2027` now; it was `VIP openers`.", None]
    assert segment.remap().drift is None


def test_a_changed_rule_is_named_where_a_guard_holds(segment):
    """Who is called at night reads the likely cause first; without a changed rule, nothing is guessed."""
    causes = []
    for told in (TOLD, {**TOLD, "remote_rule_hash": "b" * 32}):
        snapshot_id = segment.fetch(members(range(1, 101)), **told)
        segment.map(snapshot_id)
        with pytest.raises(HeldError) as held:
            segment.publish(snapshot_id)
        assert held.value.code == "many-left"
        causes.append("rule was changed on the platform" in held.value.problem.found)
        assert ("likely cause" in (segment.row(snapshot_id).message or "")) is causes[-1]
    assert causes == [False, True]


def test_a_held_change_is_told_until_a_snapshot_with_it_is_published(segment):
    """What is published is what is compared with: while nobody decided, the change is still to be told."""
    edited = {**TOLD, "remote_rule_hash": "b" * 32}
    for _ in range(2):
        snapshot_id = segment.fetch(members(range(1, 101)), **edited)
        assert segment.map(snapshot_id).drift == "Its rule was changed on the platform."
        with pytest.raises(HeldError):
            segment.publish(snapshot_id)
    segment.plan = plan_of(guards=Guards(max_left=90))
    assert segment.publish(snapshot_id).drift == "Its rule was changed on the platform."
    last = segment.fetch(members(range(1, 101)), **edited)
    segment.map(last)
    assert segment.publish(last).drift is None
