"""The chain of a segment, run through Dagster against the simulator and a real warehouse."""

import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from remote_segments.config.loader import load_project
from remote_segments.config.project import Project
from remote_segments.orchestration import build_definitions, segment_key
from remote_segments.orchestration.keys import chain_keys, layer_key
from remote_segments.orchestration.partitions import open_window, partitions_of
from remote_segments.simulator import Simulator
from remote_segments.sync.pausing import pause, resume
from remote_segments.sync.status import read_status
from tests.support.projects import PAYING, VIP, ready_project, seed_contacts, snapshot_rows, table_rows, write_segment

LAYERS = ("raw_remote_ids", "mapped_keys", "enriched_segment")


class Runner:
    """Runs the assets of one segment in an instance of its own, as the UI or a schedule would."""

    def __init__(self, project: Project, name: str) -> None:
        self.project, self.name = project, name
        self.instance = dg.DagsterInstance.ephemeral(tempdir=str(project.folder))

    def window(self, back: int = 0) -> str:
        keys = partitions_of(self.project, self.project.segment(self.name)).get_partition_keys()
        return keys[-1 - back]

    def run(
        self, *layers: str, window: str | None = None, tags: dict[str, str] | None = None
    ) -> dg.ExecuteInProcessResult:
        definitions = build_definitions(self.project.folder, segments=[self.name], retries=None)
        job = definitions.get_repository_def().get_all_jobs()
        refresh = next(one for one in job if one.name.startswith("refresh_"))
        return refresh.execute_in_process(
            instance=self.instance,
            partition_key=None if tags and "dagster/asset_partition_range_start" in tags else window or self.window(),
            asset_selection=[layer_key(self.name, layer) for layer in layers or LAYERS],
            raise_on_error=False,
            tags=tags,
        )

    def metadata(self, layer: str) -> dict[str, object]:
        event = self.instance.get_latest_materialization_event(layer_key(self.name, layer))
        return {name: value.value for name, value in event.asset_materialization.metadata.items()}

    def materialized(self, layer: str) -> set[str]:
        return set(self.instance.get_materialized_partitions(layer_key(self.name, layer)))


@pytest.fixture
def runner(tmp_path: Path, simulator: Simulator) -> Runner:
    return Runner(ready_project(tmp_path, simulator, {"vip": VIP}), "vip")


def failure(result: dg.ExecuteInProcessResult) -> str:
    """What the failed step says."""
    events = [event for event in result.all_events if event.is_step_failure]
    return events[0].step_failure_data.user_failure_data.description


def checks(result: dg.ExecuteInProcessResult) -> dict[str, bool]:
    return {one.check_name: one.passed for one in result.get_asset_check_evaluations()}


def test_one_file_becomes_a_published_segment(runner: Runner, simulator: Simulator) -> None:
    """Every fetched member is accounted for, and the published table holds the mapped ones."""
    result = runner.run()
    assert result.success
    expected = simulator.expected("klaviyo", "VIPOPN", 1)
    shown = runner.metadata("enriched_segment")
    assert shown["fetched"] == len(expected)
    outcomes = ("mapped", "unknown", "ambiguous", "invalid", "duplicate")
    assert shown["fetched"] == sum(shown[name] for name in outcomes)
    known = {member.profile.person for member in expected if member.profile.kind in ("known", "twin")}
    published = table_rows(runner.project, "vip", "contact_id")
    assert {key for (key,) in published} == {f"C{number:07d}" for number in known}
    assert shown["dagster/row_count"] == shown["mapped"] == len(published)
    names = (
        "updated_by_the_platform",
        "unchanged_on_the_platform",
        "every_member_accounted_for",
        "match_rate",
        "publishable",
        "data_age",
    )
    passed = dict.fromkeys(names, True)
    assert checks(result) == passed


def test_metadata_says_how_completeness_was_proven(runner: Runner) -> None:
    """A person sees in the UI what was fetched, how it is known to be complete, and what it took."""
    runner.run()
    raw, mapped, enriched = (runner.metadata(layer) for layer in LAYERS)
    assert raw["completeness"]
    assert raw["pages"] >= 1
    assert raw["calls"] >= raw["pages"]
    assert raw["seconds"] >= 0
    assert 0 < mapped["match rate (%)"] <= 100
    columns = [column.name for column in enriched["dagster/column_schema"].columns]
    assert columns[-2:] == ["joined_at", "snapshot_at"]
    assert "contact_id" in columns


