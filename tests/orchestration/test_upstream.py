"""Lineage into a segment: what its source reads in the warehouse, and what its file names."""

import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from remote_segments.config.loader import load_project
from remote_segments.config.project import Project
from remote_segments.orchestration import build_definitions, refresh_request, segment_key
from remote_segments.orchestration.keys import chain_keys, layer_key
from remote_segments.orchestration.upstream import upstream_of
from remote_segments.simulator import Simulator
from remote_segments.sync.forewarning import forewarnings
from remote_segments.warehouses.reads import tables_read
from tests.support.projects import VIP, write_project

CONNECTIONS = {"own": {"platform": "warehouse"}, "drop": {"platform": "files", "url": "drop"}}
MODELS = {
    "contacts": {"table": "analytics.contacts", "key": "contact_id"},
    "orders": {"table": "crm.orders", "key": "order_id", "asset": ["dbt", "orders"]},
}


def upstream_project(folder: Path, simulator: Simulator, **segments: Any) -> Project:
    """A project whose segments may read the warehouse, files and a platform."""
    klaviyo = {"platform": "klaviyo", "api_key": {"file": "key"}, "base_url": simulator.url("klaviyo")}
    write_project(folder, simulator, segments, models=MODELS,
                  connections={**CONNECTIONS, "klaviyo": klaviyo})  # fmt: skip
    return load_project(folder)


def upstream(folder: Path, simulator: Simulator, source: dict[str, Any], of: str = "rows", **others: Any) -> set[str]:
    """The assets that the fetch of a segment with this source depends on."""
    rows = {"model": "contacts", "source": source, "identifiers": [{"contact_id": "contact_id"}],
            "refresh_frequency": "1 day"}  # fmt: skip
    upstream_project(folder, simulator, **{"rows": rows, **others})
    definitions = build_definitions(folder)
    graph = definitions.resolve_asset_graph()
    assert graph.toposorted_asset_keys_by_level
    return {"/".join(key.path) for key in graph.get(layer_key(of, "raw_remote_ids")).parent_keys}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ({"table": "ANALYTICS.contacts"}, {"models/contacts"}),
        ({"table": "crm.orders"}, {"dbt/orders"}),
        ({"table": "crm.other"}, set()),
        ({"sql": "select o.contact_id from crm.orders o join analytics.contacts c using (contact_id)"},
         {"dbt/orders", "models/contacts"}),
        ({"sql": "with orders as (select 1 as x) select * from orders"}, set()),
        ({"sql": "select contact_id from segments.vip where contact_id not in (select contact_id from crm.orders)"},
         {"dbt/orders", "segments/vip/enriched_segment"}),
        ({"sql": "select contact_id from segments.rows"}, set()),
        ({"sql": "selct broken from"}, set()),
        ({"table": "crm.other", "asset": ["dbt", "vips"]}, {"dbt/vips"}),
    ],
)  # fmt: skip
def test_a_fetch_depends_on_the_tables_it_reads(
    source: dict[str, Any], found: set[str], tmp_path: Path, simulator: Simulator
) -> None:
    """Models by their own asset, other segments by what they publish; never itself, nor what a name only hides."""
    assert upstream(tmp_path, simulator, {"connection": "own", **source}, vip=VIP) == found


