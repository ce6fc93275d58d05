"""The rows of `snapshots`: one per attempt to refresh a segment; only those that say `published` count.

Snapshots of a segment are ordered by `effective_at`, the instant from which their membership counts.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from remote_segments.membership.literals import literal, quoted, table_name
from remote_segments.sync.rows import append_row, change_row
from remote_segments.sync.store import ensure_store
from remote_segments.warehouses.base import Session

if TYPE_CHECKING:
    from remote_segments.config.project import Project

COMPLETE = ("fetched", "mapped", "published", "held", "superseded")
"""States whose ids are all there, a proven fetch or a remap of one; what somebody rejected does not come back."""


TICK = timedelta(microseconds=1)
"""The smallest distance of two instants in every warehouse; no two published snapshots count from the same one."""


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """One row of `snapshots`, with the columns of `membership.tables.SNAPSHOTS` and what they mean there.

    A complete fetch is inserted with `state="fetched"`, `kind="fetch"`, its own id as `members_id`, and
    `effective_at` equal to `fetched_at`.
    """

    segment: str
    snapshot_id: str
    state: str
    members_id: str | None = None
    previous_id: str | None = None
    generation: int | None = None
    kind: str | None = None
    reason: str | None = None
    message: str | None = None
    partition_key: str | None = None
    run_id: str | None = None
    definition_hash: str | None = None
    model: str | None = None
    key_columns: str | None = None
    platform: str | None = None
    connection: str | None = None
    source: str | None = None
    source_name: str | None = None
    warning: str | None = None
    api_version: str | None = None
    remote_state: str | None = None
    remote_updated_at: datetime | None = None
    remote_rule_hash: str | None = None
    drift: str | None = None
    fetched_at: datetime | None = None
    data_at: datetime | None = None
    model_read_at: datetime | None = None
    effective_at: datetime | None = None
    published_at: datetime | None = None
    completeness: str | None = None
    declared_total: int | None = None
    fetched: int | None = None
    repeated: int | None = None
    erased: int | None = None
    mapped: int | None = None
    unknown: int | None = None
    ambiguous: int | None = None
    invalid: int | None = None
    duplicate: int | None = None
    same_row: int | None = None
    conflicting: int | None = None
    joined_count: int | None = None
    left_count: int | None = None
    pages: int | None = None
    calls: int | None = None
    seconds: float | None = None
    numbers: str | None = None
    approved_by: str | None = None
    inputs: str | None = None


def data_time(snapshot: Snapshot) -> datetime | None:
    """The time of a snapshot's data: its own where the source told it, else when it was fetched."""
    return snapshot.data_at or snapshot.fetched_at


_COMPLETE = f"state IN ({', '.join(map(literal, COMPLETE))})"

COLUMNS = tuple(field.name for field in fields(Snapshot))


def new_snapshot_id(now: datetime) -> str:
    """A new id: ids sort by the instant they were made, and two made in the same microsecond still differ."""
    return f"{snapshot_id_prefix(now)}_{secrets.token_hex(3)}"


def snapshot_id_prefix(instant: datetime) -> str:
    """What the ids made at an instant begin with; every id made earlier sorts before it."""
    return instant.astimezone(UTC).strftime("%Y%m%dT%H%M%S%fZ")


def insert(session: Session, snapshot: Snapshot) -> None:
    """Appends one row."""
    append_row(session, "snapshots", snapshot)


def update(session: Session, snapshot: Snapshot, **values: Any) -> Snapshot:
    """Writes new values into a snapshot's row; returns the snapshot as it now stands."""
    return change_row(session, "snapshots", snapshot, ("segment", "snapshot_id"), **values)


def get(session: Session, segment: str, snapshot_id: str) -> Snapshot | None:
    """One snapshot of a segment; None if there is none of that id."""
    return _first(session, segment, f"snapshot_id = {literal(snapshot_id)}")


def latest_published(session: Session, segment: str) -> Snapshot | None:
    """The published snapshot that `<segment>` shows."""
    return _first(session, segment, "state = 'published'")


def newest_mapped(session: Session, segment: str) -> Snapshot | None:
    """The newest snapshot whose members have outcomes, published or not: a held one is to be looked at, too."""
    return _first(session, segment, "state IN ('mapped', 'held', 'published') AND mapped IS NOT NULL")


def newest_published(session: Session, segment: str, limit: int) -> list[Snapshot]:
    """The newest published snapshots, the one that `<segment>` shows first."""
    return _rows(session, segment, "state = 'published'", NEWEST, limit)


def newest_published_of(session: Session, names: Collection[str]) -> dict[str, Snapshot]:
    """The newest published snapshot of each name, in one statement."""
    if not names or session.relation("snapshots", session.schema) is None:
        return {}
    columns, listed = ", ".join(map(quoted, COLUMNS)), ", ".join(map(literal, names))
    place = f"row_number() OVER (PARTITION BY segment ORDER BY {NEWEST}) AS place"
    rows = session.rows(
        f"SELECT {columns} FROM (SELECT *, {place} "
        f"FROM {_table(session)} WHERE state = 'published' AND segment IN ({listed})) ranked "
        "WHERE place = 1"
    )
    return {row[0]: Snapshot(**dict(zip(COLUMNS, row, strict=True))) for row in rows}


