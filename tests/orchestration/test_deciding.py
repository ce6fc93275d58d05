"""The decision of a person as a job of Dagster: what the asset shows afterwards."""

from pathlib import Path

import dagster as dg
import pytest

from remote_segments.config.project import Project
from remote_segments.errors import HeldError
from remote_segments.orchestration import build_definitions, segment_key
from remote_segments.orchestration.deciding import JOB
from remote_segments.orchestration.running import refresh
from remote_segments.simulator import Simulator
from tests.support.projects import VIP, ready_project, seed_contacts, snapshot_rows, table_rows

DECISION = {"segment": "vip", "by": "anna", "reason": "the CRM was cleaned up"}


@pytest.fixture
def held(tmp_path: Path, simulator: Simulator) -> Project:
    """A published segment, and a held snapshot of it: the model lost half of its people."""
    project = ready_project(tmp_path, simulator, {"vip": VIP})
    refresh(project.folder, "vip")
    seed_contacts(project, simulator, leave_out=range(0, 2_000, 2))
    with pytest.raises(HeldError):
        refresh(project.folder, "vip")
    return project


@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_a_decision_is_seen_at_the_asset(held: Project, decision: str) -> None:
    """Promise 27: the check of the held window passes and the asset is materialized, or neither; nothing is blocked."""
    before, row = table_rows(held, "vip"), snapshot_rows(held, "vip")[-1]
    instance = dg.DagsterInstance.ephemeral(tempdir=str(held.folder))
    config = {"ops": {"decide": {"config": {**DECISION, "decision": decision}}}}
    job = build_definitions(held.folder).resolve_job_def(JOB)
    result = job.execute_in_process(run_config=config, instance=instance)
    assert result.success
    [verdict] = result.get_asset_check_evaluations()
    assert (verdict.check_name, verdict.passed) == ("publishable", decision == "approve")
    assert verdict.severity == dg.AssetCheckSeverity.WARN
    assert verdict.partition == row["partition_key"]
    windows = instance.get_materialized_partitions(segment_key("vip"))
    assert windows == ({row["partition_key"]} if decision == "approve" else set())
    assert (len(table_rows(held, "vip")) == row["mapped"]) == (decision == "approve")
    assert (table_rows(held, "vip") == before) == (decision == "reject")


def test_a_decision_that_is_refused_fails_with_its_sentence(held: Project) -> None:
    """A job's run says the same as the command line."""
    job = build_definitions(held.folder).resolve_job_def(JOB)
    config = {"ops": {"decide": {"config": {**DECISION, "decision": "approve", "snapshot_id": "another"}}}}
    result = job.execute_in_process(run_config=config, raise_on_error=False)
    [failed] = [event for event in result.all_events if event.is_step_failure]
    assert "[hold-outdated]" in failed.step_failure_data.user_failure_data.description