@pytest.mark.parametrize(
    ("source", "unknown"),
    [
        ({"table": "crm.other"}, "`crm.other`"),
        ({"sql": "select a.id from crm.other a join crm.more using (id)"}, "`crm.other`, `crm.more`"),
        ({"sql": "selct broken from"}, "what its source reads"),
        ({"table": "segments.rows"}, "`segments.rows`"),
        ({"table": "crm.other", "asset": ["dbt", "vips"]}, None),
        ({"sql": "select contact_id from crm.other join crm.orders using (contact_id)"}, None),
        ({"table": "segments.vip"}, None),
    ],
)
def test_a_segment_that_would_follow_nothing_is_warned_of(
    source: dict[str, Any], unknown: str | None, tmp_path: Path, simulator: Simulator
) -> None:
    """Only where the file asks to be refreshed with its source, and by its line: the project is valid."""
    rows = {"model": "contacts", "source": {"connection": "own", **source},
            "identifiers": [{"contact_id": "contact_id"}], "refresh_frequency": "1 day"}  # fmt: skip
    asks = {**rows, "refresh_on_source_refresh": "true"}
    project = upstream_project(tmp_path, simulator, rows=asks, silent=rows, vip=VIP)
    found = list(forewarnings(project, datetime.now(UTC)))
    assert [one.code for one in found] == (["source-asset-unknown"] if unknown else [])
    for one in found:
        assert one.found.startswith("rows is ")
        assert one.found.endswith(f": no asset is known to write {unknown}.")
        assert "segments/rows.yaml:" in str(one.where)


def test_files_and_platforms(tmp_path: Path, simulator: Simulator) -> None:
    """Of files somebody names the asset; what a platform holds depends on nothing here."""
    source = {"connection": "drop", "path": "vip.csv", "completeness": "atomic", "asset": ["export", "vip"]}
    assert upstream(tmp_path / "a", simulator, source) == {"export/vip"}
    assert upstream(tmp_path / "b", simulator, source, of="vip", vip=VIP) == set()


def test_segments_that_read_each_other_depend_on_neither(tmp_path: Path, simulator: Simulator) -> None:
    """A circle is no lineage, and Dagster would refuse to load."""
    other = {"model": "contacts", "source": {"connection": "own", "table": "segments.rows"},
             "identifiers": [{"contact_id": "contact_id"}], "refresh_frequency": "1 day"}  # fmt: skip
    assert upstream(tmp_path, simulator, {"connection": "own", "table": "segments.other"}, other=other) == set()


def audience(folder: Path, name: str, *inputs: str) -> None:
    """Writes an audience of some segments."""
    (folder / "audiences").mkdir(parents=True, exist_ok=True)
    (folder / "audiences" / f"{name}.yaml").write_text(f"model: contacts\nall: [{', '.join(inputs)}]\n")


def test_a_source_that_reads_an_audience_depends_on_it(tmp_path: Path, simulator: Simulator) -> None:
    """By the asset of the audience, which has no windows; of one that is made of the segment itself, on nothing."""
    for folder in (tmp_path / "a", tmp_path / "b"):
        audience(folder, "loyal", "vip")
        audience(folder, "outer", "loyal", "rows")
    source = {"connection": "own", "sql": "select contact_id from segments.loyal"}
    assert upstream(tmp_path / "a", simulator, source, vip=VIP) == {"segments/loyal/enriched_segment"}
    project = load_project(tmp_path / "a")
    [dep] = upstream_of(project, project.segments["rows"], ())
    assert dep.partition_mapping is None
    source = {"connection": "own", "table": "segments.outer"}
    assert upstream(tmp_path / "b", simulator, source, vip=VIP) == set()


