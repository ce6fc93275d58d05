"""Every command: what it prints, the JSON it promises, its exit code."""

import json
import os
import signal
from pathlib import Path
from types import SimpleNamespace

import pytest

from remote_segments.cli import app as application
from remote_segments.cli.app import load_env_file
from remote_segments.config.project import Project
from remote_segments.errors import EngineError, HeldError, PlatformError, ProjectError, TemporaryError
from remote_segments.rest.catalog import bundled
from remote_segments.simulator import Simulator
from tests.support.commands import command, edit, on_terminal, process, started
from tests.support.projects import snapshot_rows

COMMANDS = ("init", "segments", "add", "preview", "validate", "diff", "doctor", "test", "run", "status",
            "unmapped", "members", "history", "explain", "report", "plan", "apply", "adopt", "settle",
            "approve", "reject", "pause", "resume", "erase", "prune", "dbt-sources", "platforms",
            "simulator", "demo", "ui", "analyze", "platform")  # fmt: skip
STATUS = {"name", "state", "reason", "message", "fetched", "mapped", "unmapped", "joined", "left", "seconds",
          "snapshot_at", "age", "fresh", "held", "inputs", "oldest_input", "raised_limits",
    "remote_name", "remote_state", "drift"}  # fmt: skip
REASONS = {"unknown", "ambiguous", "invalid", "duplicate"}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    """`--help` says what a command does and names its options in whole sentences."""
    shown = command(name, "--help")
    assert shown.code == 0
    assert f"remote-segments {name}" in shown.out
    assert "--help" in shown.out


def test_the_list_of_commands_is_whole_and_nothing_in_it_is_cut_off() -> None:
    """A new user sees every command with a line that ends."""
    shown = command()
    listed = (shown.out + shown.err).partition("Commands:")[2]
    assert [line.split()[0] for line in listed.splitlines() if line.strip()] == list(COMMANDS)
    assert "..." not in listed


def test_the_release_is_printed() -> None:
    """`--version` says what is installed."""
    shown = command("--version")
    assert shown.code == 0
    assert shown.out.startswith("remote-segments ")


def test_a_sound_project_is_valid(project: Project) -> None:
    """`validate` needs neither network nor secret, and says how many calls the schedules make."""
    shown = command("validate")
    assert shown.code == 0
    assert "segment_configs is valid: 2 segments, 1 model, 2 connections" in shown.out
    assert "klaviyo: at least" in shown.out
    document = command("validate", "--json").document
    calls = document.pop("calls_per_day")
    assert set(calls) == {"hubspot", "klaviyo"}
    assert 0 < calls["klaviyo"]["at_least"] < calls["klaviyo"]["allowed"]
    assert document == {
        "valid": True,
        "environment": "development",
        "segments": 2,
        "audiences": 0,
        "connections": 2,
        "warnings": [],
        "models": 1,
        "problems": [],
    }


def test_mistakes_in_two_files_are_told_at_once(project: Project) -> None:
    """Promise 31: every problem has code, file, line, what was found and what to do, in both forms of output."""
    edit(project.folder / "segments" / "vip.yaml", model=None, modle="contacts")
    edit(project.folder / "segments" / "paying.yaml", source={"connection": "hubspto", "list_id": "55"})
    shown = command("validate")
    assert shown.code == 2
    assert shown.out == ""
    assert "segment_configs/segments/paying.yaml:3: [unknown-connection]" in shown.err
    assert "segment_configs/segments/vip.yaml:8: [unknown-key]" in shown.err
    assert "Did you mean `model`?" in shown.err
    assert "Did you mean `hubspot`?" in shown.err
    problems = command("validate", "--json").document["problems"]
    assert [(one["code"], one["where"]) for one in problems] == [
        ("unknown-connection", "segment_configs/segments/paying.yaml:3"),
        ("unknown-key", "segment_configs/segments/vip.yaml:8"),
    ]
    assert all(set(one) == {"code", "found", "fix", "where"} for one in problems)


@pytest.mark.parametrize("there", [False, True])
def test_a_project_that_is_not_there_is_looked_for_in_the_right_place(there: bool, tmp_path: Path) -> None:
    """The message names the folder, the option and the variable."""
    if there:
        (tmp_path / "other").mkdir()
    shown = command("validate", "--project", tmp_path / "other")
    assert shown.code == 2
    assert shown.err.startswith("other/project.yaml: [missing-file]" if there else "other: [missing-file]")
    assert "--project DIR" in shown.err
    assert "REMOTE_SEGMENTS_PROJECT" in shown.err


@pytest.mark.parametrize("name", ["run", "resume", "pause"])
def test_a_misspelt_segment_is_told_with_the_nearest_name(name: str, project: Project) -> None:
    """Nothing is done for a segment that is not there."""
    shown = command(name, "vpi", *(["--reason", "why"] if name == "pause" else []))
    assert shown.code == 2
    assert "[unknown-segment]" in shown.err
    assert "Did you mean `vip`?" in shown.err


