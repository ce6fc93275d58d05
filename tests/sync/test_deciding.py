"""A person decides on a held snapshot: this very one is published, or dropped for good, and who decided is kept."""

import json
from datetime import timedelta

import pytest

from remote_segments.errors import HeldError, ProjectError
from remote_segments.membership.guards import Guards
from remote_segments.sync.deciding import Choice, decide_with
from remote_segments.sync.decisions import read_decisions
from remote_segments.sync.holding import open_hold
from remote_segments.sync.snapshots import newest_complete
from tests.support.memberships import EMAIL, Segment, members, people, plan_of

ALL = range(1, 301)
HALF = range(1, 151)
WHY = "the campaign ended"


@pytest.fixture
def segment(warehouse):
    """A segment of three hundred members."""
    segment = Segment(warehouse)
    segment.model(people(range(1, 1001)))
    segment.refresh(members(ALL))
    return segment


def hold(segment, numbers=HALF):
    """Fetches and maps members, and has them held; returns the snapshot's id."""
    snapshot = segment.fetch(members(numbers))
    segment.map(snapshot)
    with pytest.raises(HeldError):
        segment.publish(snapshot)
    return snapshot


def decide(segment, *, approve=True, minutes=20, **options):
    """Anna decides, twenty minutes after the fetch."""
    choice = Choice(approve=approve, by=options.pop("by", "anna"), reason=options.pop("reason", WHY), **options)
    return decide_with(segment.warehouse, segment.plan, choice, now=segment.now + timedelta(minutes=minutes))


def refused(segment, **options):
    """A decision that is refused: nothing changes; returns the error."""
    before = state_of(segment)
    with pytest.raises(ProjectError) as error:
        decide(segment, **options)
    assert state_of(segment) == before
    return error.value


def state_of(segment):
    """Everything that a decision may change."""
    states = segment.rows("SELECT snapshot_id, state, message FROM {s}.snapshots ORDER BY snapshot_id")
    return states, segment.published(), decisions(segment), segment.at(segment.now)


def decisions(segment):
    """All rows of the table of decisions."""
    with segment.warehouse.read() as session:
        return read_decisions(session)


def open_one(segment):
    """The id of the snapshot that waits for a person."""
    with segment.warehouse.read() as session:
        found = open_hold(session, segment.plan.segment)
    return found and found.snapshot_id


def test_an_approved_snapshot_is_published_exactly_as_it_was_held(segment):
    """Promise 27: its members, its keys and its instant are those of the fetch, whatever time it is now."""
    snapshot = hold(segment)
    keys = segment.keys(snapshot)
    done = decide(segment)
    assert done.snapshot.snapshot_id == snapshot
    row = segment.row(snapshot)
    assert (row.state, row.reason, row.message, row.approved_by) == ("published", None, None, "anna")
    assert segment.published() == list(HALF)
    assert segment.keys(snapshot) == keys
    assert row.effective_at == row.fetched_at == segment.now
    assert row.published_at == segment.now + timedelta(minutes=20)
    assert (row.joined_count, row.left_count) == (0, 150)
    assert segment.events(snapshot) == {(str(n), "left", "remote") for n in ALL if n not in HALF}
    assert segment.at(segment.now) == {str(n) for n in HALF}
    assert open_one(segment) is None


def test_a_decision_is_kept_with_who_when_why_and_the_numbers(segment):
    """Promise 27: the record says what the person was shown."""
    published = segment.row(segment.rows("SELECT max(snapshot_id) FROM {s}.snapshots")[0][0])
    snapshot = hold(segment)
    held = segment.row(snapshot)
    decide(segment)
    [one] = decisions(segment)
    assert (one.segment, one.snapshot_id, one.decided_by, one.decision, one.reason) == (
        "vip",
        snapshot,
        "anna",
        "approved",
        WHY,
    )
    assert one.decided_at == segment.now + timedelta(minutes=20)
    assert (one.guard, one.published_id, one.message) == ("many-left", published.snapshot_id, held.message)
    numbers = json.loads(one.numbers)
    assert (numbers["members_before"], numbers["mapped"], numbers["would_leave"]) == (300, 150, 150)
    assert (one.raised_limits, one.raised_until) == (None, None)


