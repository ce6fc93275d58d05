"""`platform check --live`: what an account shows, and a file in which nothing of that account is."""

import re
import shutil
from pathlib import Path

import pytest

from remote_segments.config.project import Project
from remote_segments.conformance.kit import check_platform
from remote_segments.conformance.reading import exchanges_file, read_exchanges, recorded_file
from remote_segments.conformance.scrubbed import writing
from remote_segments.rest.catalog import bundled
from remote_segments.simulator import Simulator, messages, server
from remote_segments.simulator.membership import SEGMENTS, profiles
from tests.support.commands import command, small_pages
from tests.support.projects import ready_project

SECRET = "pk-canary-4711-never-to-be-seen"
SECRETS = {"klaviyo": "api_key", "hubspot": "token", "customer_io": "app_api_key", "mailchimp": "api_key"}
SOME = {"klaviyo": "VIPOPN", "hubspot": "55", "customer_io": "7", "mailchimp": "a1b2c3d4e5/101"}
"""A segment of each simulated account."""


@pytest.fixture
def accounts(tmp_path: Path, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A connection to each simulated account, with a secret worth hiding; none of them says that it is simulated."""
    monkeypatch.setattr(server, "NAME", "nginx")
    connections = {
        name: {"platform": name, secret: {"file": "canary"}, "base_url": simulator.url(name)}
        | ({"data_center": "us7"} if name == "mailchimp" else {})
        for name, secret in SECRETS.items()
    }
    folder = tmp_path / "segment_configs"
    folder.mkdir()
    (folder / "canary").write_text(SECRET)
    return ready_project(folder, simulator, {}, connections=connections)


def saved(platform: str) -> Path:
    """Where a check saves its exchanges unless told otherwise."""
    return Path("segment_configs/platforms").absolute() / f"{platform}.live.exchanges.yaml"


def beside(platform: str) -> Path:
    """Puts a bundled manifest and its exchanges into the project, where the kit finds what was saved."""
    manifest = next(file for file in bundled() if file.stem == platform)
    own = saved(platform).with_name(manifest.name)
    own.parent.mkdir(exist_ok=True)
    shutil.copy(manifest, own)
    shutil.copy(exchanges_file(manifest), own.with_name(f"{platform}.exchanges.yaml"))
    return own


@pytest.mark.parametrize("platform", sorted(SOME))
def test_nothing_of_an_account_is_in_the_saved_exchanges(
    platform: str, accounts: Project, simulator: Simulator
) -> None:
    """Promise 29: no identifier, secret, name, host or id of the account; but structure, pages and counts."""
    found = command("platform", "check", "--live", platform, "--segment", SOME[platform], "--json").document
    assert found.get("lacking") == [], found
    text = saved(platform).read_text()
    people = profiles(platform, simulator.state.seed, simulator.state.people)
    canaries = {one for each in people for one in (each.profile_id, each.external_id, each.email, each.phone)}
    canaries |= {SECRET, f":{simulator.port}", "127.0.0.1", "us7", *(one.name for one in SEGMENTS[platform].values())}
    found_again = {one for one in canaries if one and len(one) > 2 and one.strip() and one in text}
    assert found_again == set()
    assert not re.search(r"@(?!example\.test)[a-z]+\.", text)
    cases = read_exchanges(saved(platform)).cases
    assert [case.gives["pages"] for case in cases.values()] == [one["pages"] for one in found["readings"]]
    assert all(len(next(iter(case.gives["members"].values()))) == case.gives["total"] for case in cases.values())


@pytest.mark.parametrize("platform", sorted(SOME))
def test_the_kit_replays_what_was_saved_and_sees_a_misspelt_path_in_it(
    platform: str, accounts: Project, simulator: Simulator
) -> None:
    """Beside a manifest and its documented exchanges, the recorded ones count among the cases."""
    manifest = beside(platform)
    before = len(read_exchanges(exchanges_file(manifest)).cases)
    found = command("platform", "check", "--live", platform, "--segment", SOME[platform], "--json").document
    assert recorded_file(manifest) == saved(platform)
    report = check_platform(manifest)
    assert [str(problem) for problem in report.problems] == []
    row = next(line for line in report.lines if line.row == "exchanges")
    assert row.verdict.note == f"{before + len(found['cases'])} cases"
    case = next(iter(read_exchanges(saved(platform)).cases.values()))
    email = next(name for name in case.gives["members"] if name in {"email", "record_id"})
    manifest.write_text(manifest.read_text().replace(f"{email}: {{path: ", f"{email}: {{path: x", 1))
    exchanges_file(manifest).write_text("cases: {}\n" + exchanges_file(manifest).read_text().partition("cases:")[0])
    assert "live_" in " ".join(problem.found for problem in check_platform(manifest).problems)


def test_what_is_proven_is_told_and_what_is_not(accounts: Project, simulator: Simulator) -> None:
    """The platform's own count, each identifier, small pages; kinds that were not read; what to do next."""
    shown = command("platform", "check", "--live", "customer_io", "--segment", "7")
    assert shown.code == 0
    members = len(simulator.expected("customer_io", "7", 1))
    assert (
        f"{members} members on 1 page: last page seen; the platform's total agrees (it counts {members})" in shown.out
    )
    assert re.search(r"email is read: \d+ of", shown.out)
    assert "3 in all, and hold as many members as the platform counts" in shown.out
    assert "remote_segments/platforms/exchanges/customer_io.live.yaml" in shown.out
    assert "`proof: live` and `checked: " in shown.out
    assert {call.verb for call in simulator.calls()} <= {"describe", "members", "list"}
    assert {call.method for call in simulator.calls()} == {"GET"}


def test_the_smallest_segment_that_tells_something_is_chosen(accounts: Project, simulator: Simulator) -> None:
    """One that is computing, empty or of one person is not; where a listing needs an id, that is said."""
    assert "other kinds of membership: list" in command("platform", "check", "--live", "klaviyo").out
    assert {call.segment for call in simulator.calls(platform="klaviyo", verb="members")} == {"VIPOPN"}
    shown = command("platform", "check", "--live", "mailchimp")
    assert (shown.code, "segment-unnamed" in shown.err) == (2, True)
    assert "--segment LIST_ID/SEGMENT_ID" in shown.err


def test_the_projects_own_segment_is_read_where_nothing_is_listed(accounts: Project, simulator: Simulator) -> None:
    """A listing that needs another id first is no obstacle then."""
    text = "model: contacts\nsource: {connection: mailchimp, list_id: a1b2c3d4e5, segment_id: '101'}\n"
    text += "identifiers: [{email: email}]\nrefresh_frequency: 1 hour\n"
    (accounts.folder / "segments" / "readers.yaml").write_text(text)
    assert command("platform", "check", "--live", "mailchimp").code == 0


def test_pages_that_cannot_be_told_apart_are_not_called_proven(accounts: Project, simulator: Simulator) -> None:
    """The second reading, on small pages, is stopped on its second page: the first holds, the way on does not."""
    simulator.fault("early-end", platform="customer_io", page=2, times=None)
    found = command("platform", "check", "--live", "customer_io", "--segment", "big-60", "--json").document
    assert any("ended in" in sentence for sentence in found["unproven"])
    assert [one["page_size"] for one in found["readings"]] == [None]


def test_small_pages_that_lose_members_are_an_error(accounts: Project, simulator: Simulator) -> None:
    """Without a count nothing else would notice: the two readings differ, and no exchanges are saved."""
    manifest = beside("customer_io")
    kept = [line for line in manifest.read_text().splitlines() if "total: {" not in line]
    manifest.write_text("\n".join(kept))
    simulator.fault("early-end", platform="customer_io", page=2, times=None)
    shown = command("platform", "check", "--live", "customer_io", "--segment", "big-60")
    assert (shown.code, "[readings-differ]" in shown.err) == (4, True)
    assert not saved("customer_io").exists()


def test_a_large_segment_is_read_but_not_saved(accounts: Project) -> None:
    """A file that nobody would look through is not written."""
    found = command("platform", "check", "--live", "customer_io", "--segment", "big-2001", "--json").document
    assert (found["members"], found["file"]) == (2001, None)
    assert "--segment" in found["lacking"][0]


def test_a_second_check_of_another_kind_keeps_the_first(accounts: Project) -> None:
    """One file per platform: a kind replaces its own cases only."""
    small_pages(accounts.folder)
    command("platform", "check", "--live", "klaviyo", "--segment", "VIPOPN")
    command("platform", "check", "--live", "klaviyo", "--segment", "NWSLTR")
    command("platform", "check", "--live", "klaviyo", "--segment", "VIPOPN", "--save", "elsewhere.yaml")
    assert set(read_exchanges(saved("klaviyo")).cases) == {"live_segment", "live_list"}
    assert set(read_exchanges(Path("elsewhere.yaml").absolute()).cases) == {"live_segment"}


def test_what_is_left_of_an_account_stops_the_saving(accounts: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The text is searched once more for everything that was replaced, and for addresses."""
    whole = writing.yaml.safe_dump
    monkeypatch.setattr(writing.yaml, "safe_dump", lambda *a, **k: whole(*a, **k) + "# ada.lovelace@acme.example\n")
    shown = command("platform", "check", "--live", "customer_io", "--segment", "7")
    assert (shown.code, "[scrub-incomplete]" in shown.err) == (1, True)
    assert not saved("customer_io").exists()
    monkeypatch.setattr(writing.yaml, "safe_dump", lambda *a, **k: whole(*a, **k) + f"# {SECRET}\n")
    assert "[scrub-incomplete]" in command("platform", "check", "--live", "customer_io", "--segment", "7").err


def test_the_simulator_proves_nothing_and_says_so(accounts: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A manifest is not lifted by what was made after its documentation: nothing is saved where the kit would find it.

    Where a file is named, it says itself what it was made with.
    """
    monkeypatch.setattr(server, "NAME", messages.NAME)
    shown = command("platform", "check", "--live", "customer_io", "--segment", "7")
    assert "proves nothing about Customer.io" in shown.out
    assert "proof: live" not in shown.out
    assert not saved("customer_io").exists()
    shown = command(
        "platform", "check", "--live", "customer_io", "--segment", "7", "--save", "elsewhere.yaml", "--json"
    )
    assert (shown.document["simulated"], shown.document["file"]) == (True, "elsewhere.yaml")
    assert "with the simulator" in Path("elsewhere.yaml").read_text().splitlines()[0]
    assert "real account" not in Path("elsewhere.yaml").read_text()


@pytest.mark.parametrize(
    ("words", "code", "meant"),
    [
        (["--live", "klavio"], "unknown-connection", "Did you mean `klaviyo`?"),
        (["--live", "klaviyo", "--segment", "VIPOPM"], "segment-not-found", "VIPOPN"),
        (["klaviyo", "--segment", "VIPOPN"], "bad-value", "--live"),
        (["--live", "hubspot", "--segment", "58"], "segment-computing", "next refresh"),
    ],
)
def test_a_slip_is_told(words: list[str], code: str, meant: str, accounts: Project) -> None:
    """The nearest name, the missing option, or what to wait for."""
    shown = command("platform", "check", *words)
    assert shown.code in (2, 3)
    assert f"[{code}]" in shown.err
    assert meant in shown.err
