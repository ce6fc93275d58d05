"""What a materialization shows: counts by outcome, the match rate, how completeness was proven, calls, seconds."""

from datetime import datetime
from typing import Any

import dagster as dg

from remote_segments.config.project import Project
from remote_segments.membership.tables import OUTCOMES
from remote_segments.sync.snapshots import Snapshot, data_time
from remote_segments.warehouses.base import Relation


def match_rate(mapped: int, fetched: int) -> float | None:
    """Percent of the fetched members that are mapped; None when nobody was fetched."""
    return round(100 * mapped / fetched, 2) if fetched else None


def rounded(seconds: float | None) -> float | None:
    """Seconds to the millisecond, as the UI prints numbers in full."""
    return None if seconds is None else round(seconds, 3)


def present(values: dict[str, Any]) -> dict[str, Any]:
    """The values that are there, instants as timestamps that the UI draws in the reader's time zone."""
    return {
        name: dg.MetadataValue.timestamp(value) if isinstance(value, datetime) else value
        for name, value in values.items()
        if value is not None
    }


def counts(row: Any) -> dict[str, Any]:
    """The accounting of a snapshot as numbers that the UI plots over partitions."""
    return present(
        {
            "fetched": row.fetched,
            **{name: getattr(row, name) for name in OUTCOMES},
            "same row": row.same_row,
            "conflicting": row.conflicting,
            "match rate (%)": match_rate(row.mapped, row.fetched),
        }
    )


def published(project: Project, row: Snapshot) -> dict[str, Any]:
    """What the materialization of a published segment shows."""
    with project.open_warehouse().read() as session:
        relation = session.relation(row.segment, session.schema)
    return {
        "dagster/row_count": row.mapped,
        **counts(row),
        **present(
            {
                "joined": row.joined_count,
                "left": row.left_count,
                "completeness": row.completeness,
                "calls": row.calls,
                "seconds": rounded(row.seconds),
                "snapshot": row.snapshot_id,
                "snapshot instant": data_time(row),
                "approved by": row.approved_by,
                "dagster/table_name": f"{project.warehouse.schema_}.{row.segment}",
            }
        ),
        **column_schema(relation),
    }


def column_schema(relation: Relation | None) -> dict[str, Any]:
    """The columns of the published table, with the warehouse's own types."""
    if relation is None:
        return {}
    columns = [dg.TableColumn(name, type=kind) for name, kind in relation.columns.items()]
    return {"dagster/column_schema": dg.TableSchema(columns=columns)}
