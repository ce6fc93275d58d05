"""Activations in Dagster: two assets, a check that blocks while a person must decide, a sensor that follows."""

from pathlib import Path

import dagster as dg
import pytest

from remote_segments.orchestration import build_definitions
from remote_segments.orchestration.activating import SENDABLE, job_name
from remote_segments.orchestration.deciding import DecisionConfig
from remote_segments.orchestration.keys import activation_key, segment_key
from remote_segments.orchestration.project import _loaded
from remote_segments.orchestration.running import decide_now
from tests.support.activations import TO_FILE, Desk, contacts
from tests.support.warehouses import duckdb_warehouse

PLAN, SEND = (activation_key("out", layer) for layer in ("activation_plan", "activation"))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A project on DuckDB whose segment goes to a file after it was published."""
    made = Desk(tmp_path, duckdb_warehouse(tmp_path))
    made.write(activations={"out": TO_FILE})
    made.model(contacts(range(1, 10)))
    made.publish([1, 2, 3])
    return made


def run(desk: Desk) -> dg.ExecuteInProcessResult:
    """Runs the job of the activation."""
    _loaded.cache_clear()
    definitions = build_definitions(desk.folder, environment="production", retries=None)
    return definitions.resolve_job_def(job_name("out")).execute_in_process(raise_on_error=False)


def test_the_assets_stand_behind_their_segment(desk: Desk) -> None:
    """`activation_plan` depends on the published segment, `activation` on the plan."""
    graph = build_definitions(desk.folder, environment="production").resolve_asset_graph()
    assert graph.get(PLAN).parent_keys == {segment_key("vip")}
    assert graph.get(SEND).parent_keys == {PLAN}


def test_a_held_plan_blocks_the_send_until_it_is_approved(desk: Desk) -> None:
    """Promise 27: the check fails and nothing is sent; approved in Dagster, the next run sends it with its counts."""
    held = run(desk)
    assert not held.success
    [check] = [one for one in held.get_asset_check_evaluations() if one.check_name == SENDABLE]
    assert (check.passed, check.blocking, check.metadata["code"].value) == (False, True, "first-plan")
    assert not (desk.folder / "drop").exists()
    config = DecisionConfig(segment="out", decision="approve", by="ann", reason="looked")
    _loaded.cache_clear()
    decide_now(desk.folder, config, environment="production")
    sent = run(desk)
    assert sent.success
    [plan] = sent.asset_materializations_for_node(PLAN.to_python_identifier())
    [done] = sent.asset_materializations_for_node(SEND.to_python_identifier())
    assert plan.metadata["adds"].value == 3
    assert (done.metadata["accepted"].value, done.metadata["calls"].value) == (3, 1)
    rows = [line.split("|")[1:3] for line in done.metadata["overview"].value.splitlines()[2:]]
    assert [(name.strip(), number.strip()) for name, number in rows] == [
        ("enriched", "3"),
        ("allowed", "3"),
        ("sent", "3"),
    ]


def test_the_sensor_asks_once_for_each_published_snapshot(desk: Desk) -> None:
    """What was published and not planned since is sent; on only where schedules and activations are."""
    _loaded.cache_clear()
    definitions = build_definitions(desk.folder, environment="production")
    sensor = definitions.resolve_sensor_def("remote_segments_activations")
    assert sensor.default_status == dg.DefaultSensorStatus.STOPPED
    context = dg.build_sensor_context(definitions=definitions)
    [asked] = sensor.evaluate_tick(context).run_requests
    snapshot = desk.plan().snapshot_id
    assert (asked.run_key, asked.job_name) == (f"out:{snapshot}", job_name("out"))
    run(desk)  # planned, and held
    assert sensor.evaluate_tick(context).run_requests == []


def test_a_frequency_makes_a_schedule_instead(desk: Desk) -> None:
    """An activation with a time of its own does not follow its source."""
    desk.write(activations={"out": {**TO_FILE, "frequency": "1 day at 07:00"}})
    _loaded.cache_clear()
    definitions = build_definitions(desk.folder, environment="production")
    schedule = definitions.resolve_schedule_def(f"{job_name('out')}_schedule")
    assert schedule.cron_schedule == "0 7 * * *"
    assert "remote_segments_activations" not in {one.name for one in definitions.sensors or ()}
