"""A send that is spread over several runs by the limits of its activation, on every warehouse."""

from typing import Any

import pytest

from remote_segments.errors import HeldError, InvalidProject
from tests.support.activations import TO_FILE, TO_LIST, Desk, address, addresses, contacts, ready


@pytest.fixture
def desk(tmp_path, warehouse, lists) -> Desk:
    """A project with four hundred contacts, of whom the first twenty-five are in the published segment."""
    made = ready(tmp_path, warehouse, lists[1], range(1, 26))
    made.model(contacts(range(1, 401)))
    return made


def limited(**limits: Any) -> dict[str, Any]:
    """An activation that sends at once, with limits."""
    return {**TO_LIST, "first_plan": "send", "limits": limits}


def later(desk: Desk) -> tuple[int, ...]:
    """What a plan would do: adds and removals now and later."""
    return tuple(desk.plan().counts[name] for name in ("adds", "later_adds", "removes", "later_removes"))


def test_adds_beyond_the_limit_are_sent_by_later_runs(desk, lists):
    """Nobody is left out for good, and nobody is sent twice."""
    server, _ = lists
    desk.write(activations={"out": limited(adds_per_run=10)})
    seen = []
    while (planned := later(desk)) != (0, 0, 0, 0):
        sent = desk.apply()
        assert {name: getattr(sent.send, name) for name in sent.plan.counts} == dict(sent.plan.counts)
        seen.append((*planned[:2], len(server.people)))
    assert seen == [(10, 15, 10), (10, 5, 20), (5, 0, 25)]
    assert sorted(one for _, some in server.calls for one in some) == sorted(addresses(range(1, 26)))
    assert desk.apply().calls == 0


def test_removals_beyond_the_limit_wait_too(desk, lists):
    """And adds that are not limited do not."""
    server, _ = lists
    desk.write(activations={"out": limited(removes_per_run=4)})
    desk.apply()
    desk.publish([*range(11, 26), 30, 31])
    assert later(desk) == (2, 0, 4, 6)
    desk.apply()
    assert len(server.people) == 25 + 2 - 4
    assert later(desk) == (0, 0, 4, 2)
    desk.apply()
    desk.apply()
    assert server.people == addresses([*range(11, 26), 30, 31])


def test_whoever_must_not_be_sent_any_more_is_removed_at_once(desk, lists):
    """Promise 26: a limit delays nobody who revoked."""
    server, _ = lists
    desk.write(activations={"out": limited(removes_per_run=1)}, consent={"mail": {"column": "consent"}})
    desk.apply()
    revoked = contacts(range(20, 26), consent="no")
    desk.model([*contacts(range(1, 20)), *revoked])
    desk.publish(range(3, 26))
    assert later(desk) == (0, 0, 7, 1)
    desk.apply()
    assert len(server.people & addresses(range(1, 3))) == 1
    assert not server.people & addresses(range(20, 26))


def test_a_new_address_is_not_counted(desk, lists):
    """Nobody joins or leaves by it."""
    server, _ = lists
    desk.write(activations={"out": limited(adds_per_run=1, removes_per_run=1)})
    for _ in range(25):
        desk.apply()
    moved = [{**one, "email": f"new{one['contact_id']}@example.com"} for one in contacts(range(1, 4))]
    desk.model([*moved, *contacts(range(4, 401))])
    assert later(desk) == (3, 0, 3, 0)
    desk.apply()
    assert server.people == {"new1@example.com", "new2@example.com", "new3@example.com"} | addresses(range(4, 26))


def test_guards_judge_all_removals_and_an_approval_covers_the_later_runs(desk, lists):
    """Promise 27: a collapsed audience is held as a whole, and not emptied bit by bit."""
    server, _ = lists
    desk.write(activations={"out": limited(removes_per_run=40)})
    desk.publish(range(1, 201))
    desk.apply()
    desk.publish(range(1, 101))
    assert later(desk) == (0, 0, 40, 60)
    with pytest.raises(HeldError) as held:
        desk.apply()
    assert (held.value.code, len(server.people)) == ("many-removed", 200)
    desk.approve()
    for left in (160, 120, 100):
        desk.apply()
        assert len(server.people) == left
    desk.publish(range(1, 11))
    with pytest.raises(HeldError):
        desk.apply()
    assert address(11) in server.people


@pytest.mark.parametrize(
    ("activation", "code"),
    [
        (limited(adds_per_run=0), "bad-value"),
        (limited(adds=5), "unknown-key"),
        ({**TO_FILE, "limits": {"adds_per_run": 5}}, "destination-unfit"),
    ],
)
def test_limits_that_are_none_are_refused(desk, activation, code):
    """With the file and the line; what is written as a whole knows no limits."""
    with pytest.raises(InvalidProject) as wrong:
        desk.write(activations={"out": activation})
    (problem,) = wrong.value.problems
    assert (problem.code, problem.where.line is not None) == (code, True)