def test_a_rejected_snapshot_does_not_come_back(segment):
    """Promise 27: neither by itself, nor by mapping or publishing its window again; the published one stays."""
    snapshot = hold(segment)
    window = segment.row(snapshot).partition_key
    decide(segment, approve=False)
    row = segment.row(snapshot)
    assert (row.state, row.reason, row.message) == ("rejected", "many-left", f"Rejected by anna: {WHY}")
    assert [one.decision for one in decisions(segment)] == ["rejected"]
    assert segment.published() == list(ALL)
    for act in (segment.map, segment.publish):
        with pytest.raises(ProjectError) as gone:
            act(snapshot)
        assert gone.value.code == "nothing-fetched"
    assert segment.map(partition_key=window).action == "remap"
    assert segment.publish(partition_key=window).rows == 300
    assert segment.row(snapshot).state == "rejected"


def test_the_next_snapshot_that_passes_releases_the_hold(segment):
    """Promise 27: nobody has to decide on what is over; then there is nothing to decide any more."""
    snapshot = hold(segment)
    segment.refresh(members(ALL))
    assert segment.row(snapshot).state == "superseded"
    error = refused(segment)
    assert error.code == "nothing-held"
    assert "No snapshot of vip is held." in error.problem.found


def test_one_snapshot_is_held_at_a_time(segment):
    """Promise 27: a person decides on the newest; an older one is superseded, and is not offered any more."""
    first, second = hold(segment), hold(segment, range(1, 101))
    assert [segment.row(one).state for one in (first, second)] == ["superseded", "held"]
    error = refused(segment, snapshot_id=first)
    assert (error.code, second in error.problem.found) == ("hold-outdated", True)
    assert decide(segment, snapshot_id=second).snapshot.state == "published"
    assert segment.published() == list(range(1, 101))


def test_nobody_decides_twice(segment):
    """The second of two people on call is told who was first."""
    hold(segment)
    decide(segment)
    error = refused(segment, by="ben", approve=False)
    assert error.code == "nothing-held"
    assert "approved by anna at 2026-11-24 10:20 UTC" in error.problem.found


def test_newer_ids_go_before_a_decision(segment):
    """While a refresh is under way, what it brings decides: approving older ids would publish the past."""
    hold(segment)
    newer = segment.fetch(members(ALL))
    error = refused(segment)
    assert error.code == "hold-outdated"
    assert "Newer ids than the held ones were fetched at 2026-11-24 11:00 UTC" in error.problem.found
    segment.map(newer)
    assert refused(segment).code == "hold-outdated"
    assert segment.publish(newer).rows == 300


def test_a_hold_that_was_counted_against_another_snapshot_is_not_published(segment):
    """An older fetch was published after it was held: the numbers that the person saw are no longer those."""
    older = segment.fetch(members(range(1, 290)))
    segment.map(older)
    hold(segment)
    segment.publish(older)
    assert open_one(segment) is not None
    error = refused(segment)
    assert error.code == "hold-outdated"
    assert f"{older} is published now" in error.problem.found


def test_an_edited_file_goes_before_a_decision(segment):
    """What is held was mapped by a definition that is no longer the segment's."""
    hold(segment)
    segment.plan = plan_of(entries=(EMAIL,), definition_hash="second")
    assert refused(segment).code == "hold-outdated"


def test_a_model_that_lost_some_of_them_goes_before_a_decision(segment):
    """Exactly the held snapshot is published, or none; half of the transaction is not."""
    hold(segment)
    segment.model(people(range(11, 1001)))
    error = refused(segment)
    assert error.code == "hold-outdated"
    assert "140 of the 150 people" in error.problem.found


def test_a_hold_has_the_keys_and_the_numbers_that_were_judged(segment):
    """The model changed and it was judged anew: what is approved is what the numbers say by then."""
    snapshot = hold(segment)
    segment.model(people(range(51, 1001)))
    with pytest.raises(HeldError) as held:
        segment.publish(snapshot)
    assert held.value.numbers["mapped"] == 100
    row = segment.row(snapshot)
    assert (row.state, row.mapped, json.loads(row.numbers)["mapped"]) == ("held", 100, 100)
    decide(segment)
    assert segment.published() == list(range(51, 151))


def test_a_held_remap_is_decided_on_like_a_fetch(segment):
    """Promise 27: half of the model is gone for good; the same ids with the smaller model are published."""
    segment.model(people(HALF))
    with pytest.raises(HeldError):
        segment.publish()
    held = segment.row(open_one(segment))
    assert (held.kind, held.mapped, held.fetched) == ("remap", 150, 300)
    decide(segment)
    assert segment.published() == list(HALF)
    assert {cause for _, _, cause in segment.events(held.snapshot_id)} == {"model"}
    assert segment.row(held.snapshot_id).fetched_at == held.fetched_at


