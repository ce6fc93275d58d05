"""What a person types to plan, approve and send an activation, and what they read."""

import re
from pathlib import Path

import pytest

from tests.support.activations import TO_FILE, Desk, contacts
from tests.support.commands import command
from tests.support.warehouses import duckdb_warehouse


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A project on DuckDB, in production, whose segment goes to a file."""
    monkeypatch.setenv("REMOTE_SEGMENTS_ENV", "production")
    monkeypatch.setenv("REMOTE_SEGMENTS_PROJECT", str(tmp_path))
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    made = Desk(tmp_path, duckdb_warehouse(tmp_path))
    made.write(activations={"vip_to_drop": TO_FILE})
    made.model(contacts(range(1, 10)))
    made.publish([1, 2, 3])
    return made


def test_plan_approve_apply_and_again(desk: Desk) -> None:
    """Promise 27: the first plan is shown, held, approved and sent; Promise 23: the second run says it made no call."""
    shown = command("plan", "vip_to_drop")
    assert (shown.code, "add 3, update 0, remove 0" in shown.out) == (0, True), shown.err
    assert "p1@example.com" not in shown.out
    assert "for example: add email" in shown.out
    held = command("apply", "vip_to_drop")
    assert held.code == 5
    assert "[first-plan]" in held.err
    status = command("status", "--json").document["activations"][0]
    assert (status["state"], status["reason"]) == ("held", "first-plan")
    done = command("approve", "vip_to_drop", "--by", "ann", "--reason", "looked at it", "--snapshot", status["plan_id"])
    assert done.code == 0, done.err
    assert "remote-segments apply vip_to_drop" in done.out
    sent = command("apply", "vip_to_drop", "--json")
    assert sent.code == 0, sent.err
    assert (sent.document["activation"]["state"], sent.document["activation"]["present"]) == ("applied", 3)
    assert sent.document["calls"] == 1
    assert len((desk.folder / "drop" / "out" / "vip.csv").read_text().split()) == 4
    again = command("apply", "vip_to_drop")
    assert "no call was made" in again.out
    assert "nothing to send" in command("plan", "vip_to_drop").out
    assert "applied" in command("status").out
    funnel = command("analyze", "funnel", "vip")
    assert "vip, sent by vip_to_drop" in funnel.out
    assert re.search(r"sent +3 +100.0 %", funnel.out)


def test_a_misspelt_name_and_an_outdated_plan_say_what_to_do(desk: Desk) -> None:
    """The nearest name, and the command that shows the new plan."""
    wrong = command("plan", "vip_to_dorp")
    assert (wrong.code, "Did you mean `vip_to_drop`?" in wrong.err) == (2, True)
    outdated = command("apply", "vip_to_drop", "--plan", "000000000000")
    assert (outdated.code, "[plan-outdated]" in outdated.err) == (2, True)
    assert "remote-segments plan vip_to_drop" in outdated.err
    unread = command("adopt", "vip_to_drop", "--yes")
    assert (unread.code, "[list-unread]" in unread.err) == (2, True)
    assert "[nothing-unknown]" in command("settle", "vip_to_drop", "--arrived", "--by", "ann").err


def test_development_plans_and_does_not_send(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan says so, and `apply` refuses."""
    monkeypatch.setenv("REMOTE_SEGMENTS_ENV", "development")
    assert "Nothing is sent from the environment development." in command("plan", "vip_to_drop").err
    refused = command("apply", "vip_to_drop")
    assert (refused.code, "[activations-off]" in refused.err) == (2, True)
