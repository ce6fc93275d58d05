"""Guards against too much change at once, in a real warehouse."""

import pytest

from remote_segments.errors import HeldError
from remote_segments.membership.guards import Guards
from remote_segments.sync.plan import ModelSource
from tests.support.memberships import EMAIL, Segment, plan_of

ALL = range(1, 301)
HALF = range(1, 151)


def people(numbers):
    """Rows of the model."""
    return [{"contact_id": n, "email": f"p{n}@example.com", "city": "Lyon"} for n in numbers]


def members(numbers):
    """Fetched members that are in the model under their number and address."""
    return [{"id": f"m{n}", "external_id": str(n), "email": f"p{n}@example.com"} for n in numbers]


@pytest.fixture
def segment(warehouse):
    """A segment of three hundred members."""
    segment = Segment(warehouse)
    segment.model(people(range(1, 1001)))
    segment.refresh(members(ALL))
    return segment


def held(segment, snapshot_id):
    """Publishes, which must be refused; returns the error."""
    with pytest.raises(HeldError) as refused:
        segment.publish(snapshot_id)
    assert len(segment.published()) == len(ALL)
    assert segment.at(segment.now) == {str(n) for n in ALL}
    return refused.value


def test_a_model_that_is_half_there_changes_nothing(segment):
    """Promise 4: the last good segment stays until the model is whole again, and then a remap passes by itself."""
    segment.model(people(HALF))
    remapped = segment.map()
    error = held(segment, remapped.snapshot_id)
    assert error.code == "many-left"
    assert "150 of the 300 members" in error.problem.found
    assert "0 left in the platform, 150 are no longer found in the model" in error.problem.found
    assert (segment.row(remapped.snapshot_id).state, segment.row(remapped.snapshot_id).reason) == ("held", "many-left")
    next_hour = segment.fetch(members(ALL))
    segment.map(next_hour)
    assert held(segment, next_hour).code == "many-left"
    segment.model(people(range(1, 1001)))
    assert segment.refresh(members(ALL)).state == "published"
    assert len(segment.published()) == len(ALL)


def test_showing_the_published_snapshot_anew_is_guarded_too(segment):
    """Publishing alone, after the model lost half of its rows, keeps the rows that are shown."""
    segment.model(people(HALF))
    assert held(segment, None).code == "many-left"


def test_a_platform_that_gives_half_is_held_until_the_file_allows_it(segment):
    """What the sentence says to write lets the same snapshot through."""
    snapshot = segment.fetch(members(HALF))
    segment.map(snapshot)
    error = held(segment, snapshot)
    assert (error.code, "max_left: 50%" in error.problem.fix) == ("many-left", True)
    assert "150 left in the platform, 0 are no longer found in the model" in error.problem.found
    segment.plan = plan_of(guards=Guards(max_left=50))
    assert segment.publish(snapshot).left == 150
    assert segment.published() == list(HALF)


def test_a_segment_that_multiplies_is_held(segment):
    """More than as many people again, and more than five hundred."""
    snapshot = segment.fetch(members(range(1, 901)))
    segment.map(snapshot)
    error = held(segment, snapshot)
    assert (error.code, "max_joined: 200%" in error.problem.fix) == ("many-joined", True)
    segment.plan = plan_of(guards=Guards(max_joined=200))
    assert segment.publish(snapshot).joined == 600


def test_a_late_fetch_is_held_as_it_would_have_been_in_time(segment):
    """History does not lose half of a segment because a fetch was mapped late."""
    late = segment.fetch(members(HALF))
    segment.refresh(members(ALL))
    with pytest.raises(HeldError) as refused:
        segment.map(late)
    assert refused.value.code == "many-left"
    assert (segment.row(late).state, segment.events(late)) == ("held", set())


def test_a_changed_definition_or_key_is_not_guarded(segment):
    """Who edits the file wants other people in the segment."""
    segment.plan = plan_of(entries=(EMAIL,), definition_hash="second")
    assert segment.refresh(members(HALF)).state == "published"
    segment.plan = plan_of(key=("email",), definition_hash="third")
    assert segment.refresh(members(range(1, 11))).state == "published"
    segment.plan = plan_of(model=ModelSource(sql="SELECT * FROM crm.contacts WHERE contact_id > 5"), key=("email",))
    assert segment.refresh(members(range(1, 11))).rows == 5
