"""Projects in a temporary folder, on the simulator and a DuckDB file, with a model of the simulated people."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from remote_segments.config.loader import load_project
from remote_segments.config.project import Project
from remote_segments.simulator import Simulator
from remote_segments.simulator.population import people
from remote_segments.sync.seeding import seed_model
from remote_segments.warehouses.duckdb import DuckDBWarehouse
from remote_segments.warehouses.postgres import PostgresWarehouse

START = "2026-11-01"

VIP = {
    "model": "contacts",
    "source": {"connection": "klaviyo", "segment_id": "VIPOPN"},
    "identifiers": [{"external_id": "contact_id"}, {"email": "email"}],
    "refresh_frequency": "1 hour",
}
"""The smallest segment file: the four keys that suffice."""

PAYING = {
    "model": "contacts",
    "source": {"connection": "hubspot", "list_id": "55"},
    "identifiers": [{"record_id": "hubspot_id"}],
    "refresh_frequency": "1 hour",
}

MODEL_COLUMNS = ("contact_id", "email", "phone", "hubspot_id", "first_name", "country", "plan", "lifetime_value")


def write_project(
    folder: Path, simulator: Simulator, segments: Mapping[str, Mapping[str, Any]], **project: Any
) -> Path:
    """Writes project.yaml and the segment files; `project` overrides its keys; secrets are files in the folder."""
    (folder / "segments").mkdir(parents=True, exist_ok=True)
    (folder / "key").write_text("simulated")
    document = {
        "version": "1",
        "timezone": "Europe/Paris",
        "start": START,
        "warehouse": {"kind": "duckdb", "path": "warehouse.duckdb"},
        "connections": {
            "klaviyo": {"platform": "klaviyo", "api_key": {"file": "key"}, "base_url": simulator.url("klaviyo")},
            "hubspot": {"platform": "hubspot", "token": {"file": "key"}, "base_url": simulator.url("hubspot")},
        },
        "models": {"contacts": {"table": "analytics.contacts", "key": "contact_id"}},
        "environments": {"running": {"schedules": "true"}},
        **project,
    }
    (folder / "project.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    for name, segment in segments.items():
        write_segment(folder, name, segment)
    return folder


def write_segment(folder: Path, name: str, segment: Mapping[str, Any]) -> None:
    """Writes one segment file, replacing it."""
    (folder / "segments" / f"{name}.yaml").write_text(yaml.safe_dump(dict(segment), sort_keys=False))


def seed_contacts(project: Project, simulator: Simulator, leave_out: Iterable[int] = ()) -> None:
    """Writes analytics.contacts: the simulator's people, but for the numbers left out."""
    missing = set(leave_out)
    found = [one for one in people(simulator.state.people, simulator.state.seed) if one.number not in missing]
    columns = {name: [getattr(one, name) for one in found] for name in MODEL_COLUMNS}
    seed_model(project, "analytics", "contacts", columns)


def kept_in(project: Project, warehouse: DuckDBWarehouse | PostgresWarehouse) -> Project:
    """The same project in another warehouse."""
    if isinstance(warehouse, DuckDBWarehouse):
        return replace(project, warehouse=warehouse.settings.model_copy(update={"path": warehouse.path}))
    return replace(project, warehouse=warehouse.settings)


def ready_project(
    folder: Path, simulator: Simulator, segments: Mapping[str, Mapping[str, Any]], **project: Any
) -> Project:
    """A written, loaded and seeded project."""
    loaded = load_project(write_project(folder, simulator, segments, **project))
    seed_contacts(loaded, simulator)
    return loaded


def snapshot_rows(project: Project, segment: str) -> list[dict[str, Any]]:
    """The rows of `snapshots` of a segment, oldest first."""
    columns = (
        "snapshot_id",
        "state",
        "reason",
        "kind",
        "partition_key",
        "fetched",
        "mapped",
        "joined_count",
        "left_count",
    )
    with project.open_warehouse().read() as session:
        if session.relation("snapshots", session.schema) is None:
            return []
        rows = session.rows(
            f"SELECT {', '.join(columns)} FROM segments.snapshots WHERE segment = '{segment}' ORDER BY snapshot_id"
        )
    return [dict(zip(columns, row, strict=True)) for row in rows]


def table_rows(project: Project, table: str, columns: str = "*") -> list[tuple[Any, ...]]:
    """The rows of a table of the project's schema, sorted."""
    with project.open_warehouse().read() as session:
        return sorted(session.rows(f"SELECT {columns} FROM segments.{table}"))
