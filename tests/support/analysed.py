"""A project whose published segments are written straight into the tables, so that a test chooses who is in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from remote_segments.config.loader import load_project
from remote_segments.config.project import Project
from remote_segments.membership.literals import literal, quoted, table_name
from remote_segments.membership.tables import MEMBERS
from remote_segments.sync.snapshots import Snapshot, insert, new_snapshot_id
from remote_segments.sync.store import ensure_store
from remote_segments.warehouses.base import Session
from remote_segments.warehouses.duckdb import DuckDBWarehouse
from remote_segments.warehouses.postgres import PostgresWarehouse
from tests.support.memberships import write_model
from tests.support.projects import VIP, kept_in, write_segment

START = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)

TYPES = {
    "contact_id": "BIGINT",
    "email": "VARCHAR(80)",
    "country": "VARCHAR(20)",
    "spent": "DOUBLE PRECISION",
    "orders": "INTEGER",
    "signed_up": "DATE",
    "seen_at": "TIMESTAMPTZ",
    "active": "BOOLEAN",
}


@dataclass
class Analysed:
    """A project, and what its tables say."""

    project: Project
    now: datetime = START
    shown: dict[str, Snapshot] = field(default_factory=dict)

    def people(self, rows: Sequence[Mapping[str, Any]], types: Mapping[str, str] = TYPES) -> None:
        """Replaces the model."""
        with self.project.open_warehouse().write() as session:
            write_model(session, rows, types)

    def publish(self, name: str, keys: Sequence[str], **columns: Any) -> Snapshot:
        """Writes a published snapshot of some keys, an hour after the one before."""
        self.now += timedelta(hours=1)
        snapshot_id = new_snapshot_id(self.now)
        counts = {"fetched": len(keys), "unknown": 0, "ambiguous": 0, "invalid": 0, "duplicate": 0, **columns}
        row = Snapshot(
            segment=name,
            snapshot_id=snapshot_id,
            members_id=snapshot_id,
            generation=1,
            kind="fetch",
            state="published",
            model="contacts",
            key_columns="contact_id",
            fetched_at=self.now,
            effective_at=self.now,
            published_at=self.now,
            mapped=len(keys),
            **counts,
        )
        with self.project.open_warehouse().write() as session:
            ensure_store(session)
            insert(session, row)
            write_keys(session, name, snapshot_id, keys)
        self.shown[name] = row
        return row

    def event(self, snapshot: Snapshot, event: str, cause: str, keys: Sequence[str]) -> None:
        """Writes events of a snapshot."""
        rows = [
            {
                "segment": snapshot.segment, "snapshot_id": snapshot.snapshot_id, "generation": 1, "key": key,
                "instant": snapshot.effective_at, "event": event, "cause": cause,
            }
            for key in keys
        ]  # fmt: skip
        if rows:
            with self.project.open_warehouse().write() as session:
                session.append("changes", rows)


def write_keys(session: Session, name: str, snapshot_id: str, keys: Sequence[str]) -> None:
    """Writes the keys of a snapshot, and the published table."""
    if keys:
        values = ", ".join(
            f"({literal(name)}, {literal(snapshot_id)}, {number}, {literal(key)}, 'email')"
            for number, key in enumerate(keys, start=1)
        )
        columns = "segment, snapshot_id, member_no, key, matched"
        session.execute(f"INSERT INTO {table_name(session.schema, 'keys')} ({columns}) VALUES {values}")
    own = f"segment = {literal(name)} AND snapshot_id = {literal(snapshot_id)}"
    session.replace_table(name, f"SELECT key AS contact_id FROM {table_name(session.schema, 'keys')} WHERE {own}")


def analysed(folder: Path, warehouse: DuckDBWarehouse | PostgresWarehouse, names: Sequence[str]) -> Analysed:
    """A project with segment files of these names, on a warehouse, with nothing in it."""
    (folder / "segments").mkdir(parents=True, exist_ok=True)
    document = {
        "version": "1",
        "start": "2026-11-01",
        "warehouse": {"kind": "duckdb", "path": "warehouse.duckdb"},
        "connections": {"klaviyo": {"platform": "klaviyo", "api_key": {"env": "KEY"}}},
        "models": {"contacts": {"table": "crm.contacts", "key": "contact_id"}},
    }
    (folder / "project.yaml").write_text(yaml.safe_dump(document))
    for number, name in enumerate(names):
        source = {"connection": "klaviyo", "segment_id": f"S{number}"}
        write_segment(folder, name, {**VIP, "source": source})
    return Analysed(kept_in(load_project(folder), warehouse))


def identifiers_of(project: Project) -> set[str]:
    """Every identifier of every person that the warehouse of a simulated project knows, long enough to be searched."""
    with project.open_warehouse().read() as session:
        members = session.relation("members", session.schema)
        assert members is not None
        names = [name for name in members.columns if name not in MEMBERS]
        found = session.rows(f"SELECT {', '.join(map(quoted, names))} FROM {table_name(session.schema, 'members')}")
        found += session.rows("SELECT contact_id, email, phone, hubspot_id FROM analytics.contacts")
    return {str(value) for row in found for value in row if value is not None and len(str(value)) >= 6}


def named(text: str, people: set[str]) -> set[str]:
    """Which of them a text names."""
    return {one for one in people if one in text}
