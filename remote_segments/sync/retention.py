"""Forgetting: fetched ids, keys, unmapped members and spellings are kept for a segment's retention; events for ever."""

from datetime import datetime

from remote_segments.membership.literals import literal, table_name
from remote_segments.sync.plan import Plan
from remote_segments.sync.snapshots import Snapshot, snapshot_id_prefix
from remote_segments.warehouses.base import Session

KEPT_FOR_A_WHILE = ("members", "keys", "unmapped")


def expire(session: Session, plan: Plan, published: Snapshot, now: datetime) -> int:
    """Deletes the rows of snapshots that are older than the retention; returns how many.

    The published snapshot and the ids it was mapped from stay, however old. Snapshot ids sort by time, so an
    engine skips all younger rows without reading them, and a segment that has no older snapshot is not scanned at all.
    """
    keep = ", ".join(literal(name) for name in {published.snapshot_id, published.members_id or ""})
    older = (
        f"segment = {literal(plan.segment)} AND snapshot_id < {literal(snapshot_id_prefix(now - plan.retention))} "
        f"AND snapshot_id NOT IN ({keep})"
    )
    _expire_spellings(session, plan, now)
    if not session.rows(f"SELECT 1 FROM {table_name(session.schema, 'snapshots')} WHERE {older} LIMIT 1"):
        return 0
    return sum(
        max(0, session.execute(f"DELETE FROM {table_name(session.schema, table)} WHERE {older}"))
        for table in KEPT_FOR_A_WHILE
    )


def _expire_spellings(session: Session, plan: Plan, now: datetime) -> None:
    """Deletes spellings that are as old; those that are still needed are made again by the next mapping."""
    older = f"segment = {literal(plan.segment)} AND made_at < {literal(now - plan.retention)}"
    table = table_name(session.schema, "spellings")
    if session.rows(f"SELECT 1 FROM {table} WHERE {older} LIMIT 1"):
        session.execute(f"DELETE FROM {table} WHERE {older}")
