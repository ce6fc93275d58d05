"""Audiences in Dagster: one asset after its inputs, refreshed when they are, refused in sight of everybody."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from remote_segments.config.loader import load_project
from remote_segments.config.project import Project
from remote_segments.errors import TemporaryError
from remote_segments.orchestration import build_definitions, refresh_request, segment_input, segment_key
from remote_segments.orchestration.checks import INPUTS, PUBLISHABLE
from remote_segments.orchestration.running import refresh
from remote_segments.simulator import Simulator
from remote_segments.sync.status import read_status
from tests.support.commands import command
from tests.support.projects import PAYING, VIP, ready_project, table_rows

LOYAL = {"model": "contacts", "all": ["vip"], "none": ["paying"]}


def write_audience(folder: Path, name: str, **content: Any) -> None:
    """Writes an audience file."""
    (folder / "audiences").mkdir(exist_ok=True)
    (folder / "audiences" / f"{name}.yaml").write_text(yaml.safe_dump(content, sort_keys=False))


@pytest.fixture
def project(tmp_path: Path, simulator: Simulator) -> Project:
    """An hourly segment, a daily one of another platform and zone, and who is in the first and not in the second."""
    daily = {**PAYING, "refresh_frequency": "1 day at 06:30", "timezone": "America/New_York"}
    ready_project(tmp_path, simulator, {"vip": VIP, "paying": daily})
    write_audience(tmp_path, "loyal", **LOYAL)
    return load_project(tmp_path)


@pytest.fixture
def instance(tmp_path_factory: pytest.TempPathFactory) -> dg.DagsterInstance:
    """An instance that is forgotten."""
    return dg.DagsterInstance.ephemeral(tempdir=str(tmp_path_factory.mktemp("dagster")))


def combined(folder: Path, name: str, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    """One run of the job that combines audiences."""
    job = build_definitions(folder, retries=None).resolve_job_def("combine_audiences")
    return job.execute_in_process(instance=instance, asset_selection=[segment_key(name)], raise_on_error=False)


def keys_of(project: Project, name: str) -> set[str]:
    """Who the published table shows."""
    return {row[0] for row in table_rows(project, name, "contact_id")}


def test_an_audience_is_one_asset_after_its_inputs_and_its_model(project: Project) -> None:
    """It has the key of a published segment, no windows, and the checks that a person looks at."""
    graph = build_definitions(project.folder).resolve_asset_graph()
    node = graph.get(segment_key("loyal"))
    assert node.parent_keys == {segment_key("vip"), segment_key("paying"), dg.AssetKey(["models", "contacts"])}
    assert not node.is_partitioned
    names = {key.name for key in graph.asset_check_keys if key.asset_key == node.key}
    assert names == {INPUTS, PUBLISHABLE, "data_age"}
    assert refresh_request("loyal", path=project.folder).asset_selection == [segment_key("loyal")]


def test_an_audience_is_combined_and_read_like_a_segment(project: Project, instance: dg.DagsterInstance) -> None:
    """Promise 18: `segment_input` gives its rows; metadata names the oldest input, and where each column is from."""
    for name in ("vip", "paying"):
        refresh(project.folder, name)
    result = combined(project.folder, "loyal", instance)
    assert result.success
    assert keys_of(project, "loyal") == keys_of(project, "vip") - keys_of(project, "paying")
    event = instance.get_latest_materialization_event(segment_key("loyal"))
    assert event is not None
    assert event.asset_materialization is not None
    shown = event.asset_materialization.metadata
    assert shown["oldest input"].value == "vip"
    assert "| paying | fresh |" in str(shown["inputs"].value)
    lineage = shown["dagster/column_lineage"].value.deps_by_column
    assert {dep.asset_key for dep in lineage["contact_id"]} == {
        dg.AssetKey(["models", "contacts"]), segment_key("vip"), segment_key("paying")
    }  # fmt: skip
    assert {dep.asset_key for dep in lineage["snapshot_at"]} == {segment_key("vip"), segment_key("paying")}
    frames = []

    @dg.asset(ins={"loyal": segment_input("loyal")})
    def mailing(loyal: Any) -> dg.MaterializeResult[Any]:
        frames.append(loyal)
        return dg.MaterializeResult()

    definitions = dg.Definitions.merge(build_definitions(project.folder), dg.Definitions(assets=[mailing]))
    job = definitions.resolve_implicit_global_asset_job_def()
    assert job.execute_in_process(instance=instance, asset_selection=[mailing.key]).success
    assert set(frames[0]["contact_id"]) == keys_of(project, "loyal")


def test_a_refused_audience_is_seen_in_check_status_and_command(project: Project, instance: dg.DagsterInstance) -> None:
    """Promise 17: the check fails, nothing is materialized, nothing is tried again, and everybody is told why."""
    refresh(project.folder, "vip")
    result = combined(project.folder, "loyal", instance)
    assert not result.success
    [verdict] = result.get_asset_check_evaluations()
    assert (verdict.check_name, verdict.passed, verdict.blocking) == (INPUTS, False, True)
    assert "`paying` was never published" in (verdict.description or "")
    assert instance.get_latest_materialization_event(segment_key("loyal")) is None
    status = next(one for one in read_status(project, datetime.now(UTC)) if one.name == "loyal")
    assert (status.state, status.reason) == ("failed", "input-never-fetched")
    with pytest.raises(TemporaryError, match="input-never-fetched"):
        refresh(project.folder, "loyal")
    shown = command("run", "loyal", "--project", project.folder)
    assert (shown.code, "`paying` was never published" in shown.err) == (3, True)


def test_an_audience_is_refreshed_whenever_an_input_is(project: Project, instance: dg.DagsterInstance) -> None:
    """Inputs of two frequencies: each publication starts it, nothing else does, and none waits for the other."""
    definitions = build_definitions(project.folder)
    key = segment_key("loyal")
    asked = dg.evaluate_automation_conditions(definitions, instance, asset_selection=dg.AssetSelection.assets(key))
    assert asked.total_requested == 0
    for name in ("vip", "paying", "vip"):
        window = refresh_request(name, path=project.folder).partition_key
        instance.report_runless_asset_event(dg.AssetMaterialization(segment_key(name), partition=window))
        asked = dg.evaluate_automation_conditions(
            definitions, instance, asset_selection=dg.AssetSelection.assets(key), cursor=asked.cursor
        )
        assert asked.total_requested == 1, name
        again = dg.evaluate_automation_conditions(
            definitions, instance, asset_selection=dg.AssetSelection.assets(key), cursor=asked.cursor
        )
        assert again.total_requested == 0
        asked = again


def test_the_automation_runs_where_schedules_run(project: Project) -> None:
    """The sensor that starts audiences is on by default where the environment says so."""
    for environment, status in (
        ("running", dg.DefaultSensorStatus.RUNNING),
        ("development", dg.DefaultSensorStatus.STOPPED),
    ):
        repository = build_definitions(project.folder, environment=environment).get_repository_def()
        sensor = repository.get_sensor_def("remote_segments_automation")
        assert sensor.default_status == status


def test_an_audience_with_a_frequency_has_a_schedule(project: Project) -> None:
    """It is combined at its own times, in its own zone, and not by its inputs."""
    write_audience(project.folder, "loyal", **LOYAL, refresh_frequency="1 day at 07:00", timezone="America/New_York")
    definitions = build_definitions(project.folder)
    schedule = definitions.resolve_schedule_def("combine_daily_at_0700_america_new_york_schedule")
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 7 * * *", "America/New_York")
    context = dg.build_schedule_context(scheduled_execution_time=datetime(2026, 11, 24, 12, tzinfo=UTC))
    [request] = schedule.evaluate_tick(context).run_requests or []
    assert request.asset_selection == [segment_key("loyal")]


def test_audiences_of_one_depth_are_one_run_and_one_that_fails_stops_no_other(
    project: Project, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two runs for four audiences; whoever is made of a failed one is combined of what that published last."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    folder = project.folder
    for name, inner in (("early", "vip"), ("fine", "vip"), ("outer", "early")):
        write_audience(folder, name, model="contacts", all=[inner])
    names = ["outer", "early", "loyal", "fine"]
    assert command("run", "vip", "early", "--project", folder).code == 0
    write_audience(folder, "early", model="contacts", all=["vip"], where={"no_such_column": "x"})
    with dg.DagsterInstance.get() as instance:
        before = instance.get_runs_count()
    shown = command("run", *names, "--project", folder, "--json")
    with dg.DagsterInstance.get() as instance:
        assert instance.get_runs_count() - before == 2
    assert {one["code"] for one in shown.document["problems"]} == {"unknown-column", "input-never-fetched"}
    states = {one["name"]: one["state"] for one in shown.document["segments"]}
    assert states == {"early": "failed", "loyal": "failed", "fine": "published", "outer": "published"}
    assert shown.code == 2
    assert keys_of(project, "outer") == keys_of(project, "vip")


def test_a_paused_audience_is_left_alone(project: Project) -> None:
    """A pause is for audiences as for segments."""
    for name in ("vip", "paying"):
        refresh(project.folder, name)
    assert command("pause", "loyal", "--reason", "holidays", "--project", project.folder).code == 0
    refresh(project.folder, "loyal")
    status = next(one for one in read_status(project, datetime.now(UTC)) if one.name == "loyal")
    assert (status.state, status.snapshot_at) == ("paused", None)


def test_commands_know_audiences(project: Project) -> None:
    """`run` goes from the inside out; `members`, `history`, `status` and `diff` take the name of an audience."""
    folder = project.folder
    write_audience(folder, "outer", model="contacts", all=["loyal"], where={"country": "FR"})
    assert command("run", "outer", "loyal", "paying", "vip", "--project", folder).code == 0
    loyal = len(keys_of(project, "loyal"))
    assert f"loyal had {loyal:,} members" in command("members", "loyal", "--project", folder).out
    assert "combination" in command("history", "loyal", "--project", folder).out
    [document] = [
        one for one in command("status", "--project", folder, "--json").document["segments"] if one["name"] == "outer"
    ]
    assert (document["state"], document["oldest_input"]) == ("published", "loyal")
    before = folder.parent / "before"
    (before / "audiences").mkdir(parents=True)
    for file in ("project.yaml", "audiences/loyal.yaml"):
        (before / file).write_text((folder / file).read_text())
    (before / "segments").mkdir()
    for name in ("vip", "paying"):
        (before / "segments" / f"{name}.yaml").write_text((folder / "segments" / f"{name}.yaml").read_text())
    write_audience(folder, "loyal", model="contacts", all=["vip"])
    shown = command("diff", before, "--project", folder).out
    assert "outer: added" in shown
    assert "none: " in shown
    assert "other people may be in it" in shown