def test_a_second_refresh_shows_who_joined_and_who_left(runner: Runner, simulator: Simulator) -> None:
    """The first snapshot is a baseline, the second counts against it."""
    runner.run()
    assert runner.metadata("enriched_segment")["left"] == 0
    runner.run()
    shown = runner.metadata("enriched_segment")
    assert shown["joined"] > 0
    assert shown["left"] > 0
    causes = {cause for (cause,) in table_rows(runner.project, "changes", "cause")}
    assert causes == {"baseline", "remote"}


def test_chains_of_a_batch_run_one_after_the_other(tmp_path: Path, simulator: Simulator) -> None:
    """No segment waits for the slowest fetch of its batch before it is published."""
    ready_project(tmp_path, simulator, {"a": VIP, "b": PAYING, "c": VIP})
    definitions = build_definitions(tmp_path, retries=None)
    project = load_project(tmp_path)
    window = open_window(partitions_of(project, project.segment("a")), datetime.now(UTC))
    result = definitions.resolve_job_def("refresh_hourly").execute_in_process(
        partition_key=window.key, instance=dg.DagsterInstance.ephemeral(tempdir=str(tmp_path))
    )
    started = [event.step_key for event in result.all_events if event.event_type_value == "STEP_START"]
    order = [step.split("__")[1:] for step in started if step.startswith("segments__")]
    assert [layer for _, layer in order] == list(LAYERS) * 3
    assert [name for name, _ in order[::3]] == ["a", "b", "c"]


def test_a_window_long_past_is_refused_and_names_what_to_do(runner: Runner, simulator: Simulator) -> None:
    """Promise 8: the platform only knows now; a person's request for last week fails clearly, without a call."""
    result = runner.run(window=runner.window(back=168))
    assert not result.success
    assert "window-missed" in failure(result)
    assert runner.window() in failure(result)
    assert simulator.calls(verb="members") == []
    assert runner.materialized("raw_remote_ids") == set()


def test_a_scheduled_run_that_comes_too_late_is_recorded_as_missed(runner: Runner, simulator: Simulator) -> None:
    """Promise 8: a schedule's run of a window long past is skipped, visibly, and fails nothing."""
    result = runner.run(window=runner.window(back=5), tags={"dagster/schedule_name": "refresh_hourly_schedule"})
    assert result.success
    assert runner.materialized("raw_remote_ids") == runner.materialized("enriched_segment") == set()
    [row] = snapshot_rows(runner.project, "vip")
    assert (row["state"], row["reason"], row["partition_key"]) == ("missed", "window-missed", runner.window(back=5))
    assert simulator.calls(verb="members") == []


def test_a_run_one_window_late_still_fetches(runner: Runner) -> None:
    """Promise 8: a run queued at 10:59 may start at 11:01; its snapshot is stamped with the instant of the fetch."""
    before = datetime.now(UTC)
    assert runner.run(window=runner.window(back=1)).success
    [row] = snapshot_rows(runner.project, "vip")
    assert row["partition_key"] == runner.window(back=1)
    [status] = read_status(runner.project, datetime.now(UTC))
    assert before - timedelta(seconds=1) <= status.snapshot_at <= datetime.now(UTC)


def test_a_paused_segment_is_skipped_visibly(runner: Runner, simulator: Simulator) -> None:
    """Nothing is fetched, nothing fails, and the pause is seen in `snapshots` and in the status."""
    pause(runner.project, "vip", reason="migration", until=None, now=datetime.now(UTC))
    assert runner.run().success
    assert simulator.calls(verb="members") == []
    [row] = snapshot_rows(runner.project, "vip")
    assert (row["state"], row["reason"]) == ("skipped", "paused")
    [status] = read_status(runner.project, datetime.now(UTC))
    assert status.state == "paused"
    assert "migration" in status.message
    resume(runner.project, "vip")
    assert runner.run().success
    assert runner.materialized("enriched_segment") == {runner.window()}


def test_a_held_snapshot_is_a_failing_check_and_nothing_is_materialized(runner: Runner) -> None:
    """Nobody mapped of many fetched: the last published snapshot stays what everybody reads."""
    runner.run()
    before = table_rows(runner.project, "vip")
    write_segment(runner.project.folder, "vip", {**VIP, "identifiers": [{"external_id": "country"}]})
    runner = _again(runner)
    result = runner.run()
    assert not result.success
    assert checks(result)["publishable"] is False
    assert runner.materialized("enriched_segment") == set()
    assert table_rows(runner.project, "vip") == before
    [status] = read_status(runner.project, datetime.now(UTC))
    assert (status.state, status.reason) == ("held", "none-mapped")


