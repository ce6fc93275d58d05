"""What goes wrong while an activation is sent: rejections, poisoned batches, calls without answer, revoked consent."""

import pytest

from remote_segments.errors import HeldError, ProjectError, RemoteSegmentsError
from remote_segments.sync.activation.running import Pace
from tests.support.activations import TO_LIST, Desk, address, addresses, contacts, ready
from tests.support.list_server import manifest

NOW = {**TO_LIST, "first_plan": "send"}


@pytest.fixture
def desk(tmp_path, warehouse, lists) -> Desk:
    """A project with forty contacts, of whom the first twenty-five are in the published segment."""
    return ready(tmp_path, warehouse, lists[1], range(1, 26))


def test_a_rejected_member_is_tried_again_later_and_a_permanent_one_never(desk, lists):
    """Promise 25: with its reason stored, after one hour, then two; until the person has another address."""
    server, _ = lists
    server.rejected = {address(3): "bad", address(4): "never"}
    desk.apply()
    assert set(desk.ledger("key, reason, permanent")) >= {("3", "bad", 0), ("4", "never", 1)}
    assert (desk.plan().counts["waiting"], desk.plan().counts["refused"]) == (1, 1)
    assert desk.apply().calls == 0
    desk.publish(range(1, 26))  # an hour later
    desk.apply()
    assert sum(address(3) in some for _, some in server.calls) == 2
    assert sum(address(4) in some for _, some in server.calls) == 1
    desk.publish(range(1, 26))  # after another hour it is not due yet
    assert desk.plan().counts["waiting"] == 1
    server.rejected = {}
    desk.publish(range(1, 26))
    desk.apply()
    assert server.people == addresses(range(1, 26)) - {address(4)}
    desk.model([*contacts(range(1, 4)), *contacts([4], email="other@example.com"), *contacts(range(5, 41))])
    desk.apply()
    assert server.people == addresses(range(1, 26)) - {address(4)} | {"other@example.com"}


def test_a_poisoned_batch_is_halved_until_the_bad_member_is_alone(desk, lists):
    """Promise 25: nine others of its batch of ten are taken, and it is rejected by itself."""
    server, _ = lists
    server.spoiled = {address(7)}
    sent = desk.apply()
    assert server.people == addresses(range(1, 26)) - {address(7)}
    assert (sent.send.accepted, sent.send.rejected) == (24, 1)
    assert [row for row in desk.ledger("key, outcome, permanent") if row[1] != "accepted"] == [("7", "rejected", 0)]


def test_calls_are_counted_as_they_were_made(desk, lists):
    """Also the halves of what was refused."""
    server, _ = lists
    server.spoiled = {address(7)}
    sent = desk.apply()
    assert sent.send.accepted == 24
    assert sent.send.calls == sent.calls == len(server.calls) + server.reads > 3
    assert desk.rows("SELECT calls FROM {s}.sends") == [(sent.calls,)]


def test_a_call_that_was_carried_out_and_never_answered_is_found_out_by_reading(desk, lists):
    """Promise 22: unknown, not sent again blindly; the next run reads the list and finds who is there."""
    server, _ = lists
    server.cut = {2}
    sent = desk.apply()
    assert (sent.send.accepted, sent.send.unanswered) == (15, 10)
    assert sum(value == "unknown" for value in desk.known().values()) == 10
    calls = len(server.calls)
    again = desk.apply()
    assert (again.found_out, again.send, len(server.calls)) == (10, None, calls)
    assert set(desk.known().values()) == {"yes"}
    found = [row for row in desk.ledger("outcome, reason") if row[1] == "found-in-the-list"]
    assert found == [("accepted", "found-in-the-list")] * 10


def test_a_call_that_was_never_carried_out_is_sent_again_once_that_is_known(desk, lists):
    """Promise 22: the list does not have them, so that they are added, once."""
    server, _ = lists
    server.lost = {2}
    desk.apply()
    desk.apply()
    assert server.people == addresses(range(1, 26))
    assert [len(some) for _, some in server.calls] == [10, 10, 5, 10]


@pytest.mark.parametrize("cut", ["cut", "lost"])
def test_where_the_list_cannot_be_read_only_what_may_be_repeated_is(desk, lists, cut):
    """Promise 22: repeated where that does no harm; else it stays unknown until a person says what is."""
    server, _ = lists
    for idempotent in (True, False):
        desk.write(activations={"out": NOW}, lister=manifest(readable=False, idempotent=idempotent))
        server.lists["7"].clear()
        with desk.warehouse.write() as session:
            for table in ("recipients", "sends", "ledger"):
                if session.relation(table, session.schema) is not None:
                    session.execute(f'DELETE FROM "{session.schema}".{table}')
        getattr(server, cut).add(len(server.calls) + 1)
        desk.apply()
        before = len(server.calls)
        counts = desk.plan().counts
        assert (counts["adds"], counts["unknown"]) == ((10, 0) if idempotent else (0, 10))
        desk.apply()
        assert len(server.calls) - before == (1 if idempotent else 0)


def test_nobody_is_removed_while_adds_are_in_doubt(desk, lists):
    """Promise 21: an add that was not acknowledged holds back the removals of the same send."""
    server, _ = lists
    desk.apply()
    desk.publish(range(5, 31))
    server.cut = {len(server.calls) + 1}
    sent = desk.apply()
    assert (sent.send.state, sent.send.reason) == ("stopped", "adds-in-doubt")
    assert server.people >= addresses(range(1, 31))
    desk.apply()
    assert server.people == addresses(range(5, 31))


