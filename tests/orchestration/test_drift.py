"""What the platform does to a segment, as Dagster shows it: checks, metadata, ticks, and no alarm for ever."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from remote_segments.orchestration import alerts, build_definitions
from remote_segments.orchestration.freshness import policy_of
from remote_segments.orchestration.keys import layer_key
from remote_segments.orchestration.sensors import _aged
from remote_segments.simulator import Simulator
from tests.orchestration.test_chain import LAYERS, Runner, failure
from tests.support.projects import VIP, ready_project, snapshot_rows

FREEZING = {**VIP, "on_deleted": "freeze"}
SCHEDULED = {"dagster/schedule_name": "refresh_hourly_schedule"}


@pytest.fixture
def runner(tmp_path: Path, simulator: Simulator) -> Runner:
    """A segment that may freeze, published once, and another one of the same account."""
    project = ready_project(tmp_path, simulator, {"vip": FREEZING, "winback": source("WINBCK")})
    runner = Runner(project, "vip")
    assert runner.run().success
    return runner


def source(segment_id: str, **more: str) -> dict[str, Any]:
    """A segment file of another segment of the same account."""
    return {**VIP, "source": {"connection": "klaviyo", "segment_id": segment_id}, **more}


def change(simulator: Simulator, **what: object) -> None:
    """Does something to the segment in the tool."""
    simulator.change("klaviyo", "VIPOPN", **what)


def unchanged(result: dg.ExecuteInProcessResult) -> dg.AssetCheckEvaluation:
    """The verdict of the check about the platform."""
    found = [one for one in result.get_asset_check_evaluations() if one.check_name == "unchanged_on_the_platform"]
    return found[0]


def tick(folder: Path, **options: Any) -> Any:
    """One tick of the hourly schedule."""
    repository = build_definitions(folder, **options).get_repository_def()
    context = dg.build_schedule_context(scheduled_execution_time=datetime.now(UTC), repository_def=repository)
    return repository.get_schedule_def("refresh_hourly_schedule").evaluate_tick(context)


def test_a_renamed_segment_goes_on_and_warns_once(runner: Runner, simulator: Simulator) -> None:
    """Promise 34: the new and the old name are in the check and in the metadata; the next refresh says nothing."""
    change(simulator, name="VIP 2027", rule="opened in the last 90 days")
    result = runner.run()
    assert result.success
    verdict = unchanged(result)
    assert not verdict.passed
    assert verdict.severity == dg.AssetCheckSeverity.WARN
    assert "`VIP 2027` now; it was `VIP openers`" in (verdict.description or "")
    shown = runner.metadata("raw_remote_ids")
    assert shown["name in the tool"] == "VIP 2027"
    assert "Its rule was changed on the platform." in str(shown["changed in the tool"])
    assert (shown["API version"], shown["API version ends"]) == ("2026-07-15", "2028-07-15")
    assert unchanged(runner.run()).passed
    assert "changed in the tool" not in runner.metadata("raw_remote_ids")


def test_a_deleted_segment_that_may_freeze_is_a_warning_and_nothing_is_materialized(
    runner: Runner, simulator: Simulator
) -> None:
    """Promise 34: the run succeeds, the check says why, and what is published stays."""
    before = snapshot_rows(runner.project, "vip")
    change(simulator, deleted=True)
    result = runner.run()
    assert result.success
    assert not result.get_asset_materialization_events()
    key = dg.AssetCheckKey(layer_key("vip", "mapped_keys"), "unchanged_on_the_platform")
    [record] = runner.instance.event_log_storage.get_asset_check_execution_history(key, limit=1)
    verdict = record.event.dagster_event.event_specific_data
    assert (verdict.passed, verdict.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "Klaviyo no longer has it." in (verdict.description or "")
    assert [row["state"] for row in snapshot_rows(runner.project, "vip")] == ["published", "frozen"]
    assert snapshot_rows(runner.project, "vip")[:1] == before


def test_without_the_word_the_step_fails(runner: Runner, simulator: Simulator) -> None:
    """Promise 4: a failed refresh changes nothing, and is not retried."""
    other = Runner(runner.project, "winback")
    assert other.run().success
    simulator.change("klaviyo", "WINBCK", deleted=True)
    result = other.run()
    assert not result.success
    assert "It was there as `Win back, 90 days silent`" in failure(result)


def test_a_schedule_leaves_a_frozen_segment_out_and_says_so(runner: Runner, simulator: Simulator) -> None:
    """Nobody is asked any more; the others of the tick are refreshed, and a tick of nobody else is skipped in words."""
    change(simulator, deleted=True)
    assert runner.run().success
    [request] = tick(runner.project.folder).run_requests
    assert {key.path[1] for key in request.asset_selection} == {"winback"}
    skipped = tick(runner.project.folder, segments=["vip"])
    assert not skipped.run_requests
    assert "vip is frozen since" in (skipped.skip_message or "")
    calls = len(simulator.calls())
    late = runner.run(tags=SCHEDULED)  # a run that was asked for before the freeze
    assert late.success
    assert len(simulator.calls()) == calls
    assert snapshot_rows(runner.project, "vip")[-1]["reason"] == "segment-deleted"


def test_a_person_looks_for_a_frozen_segment_again(runner: Runner, simulator: Simulator) -> None:
    """Restored in the tool, it is refreshed, and schedules go on with it."""
    change(simulator, deleted=True)
    assert runner.run().success
    change(simulator, deleted=False)
    result = runner.run()
    assert len(result.get_asset_materialization_events()) == len(LAYERS)
    assert any("vip" in key.path for request in tick(runner.project.folder).run_requests
               for key in request.asset_selection)  # fmt: skip


def test_a_cohort_whose_day_has_come_is_fetched_by_nobody(tmp_path: Path, simulator: Simulator) -> None:
    """Neither by a schedule nor by a person: the file says so, and only the file ends it."""
    runner = Runner(ready_project(tmp_path, simulator, {"vip": {**VIP, "expires": "2026-11-02"}}), "vip")
    assert "expires: 2026-11-02" in (tick(tmp_path).skip_message or "")
    for tags in (None, SCHEDULED):
        result = runner.run(tags=tags)
        assert result.success
        assert not result.get_asset_materialization_events()
    rows = snapshot_rows(runner.project, "vip")
    assert {(row["state"], row["reason"]) for row in rows} == {("skipped", "segment-expired")}
    assert not simulator.calls()


def test_a_frozen_segment_raises_no_alarm_for_ever(runner: Runner, simulator: Simulator) -> None:
    """Promise 28: its age is told once as what it is; it passes, also while the warehouse cannot be read."""
    change(simulator, deleted=True)
    assert runner.run().success
    with runner.project.open_warehouse().write() as session:
        then = (datetime.now(UTC) - timedelta(days=90)).isoformat()
        session.execute(
            f"UPDATE segments.snapshots SET fetched_at = CAST('{then}' AS TIMESTAMPTZ) WHERE state = 'published'"
        )
    repository = build_definitions(runner.project.folder).get_repository_def()
    sensor = repository.get_sensor_def("remote_segments_data_age_sensor")
    context = dg.build_sensor_context(instance=runner.instance, repository_def=repository)
    result = sensor.evaluate_tick(context)
    [event] = [one for one in result.asset_events if "vip" in one.asset_key.path]
    assert event.passed
    assert "90 days old, and stay: frozen since" in (event.description or "")
    aged = _aged(runner.project, "vip", f"frozen {then}", datetime.now(UTC))
    assert aged.word == "frozen"
    seen = {"state": alerts.WELL, "at": then, "frozen": True}
    assert alerts._aged(runner.project, "vip", dict(seen), datetime.now(UTC))[0] is None
    assert alerts._aged(runner.project, "vip", {**seen, "frozen": False}, datetime.now(UTC))[0] is not None


@pytest.mark.parametrize("more", [{"on_deleted": "freeze"}, {"expires": "2027-01-31"}])
def test_dagster_judges_no_freshness_of_what_may_freeze(
    tmp_path: Path, simulator: Simulator, more: dict[str, str]
) -> None:
    """It looks at materializations, of which there are none any more: it would be overdue for ever."""
    project = ready_project(tmp_path, simulator, {"vip": {**VIP, **more}, "winback": source("WINBCK")})
    assert policy_of(project.segment("vip")) is None
    assert policy_of(project.segment("winback")) is not None
