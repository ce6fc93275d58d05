"""The end of the funnel: who may be sent, who was, and why the others were not, judged by a loop in Python."""

import random
from collections.abc import Mapping
from typing import Any

import pytest

from remote_segments.errors import HeldError
from remote_segments.sync.activation.terms import terms_of
from remote_segments.sync.analysis import funnel
from remote_segments.sync.analysis.sendings import sending_of
from tests.reference.analysis import may_be_shown, on_the_way
from tests.support.activations import TO_FILE, TO_LIST, Desk, address, contacts, ready
from tests.support.memberships import write_model

LISTS = {
    "suppression": {"blocked": {"table": "crm.blocked"}, "gone": {"segment": "gone"}},
    "consent": {"marketing": {"column": "consent", "values": ["yes"]}},
}
STATES = [("yes", "accepted"), ("no", "rejected"), ("yes", "rejected"), ("unknown", "unknown"), ("no", "skipped")]


@pytest.fixture
def desk(tmp_path, warehouse) -> Desk:
    """A project whose segment goes to a file, with two lists of people who must not be sent, and one that must."""
    made = ready(tmp_path, warehouse, "http://127.0.0.1:1", range(1, 36))
    made.publish(range(1, 5), "gone")
    with warehouse.write() as session:
        write_model(session, [{"contact_id": one} for one in range(3, 9)], {"contact_id": "BIGINT"}, "blocked")
    made.write(activations={"out": {**TO_FILE, "first_plan": "send"}}, **LISTS)
    return made


def steps(desk: Desk, activation: str | None, smallest: int | None = None) -> dict[tuple[str, str | None], int | None]:
    """Members by step and reason, of one activation."""
    found = funnel(desk.project, ["vip"], smallest=smallest).astype(object)
    found = found.where(found.notna(), None)
    return {(row.step, row.reason): row.members for row in found.itertuples() if row.activation == activation}


def know(desk: Desk, known: Mapping[str, tuple[str, str]], **columns: Any) -> None:
    """Writes what is known of people at the destination."""
    terms = terms_of(desk.project, "out")
    own = {
        "activation": "out",
        "destination": terms.destination,
        "verb": "add",
        "send_id": "x",
        "attempts": 0,
        **columns,
    }
    rows = [
        {**own, "key": key, "identifiers": "{}", "present": present, "outcome": outcome, "decided_at": desk.now}
        for key, (present, outcome) in known.items()
    ]
    with desk.warehouse.write() as session:
        session.append("recipients", rows)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_person_is_sent_or_lost_for_one_reason(desk, seed):
    """Lists in their order, then who has no address; of the others who is there; each as a loop over people says."""
    chance = random.Random(seed)
    rows = contacts(range(1, 41))
    for row in rows:
        row["consent"] = chance.choice(["yes", "YES", "yes", "yes", "yes", "no", None])
        row["email"] = chance.choice([*[row["email"]] * 6, None, "no address"])
    kept = [row for row in rows if chance.random() < 0.95]
    desk.model(kept)
    known = {str(number): chance.choice(STATES) for number in range(1, 41) if chance.random() < 0.7}
    know(desk, known)
    know(desk, {"35": ("yes", "accepted")}, former=1)
    know(desk, {"34": ("yes", "accepted")}, destination="another")
    addresses = {
        str(row["contact_id"]): row["email"] if row["email"] == address(row["contact_id"]) else None for row in kept
    }
    consenting = frozenset(str(row["contact_id"]) for row in kept if (row["consent"] or "").lower() == "yes")
    lists = [
        ("suppressed: blocked", frozenset(map(str, range(3, 9))), False),
        ("suppressed: gone", frozenset(map(str, range(1, 5))), False),
        ("no consent: marketing", consenting, True),
    ]
    keys = [str(number) for number in range(1, 36)]
    withheld, places = on_the_way(keys, addresses, lists, known)
    assert len(places) == 4
    found = steps(desk, "out")
    assert {reason: found["allowed", reason] or 0 for reason in withheld} == withheld
    assert found["allowed", "gone"] == len(set(keys) - set(addresses))
    assert found["allowed", None] == sum(places.values())
    assert found["sent", None] == places.get("there", 0)
    names = {"rejected": "rejected", "unknown": "unknown", "not sent": "not sent yet"}
    assert {name: found["sent", name] for name in names.values()} == {
        shown: places.get(name, 0) for name, shown in names.items()
    }
    assert steps(desk, None)["enriched", None] == 35
    assert sum(number for (_, reason), number in found.items() if reason) + found["sent", None] == 35


def test_a_plan_that_waits_for_a_person_is_the_reason(desk):
    """Once it was approved and sent, they are there; whoever is only kept by `remove_only` is said so."""
    less = {**TO_LIST, "mode": "remove_only", "destination": {"connection": "lister", "list_id": "8"}}
    desk.write(activations={"out": TO_FILE, "less": less}, **LISTS)
    assert steps(desk, "out")["sent", "not sent yet"] == 27
    with pytest.raises(HeldError):
        desk.apply()
    found = steps(desk, "out")
    assert (found["allowed", None], found["sent", None], found["sent", "waiting for approval"]) == (27, 0, 27)
    desk.approve()
    desk.apply()
    found = steps(desk, "out")
    assert (found["allowed", None], found["sent", None], found["sent", "not sent yet"]) == (27, 27, 0)
    assert steps(desk, "less")["sent", "not added by its mode"] == 27


def test_without_an_activation_the_funnel_ends_with_the_table(desk):
    """No step is shown of a way that nobody goes."""
    desk.write(activations={"out": {**TO_FILE, "segment": "gone"}})
    found = funnel(desk.project, ["vip"])
    assert list(found.step.unique()) == ["fetched", "unique", "mapped", "enriched"]
    assert not found.activation.notna().any()
    assert sending_of(desk.project, "out").enriched == 4


def test_a_list_that_cannot_be_read_leaves_the_steps_unknown(desk):
    """Nothing would be sent then, and nobody can tell who might be; the other activation is counted."""
    desk.write(
        activations={
            "out": {**TO_FILE, "suppression": {"lost": {"table": "crm.lost"}}},
            "fine": {**TO_FILE, "destination": {"connection": "drop", "path": "fine.csv"}},
        }
    )
    assert steps(desk, "out") == {
        ("allowed", None): None,
        ("allowed", "list-unreadable"): None,
        ("sent", None): None,
    }
    assert steps(desk, "fine")["allowed", None] == 35
    assert sending_of(desk.project, "out") is None
    assert sending_of(desk.project, "fine").there == 0


def test_small_losses_are_left_out_with_what_tells_them(desk):
    """Of two people on a list another loss is missing, too, and the step between; of two activations nearly all is."""
    found = steps(desk, "out", smallest=5)
    counts = {place: number for place, number in steps(desk, "out").items() if place != ("allowed", None)}
    assert 2 in counts.values()
    assert may_be_shown([found[place] for place in counts], list(counts.values()), 5)
    assert found["allowed", None] is None
    other = {**TO_FILE, "destination": {"connection": "drop", "path": "other.csv"}}
    desk.write(activations={"out": TO_FILE, "other": other}, **LISTS)
    found = steps(desk, "other", smallest=5)
    assert {number for place, number in found.items() if place != ("sent", None)} == {None}


def test_numbers_are_as_of_now(desk):
    """A person who was sent and is suppressed since is not sent any more."""
    desk.apply()
    desk.model(contacts(range(1, 10), consent="no") + contacts(range(10, 41)))
    assert steps(desk, "out")["sent", None] == 26