def test_an_approved_empty_segment_is_empty(segment):
    """Promise 4: zero is published by a person's word, too; the table has its columns and no row."""
    snapshot = hold(segment, [])
    assert segment.row(snapshot).reason == "emptied"
    decide(segment)
    assert segment.published() == []
    assert segment.at(segment.now) == set()


def test_a_first_snapshot_of_which_nobody_is_known_can_be_approved(warehouse):
    """There is no published one to be counted against."""
    segment = Segment(warehouse)
    segment.model(people(HALF))
    hold(segment, range(400, 500))
    decide(segment)
    assert segment.published() == []
    assert refused(segment).code == "nothing-held"


def test_the_snapshot_after_an_approved_one_is_compared_with_it(segment):
    """What is usual begins anew with it: the average of before does not hold the next one, too."""
    for _ in range(4):
        segment.refresh(members(ALL))
    hold(segment)
    decide(segment)
    assert segment.refresh(members(range(1, 150))).state == "published"
    assert segment.refresh(members(range(1, 149))).state == "published"


def test_a_raised_limit_holds_until_its_end(segment):
    """Promise 27: the file is not edited; the decision says how far, for how long, and by whom."""
    hold(segment)
    until = segment.now + timedelta(hours=3)
    decide(segment, raise_until=until)
    [one] = decisions(segment)
    assert (json.loads(one.raised_limits), one.raised_until) == ({"max_left": 50}, until)
    segment.refresh(members(ALL))
    assert segment.refresh(members(HALF)).state == "published"
    segment.refresh(members(ALL))
    hold(segment)


def test_what_has_no_limit_cannot_be_raised(segment):
    """Nobody mapped at all is no matter of degree."""
    hold(segment, range(2000, 2100))
    error = refused(segment, raise_until=segment.now + timedelta(days=7))
    assert error.code == "limit-not-raisable"
    assert decide(segment).snapshot.state == "published"


def test_a_raised_permission_to_be_empty_holds(segment):
    """`emptied` is let through again as long as it was raised."""
    hold(segment, [])
    decide(segment, raise_until=segment.now + timedelta(days=7))
    segment.refresh(members(ALL))
    assert segment.refresh([]).state == "published"


@pytest.mark.parametrize(
    "options",
    [
        {"by": " "},
        {"reason": ""},
        {"reason": "bob.smith@example.com left"},
        {"approve": False, "raise_until": Segment.now + timedelta(days=9)},
        {"raise_until": Segment.now - timedelta(days=9)},
    ],
)
def test_a_decision_without_sense_is_refused(segment, options):
    """Promise 32: decisions are kept for ever, so they name who decided and no member."""
    hold(segment)
    assert refused(segment, **options).code == "bad-value"


def test_a_rejected_fetch_is_no_newest_one(segment):
    """What is asked for next is the published one again."""
    hold(segment)
    decide(segment, approve=False)
    with segment.warehouse.read() as session:
        assert newest_complete(session, "vip").state == "published"


def test_a_limit_in_the_file_lets_a_held_one_through_without_a_decision(segment):
    """Who edits the file decided; the row says that nobody approved it."""
    snapshot = hold(segment)
    segment.plan = plan_of(guards=Guards(max_left=50))
    segment.publish(snapshot)
    assert (segment.row(snapshot).state, segment.row(snapshot).approved_by) == ("published", None)
    assert decisions(segment) == []


def test_what_was_overtaken_does_not_come_back_once_the_newer_one_is_rejected(segment):
    """Promise 27: the next mapping means the published ids, not those that nobody was asked about any more."""
    hold(segment)
    hold(segment, range(1, 101))
    decide(segment, approve=False)
    assert segment.map().action == "remap"


def test_what_was_overtaken_is_not_the_first_snapshot_either(warehouse):
    """Promise 27: where nothing is published, nothing is left once the newest one is rejected."""
    segment = Segment(warehouse)
    segment.model(people(HALF))
    hold(segment, range(400, 500))
    hold(segment, range(500, 600))
    decide(segment, approve=False)
    with pytest.raises(ProjectError) as gone:
        segment.map()
    assert gone.value.code == "nothing-fetched"
