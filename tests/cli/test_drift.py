"""What the commands say of segments that froze, drifted, or will: in words, in JSON, by exit codes."""

from datetime import UTC, date, datetime, timedelta

import pytest

from remote_segments.cli.run import exit_code
from remote_segments.config.project import Project
from remote_segments.errors import ProjectError
from remote_segments.rest.catalog import bundled
from remote_segments.simulator import Simulator
from remote_segments.sync.forewarning import NOTICE, sunset
from tests.support.commands import command, edit
from tests.support.projects import snapshot_rows

KLAVIYO = next(file for file in bundled() if file.stem == "klaviyo")


def change(simulator: Simulator, **what: object) -> None:
    """Does something to the segment in the tool."""
    simulator.change("klaviyo", "VIPOPN", **what)


@pytest.fixture
def frozen(project: Project, simulator: Simulator) -> Project:
    """A published segment that the platform deleted, and whose file says what then."""
    edit(project.folder / "segments" / "vip.yaml", on_deleted="freeze")
    assert command("run", "vip", "paying").code == 0
    change(simulator, deleted=True)
    shown = command("run", "vip")
    assert shown.code == 0
    assert "vip: frozen since" in shown.out
    return project


def test_a_frozen_segment_is_shown_as_what_it_is(frozen: Project) -> None:
    """State and age say frozen, the sentence says why and what a person may do; the counts are those that stay."""
    [vip] = [one for one in command("status", "--json").document["segments"] if one["name"] == "vip"]
    assert (vip["state"], vip["reason"], vip["age"]) == ("frozen", "segment-deleted", "frozen")
    assert vip["mapped"] > 0
    assert (vip["remote_name"], vip["remote_state"]) == ("VIP openers", "ready")
    shown = command("status").out
    assert "Klaviyo no longer has it. `remote-segments run vip` looks for it again" in shown


def test_a_batch_in_which_one_segment_is_gone_refreshes_the_others(project: Project, simulator: Simulator) -> None:
    """Fetched side by side, each ends as it would alone: the frozen one is no failure, the other is published."""
    edit(project.folder / "segments" / "vip.yaml", on_deleted="freeze")
    assert command("run", "vip", "paying").code == 0
    change(simulator, deleted=True)
    shown = command("run", "vip", "paying", "--json")
    assert shown.code == 0
    assert {one["name"]: one["state"] for one in shown.document["segments"]} == {
        "vip": "frozen",
        "paying": "published",
    }
    assert [row["state"] for row in snapshot_rows(project, "paying")] == ["published", "published"]
    assert {row["state"] for row in snapshot_rows(project, "vip")} == {"published", "frozen"}


def test_doctor_and_validate_call_a_frozen_segment_no_problem(frozen: Project) -> None:
    """What somebody decided is no alarm; that the account answers is still tried."""
    found = command("doctor", "--json").document["findings"]
    assert not [one for one in found if one["verdict"] == "bad"]
    assert any(one["found"].startswith("vip is frozen since") for one in found)
    live = command("validate", "--live", "--json")
    assert live.code == 0
    assert "vip: the platform has it no more; what is published of it stays." in live.document["notes"]


def test_a_deleted_segment_without_the_word_is_a_problem(project: Project, simulator: Simulator) -> None:
    """The exit code says who must act, the message when it was there last."""
    assert command("run", "vip").code == 0
    change(simulator, deleted=True)
    shown = command("run", "vip")
    assert shown.code == ProjectError.exit_code == exit_code([ProjectError("a", "b", "c")])
    assert "It was there as `VIP openers`" in shown.err
    assert command("validate", "--live").code == ProjectError.exit_code


def test_a_renamed_segment_is_told_by_run_and_status_until_the_next_refresh(
    project: Project, simulator: Simulator
) -> None:
    """Promise 34: old and new name, once."""
    assert command("run", "vip").code == 0
    change(simulator, name="VIP 2027")
    shown = command("run", "vip")
    assert shown.code == 0
    assert "vip: The platform calls it `VIP 2027` now; it was `VIP openers`." in shown.out
    assert "it was `VIP openers`" in command("status").out
    assert "VIP 2027" not in command("run", "vip").out


def test_an_expired_cohort_is_told_by_validate_and_doctor(project: Project) -> None:
    """As a warning with its line: the project is valid."""
    edit(project.folder / "segments" / "vip.yaml", expires="2026-11-10")
    shown = command("validate", "--json")
    assert shown.code == 0
    [warning] = shown.document["warnings"]
    assert (warning["code"], warning["where"]) == ("segment-expired", "segment_configs/segments/vip.yaml:9")
    assert "[segment-expired] vip is frozen" in command("validate").err
    found = command("doctor", "--json").document["findings"]
    assert any("vip was never fetched, and is frozen since" in one["found"] for one in found)


@pytest.mark.parametrize(("days", "said"), [(91, None), (90, "in 90 days"), (1, "in 1 day."), (0, "ended on")])
def test_an_api_version_is_warned_of_ninety_days_ahead(project: Project, days: int, said: str | None) -> None:
    """By the day that the vendor names, in the words of `validate`, `doctor` and `platforms`."""
    manifest = project.platforms["klaviyo"].model_copy(update={"sunset": {"2026-07-15": date(2028, 7, 15)}})
    found = sunset(manifest, "2026-07-15", date(2028, 7, 15) - timedelta(days=days))
    assert (found is None) is (said is None)
    assert found is None or said in found
    assert sunset(manifest, "2027-01-15", date(2028, 7, 15)) is None
    assert NOTICE.days == 90


def test_the_end_of_an_api_version_is_told_where_people_look(project: Project) -> None:
    """Each command names connection, version, day and what to do; none fails for it."""
    soon = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    own = project.folder / "platforms"
    own.mkdir()
    text = KLAVIYO.read_text().replace("2028-07-15", soon)
    (own / "klaviyo.yaml").write_text(text)
    shown = command("validate")
    assert shown.code == 0
    assert f"[api-sunset] klaviyo: version 2026-07-15 of Klaviyo's API ends on {soon}, in " in shown.err
    assert "Take a newer release" in shown.err
    [warning] = command("validate", "--json").document["warnings"]
    assert warning["code"] == "api-sunset"
    found = command("doctor", "--json").document["findings"]
    assert any(one["verdict"] == "warn" and soon in one["found"] for one in found if one["topic"] == "platforms")
    listed = {one["name"]: one["sunset"] for one in command("platforms", "--json").document["platforms"]}
    assert listed["klaviyo"] == soon
    assert listed["hubspot"] == "2028-03-01"
    assert listed["mailman"] is None
    assert soon in command("platforms").out
