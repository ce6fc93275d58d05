"""The project's tables as sources of dbt: published segments with owner, freshness and columns, and the shared tables.

The properties are those of https://docs.getdbt.com/reference/source-properties; freshness stands under `config`, as dbt
reads it since 1.10.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from remote_segments.config.audience import Audience
from remote_segments.config.project import Project
from remote_segments.config.segment import Segment
from remote_segments.membership.contract import described
from remote_segments.membership.expressions import inputs
from remote_segments.membership.tables import TABLES, VIEWS
from remote_segments.sync.freshness import limits_of
from remote_segments.sync.store import reading
from remote_segments.warehouses.base import Session

HIDDEN = ("meta", "tombstones")
"""Shared tables that no model is built on."""

OWN_COLUMNS = {
    "joined_at": "The platform's own time of joining, else when the person was seen to join, else null.",
    "snapshot_at": "When the ids were fetched.",
}


def dbt_sources(project: Project, name: str = "remote_segments") -> dict[str, Any]:
    """The document of a sources file.

    Args:
        project: the loaded project.
        name: the name of the source, as in `source('remote_segments', 'vip_openers')`.

    Returns:
        `version` and `sources`: one table per segment of the project, with the columns of the published table where
        there is one, and the shared tables of the contract.
    """
    with reading(project.open_warehouse()) as session:
        segments = [_segment(session, project, segment) for _, segment in sorted(project.published.items())]
        schema = session.schema
    source = {
        "name": name,
        "description": "Segments of marketing platforms, kept by remote_segments.",
        "schema": schema,
        "tables": [*segments, *_shared()],
    }
    return {"version": 2, "sources": [source]}


def _segment(session: Session, project: Project, segment: Segment | Audience) -> dict[str, Any]:
    warn, fail = limits_of(segment)
    frequency = segment.refresh_frequency
    facts = {"owner": segment.owner, **_made_of(segment), "refresh_frequency": str(frequency) if frequency else None}
    relation = session.relation(segment.name, session.schema)
    key = set(project.model_of(segment).key)
    table: dict[str, Any] = {
        "name": segment.name,
        "description": segment.description or f"Members of {segment.name}, one row per person.",
        "config": {
            "meta": {name: value for name, value in facts.items() if value is not None},
            "loaded_at_field": "snapshot_at",
            "freshness": {"warn_after": _period(warn), "error_after": _period(fail)},
        },
    }
    if relation is not None:
        table["columns"] = [_column(name, key) for name in relation.columns]
    return table


def _made_of(segment: Segment | Audience) -> dict[str, Any]:
    if isinstance(segment, Audience):
        return {"inputs": list(inputs(segment.expression))}
    return {"connection": segment.source.connection, **segment.source.ids}


def _column(name: str, key: set[str]) -> dict[str, Any]:
    if name in OWN_COLUMNS:
        return {"name": name, "description": OWN_COLUMNS[name]}
    return {"name": name, "data_tests": ["not_null"]} if name in key else {"name": name}


def _shared() -> Iterator[dict[str, Any]]:
    """The shared tables, described as in docs/tables.md."""
    descriptions = described()
    for name, columns in {**TABLES, **VIEWS}.items():
        if name not in HIDDEN:
            sentence, about = descriptions[name]
            yield {
                "name": name,
                "description": sentence,
                "columns": [{"name": column, "description": about[column]} for column in columns],
            }


def _period(age: timedelta) -> dict[str, Any]:
    """An age in the whole units that dbt knows; minutes are the smallest."""
    minutes = max(1, round(age.total_seconds() / 60))
    for unit, size in (("day", 1440), ("hour", 60)):
        if minutes % size == 0:
            return {"count": minutes // size, "period": unit}
    return {"count": minutes, "period": "minute"}
