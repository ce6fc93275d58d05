"""What a materialization shows: counts by outcome, the match rate, how completeness was proven, calls, seconds."""

from datetime import UTC, datetime
from typing import Any

import dagster as dg

from remote_segments.config.project import Project
from remote_segments.membership.models import ADDED_COLUMNS
from remote_segments.membership.tables import OUTCOMES
from remote_segments.sync.inputs import Used, inputs_in, oldest
from remote_segments.sync.snapshots import Snapshot, data_time, newest_published
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


def published(project: Project, row: Snapshot, model: dg.AssetKey | None = None) -> dict[str, Any]:
    """What the materialization of a published segment shows; `model` is the asset that its columns come from."""
    relation, overview = _shown(project, row)
    return {
        **overview,
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
        **(lineage_of(model, relation) if model else {}),
    }


def of_audience(project: Project, row: Snapshot) -> dict[str, Any]:
    """What the materialization of an audience shows: its size, who moved, and what it was made of, the oldest named."""
    used = inputs_in(row.inputs)
    eldest = oldest(used)
    relation, overview = _shown(project, row)
    return {
        **overview,
        **present(
            {
                "joined": row.joined_count,
                "left": row.left_count,
                "seconds": rounded(row.seconds),
                "snapshot": row.snapshot_id,
                "snapshot instant": data_time(row),
                "oldest input": eldest and eldest.name,
                "inputs": dg.MetadataValue.md(_inputs_table(used)) if used else None,
                "warning": row.warning,
                "dagster/table_name": f"{project.warehouse.schema_}.{row.segment}",
            }
        ),
        **column_schema(relation),
    }


def _shown(project: Project, row: Snapshot) -> tuple[Relation | None, dict[str, Any]]:
    """The published table, and what everything that is published shows of itself."""
    from remote_segments.report.sketch import MOST_SIZES, sketch

    with project.open_warehouse().read() as session:
        relation = session.relation(row.segment, session.schema)
        newest = newest_published(session, row.segment, MOST_SIZES)
    sizes = [one.mapped or 0 for one in reversed(newest)]
    return relation, {"dagster/row_count": row.mapped, "overview": dg.MetadataValue.md(sketch(row, sizes))}


def _inputs_table(used: list[Used]) -> str:
    rows = [f"| {one.name} | {one.state.replace('_', ' ')} | {_moment(one.data_at)} |" for one in used]
    return "\n".join(["| input | state | data of |", "|---|---|---|", *rows])


def _moment(instant: datetime | None) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if instant else "never"


def lineage_of(model: dg.AssetKey, relation: Relation | None) -> dict[str, Any]:
    """The columns of a published segment, each from the column of its model."""
    names = [name for name in relation.columns if name not in ADDED_COLUMNS] if relation else []
    found = {name: [dg.TableColumnDep(model, name)] for name in names}
    return {"dagster/column_lineage": dg.TableColumnLineage(found)} if found else {}


def column_schema(relation: Relation | None) -> dict[str, Any]:
    """The columns of the published table, with the warehouse's own types."""
    if relation is None:
        return {}
    columns = [dg.TableColumn(name, type=kind) for name, kind in relation.columns.items()]
    return {"dagster/column_schema": dg.TableSchema(columns=columns)}
