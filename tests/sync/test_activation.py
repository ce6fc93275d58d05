"""An activation from plan to ledger, against a real list over HTTP, on every warehouse."""

import pytest

from remote_segments.errors import HeldError, ProjectError, RemoteSegmentsError
from remote_segments.sync.activation.adopting import adopt, look
from remote_segments.sync.activation.loops import feedback_loops
from remote_segments.sync.audiences import refresh_audience
from remote_segments.sync.erasing import erase
from remote_segments.sync.explaining import explain
from tests.support.activations import TO_LIST, Desk, address, addresses, contacts, ready


@pytest.fixture
def desk(tmp_path, warehouse, lists) -> Desk:
    """A project with forty contacts, of whom the first five are in the published segment, sent at once."""
    return ready(tmp_path, warehouse, lists[1], range(1, 6))


def test_a_segment_is_mirrored_and_a_stranger_stays(desk, lists):
    """Promise 20: the first send removes nobody, and later ones remove only whom this project sent."""
    server, _ = lists
    server.lists["7"]["stranger@example.com"] = {}
    desk.apply()
    assert server.people == addresses(range(1, 6)) | {"stranger@example.com"}
    desk.publish(range(3, 8))
    sent = desk.apply()
    assert server.people == addresses(range(3, 8)) | {"stranger@example.com"}
    assert (sent.send.adds, sent.send.removes, sent.send.accepted, sent.send.state) == (2, 2, 4, "applied")
    assert desk.known() == dict.fromkeys("34567", "yes")
    assert desk.rows("SELECT count(*) FROM {s}.outgoing") == [(0,)]


def test_the_same_plan_twice_makes_no_call(desk, lists):
    """Promise 23: nothing changed, so that nothing is sent and nothing is read."""
    server, _ = lists
    desk.apply()
    calls, reads = len(server.calls), server.reads
    again = desk.apply()
    assert (again.send, again.calls, again.plan.counts["unchanged"]) == (None, 0, 5)
    assert (len(server.calls), server.reads) == (calls, reads)


def test_a_plan_is_what_is_then_sent_and_changes_nothing(desk, lists):
    """Promise 24: no call that writes, no byte of any table, and the counts of the send that follows."""
    server, _ = lists
    desk.apply()
    desk.publish([2, 3, 9])
    tables = ("sends", "ledger", "recipients", "outgoing", "batches", "decisions", "snapshots", "keys", "meta")
    before = {name: desk.rows(f"SELECT * FROM {{s}}.{name} ORDER BY 1, 2") for name in tables}
    calls = len(server.calls)
    planned = desk.plan()
    assert len(server.calls) == calls
    assert {name: desk.rows(f"SELECT * FROM {{s}}.{name} ORDER BY 1, 2") for name in tables} == before
    sent = desk.apply(plan_id=planned.plan_id)
    assert {name: getattr(sent.send, name) for name in planned.counts} == dict(planned.counts)
    assert (planned.counts["adds"], planned.counts["removes"], planned.counts["unchanged"]) == (1, 3, 2)


def test_another_plan_than_the_one_that_was_looked_at_is_not_sent(desk, lists):
    """Exactly that plan, or word that it is outdated."""
    server, _ = lists
    planned = desk.plan()
    desk.publish(range(1, 7))
    with pytest.raises(ProjectError) as refused:
        desk.apply(plan_id=planned.plan_id)
    assert refused.value.code == "plan-outdated"
    assert server.calls == []


def test_adds_are_acknowledged_before_removals_start(desk, lists):
    """Promise 21: by the order in which the list was called; nobody is in both."""
    server, _ = lists
    desk.apply()
    desk.publish(range(6, 30))
    desk.write(activations={"out": {**TO_LIST, "first_plan": "send", "guards": {"allow_empty": "true"}}})
    server.calls.clear()
    desk.apply()
    verbs = [verb for verb, _ in server.calls]
    assert verbs == ["add", "add", "add", "remove"]
    added = {one for verb, some in server.calls if verb == "add" for one in some}
    removed = {one for verb, some in server.calls if verb == "remove" for one in some}
    assert (added & removed, removed) == (set(), addresses(range(1, 6)))


def test_nothing_is_sent_from_an_environment_that_does_not_say_so(desk, lists):
    """`activations: true` stands in project.yaml, or nothing leaves."""
    desk.load("development")
    with pytest.raises(ProjectError) as refused:
        desk.apply()
    assert refused.value.code == "activations-off"
    assert lists[0].calls == []
    assert desk.plan().counts["adds"] == 5


