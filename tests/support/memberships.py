"""A segment kept in a real warehouse, step by step: a model, fetched members, mapping, publication, what is read."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from remote_segments.membership.compile import Scope
from remote_segments.membership.history import keys_at
from remote_segments.membership.literals import literal, quoted
from remote_segments.membership.matching import Pair
from remote_segments.membership.tables import MEMBERS
from remote_segments.sync.mapping import map_with
from remote_segments.sync.plan import ModelSource, Plan
from remote_segments.sync.publication import publish_with
from remote_segments.sync.results import Mapped, Published
from remote_segments.sync.since import members_at_instant
from remote_segments.sync.snapshots import Snapshot, get, insert, new_snapshot_id, newest_published_until
from remote_segments.sync.store import ensure_store
from remote_segments.warehouses.base import Session, Warehouse

START = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)

EMAIL = (Pair("email", "email", "email"),)
NUMBER = (Pair("external_id", "text", "contact_id"),)

Row = Mapping[str, Any]


def people(numbers: Iterable[int]) -> list[Row]:
    """Rows of the model."""
    return [{"contact_id": n, "email": f"p{n}@example.com", "city": "Lyon"} for n in numbers]


def members(numbers: Iterable[int]) -> list[Row]:
    """Fetched members that are in the model under their number and address."""
    return [{"id": f"m{n}", "external_id": str(n), "email": f"p{n}@example.com"} for n in numbers]


def plan_of(**changes: Any) -> Plan:
    """A plan of segment `vip` on the table crm.contacts: by number, else by e-mail."""
    plan = Plan(
        segment="vip",
        model=ModelSource(table="crm.contacts"),
        key=("contact_id",),
        entries=(NUMBER, EMAIL),
        primary="id",
        definition_hash="first",
    )
    return replace(plan, **changes)


def write_model(session: Session, rows: Sequence[Row], types: Mapping[str, str], name: str = "contacts") -> None:
    """Replaces a table of the schema crm."""
    session.execute("CREATE SCHEMA IF NOT EXISTS crm")
    session.execute(f"DROP TABLE IF EXISTS crm.{name}")
    columns = ", ".join(f"{quoted(column)} {kind}" for column, kind in types.items())
    session.execute(f"CREATE TABLE crm.{name} ({columns})")
    if rows:
        values = ", ".join("(" + ", ".join(literal(row.get(column)) for column in types) + ")" for row in rows)
        session.execute(f"INSERT INTO crm.{name} VALUES {values}")


def write_members(
    session: Session, segment: str, snapshot_id: str, members: Sequence[Row], names: Sequence[str]
) -> None:
    """Appends fetched members, numbered in order; `joined_at` is the platform's own time."""
    session.ensure_table("members", {**MEMBERS, **dict.fromkeys(names, "text")})
    values = [
        "("
        + ", ".join(
            [
                *map(literal, (segment, snapshot_id, number)),
                f"CAST({literal(member.get('joined_at'))} AS TIMESTAMPTZ)",
                *(f"CAST({literal(member.get(name))} AS TEXT)" for name in names),
            ]
        )
        + ")"
        for number, member in enumerate(members, start=1)
    ]
    if values:
        columns = ", ".join(map(quoted, (*MEMBERS, *names)))
        session.execute(f'INSERT INTO "{session.schema}".members ({columns}) VALUES {", ".join(values)}')


