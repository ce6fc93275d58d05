"""Lineage into a segment: what its source reads in the warehouse, and what its file names."""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from remote_segments.config.loader import load_project
from remote_segments.orchestration import build_definitions
from remote_segments.orchestration.keys import layer_key
from remote_segments.simulator import Simulator
from remote_segments.warehouses.reads import tables_read
from tests.support.projects import VIP, write_project

CONNECTIONS = {"own": {"platform": "warehouse"}, "drop": {"platform": "files", "url": "drop"}}
MODELS = {
    "contacts": {"table": "analytics.contacts", "key": "contact_id"},
    "orders": {"table": "crm.orders", "key": "order_id", "asset": ["dbt", "orders"]},
}


def upstream(folder: Path, simulator: Simulator, source: dict[str, Any], of: str = "rows", **others: Any) -> set[str]:
    """The assets that the fetch of a segment with this source depends on."""
    rows = {"model": "contacts", "source": source, "identifiers": [{"contact_id": "contact_id"}],
            "refresh_frequency": "1 day"}  # fmt: skip
    klaviyo = {"platform": "klaviyo", "api_key": {"file": "key"}, "base_url": simulator.url("klaviyo")}
    write_project(folder, simulator, {"rows": rows, **others}, models=MODELS,
                  connections={**CONNECTIONS, "klaviyo": klaviyo})  # fmt: skip
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
