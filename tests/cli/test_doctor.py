"""`remote-segments doctor`: each thing that can be in the way is one line, with what to do."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from remote_segments.config.project import Project
from remote_segments.simulator import Simulator
from remote_segments.sync.machine import examine_machine
from tests.support.commands import command, edit, set_connection
from tests.support.projects import write_segment

SECRET = "pk_canary_0123456789"


def findings(code: int | None = None) -> dict[str, list[dict[str, Any]]]:
    """What is found, by topic."""
    shown = command("doctor", "--json")
    assert code is None or shown.code == code
    found: dict[str, list[dict[str, Any]]] = {}
    for one in shown.document["findings"]:
        assert set(one) == {"topic", "verdict", "found", "fix", "exit_code"}
        assert one["verdict"] == "ok" or one["fix"]
        found.setdefault(one["topic"], []).append(one)
    return found


@pytest.fixture
def run(project: Project) -> Project:
    """A project whose segments are published."""
    assert command("run", "vip", "paying").code == 0
    return project


def test_a_sound_project_has_nothing_bad(run: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Environment, secrets, network, warehouse and segments, each told; the code is 0."""
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    found = findings(0)
    assert {one["verdict"] for group in found.values() for one in group} == {"ok"}
    assert set(found) == {"python", "packages", "dagster", "clock", "environment", "secrets", "platforms", "warehouse",
                          "segments", "leftovers"}  # fmt: skip
    assert "2 of 2 published and fresh" in found["segments"][0]["found"]
    assert "schedules are off here" in found["environment"][0]["found"]
    assert any("knows vip as `VIP openers`" in one["found"] for one in found["platforms"])
    shown = command("doctor")
    assert shown.out.rstrip().endswith("0 warn, 0 bad")


def test_a_secret_is_never_shown(run: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise 29: that it is set is told, and where it is kept."""
    monkeypatch.setenv("RS_KEY", SECRET)
    set_connection(run.folder, api_key={"env": "RS_KEY"})
    shown = command("doctor")
    assert SECRET not in shown.out + shown.err
    assert "klaviyo.api_key is set ($RS_KEY)" in shown.out


def test_an_unset_secret_is_bad(run: Project) -> None:
    """Somebody must set it: the code is 2."""
    set_connection(run.folder, api_key={"env": "RS_UNSET"})
    found = findings(2)
    unset = [one["found"] for one in found["secrets"] if one["verdict"] == "bad"]
    assert unset == ["klaviyo.api_key is not set ($RS_UNSET)"]


def test_a_host_that_does_not_answer_is_told_with_its_name(run: Project) -> None:
    """The network may come back: the code is 3."""
    set_connection(run.folder, base_url="http://127.0.0.1:9/klaviyo")
    (silent,) = [one for one in findings(3)["platforms"] if one["verdict"] == "bad"]
    assert "127.0.0.1:9 does not answer (ConnectError)" in silent["found"]


def test_a_refused_key_is_told(run: Project, simulator: Simulator) -> None:
    """The host answers, the account does not let us in."""
    simulator.fault("key-refused", platform="klaviyo", verb="describe")
    (refused,) = [one for one in findings(2)["platforms"] if one["verdict"] == "bad"]
    assert "[key-refused]" in refused["found"]


def test_a_warehouse_that_somebody_keeps_is_told_with_the_process(run: Project) -> None:
    """Another program with the file open is named; a refresh would wait: the code is 3."""
    file = str(run.folder / "warehouse.duckdb")
    code = f"import duckdb, sys; c = duckdb.connect({file!r}); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        (kept,) = findings(3)["warehouse"]
        other.communicate()
    assert f"process {other.pid}" in kept["found"]


def test_a_failed_segment_is_told_with_its_reason(run: Project, simulator: Simulator) -> None:
    """The stored code and sentence say why; what was published stays."""
    simulator.fault("html", platform="hubspot", verb="members")
    command("run", "paying")
    simulator.state.faults.clear()
    (failed,) = [one for one in findings(2)["segments"] if one["verdict"] == "bad"]
    assert "paying: failed, fresh [not-json]" in failed["found"]


def test_what_is_paused_or_was_never_fetched_is_a_warning(project: Project) -> None:
    """Nothing is broken: the code is 0."""
    command("pause", "vip", "--reason", "migration")
    found = {one["found"].split(":")[0]: one for one in findings(0)["segments"]}
    assert found["paying"]["fix"] == "`remote-segments run paying`"
    assert found["vip"]["fix"] == "`remote-segments resume vip` ends the pause."


def test_a_warehouse_before_its_first_refresh_is_a_warning(project: Project) -> None:
    """Nobody is alarmed on the first day."""
    (project.folder / "warehouse.duckdb").unlink()
    assert [one["verdict"] for one in findings(0)["warehouse"]] == ["warn"]


def test_fetched_ids_left_on_disk_are_told(run: Project) -> None:
    """How many bytes and how old, and what removes them."""
    folder = run.state / "spool" / "vip"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "x.parquet.partial").write_text("left")
    (left,) = findings(0)["leftovers"]
    assert "vip: a fetch under way, or one that was stopped, 4 bytes" in left["found"]


def test_files_that_do_not_fit_are_told_beside_the_machine(project: Project) -> None:
    """A broken project does not keep the rest from being looked at."""
    write_segment(project.folder, "vip", {"modle": "contacts"})
    edit(project.folder / "project.yaml", start="yesterday")
    found = findings(2)
    assert len(found["project"]) > 2
    assert found["python"][0]["verdict"] == "ok"


def test_a_dagster_home_that_is_none_is_bad(tmp_path: Path) -> None:
    """Without one a warning, with a wrong one an error: Dagster would not start."""
    now = datetime.now(UTC)
    verdicts = {home: [one.verdict for one in examine_machine(now, home) if one.topic == "dagster"]
                for home in (None, "relative", str(tmp_path / "gone"), str(tmp_path))}  # fmt: skip
    assert list(verdicts.values()) == [["warn"], ["bad"], ["bad"], ["ok"]]


def test_a_package_of_another_release_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The release that is needed stands beside the one that is there."""
    monkeypatch.setattr("remote_segments.sync.machine.requires", lambda _: ["duckdb>=99", "nowhere>=1", "httpx"])
    found = [one for one in examine_machine(datetime.now(UTC)) if one.topic == "packages"]
    assert [one.verdict for one in found] == ["bad", "bad"]
    assert found[0].found.endswith("needed is duckdb>=99")
    assert found[1].found == "nowhere is missing; needed is nowhere>=1"