@dataclass
class Segment:
    """One segment in a warehouse; the clock moves an hour with every fetch."""

    warehouse: Warehouse
    plan: Plan = field(default_factory=plan_of)
    now: datetime = START
    names: tuple[str, ...] = ("id", "external_id", "email")
    types: Mapping[str, str] = field(
        default_factory=lambda: {"contact_id": "BIGINT", "email": "VARCHAR(80)", "city": "VARCHAR(20)"}
    )

    def model(self, rows: Sequence[Row], types: Mapping[str, str] | None = None) -> None:
        """Replaces the data model."""
        with self.warehouse.write() as session:
            write_model(session, rows, types or self.types)

    def fetch(self, members: Sequence[Row], partition: str | None = None, **columns: Any) -> str:
        """Stores a complete fetch, an hour after the one before; returns its id."""
        self.now += timedelta(hours=1)
        snapshot_id = new_snapshot_id(self.now)
        with self.warehouse.write() as session:
            ensure_store(session)
            write_members(session, self.plan.segment, snapshot_id, members, self.names)
            row = Snapshot(
                segment=self.plan.segment,
                snapshot_id=snapshot_id,
                members_id=snapshot_id,
                state="fetched",
                kind="fetch",
                partition_key=partition or f"{self.now:%Y-%m-%d-%H:%M}",
                run_id=f"run of {snapshot_id}",
                definition_hash=self.plan.definition_hash,
                fetched_at=self.now,
                effective_at=self.now,
                completeness="last page",
                fetched=len(members),
                **columns,
            )
            insert(session, row)
        return snapshot_id

    def map(self, snapshot_id: str | None = None, **options: Any) -> Mapped:
        """Maps a snapshot, two minutes after the last fetch."""
        options.setdefault("now", self.now + timedelta(minutes=2))
        return map_with(self.warehouse, self.plan, snapshot_id=snapshot_id, **options)

    def publish(self, snapshot_id: str | None = None, **options: Any) -> Published:
        """Publishes a snapshot, three minutes after the last fetch."""
        options.setdefault("now", self.now + timedelta(minutes=3))
        return publish_with(self.warehouse, self.plan, snapshot_id=snapshot_id, **options)

    def refresh(self, members: Sequence[Row], partition: str | None = None) -> Published:
        """Fetches, maps and publishes."""
        snapshot_id = self.fetch(members, partition)
        self.map(snapshot_id)
        return self.publish(snapshot_id)

    def remap(self) -> Published:
        """Maps the published ids again, with the model as it is, and publishes that."""
        self.now += timedelta(minutes=10)
        return self.publish(self.map().snapshot_id)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Reads; `{s}` stands for the schema."""
        with self.warehouse.read() as session:
            return session.rows(sql.replace("{s}", f'"{session.schema}"'))

    def row(self, snapshot_id: str) -> Snapshot:
        """A row of `snapshots`."""
        with self.warehouse.read() as session:
            found = get(session, self.plan.segment, snapshot_id)
        assert found is not None
        return found

    def published(self, columns: str = "contact_id") -> list[Any]:
        """The rows of the published segment, sorted; bare values of one column."""
        found = self.rows(f'SELECT {columns} FROM {{s}}."{self.plan.segment}" ORDER BY {columns}')
        return [row[0] for row in found] if len(found[:1]) and len(found[0]) == 1 else found

    def unmapped(self, snapshot_id: str) -> dict[int, str]:
        """The reasons of a snapshot's unmapped members, by number."""
        return dict(
            self.rows(f"SELECT member_no, reason FROM {{s}}.unmapped WHERE snapshot_id = {literal(snapshot_id)}")
        )

    def keys(self, snapshot_id: str) -> dict[str, tuple[int, str]]:
        """A snapshot's keys, with member number and what matched."""
        found = self.rows(f"SELECT key, member_no, matched FROM {{s}}.keys WHERE snapshot_id = {literal(snapshot_id)}")
        return {key: (number, matched) for key, number, matched in found}

    def events(self, snapshot_id: str) -> set[tuple[str, str, str]]:
        """A snapshot's events: key, event, cause."""
        return set(self.rows(f"SELECT key, event, cause FROM {{s}}.changes WHERE snapshot_id = {literal(snapshot_id)}"))

    def at(self, when: datetime) -> set[str]:
        """The keys that were members at an instant: from the events alone, and in the quickest way, too."""
        with self.warehouse.read() as session:
            scope = Scope(session.dialect, session.schema, self.plan.segment)
            found = set(session.rows(scope.sql(keys_at(scope, when, len(self.plan.key)))))
            in_force = newest_published_until(session, self.plan.segment, when)
            if in_force is not None:
                assert set(session.rows(scope.sql(members_at_instant(session, scope, in_force, when)))) == found
        return {row[0] for row in found}
