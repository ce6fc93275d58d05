"""A SQL asset on the project's own DuckDB file: countries in which VIP openers live."""

import dagster as dg
from dagster_duckdb import DuckDBResource

from remote_segments.orchestration import build_definitions, segment_key


@dg.asset(deps=[segment_key("vip_openers")])
def openers_by_country(remote_segments_duckdb: DuckDBResource) -> dg.MaterializeResult:
    """One row per country; the resource waits for its turn and closes the file whatever happens."""
    with remote_segments_duckdb.get_connection() as connection:
        connection.execute("create schema if not exists reports")
        connection.execute(
            "create or replace table reports.openers_by_country as "
            "select country, count(*) as openers from segments.vip_openers group by country order by openers desc"
        )
        rows = connection.execute("select count(*) from reports.openers_by_country").fetchall()
    return dg.MaterializeResult(metadata={"dagster/row_count": rows[0][0]})


defs = dg.Definitions.merge(build_definitions(), dg.Definitions(assets=[openers_by_country]))