def _again(runner: Runner) -> Runner:
    """The same project after its files were edited and the code location reloaded."""
    from remote_segments.orchestration import project as loaded

    loaded._loaded.cache_clear()
    return Runner(load_project(runner.project.folder), runner.name)


def test_a_failed_fetch_leaves_the_last_snapshot_and_is_recorded(runner: Runner, simulator: Simulator) -> None:
    """Promise 2: a server that answers 500 from page 2 on publishes nothing."""
    runner.run()
    before = table_rows(runner.project, "vip")
    simulator.fault("key-refused", page=2, times=None)
    result = runner.run()
    assert not result.success
    assert "[key-refused]" in failure(result)
    assert table_rows(runner.project, "vip") == before
    [status] = read_status(runner.project, datetime.now(UTC))
    assert (status.state, status.reason) == ("failed", "key-refused")


def test_rebuilding_an_old_window_calls_nobody_and_leaves_the_segment(runner: Runner, simulator: Simulator) -> None:
    """Promise 7: keys are derived anew from stored ids; the published table and its freshness do not change."""
    runner.run(window=runner.window(back=1))
    runner.run()
    published, calls = table_rows(runner.project, "vip"), len(simulator.calls())
    [before] = read_status(runner.project, datetime.now(UTC))
    result = runner.run("mapped_keys", "enriched_segment", window=runner.window(back=1))
    assert result.success
    assert len(simulator.calls()) == calls
    assert table_rows(runner.project, "vip") == published
    [after] = read_status(runner.project, datetime.now(UTC))
    assert after.snapshot_at == before.snapshot_at


def test_a_range_of_old_windows_is_refused_once(runner: Runner, simulator: Simulator) -> None:
    """A backfill of raw ids over a week is one run that fails with one message."""
    tags = {
        "dagster/asset_partition_range_start": runner.window(168),
        "dagster/asset_partition_range_end": runner.window(2),
    }
    result = runner.run(tags=tags)
    assert not result.success
    assert "167 windows" in failure(result)
    assert simulator.calls() == []


def test_a_range_is_rebuilt_in_one_run(runner: Runner) -> None:
    """A rebuild of several stored windows is one run, and each partition has metadata of its own."""
    runner.run(window=runner.window(back=1))
    runner.run()
    tags = {
        "dagster/asset_partition_range_start": runner.window(1),
        "dagster/asset_partition_range_end": runner.window(0),
    }
    assert runner.run("mapped_keys", "enriched_segment", tags=tags).success
    assert runner.materialized("mapped_keys") == {runner.window(1), runner.window(0)}


def test_a_refreshed_model_maps_the_latest_ids_again(runner: Runner, simulator: Simulator) -> None:
    """Promise 15: people who appear because the model changed are `model`, never remote; nobody is called."""
    seed_contacts(runner.project, simulator, leave_out=range(0, 2_000, 3))
    runner.run()
    calls = len(simulator.calls())
    seed_contacts(runner.project, simulator)
    assert runner.run("mapped_keys", "enriched_segment").success
    assert len(simulator.calls()) == calls
    causes = {cause for (cause,) in table_rows(runner.project, "changes", "cause")}
    assert causes == {"baseline", "model"}
    shown = runner.metadata("enriched_segment")
    assert (shown["joined"], shown["left"]) == (0, 0)
    assert shown["mapped"] == len(table_rows(runner.project, "vip"))


def test_the_automation_asks_for_a_remap_once_the_model_is_materialized(runner: Runner) -> None:
    """Both derived assets, in the newest window, once; a refresh of the segment itself asks for nothing."""
    definitions = build_definitions(runner.project.folder)
    warnings.simplefilter("ignore", dg.BetaWarning)  # of Dagster's own tester
    evaluated = dg.evaluate_automation_conditions(definitions, runner.instance)
    assert evaluated.total_requested == 0
    runner.run()
    evaluated = dg.evaluate_automation_conditions(definitions, runner.instance, cursor=evaluated.cursor)
    assert evaluated.total_requested == 0
    runner.instance.report_runless_asset_event(dg.AssetMaterialization(asset_key=["models", "contacts"]))
    evaluated = dg.evaluate_automation_conditions(definitions, runner.instance, cursor=evaluated.cursor)
    for layer in ("mapped_keys", "enriched_segment"):
        assert evaluated.get_requested_partitions(layer_key("vip", layer)) == {runner.window()}
    assert evaluated.total_requested == 2
    evaluated = dg.evaluate_automation_conditions(definitions, runner.instance, cursor=evaluated.cursor)
    assert evaluated.total_requested == 0