def test_a_refused_key_stops_the_sending_and_nothing_is_lost(desk, lists):
    """A key revoked in mid-send: what was acknowledged counts, the rest is sent by the next run, nobody twice."""
    server, _ = lists
    server.statuses = {2: 401}
    with pytest.raises(RemoteSegmentsError) as stopped:
        desk.apply()
    assert stopped.value.code == "key-refused"
    assert desk.rows("SELECT count(*) FROM {s}.outgoing") == [(0,)]
    taken = server.people
    desk.apply()
    assert server.people == addresses(range(1, 26))
    sent = [one for number, (_, some) in enumerate(server.calls, 1) if number != 2 for one in some]
    assert sorted(sent) == sorted(addresses(range(1, 26)))
    assert len(taken) in (10, 15)


def test_too_large_a_body_is_halved(desk, lists):
    """413 is about the batch, not about the account."""
    server, _ = lists
    server.statuses = {1: 413}
    sent = desk.apply()
    assert (sent.send.accepted, server.people) == (25, addresses(range(1, 26)))


def test_too_many_rejections_stop_the_sending_and_wait_for_a_person(desk, lists):
    """Promise 27: once a hundred were sent, the share of rejections counts; the rest waits."""
    server, _ = lists
    desk.model(contacts(range(1, 401)))
    desk.publish(range(1, 401))
    server.rejected = {address(one): "bad" for one in range(1, 401)}
    with pytest.raises(HeldError) as held:
        desk.apply()
    assert held.value.code == "many-rejected"
    sent = len(server.calls)
    assert sent < 40
    with pytest.raises(HeldError):
        desk.apply()
    assert len(server.calls) == sent
    server.rejected = {}
    desk.approve()
    desk.apply()
    assert len(server.people) >= 280  # the rejected wait an hour, the others are sent


def test_whoever_is_suppressed_or_has_not_consented_is_not_sent_and_who_revokes_is_removed(desk, lists):
    """Promise 26: applied last; the activation's file cannot switch it off; the next run removes."""
    server, _ = lists
    rules = {"suppression": {"gone": {"segment": "gone"}}, "consent": {"mail": {"column": "consent"}}}
    desk.write(activations={"out": {**NOW, "suppression": {"gone": {"column": "plan", "values": ["x"]}}}}, **rules)
    desk.publish([1, 2], "gone")
    desk.model([*contacts(range(1, 4)), *contacts([4], consent="no"), *contacts(range(5, 41))])
    desk.publish(range(1, 26))
    desk.apply()
    assert server.people == addresses(range(3, 26)) - {address(4)}
    plan = desk.plan()
    assert dict(plan.reasons) == {"suppressed: gone": 2, "no consent: mail": 1}
    desk.model([*contacts(range(1, 4)), *contacts([4, 9], consent="no"), *contacts([5, 6, 7, 8, *range(10, 41)])])
    desk.apply()
    assert server.people == addresses(range(3, 26)) - {address(4), address(9)}


def test_consent_that_is_revoked_between_plan_and_send_counts(desk, lists):
    """Promise 26: consent is read again while a send goes on; whoever revoked in its middle is left out."""
    server, _ = lists
    desk.write(activations={"out": NOW}, consent={"mail": {"column": "consent"}},
               lister=manifest(readable=False, idempotent=False))  # fmt: skip

    def revoke() -> None:
        desk.model([*contacts(range(1, 16)), *contacts(range(16, 41), consent="no")])

    server.before_call = {1: revoke}
    sent = desk.apply(pace=Pace(now=lambda: desk.now, sleep=lambda _: None, share=float("inf")))
    sending = desk.ledger("key, outcome, reason")
    skipped = [row for row in sending if row[1] == "skipped"]
    assert server.people
    assert not server.people & (addresses(range(16, 26)) - set(server.calls[0][1]))
    assert skipped
    assert {reason for _, _, reason in skipped} == {"no consent: mail"}
    assert sent.send.skipped == len(skipped)


def test_a_list_that_cannot_be_applied_stops_everything(desk, lists):
    """Promise 26: a suppression that was never published, or whose table is gone, sends nobody."""
    for listing in ({"segment": "gone"}, {"table": "crm.nowhere"}, {"column": "nowhere"}):
        desk.write(activations={"out": NOW}, suppression={"gone": listing})
        with pytest.raises(ProjectError) as refused:
            desk.apply()
        assert refused.value.code in ("source-unpublished", "list-unreadable", "unknown-column")
    assert lists[0].calls == []


def test_a_column_that_is_empty_for_everybody_is_an_error(desk, lists):
    """Nobody could be addressed: that is no empty audience."""
    desk.model(contacts(range(1, 41), email=None))
    with pytest.raises(ProjectError) as refused:
        desk.plan()
    assert refused.value.code == "nobody-addressable"


def test_no_address_is_in_any_message_or_row_of_the_record(desk, lists):
    """Promise 29: errors, sends and decisions name no member."""
    server, _ = lists
    server.rejected = {address(one): "bad" for one in range(1, 26)}
    server.statuses = {3: 500}
    told = []
    for _ in range(2):
        try:
            desk.apply()
        except RemoteSegmentsError as error:
            told.append(str(error))
    told += [str(row) for row in desk.rows("SELECT * FROM {s}.sends")] + [str(row) for row in desk.ledger("*")]
    assert not any("@" in one for one in told)