def test_a_segment_never_fetched_is_neither_failed_nor_empty(project: Project) -> None:
    """Promise 4: never fetched is a state of its own."""
    rows = command("status", "--json").document["segments"]
    assert [(one["name"], one["state"], one["fetched"], one["unmapped"]) for one in rows] == [
        ("paying", "never_fetched", None, None),
        ("vip", "never_fetched", None, None),
    ]
    assert "never fetched" in command("status").out


def test_a_run_is_published_and_accounted_for(project: Project, simulator: Simulator) -> None:
    """Promise 11: in the published form, fetched is the sum of the outcomes."""
    shown = command("run", "vip", "paying", "vip", "--json")
    assert shown.code == 0
    assert shown.err == ""
    assert shown.document["problems"] == []
    assert [one["name"] for one in shown.document["segments"]] == ["paying", "vip"]
    assert len(snapshot_rows(project, "vip")) == 1
    for one in command("status", "--json").document["segments"]:
        assert set(one) == STATUS
        assert set(one["unmapped"]) == REASONS
        assert one["fetched"] == one["mapped"] + sum(one["unmapped"].values())
        assert one["state"] == "published"
        assert one["fresh"] is True
    vip = shown.document["segments"][1]
    assert vip["fetched"] == len(simulator.expected("klaviyo", "VIPOPN", 1))
    table = command("status").out
    assert f"{vip['fetched']}" in table
    assert "unknown" in table


def test_one_segment_that_fails_does_not_stop_the_others(project: Project, simulator: Simulator) -> None:
    """The exit code is that of the failure; what worked is published."""
    simulator.fault("html", platform="hubspot")
    shown = command("run", "paying", "vip", "--json")
    assert shown.code == 4
    states = {one["name"]: one["state"] for one in shown.document["segments"]}
    assert states == {"paying": "failed", "vip": "published"}
    assert [one["code"] for one in shown.document["problems"]] == ["not-json"]
    assert "[not-json]" in shown.err


@pytest.mark.parametrize(
    ("error", "code"), [(ProjectError, 2), (TemporaryError, 3), (PlatformError, 4), (HeldError, 5), (EngineError, 1)]
)
def test_the_exit_code_says_who_must_act(error: type, code: int, project: Project, monkeypatch) -> None:
    """2 somebody edits, 3 wait, 4 the platform, 5 a person decides, 1 a bug."""

    def fail(*_: object, **__: object) -> None:
        raise error("some-code", "Something was found.", "Do this.", "there")

    monkeypatch.setattr("remote_segments.orchestration.running.refresh", fail)
    shown = command("run", "vip")
    assert shown.code == code
    assert shown.err.endswith("there: [some-code] Something was found.\n    Do this.\n")


@pytest.mark.parametrize("as_json", [False, True])
def test_of_a_bug_only_kind_and_place_are_told(as_json: bool, project: Project, monkeypatch) -> None:
    """Promise 29: the text of an error that is not ours may name a person, so it is not printed."""

    def fail(*_: object) -> None:
        raise KeyError("ada.canary@example.test")

    monkeypatch.setattr("remote_segments.cli.status.read_status", fail)
    shown = command("status", *(["--json"] if as_json else []))
    assert shown.code == 1
    assert "canary" not in shown.out + shown.err
    assert "KeyError was raised in remote_segments/cli/status.py" in shown.out + shown.err


def test_a_pause_is_seen_and_skips_a_refresh_until_it_ends(project: Project) -> None:
    """A paused refresh is skipped visibly; resumed, it goes on."""
    command("run", "vip")
    shown = command("pause", "vip", "--reason", "legal looks at it", "--until", "2999-01-01", "--json")
    assert shown.document == {"segment": "vip", "paused": True, "until": "2999-01-01T00:00:00+01:00"}
    skipped = command("run", "vip")
    assert skipped.code == 0
    assert "paused" in skipped.out
    assert "legal looks at it" in skipped.out
    assert [row["state"] for row in snapshot_rows(project, "vip")] == ["published", "skipped"]
    assert "legal looks at it" in command("status").out
    assert command("resume", "vip", "--json").document == {"segment": "vip", "paused": False, "was_paused": True}
    assert command("resume", "vip", "--json").document == {"segment": "vip", "paused": False, "was_paused": False}
    assert command("status", "--json").document["segments"][1]["state"] == "skipped"


@pytest.mark.parametrize("until", ["2020-01-01", "tomorrow", "2026-13-01"])
def test_a_pause_ends_in_the_future(until: str, project: Project) -> None:
    """A date that has passed, or is none, is refused: the segment would not be paused at all."""
    shown = command("pause", "vip", "--reason", "why", "--until", until)
    assert shown.code == 2
    assert "[bad-value]" in shown.err
    assert until in shown.err
    assert command("status", "--json").document["segments"][1]["state"] == "never_fetched"


