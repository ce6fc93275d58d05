"""What a project becomes: definitions that load without a warning and merge with a user's own."""

import warnings
from pathlib import Path

import dagster as dg
import pytest

from remote_segments.errors import InvalidProject, ProjectError
from remote_segments.orchestration import build_definitions, segment_key
from remote_segments.orchestration.keys import chain_keys
from remote_segments.simulator import Simulator
from tests.support.projects import PAYING, VIP, ready_project, write_segment


def keys(definitions: dg.Definitions) -> set[str]:
    return {key.to_user_string() for key in definitions.resolve_asset_graph().get_all_asset_keys()}


def test_three_assets_per_file_and_one_per_model(tmp_path: Path, simulator: Simulator) -> None:
    """The keys are `segments/<name>/<layer>` and `models/<name>`."""
    ready_project(tmp_path, simulator, {"vip": VIP})
    assert keys(build_definitions(tmp_path)) == {
        "segments/vip/raw_remote_ids",
        "segments/vip/mapped_keys",
        "segments/vip/enriched_segment",
        "models/contacts",
    }


def test_a_prefix_stands_before_every_key(tmp_path: Path, simulator: Simulator) -> None:
    """Two projects can live in one code location."""
    ready_project(tmp_path, simulator, {"vip": VIP})
    assert all(key.startswith("crm/") for key in keys(build_definitions(tmp_path, asset_prefix="crm")))


def test_definitions_merge_with_a_users_own(tmp_path: Path, simulator: Simulator) -> None:
    """Their executor, resources and the model's asset under its own key do not collide with ours."""
    model = {"contacts": {"table": "analytics.contacts", "key": "contact_id", "asset": ["dbt", "contacts"]}}
    ready_project(tmp_path, simulator, {"vip": VIP}, models=model)

    @dg.asset(key=["dbt", "contacts"])
    def contacts() -> dg.MaterializeResult:
        return dg.MaterializeResult()

    own = dg.Definitions(
        assets=[contacts],
        executor=dg.multiprocess_executor,
        resources={"duckdb": dg.ResourceDefinition.none_resource()},
    )
    merged = dg.Definitions.merge(build_definitions(tmp_path), own)
    graph = merged.resolve_asset_graph()
    dbt = dg.AssetKey(["dbt", "contacts"])
    assert graph.get(dbt).is_executable
    assert dbt in graph.get(segment_key("vip")).parent_keys
    assert "models/contacts" not in keys(merged)


def test_loading_warns_of_nothing(tmp_path: Path, simulator: Simulator) -> None:
    """A warning per asset and reload would bury what a user should read."""
    ready_project(tmp_path, simulator, {"vip": VIP, "paying": PAYING})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        build_definitions(tmp_path).get_repository_def()


def test_each_asset_says_who_owns_it_and_where_it_is_written(tmp_path: Path, simulator: Simulator) -> None:
    """Group, kinds, owners, tags, description, code reference and the page in the tool."""
    segment = {**VIP, "owner": "growth", "group": "lifecycle", "description": "Opened a lot", "tags": {"tier": "gold"}}
    project = ready_project(tmp_path, simulator, {"vip": segment})
    graph = build_definitions(tmp_path).resolve_asset_graph()
    raw, mapped, enriched = (graph.get(key) for key in chain_keys("vip"))
    assert {node.group_name for node in (raw, mapped, enriched)} == {"lifecycle"}
    assert enriched.owners == ["team:growth"]
    assert enriched.description == "Opened a lot"
    assert enriched.tags["tier"] == "gold"
    assert (raw.kinds, mapped.kinds) == ({"klaviyo"}, {"duckdb"})
    [reference] = enriched.metadata["dagster/code_references"].code_references
    assert reference.file_path == str(project.file_of(project.segment("vip")))
    assert enriched.metadata["page in the tool"].value.endswith("VIPOPN")


def test_the_enriched_segment_has_a_freshness_policy_of_its_frequency(tmp_path: Path, simulator: Simulator) -> None:
    """An hourly segment is stale after two and a half hours, unless its file says otherwise."""
    own = {**VIP, "freshness": {"warn": "2 hours", "fail": "3 hours"}}
    ready_project(tmp_path, simulator, {"vip": VIP, "own": own})
    specs = {spec.key: spec for spec in build_definitions(tmp_path).resolve_all_asset_specs()}
    policy, written = (specs[segment_key(name)].freshness_policy for name in ("vip", "own"))
    assert (policy.warn_window.to_timedelta().total_seconds(), policy.fail_window.to_timedelta().total_seconds()) == (
        5400,
        9000,
    )
    assert written.fail_window.to_timedelta().total_seconds() == 3 * 3600


def test_a_broken_file_stops_the_load_with_all_problems(tmp_path: Path, simulator: Simulator) -> None:
    """The UI shows what is wrong with every file, not only with the first."""
    ready_project(tmp_path, simulator, {"vip": VIP})
    write_segment(tmp_path, "bad", {**VIP, "model": "contatcs"})
    write_segment(tmp_path, "worse", {**VIP, "refresh_frequency": "7 hours"})
    with pytest.raises(InvalidProject, match=r"(?s)unknown-model.*frequency-invalid"):
        build_definitions(tmp_path, environment="running")


def test_only_some_segments_can_be_built(tmp_path: Path, simulator: Simulator) -> None:
    """A process that refreshes one segment need not load a thousand; a misspelt name is told."""
    ready_project(tmp_path, simulator, {"vip": VIP, "paying": PAYING})
    assert not any("paying" in key for key in keys(build_definitions(tmp_path, segments=["vip"])))
    with pytest.raises(ProjectError, match="unknown-segment"):
        build_definitions(tmp_path, segments=["vipp"])


def test_a_project_without_segments_loads(tmp_path: Path, simulator: Simulator) -> None:
    """The first thing a new user sees is not an error."""
    ready_project(tmp_path, simulator, {})
    assert keys(build_definitions(tmp_path)) == set()