def test_an_activation_is_off_until_its_first_plan_is_approved(desk, lists):
    """Promise 27: the first plan waits for a person, with a record of who decided; then it runs by itself."""
    desk.write(activations={"out": TO_LIST})
    with pytest.raises(HeldError) as held:
        desk.apply()
    assert held.value.code == "first-plan"
    assert lists[0].calls == []
    assert desk.states() == [("held", "first-plan")]
    with pytest.raises(HeldError):
        desk.apply()  # still held, and not written down twice
    assert desk.states() == [("held", "first-plan")]
    desk.approve()
    sent = desk.apply()
    assert (sent.send.state, sent.send.approved_by, lists[0].people) == ("applied", "ann", addresses(range(1, 6)))
    [decision] = desk.rows("SELECT segment, decided_by, decision, guard FROM {s}.decisions")
    assert decision == ("out", "ann", "approved", "first-plan")
    desk.publish(range(1, 7))
    assert desk.apply().send.adds == 1


def test_a_rejected_plan_is_not_sent_until_something_changes(desk, lists):
    """Promise 27: a rejection holds for that plan; a later one is looked at anew."""
    desk.write(activations={"out": TO_LIST})
    with pytest.raises(HeldError):
        desk.apply()
    desk.approve(approve=False)
    with pytest.raises(HeldError) as held:
        desk.apply()
    assert held.value.code == "plan-rejected"
    desk.publish(range(1, 7))
    with pytest.raises(HeldError) as held:
        desk.apply()
    assert (held.value.code, lists[0].calls) == ("first-plan", [])


def test_an_approval_does_not_cover_a_plan_that_goes_much_further(desk, lists):
    """Promise 27: five were looked at, twenty-five were not."""
    desk.write(activations={"out": TO_LIST})
    with pytest.raises(HeldError):
        desk.apply()
    desk.approve()
    desk.publish(range(1, 26))
    with pytest.raises(HeldError):
        desk.apply()
    assert lists[0].calls == []
    assert [state for state, _ in desk.states()] == ["superseded", "held"]


def test_removing_most_people_waits_for_a_person(desk, lists):
    """Promise 27: of few people half may go, or ten; more is held, and sent once somebody approved it."""
    desk.publish(range(1, 31))
    desk.apply()
    desk.publish(range(1, 11))
    with pytest.raises(HeldError) as held:
        desk.apply()
    assert held.value.code == "many-removed"
    assert lists[0].people == addresses(range(1, 31))
    desk.approve()
    desk.apply()
    assert lists[0].people == addresses(range(1, 11))


def test_nobody_left_waits_for_a_person(desk, lists):
    """Promise 27: an emptied audience removes nobody by itself."""
    desk.apply()
    desk.publish([])
    with pytest.raises(HeldError) as held:
        desk.apply()
    assert held.value.code == "destination-emptied"
    assert lists[0].people == addresses(range(1, 6))
    desk.write(activations={"out": {**TO_LIST, "guards": {"allow_empty": "true"}}})
    desk.apply()
    assert lists[0].people == set()


def test_who_left_and_came_back_is_sent_twice(desk, lists):
    """Promise 14: leave, then rejoin, gives two sends."""
    desk.apply()
    desk.publish(range(1, 5))
    desk.apply()
    desk.publish(range(1, 6))
    desk.apply()
    rows = [row for row in desk.ledger("sent_at, verb, outcome, key") if row[3] == "5"]
    assert [verb for _, verb, _, _ in sorted(rows)] == ["add", "remove", "add"]
    assert address(5) in lists[0].people


def test_changed_attributes_are_sent_and_nothing_else(desk, lists):
    """A person whose attributes changed is sent again, the others are not."""
    desk.write(activations={"out": {**TO_LIST, "attributes": ["plan"], "first_plan": "send"}})
    desk.apply()
    desk.model(
        [
            *contacts(range(1, 40)),
            *contacts([40]),
        ][:2]
        + contacts([3], plan="paid")
        + contacts(range(4, 41))
    )
    lists[0].calls.clear()
    sent = desk.apply()
    assert (sent.send.updates, lists[0].calls) == (1, [("upsert", [address(3)])])
    assert lists[0].lists["7"][address(3)] == {"plan": "paid"}


def test_whoever_has_a_new_address_is_added_under_it_and_removed_from_the_former(desk, lists):
    """Removals go by what was sent, not by what the model says by now."""
    desk.apply()
    desk.model(contacts(range(1, 5)) + contacts([5], email="new@example.com") + contacts(range(6, 41)))
    desk.apply()
    assert lists[0].people == addresses(range(1, 5)) | {"new@example.com"}
    desk.model(contacts(range(1, 5)) + contacts(range(6, 41)))  # the person is gone from the model
    desk.apply()
    assert lists[0].people == addresses(range(1, 5))


def test_a_list_is_made_once(desk, lists):
    """`create` makes a list with the first send, and later sends go to the same."""
    made = {**TO_LIST, "destination": {"connection": "lister", "create": "VIP"}, "first_plan": "send"}
    desk.write(activations={"out": made})
    desk.apply()
    desk.publish(range(1, 7))
    desk.apply()
    assert set(lists[0].lists["made"]) == addresses(range(1, 7))
    assert lists[0].people == set()