@pytest.mark.parametrize("follows", [True, False])
def test_a_refreshed_source_starts_the_segment_where_its_file_says_so(
    follows: bool, tmp_path: Path, simulator: Simulator
) -> None:
    """All three assets in the newest window, once for each table, segment or audience; otherwise it is lineage only."""
    audience(tmp_path, "loyal", "vip")
    sql = "select contact_id from segments.loyal union select contact_id from segments.vip"
    rows = {"model": "contacts", "source": {"connection": "own", "sql": f"{sql} union select order_id from crm.orders"},
            "identifiers": [{"contact_id": "contact_id"}], "refresh_frequency": "1 day",
            "refresh_on_source_refresh": str(follows).lower()}  # fmt: skip
    assert upstream(tmp_path, simulator, {}, of="vip", rows=rows, vip=VIP) == set()
    definitions = build_definitions(tmp_path)
    sensor = definitions.get_repository_def().get_sensor_def("remote_segments_automation")
    chain = chain_keys("rows")
    graph = definitions.resolve_asset_graph()
    assert set(chain) & sensor.asset_selection.resolve(graph) == set(chain[0 if follows else 1 :])
    warnings.simplefilter("ignore", dg.BetaWarning)  # of Dagster's own tester
    options = {"defs": definitions, "asset_selection": dg.AssetSelection.assets(*chain)}
    with dg.DagsterInstance.ephemeral(tempdir=str(tmp_path)) as instance:
        asked = dg.evaluate_automation_conditions(instance=instance, **options)
        window = refresh_request("vip", path=tmp_path).partition_key
        for key, partition in (
            (dg.AssetKey(["dbt", "orders"]), None),
            (segment_key("vip"), window),
            (segment_key("loyal"), None),
        ):
            assert asked.total_requested == 0
            instance.report_runless_asset_event(dg.AssetMaterialization(key, partition=partition))
            asked = dg.evaluate_automation_conditions(instance=instance, cursor=asked.cursor, **options)
            assert asked.total_requested == (3 if follows else 0), key
            current = refresh_request("rows", path=tmp_path).partition_key
            for one in chain if follows else ():
                assert asked.get_requested_partitions(one) == {current}
            asked = dg.evaluate_automation_conditions(instance=instance, cursor=asked.cursor, **options)
        assert asked.total_requested == 0


def test_naming_an_asset_changes_no_definition(tmp_path: Path, simulator: Simulator) -> None:
    """Nobody joins or leaves because lineage was written down."""
    source = {"connection": "own", "table": "crm.other"}
    upstream(tmp_path, simulator, source)
    before = load_project(tmp_path)
    upstream(tmp_path, simulator, {**source, "asset": ["dbt", "vips"]})
    after = load_project(tmp_path)
    assert before.definition_hash(before.segments["rows"]) == after.definition_hash(after.segments["rows"])


@pytest.mark.parametrize("kind", ["duckdb", "postgres"])
def test_names_of_tables_are_read_from_a_select(kind: str) -> None:
    """Quoted ones, those in subqueries and unions; aliases and common table expressions are none."""
    sql = 'with x as (select * from a.b) select * from x, "C".d e union select 1 from (select * from f) g'
    assert set(tables_read(sql, kind)) == {"a.b", "c.d", "f"}


def test_the_whole_chain_still_refreshes(tmp_path: Path, simulator: Simulator) -> None:
    """A dependency with windows of its own does not decide which windows may be fetched."""
    folder = tmp_path
    assert upstream(folder, simulator, {"connection": "own", "table": "segments.vip"}, vip=VIP) == {
        "segments/vip/enriched_segment"
    }
    project = load_project(folder)
    with project.open_warehouse().write() as session:
        session.execute("CREATE SCHEMA analytics")
        session.execute("CREATE SCHEMA IF NOT EXISTS segments")
        session.execute("CREATE TABLE analytics.contacts (contact_id text)")
        session.execute("CREATE TABLE segments.vip (contact_id text)")
        for table in ("analytics.contacts", "segments.vip"):
            session.execute(f"INSERT INTO {table} VALUES ('1'), ('2')")
    definitions = build_definitions(folder, segments=["rows"], retries=None)
    jobs = definitions.get_repository_def().get_all_jobs()
    refresh = next(one for one in jobs if one.name.startswith("refresh_"))
    partition = refresh.partitions_def.get_partition_keys()[-1]
    with dg.DagsterInstance.ephemeral(tempdir=str(folder)) as instance:
        keys = [layer_key("rows", layer) for layer in ("raw_remote_ids", "mapped_keys", "enriched_segment")]
        assert refresh.execute_in_process(instance=instance, partition_key=partition, asset_selection=keys).success
