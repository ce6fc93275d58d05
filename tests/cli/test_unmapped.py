"""`remote-segments unmapped`, and the warning about a low match rate, as an engineer on call reads them."""

import re

import pytest

from remote_segments.config.project import Project
from remote_segments.simulator import Simulator
from tests.support.commands import command, edit
from tests.support.projects import seed_contacts


@pytest.fixture
def refreshed(project: Project, simulator: Simulator) -> Project:
    """A project whose model lacks every third person, with one refreshed segment."""
    seed_contacts(project, simulator, leave_out=range(0, 10_000, 3))
    assert command("run", "vip").code == 0
    return project


def test_reasons_are_shown_with_masked_members(refreshed: Project) -> None:
    """Promise 29: a line for each reason, below it some members, and no identifier of anybody."""
    shown = command("unmapped", "vip")
    assert shown.code == 0
    assert re.search(
        r"^vip: \d+ fetched on 20\d\d-\d\d-\d\d at .* UTC, \d+ mapped, \d+\.\d %; published\.$", shown.out, re.M
    )
    assert re.search(r"^  \d+ unknown: no row of the model has any of their identifiers$", shown.out, re.M)
    assert re.search(r"^      external_id \S+, email \S+$", shown.out, re.M)
    more = command("unmapped", "vip", "--json", "--limit", "500").out
    with refreshed.open_warehouse().read() as session:
        values = session.rows("SELECT email, external_id, profile_id FROM segments.members")
    for value in (one for row in values for one in row if one):
        assert value not in shown.out
        assert value not in more


def test_one_reason_and_a_limit_are_obeyed(refreshed: Project) -> None:
    """`--reason` leaves the others out, `--limit` says how many members are shown, and JSON has the same."""
    shown = command("unmapped", "vip", "--reason", "unknown", "--limit", "2").out.splitlines()
    assert len(shown) == 4
    document = command("unmapped", "vip", "--reason", "unknown", "--limit", "2", "--json").document
    assert set(document) == {"segment", "snapshot", "state", "fetched_at", "fetched", "mapped", "match_rate",
                             "unmapped", "same_row", "conflicting", "examples"}  # fmt: skip
    assert list(document["unmapped"]) == ["unknown"]
    assert len(document["examples"]["unknown"]) == 2
    assert all("***" in shown for one in document["examples"]["unknown"] for shown in one.values() if shown != "none")


def test_what_was_never_mapped_says_what_to_do(project: Project) -> None:
    """Before the first refresh there is nothing to show, which is no error; a misspelt reason is one."""
    shown = command("unmapped", "vip")
    assert (shown.code, "remote-segments run vip" in shown.out) == (0, True)
    assert command("unmapped", "vip", "--json").document == {"segment": "vip", "snapshot": None}
    wrong = command("unmapped", "vip", "--reason", "unkown")
    assert wrong.code == 2
    assert "Did you mean `unknown`?" in wrong.err


def test_a_low_match_rate_warns_and_holds_nothing(refreshed: Project) -> None:
    """Below `warn_match_rate` the segment is published all the same, and `status` says so."""
    file = refreshed.folder / "segments" / "vip.yaml"
    assert "are in the model" not in command("status").out
    edit(file, guards={"warn_match_rate": "99%"})
    assert command("run", "vip").code == 0
    shown = command("status").out
    assert re.search(r"^vip: \d+\.\d % of its members are in the model, fewer than 99 %", shown, re.M)
    edit(file, guards={"warn_match_rate": "50%", "minimum_match_rate": "60%"})
    assert "warn_match_rate" in command("validate").err