def test_a_send_whose_list_cannot_be_made_has_stopped_and_the_next_one_sends_everybody(desk, lists):
    """Promise 22: what never began is no send that came to its end, and nobody counts as sent."""
    made = {**TO_LIST, "destination": {"connection": "lister", "create": "VIP"}, "first_plan": "send"}
    desk.write(activations={"out": made})
    lists[0].makes = False
    with pytest.raises(RemoteSegmentsError) as refused:
        desk.apply()
    reason = refused.value.code
    assert desk.rows("SELECT state, reason, accepted FROM {s}.sends") == [("stopped", reason, 0)]
    assert desk.rows("SELECT count(*) FROM {s}.batches") == [(0,)]
    lists[0].makes = True
    desk.apply()
    assert set(lists[0].lists["made"]) == addresses(range(1, 6))


def test_a_list_is_taken_over_after_its_difference_was_shown(desk, lists):
    """Promise 20: whoever is known becomes ours to remove, strangers stay; nothing is sent by it."""
    server, _ = lists
    server.lists["7"] = {one: {} for one in [*addresses([1, 2, 9, 10]), "stranger@example.com"]}
    found = look(desk.project, "out", desk.now)
    told = (found.in_list, found.ours, found.adopted, found.wanted, found.leaving, found.strangers)
    assert told == (5, 0, 4, 2, 2, 1)
    assert desk.rows("SELECT count(*) FROM {s}.recipients") == [(0,)]
    adopt(desk.project, "out", desk.now)
    assert server.calls == []
    plan = desk.plan()
    assert (plan.counts["adds"], plan.counts["removes"], plan.counts["unchanged"]) == (3, 2, 2)
    desk.apply()
    assert server.people == addresses(range(1, 6)) | {"stranger@example.com"}
    assert look(desk.project, "out", desk.now).ours == 5


def test_an_erased_person_is_in_no_row_of_what_was_sent(desk, lists):
    """Promise 32: ledger and recipients forget the person and nobody else; where they still are is told."""
    desk.apply()
    before = [row for row in desk.ledger("*") if "3" not in row]
    receipt = erase(desk.project, "key", "3", by="dpo", reason="asked to", now=desk.now)
    assert receipt.destinations == ("out",)
    assert (receipt.rows["ledger"], receipt.rows["recipients"]) == (1, 1)
    assert desk.known() == dict.fromkeys("1245", "yes")
    assert desk.ledger("*") == before
    assert desk.apply().send is None


def test_a_list_that_is_sent_to_and_read_is_warned_of(desk, lists):
    """Whoever is added would be a member from then on."""
    assert list(feedback_loops(desk.project)) == []
    file = desk.folder / "segments" / "vip.yaml"
    file.write_text(
        "model: contacts\nsource: {connection: lister, list_id: '7'}\nidentifiers: [{email: email}]\n"
        "refresh_frequency: 1 hour\n"
    )
    [problem] = feedback_loops(desk.load())
    assert (problem.code, problem.where.file.name) == ("feedback-loop", "out.yaml")


def test_every_send_is_in_what_explains_a_person(desk, lists):
    """Where they are by our doing, and what was sent of them before."""
    desk.apply()
    desk.publish([1, 2, 3, 4])
    desk.apply()
    found = explain(desk.project, "key", "5", now=desk.now)
    [section] = [one for one in found.sections if one.title == "activations"]
    [entry] = section.entries
    assert (entry.name, entry.inside, entry.state) == ("out", False, "not-there")
    assert [line.partition(": ")[2] for line in entry.history] == ["add accepted", "remove accepted"]
    [there] = explain(desk.project, "key", "1", now=desk.now).sections[-1].entries
    assert (there.inside, there.facts["outcome"]) == (True, "accepted")


def test_an_audience_is_sent_and_its_holdout_is_written_down_once(desk, lists):
    """Promise 19: whoever is held out is never sent, and the ledger has one row for each of them."""
    folder = desk.folder / "audiences"
    folder.mkdir()
    (folder / "loyal.yaml").write_text("model: contacts\nall: [vip]\nsplit: {salt: spring, holdout: 40%}\n")
    desk.publish(range(1, 31))
    sending = {**TO_LIST, "first_plan": "send", "audience": "loyal"}
    desk.write(activations={"out": {name: value for name, value in sending.items() if name != "segment"}})
    for name in ("loyal_holdout", "loyal"):
        refresh_audience(desk.project, name, run_id=None, now=desk.now)
    planned = desk.plan()
    assert planned.counts["held_out"] + planned.counts["adds"] == 30
    assert planned.counts["held_out"] > 0
    desk.apply()
    held_out = [row for row in desk.ledger("key, outcome, reason") if row[1] == "skipped"]
    assert len(held_out) == planned.counts["held_out"]
    assert {reason for _, _, reason in held_out} == {"holdout: loyal_holdout"}
    assert not server_has(lists, held_out)
    assert len(lists[0].people) == planned.counts["adds"]
    assert desk.apply().send is None


def server_has(lists, rows) -> set[str]:
    """Which of the people of some rows are in the list."""
    return lists[0].people & {address(int(key)) for key, *_ in rows}