def held(session: Session, segment: str) -> list[Snapshot]:
    """The held snapshots of a segment, the newest first."""
    return _rows(session, segment, "state = 'held'", NEWEST_IDS)


def published_at(session: Session, segment: str, instant: datetime) -> Snapshot | None:
    """The published snapshot that counts from an instant on."""
    return _first(session, segment, f"state = 'published' AND effective_at = {literal(instant)}")


def oldest_published(session: Session, segment: str) -> Snapshot | None:
    """The published snapshot with which a segment's history begins."""
    return _first(session, segment, "state = 'published'", OLDEST)


def newest_published_until(session: Session, segment: str, when: datetime) -> Snapshot | None:
    """The published snapshot that counted at an instant."""
    return _first(session, segment, f"state = 'published' AND effective_at <= {literal(when)}")


def published_before(session: Session, snapshot: Snapshot) -> Snapshot | None:
    """The published snapshot that precedes one in time."""
    instant = literal(snapshot.effective_at)
    return _first(session, snapshot.segment, f"state = 'published' AND effective_at < {instant}")


def published_after(session: Session, snapshot: Snapshot) -> Snapshot | None:
    """The published snapshot that follows one in time."""
    instant = literal(snapshot.effective_at)
    condition = f"state = 'published' AND effective_at > {instant}"
    return _first(session, snapshot.segment, condition, OLDEST)


def had_members(session: Session, snapshot: Snapshot) -> bool:
    """Whether a published snapshot of its generation, before it in time, had members."""
    instant, generation = literal(snapshot.effective_at), literal(snapshot.generation)
    condition = f"state = 'published' AND effective_at < {instant} AND generation = {generation} AND mapped > 0"
    return _first(session, snapshot.segment, condition) is not None


def newest_complete(
    session: Session, segment: str, partition_key: str | None = None, run_id: str | None = None
) -> Snapshot | None:
    """The snapshot with the newest ids that are all there; of one partition or run, or of the whole segment.

    One that was held and overtaken is only meant where its partition has no other.
    """
    condition = _COMPLETE if partition_key or run_id else f"{_COMPLETE} AND state <> 'superseded'"
    for name, value in (("partition_key", partition_key), ("run_id", run_id)):
        if value is not None:
            condition += f" AND {name} = {literal(value)}"
    return _first(session, segment, condition, f"CASE state WHEN 'superseded' THEN 1 ELSE 0 END, {NEWEST_IDS}")


def windows_after(session: Session, segment: str, partition_key: str) -> bool:
    """Whether a later window of a segment has ids; keys of windows sort by time."""
    return _first(session, segment, f"{_COMPLETE} AND partition_key > {literal(partition_key)}") is not None


def record(
    session: Session,
    segment: str,
    *,
    state: str,
    reason: str,
    message: str,
    partition_key: str | None,
    run_id: str | None,
    now: datetime,
    **values: Any,
) -> Snapshot:
    """Records an attempt that brought no members: `failed`, `missed`, `skipped` or `frozen`.

    Args:
        session: a writing session.
        segment: the segment's name.
        state: `failed`, `missed`, `skipped` or `frozen`.
        reason: a stable code.
        message: the sentence behind it, without identifiers or secrets.
        partition_key: the window that was asked for.
        run_id: the run that tried.
        now: the instant of the attempt.
        values: further columns that are known (`platform`, `calls`, ...).
    """
    snapshot = Snapshot(
        segment=segment,
        snapshot_id=new_snapshot_id(now),
        state=state,
        reason=reason,
        message=message,
        partition_key=partition_key,
        run_id=run_id,
        **values,
    )
    insert(session, snapshot)
    return snapshot


def record_without_members(
    project: "Project",
    segment_name: str,
    *,
    state: str,
    reason: str,
    message: str,
    partition_key: str | None,
    run_id: str | None,
    now: datetime,
    **values: Any,
) -> Snapshot:
    """Does what `record` does, in a short writing session of its own."""
    with project.open_warehouse().write() as session:
        ensure_store(session)
        return record(
            session,
            segment_name,
            state=state,
            reason=reason,
            message=message,
            partition_key=partition_key,
            run_id=run_id,
            now=now,
            **values,
        )


def _table(session: Session) -> str:
    return table_name(session.schema, "snapshots")


NEWEST = "effective_at DESC, snapshot_id DESC"
OLDEST = "effective_at, snapshot_id"
NEWEST_IDS = "fetched_at DESC, effective_at DESC, snapshot_id DESC"


def _rows(
    session: Session, segment: str, condition: str, order: str = NEWEST, limit: int | None = None
) -> list[Snapshot]:
    """The rows of a segment for which a condition holds, in an order."""
    names = ", ".join(quoted(name) for name in COLUMNS)
    rows = session.rows(
        f"SELECT {names} FROM {_table(session)} WHERE segment = {literal(segment)} AND {condition} "
        f"ORDER BY {order}" + (f" LIMIT {limit}" if limit is not None else "")
    )
    return [Snapshot(**dict(zip(COLUMNS, row, strict=True))) for row in rows]


def _first(session: Session, segment: str, condition: str, order: str = NEWEST) -> Snapshot | None:
    rows = _rows(session, segment, condition, order, 1)
    return rows[0] if rows else None
