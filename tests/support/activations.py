"""A project with one published segment and one activation, step by step: who is in it, what is sent, what is known."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from remote_segments.config.loader import load_project
from remote_segments.config.project import Project
from remote_segments.sync.activation.applying import Applied, apply
from remote_segments.sync.activation.deciding import decide
from remote_segments.sync.activation.planning import Plan, plan
from remote_segments.sync.activation.running import Pace
from remote_segments.sync.deciding import Choice
from remote_segments.sync.fetch import fetch
from remote_segments.sync.mapping import map_segment
from remote_segments.sync.publication import publish_segment
from remote_segments.warehouses.base import Warehouse
from remote_segments.warehouses.duckdb import DuckDBWarehouse
from tests.support.list_server import manifest
from tests.support.memberships import write_model

START = datetime(2026, 11, 24, 8, tzinfo=UTC)
TYPES = {"contact_id": "BIGINT", "email": "VARCHAR(80)", "plan": "VARCHAR(20)", "consent": "VARCHAR(20)"}
TO_LIST = {"segment": "vip", "destination": {"connection": "lister", "list_id": "7"}, "identifiers": ["email"]}
TO_FILE = {"segment": "vip", "destination": {"connection": "drop", "path": "out/vip.csv"}, "identifiers": ["email"]}


def address(number: int) -> str:
    """The address of a contact."""
    return f"p{number}@example.com"


def addresses(numbers: Iterable[int]) -> set[str]:
    """The addresses of contacts."""
    return {address(one) for one in numbers}


def contacts(numbers: Iterable[int], **columns: Any) -> list[dict[str, Any]]:
    """Rows of the model."""
    return [{"contact_id": n, "email": address(n), "plan": "free", "consent": "yes", **columns} for n in numbers]


@dataclass
class Desk:
    """One project in a real warehouse."""

    folder: Path
    warehouse: Warehouse
    url: str = "http://127.0.0.1:1"
    now: datetime = START
    project: Project = field(init=False)

    def write(
        self, *, activations: Mapping[str, Mapping[str, Any]] | None = None, lister: str = "", **project: Any
    ) -> None:
        """Writes the files and loads them; `lister` is the manifest of the platform with a list."""
        for name in ("segments", "activations", "platforms"):
            (self.folder / name).mkdir(exist_ok=True)
        (self.folder / "key").write_text("secret")
        (self.folder / "platforms" / "lister.yaml").write_text(lister or manifest())
        document = {
            "version": "1",
            "start": "2026-11-01",
            "warehouse": {"path": "warehouse.duckdb"},
            "connections": {
                "warehouse": {"platform": "warehouse"},
                "drop": {"platform": "files", "url": "drop"},
                "lister": {"platform": "lister", "key": {"file": "key"}, "base_url": self.url},
            },
            "models": {"contacts": {"table": "crm.contacts", "key": "contact_id"}},
            "environments": {"production": {"activations": "true"}},
            **project,
        }
        (self.folder / "project.yaml").write_text(yaml.safe_dump(document))
        for name in ("vip", "gone"):
            segment = {
                "model": "contacts",
                "source": {"connection": "warehouse", "sql": f"select contact_id from crm.{name}"},
                "identifiers": [{"contact_id": "contact_id"}],
                "refresh_frequency": "1 hour",
                "guards": {"allow_empty": "true", "max_left": "100%", "max_joined": "1000000%"},
            }
            (self.folder / "segments" / f"{name}.yaml").write_text(yaml.safe_dump(segment))
        for file in (self.folder / "activations").iterdir():
            file.unlink()
        for name, one in (activations or {"out": {**TO_LIST, "first_plan": "send"}}).items():
            (self.folder / "activations" / f"{name}.yaml").write_text(yaml.safe_dump(dict(one)))
        self.load()

    def load(self, environment: str = "production") -> Project:
        """Loads the project in an environment, kept in the warehouse of the test."""
        loaded = load_project(self.folder, environment)
        if not isinstance(self.warehouse, DuckDBWarehouse):
            loaded = replace(loaded, warehouse=self.warehouse.settings)  # type: ignore[attr-defined]
        self.project = loaded
        return loaded

    def model(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Replaces the data model."""
        with self.warehouse.write() as session:
            write_model(session, rows, TYPES)

    def publish(self, numbers: Iterable[int], segment: str = "vip") -> None:
        """Publishes a segment with these contacts, an hour after the one before."""
        self.now += timedelta(hours=1)
        with self.warehouse.write() as session:
            write_model(session, [{"contact_id": one} for one in numbers], {"contact_id": "BIGINT"}, segment)
        row = fetch(self.project, segment, partition_key=f"{self.now:%Y-%m-%d-%H:%M}", run_id=None, now=self.now)
        map_segment(self.project, segment, partition_key=row.partition_key, run_id=None, now=self.now)
        publish_segment(self.project, segment, partition_key=row.partition_key, run_id=None, now=self.now)

    def plan(self, name: str = "out") -> Plan:
        """What a send would do."""
        return plan(self.project, name, self.now)

    def apply(self, name: str = "out", **options: Any) -> Applied:
        """Sends, a minute later."""
        self.now += timedelta(minutes=1)
        pace = options.pop("pace", Pace(now=lambda: self.now, sleep=lambda _: None))
        return apply(self.project, name, pace=pace, **options)

    def approve(self, name: str = "out", *, approve: bool = True, plan_id: str | None = None) -> None:
        """Decides on what is held."""
        self.now += timedelta(minutes=1)
        choice = Choice(approve=approve, by="ann", reason="as planned", snapshot_id=plan_id)
        decide(self.project, name, choice, now=self.now)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Reads; `{s}` stands for the schema."""
        with self.warehouse.read() as session:
            return session.rows(sql.replace("{s}", f'"{session.schema}"'))

    def ledger(self, columns: str = "key, verb, outcome") -> list[tuple[Any, ...]]:
        """The rows of the ledger, sorted."""
        return sorted(self.rows(f"SELECT {columns} FROM {{s}}.ledger"), key=str)

    def known(self) -> dict[str, str]:
        """Whether each person is there, by key."""
        return dict(self.rows("SELECT key, present FROM {s}.recipients WHERE former IS NULL"))

    def states(self) -> list[tuple[str, str | None]]:
        """State and reason of the sends, oldest first."""
        return [tuple(row) for row in self.rows("SELECT state, reason FROM {s}.sends ORDER BY planned_at, send_id")]


def ready(folder: Path, warehouse: Warehouse, url: str, numbers: Iterable[int]) -> Desk:
    """A project with forty contacts, some of whom are in the published segment."""
    made = Desk(folder, warehouse, url)
    made.write()
    made.model(contacts(range(1, 41)))
    made.publish(numbers)
    return made
