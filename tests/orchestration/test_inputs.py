"""Downstream: segments as frames, SQL on the same file, refreshes on demand; the examples are run as they are."""

import importlib.util
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import dagster as dg
import pandas as pd
import pytest

from remote_segments.orchestration import refresh_request, segment_input
from remote_segments.orchestration.inputs import INPUT_MANAGER, SegmentFrames
from remote_segments.orchestration.running import refresh
from remote_segments.simulator import Simulator
from tests.support.projects import PAYING, VIP, ready_project, table_rows

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def project(tmp_path: Path, simulator: Simulator, monkeypatch: pytest.MonkeyPatch):
    """The example segments in a folder of their own, which is the current one."""
    loaded = ready_project(tmp_path / "segment_configs", simulator, {"vip_openers": VIP, "paying_customers": PAYING})
    monkeypatch.chdir(tmp_path)
    return loaded


@pytest.fixture
def instance(tmp_path: Path) -> dg.DagsterInstance:
    return dg.DagsterInstance.ephemeral(tempdir=str(tmp_path))


def example(name: str) -> ModuleType:
    """Imports an example afresh, as `dagster dev -f` would."""
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def materialize(definitions: dg.Definitions, key: str, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    """Materializes one asset of a code location."""
    job = dg.define_asset_job("only", selection=dg.AssetSelection.assets(key))
    merged = dg.Definitions.merge(definitions, dg.Definitions(jobs=[job]))
    return merged.resolve_job_def("only").execute_in_process(instance=instance)


def test_two_segments_are_combined_as_frames(project, instance: dg.DagsterInstance) -> None:
    """examples/combine_two_segments.py: both inputs are the latest published snapshots."""
    for name in ("vip_openers", "paying_customers"):
        refresh(project.folder, name)
    result = materialize(example("combine_two_segments").defs, "paying_openers", instance)
    both = pd.read_parquet("results/paying_openers.parquet")
    expected = {row[0] for row in table_rows(project, "vip_openers", "contact_id")}
    expected &= {row[0] for row in table_rows(project, "paying_customers", "contact_id")}
    assert result.success
    assert set(both["contact_id"]) == expected
    assert len(both) == len(expected) > 0


def test_sql_runs_on_the_same_file(project, instance: dg.DagsterInstance) -> None:
    """examples/sql_asset.py: the resource waits its turn and leaves the file closed."""
    refresh(project.folder, "vip_openers")
    assert materialize(example("sql_asset").defs, "openers_by_country", instance).success
    with project.open_warehouse().read() as session:
        [(total,)] = session.rows("select sum(openers) from reports.openers_by_country")
    assert total == len(table_rows(project, "vip_openers"))


def test_a_sensor_refreshes_after_a_campaign(project, instance: dg.DagsterInstance) -> None:
    """examples/refresh_after_campaign.py: one run per campaign, in the open window, of all three assets."""
    module = example("refresh_after_campaign")
    repository = module.defs.get_repository_def()
    sensor = repository.get_sensor_def("campaign_sent")
    context = dg.build_sensor_context(instance=instance, repository_def=repository)
    assert sensor.evaluate_tick(context).skip_message
    module.SENT.mkdir()
    (module.SENT / "42").touch()
    [request] = sensor.evaluate_tick(context).run_requests
    assert request.run_key == "campaign-42-sent"
    assert request.partition_key == refresh_request("vip_openers").partition_key
    assert [key.path[-1] for key in request.asset_selection] == ["raw_remote_ids", "mapped_keys", "enriched_segment"]


def test_a_frame_holds_the_model_and_two_instants(project) -> None:
    """One row per member; `snapshot_at` is aware."""
    refresh(project.folder, "vip_openers")
    context = dg.build_input_context(definition_metadata={"remote_segments/segment": "vip_openers"})
    frame = SegmentFrames(project).load_input(context)
    assert frame["contact_id"].is_unique
    assert list(frame.columns[-2:]) == ["joined_at", "snapshot_at"]
    assert frame["snapshot_at"].max() <= datetime.now(UTC)


def test_a_segment_that_was_never_published_cannot_be_read(project) -> None:
    """An empty frame would be taken for an empty segment."""
    context = dg.build_input_context(definition_metadata={"remote_segments/segment": "vip_openers"})
    with pytest.raises(dg.Failure, match="segment-never-published"):
        SegmentFrames(project).load_input(context)


def test_an_input_that_names_no_segment_says_how_to_write_it(project) -> None:
    """The reader cannot guess which segment is meant."""
    with pytest.raises(dg.Failure, match="segment_input"):
        SegmentFrames(project).load_input(dg.build_input_context(name="vip"))


def test_the_reader_stores_nothing(project, instance: dg.DagsterInstance) -> None:
    """A downstream asset that returns a frame through it is told to store it elsewhere."""

    @dg.asset(io_manager_key=INPUT_MANAGER)
    def stored() -> int:
        return 1

    result = dg.materialize(
        [stored], instance=instance, resources={INPUT_MANAGER: SegmentFrames(project)}, raise_on_error=False
    )
    assert not result.success


def test_a_refresh_asked_for_before_the_start_is_refused(tmp_path: Path, simulator: Simulator) -> None:
    """There is no window to file it under."""
    ready_project(tmp_path, simulator, {"vip": {**VIP, "start": "2999-01-01"}})
    with pytest.raises(Exception, match="window-not-open"):
        refresh_request("vip", path=tmp_path)


def test_an_input_depends_on_the_published_asset() -> None:
    """The key is that of `enriched_segment`, prefixed as the project's assets are."""
    assert segment_input("vip", asset_prefix="crm").key == dg.AssetKey(["crm", "segments", "vip", "enriched_segment"])