def test_a_pause_without_a_reason_says_so(project: Project) -> None:
    """Whoever finds the segment not refreshed wants to know why, or that nobody said it."""
    shown = command("pause", "vip")
    assert shown.code == 0
    assert "no reason given" in shown.out


def test_progress_is_drawn_for_a_terminal_only(project: Project, tmp_path: Path) -> None:
    """A log does not fill up with bars; at a terminal one sees members and pages, and every column of the table."""
    (estimate,) = command("run", "vip").err.splitlines()
    assert "calls to klaviyo" in estimate
    shown = on_terminal("run", "vip", folder=tmp_path)
    fetched = snapshot_rows(project, "vip")[-1]["fetched"]
    assert f"{fetched} members, 1 pages" in shown
    assert "fresh" in shown


def test_a_file_of_variables_never_overrides_the_environment(tmp_path: Path, monkeypatch) -> None:
    """./.env fills in what is not set, as `dagster dev` does."""
    monkeypatch.setenv("RS_TEST_SET", "mine")
    monkeypatch.delenv("RS_TEST_UNSET", raising=False)
    (tmp_path / ".env").write_text("RS_TEST_SET=theirs\nRS_TEST_UNSET=theirs\nRS_TEST_BARE\n")
    load_env_file(Path(".env"))
    assert os.environ["RS_TEST_SET"] == "mine"
    assert os.environ.pop("RS_TEST_UNSET") == "theirs"
    assert "RS_TEST_BARE" not in os.environ


def test_a_process_of_its_own_prints_nothing_but_json(project: Project, tmp_path: Path) -> None:
    """The streams of a real process: one document on standard output, nothing on the other; .env is read."""
    (tmp_path / ".env").write_text("REMOTE_SEGMENTS_ENV=running\n")
    shown = process("run", "vip", "--json", folder=tmp_path)
    assert (shown.code, shown.err) == (0, "")
    assert json.loads(shown.out)["segments"][0]["state"] == "published"
    assert process("validate", "--json", folder=tmp_path).document["environment"] == "running"
    chosen = process("validate", "--json", folder=tmp_path, REMOTE_SEGMENTS_ENV="development")
    assert chosen.document["environment"] == "development"


def test_a_process_of_its_own_ends_with_the_code_of_the_error(tmp_path: Path) -> None:
    """Problems go to standard error for people, to standard output as JSON; never as a traceback."""
    shown = process("status", "--project", "nowhere", folder=tmp_path)
    assert (shown.code, shown.out) == (2, "")
    assert shown.err.startswith("nowhere: [missing-file] There is no such folder.\n    Create it")
    as_json = process("status", "--project", "nowhere", "--json", folder=tmp_path)
    assert (as_json.code, as_json.err) == (2, "")
    assert as_json.document["problems"][0]["code"] == "missing-file"


def test_the_simulator_says_when_its_port_is_taken(simulator: Simulator) -> None:
    """`simulator` on a port in use ends with what to do."""
    shown = command("simulator", "--port", str(simulator.port))
    assert shown.code == 2
    assert "[port-taken]" in shown.err


def test_the_simulator_names_its_accounts_and_stops_when_told(monkeypatch) -> None:
    """The addresses are printed, one per platform, before it waits."""

    class Interrupted:
        """Waiting that a person ends at once."""

        def wait(self) -> None:
            raise KeyboardInterrupt

    monkeypatch.setattr("remote_segments.cli.simulator.threading", SimpleNamespace(Event=Interrupted))
    shown = command("simulator", "--port", "0")
    assert shown.code == 0
    addresses = {line.split()[0] for line in shown.out.splitlines() if "http" in line}
    assert addresses == {file.stem for file in bundled()}
    assert shown.out.endswith("Stopped.\n")
    one = command("simulator", "--port", "0", "--platform", "mixpanel", "--platform", "klaviyo").out
    assert "Cohort One, cohort, 35 members" in one
    assert "with the options" in one
    assert "VIPOPN" in one
    assert set(command("simulator", "--port", "0", "--json", "--platform", "braze").document["platforms"]) == {"braze"}
    wrong = command("simulator", "--port", "0", "--platform", "brase")
    assert (wrong.code, "Did you mean `braze`?" in wrong.err) == (2, True)


def test_every_command_is_tested_here() -> None:
    """A new command gets its `--help` checked."""
    groups = application.app.registered_groups
    assert {one.name for one in (*application.app.registered_commands, *groups)} == set(COMMANDS)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_refresh_that_is_stopped_says_what_stays(project: Project, simulator: Simulator, how: signal.Signals) -> None:
    """Ctrl-C and a polite kill end in a sentence and the code that shells expect, not in a traceback."""
    simulator.fault("hang", page=1)
    with started("run", "vip", "--project", project.folder, folder=project.folder) as running:
        while not any(call.page == 1 for call in simulator.calls(verb="members")):
            assert running.poll() is None
        running.send_signal(how)
        _, told = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "what was published stays" in told
    assert "Traceback" not in told