@pytest.mark.parametrize("frequency", ["15 minutes", "1 day"])
def test_a_changed_frequency_keeps_history_and_fetches_nothing(
    runner: Runner, simulator: Simulator, frequency: str
) -> None:
    """History is keyed by instant: other windows, the same changes, the same published segment."""
    runner.run()
    runner.run()
    changes, published, calls = (
        table_rows(runner.project, "changes"),
        table_rows(runner.project, "vip"),
        len(simulator.calls()),
    )
    write_segment(runner.project.folder, "vip", {**VIP, "refresh_frequency": frequency})
    runner = _again(runner)
    assert table_rows(runner.project, "changes") == changes
    assert table_rows(runner.project, "vip") == published
    assert len(simulator.calls()) == calls
    assert runner.run().success
    [status] = read_status(runner.project, datetime.now(UTC))
    assert status.state == "published"
    assert set(changes) < set(table_rows(runner.project, "changes"))
    assert {cause for (cause,) in table_rows(runner.project, "changes", "cause")} == {"baseline", "remote"}


def test_a_first_refresh_with_nobody_is_empty_and_proven(tmp_path: Path, simulator: Simulator) -> None:
    """Promise 4: proven empty, failed and never fetched are three visible states."""
    empty = {**VIP, "source": {"connection": "klaviyo", "segment_id": "NOBODY"}}
    lost = {**VIP, "source": {"connection": "klaviyo", "segment_id": "NOSUCH"}}
    project = ready_project(tmp_path, simulator, {"empty": empty, "lost": lost, "never": VIP})
    assert Runner(project, "empty").run().success
    result = Runner(project, "lost").run()
    assert "[segment-not-found]" in failure(result)
    states = {one.name: one.state for one in read_status(project, datetime.now(UTC))}
    assert states == {"empty": "empty", "lost": "failed", "never": "never_fetched"}
    assert table_rows(project, "empty") == []


def test_the_definition_decides_the_code_version(runner: Runner) -> None:
    """The UI marks a segment whose identifiers were edited as out of date."""
    graph = build_definitions(runner.project.folder).resolve_asset_graph()
    versions = {graph.get(key).code_version for key in chain_keys("vip")}
    assert len(versions) == 1
    write_segment(runner.project.folder, "vip", {**VIP, "identifiers": [{"email": "email"}]})
    edited = build_definitions(_again(runner).project.folder).resolve_asset_graph()
    assert {edited.get(key).code_version for key in chain_keys("vip")}.isdisjoint(versions)
    assert graph.get(segment_key("vip")).group_name == "vip"


def test_a_model_that_went_away_is_a_failure_in_the_status(runner: Runner) -> None:
    """The ids are fetched, but nothing was published, and the status says why."""
    runner.run()
    before = table_rows(runner.project, "vip")
    with runner.project.open_warehouse().write() as session:
        session.execute("ALTER TABLE analytics.contacts RENAME TO elsewhere")
    assert not runner.run().success
    [status] = read_status(runner.project, datetime.now(UTC))
    assert (status.state, status.reason) == ("failed", "model-missing")
    assert table_rows(runner.project, "vip") == before


def test_a_segment_that_the_platform_no_longer_updates_is_told(tmp_path: Path, simulator: Simulator) -> None:
    """Fresh ids of a segment that stands still are a warning in the check, the metadata and the status."""
    still = {**VIP, "source": {"connection": "klaviyo", "segment_id": "PAUSED"}}
    runner = Runner(ready_project(tmp_path, simulator, {"still": still}), "still")
    result = runner.run()
    assert result.success
    assert checks(result)["updated_by_the_platform"] is False
    assert "no longer updates" in runner.metadata("raw_remote_ids")["warning"]
    [status] = read_status(runner.project, datetime.now(UTC))
    assert status.state == "published"
    assert "no longer updates" in status.message
