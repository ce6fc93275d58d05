"""Guards against too much change at once, in a real warehouse."""

import pytest

from remote_segments.errors import HeldError
from remote_segments.membership.guards import Guards
from tests.support.memberships import EMAIL, Segment, members, people, plan_of

ALL = range(1, 301)
HALF = range(1, 151)


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
    assert (segment.row(late).state, segment.events(late)) == ("superseded", set())


def edited(**settings):
    """A plan by which only addresses are compared, with what its file says."""
    return plan_of(entries=(EMAIL,), definition_hash="second", settings=settings)


def test_a_changed_definition_is_guarded_and_names_the_setting_first(segment):
    """Who edited the file reads what the edit does to the segment before anybody is taken out of it."""
    segment.plan = plan_of(settings={"segment_id": "A", "identifiers": "external_id: contact_id, email"})
    segment.refresh(members(ALL))
    segment.plan = edited(segment_id="A", identifiers="email")
    snapshot = segment.fetch(members(HALF))
    segment.map(snapshot)
    error = held(segment, snapshot)
    assert error.code == "many-left"
    assert error.problem.found.startswith(
        "identifiers changed: external_id: contact_id, email -> email. 150 of the 300"
    )
    assert "150 by the changed definition" in error.problem.found


def test_a_changed_definition_that_takes_out_few_is_published(segment):
    """An edit is no reason to wait for a person; what it does to the segment may be."""
    segment.plan = edited()
    assert segment.refresh(members(range(1, 280))).state == "published"


def test_a_definition_that_nobody_kept_is_said_to_have_changed(segment):
    """Snapshots of before definitions were kept have a hash only."""
    segment.plan = edited(identifiers="email")
    snapshot = segment.fetch(members(HALF))
    segment.map(snapshot)
    assert held(segment, snapshot).problem.found.startswith("The definition changed. 150 of the 300")


def test_another_key_is_guarded_by_how_many_there_are(segment):
    """Keys of two generations cannot be compared, numbers can."""
    segment.plan = plan_of(key=("email",), definition_hash="third")
    snapshot = segment.fetch(members(HALF))
    segment.map(snapshot)
    with pytest.raises(HeldError) as refused:
        segment.publish(snapshot)
    assert refused.value.code == "many-left"
    assert segment.published() == list(ALL)
    assert segment.refresh(members(range(1, 280))).state == "published"


def test_a_match_rate_that_falls_is_held(segment):
    """Half of the fetched ids are in no model, although few people leave: the platform's ids changed their form."""
    strangers = [{"id": f"s{n}", "external_id": f"new-{n}"} for n in range(200)]
    snapshot = segment.fetch([*members(ALL), *strangers])
    segment.map(snapshot)
    error = held(segment, snapshot)
    assert error.code == "match-rate-dropped"
    assert "60.00 % of 500 fetched members" in error.problem.found
    assert "40.0 points less than the 100.00 % of the published snapshot; the limit is 10 points" in error.problem.found
    segment.plan = plan_of(guards=Guards(max_match_rate_drop=40))
    assert segment.publish(snapshot).state == "published"


def test_what_shrinks_step_by_step_is_held(segment):
    """Each step is under the limit; together they are not, against the average of the published snapshots."""
    for _ in range(3):
        segment.refresh(members(ALL))
    assert segment.refresh(members(range(1, 251))).state == "published"
    snapshot = segment.fetch(members(range(1, 211)))
    segment.map(snapshot)
    with pytest.raises(HeldError) as refused:
        segment.publish(snapshot)
    assert refused.value.code == "below-usual"
    assert "27.6 % less than the 290 that its last 5 published snapshots had on average" in refused.value.problem.found
    assert "max_left: 28%" in refused.value.problem.fix
    assert segment.refresh(members(range(1, 251))).state == "published"


def test_what_grows_step_by_step_is_held(segment):
    """Doubling in two steps is as much news as in one."""
    for last in (300, 300, 800):
        segment.refresh(members(range(1, last + 1)))
    snapshot = segment.fetch(members(range(1, 951)))
    segment.map(snapshot)
    with pytest.raises(HeldError) as refused:
        segment.publish(snapshot)
    assert refused.value.code == "above-usual"
    assert "123.5 % more than the 425 that its last 4 published snapshots had on average" in refused.value.problem.found


def test_two_snapshots_are_no_average(segment):
    """What is usual is known from the third published snapshot on."""
    segment.refresh(members(range(1, 251)))
    assert segment.refresh(members(range(1, 202))).state == "published"


def test_what_was_empty_is_no_part_of_the_average(segment):
    """A segment that is allowed to be empty and fills again is not compared with the time when nobody was in it."""
    segment.plan = plan_of(guards=Guards(allow_empty=True))
    for _ in range(3):
        segment.refresh([])
    segment.refresh(members(range(1, 701)))
    assert segment.refresh(members(range(1, 721))).state == "published"
