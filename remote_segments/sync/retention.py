"""Forgetting: fetched ids, keys, unmapped members and spellings are kept for a segment's retention; events for ever.

Every publication forgets what is too old of its own segment; `forget` does it for those that publish nothing any more.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from remote_segments.membership.literals import literal, table_name
from remote_segments.sync.holding import open_hold
from remote_segments.sync.plan import Plan, plan_for
from remote_segments.sync.snapshots import Snapshot, latest_published, snapshot_id_prefix
from remote_segments.sync.store import ensure_store, reading
from remote_segments.warehouses.base import Session

if TYPE_CHECKING:
    from remote_segments.config.project import Project

KEPT_FOR_A_WHILE = ("members", "keys", "unmapped")


def forget(project: "Project", now: datetime) -> dict[str, int]:
    """Deletes what is older than the retention of each segment of a project; only those with such rows are locked.

    Returns:
        How many rows were deleted, by segment; those without are left out.
    """
    warehouse, gone = project.open_warehouse(), {}
    plans = {name: plan_for(project, name) for name in sorted(project.published)}
    with reading(warehouse) as session:
        if session.relation("snapshots", session.schema) is None:
            return {}
        due = [name for name, plan in plans.items() if _has_old_rows(session, plan, now)]
    for name in due:
        with warehouse.write(name) as session:
            ensure_store(session)
            gone[name] = expire(session, plans[name], latest_published(session, name), now)
    return gone


def expire(session: Session, plan: Plan, published: Snapshot | None, now: datetime) -> int:
    """Deletes the rows of snapshots that are older than the retention; returns how many.

    The published snapshot and the ids it was mapped from stay, however old, and so does one that waits for a person.
    Snapshot ids sort by time, so an engine skips all younger rows without reading them, and a segment that has no older
    snapshot is not scanned at all.
    """
    older = _older(session, plan, published, now)
    spelled = _expire_spellings(session, plan, now)
    if not session.rows(f"SELECT 1 FROM {table_name(session.schema, 'snapshots')} WHERE {older} LIMIT 1"):
        return spelled
    return spelled + sum(
        max(0, session.execute(f"DELETE FROM {table_name(session.schema, table)} WHERE {older}"))
        for table in KEPT_FOR_A_WHILE
    )


def _older(session: Session, plan: Plan, published: Snapshot | None, now: datetime) -> str:
    """The condition on rows of snapshots that are not kept any more."""
    kept = [one for one in (published, open_hold(session, plan.segment)) if one is not None]
    ids = {name for one in kept for name in (one.snapshot_id, one.members_id) if name is not None}
    older = f"segment = {literal(plan.segment)} AND snapshot_id < {literal(snapshot_id_prefix(now - plan.retention))}"
    return f"{older} AND snapshot_id NOT IN ({', '.join(map(literal, sorted(ids)))})" if ids else older


def _has_old_rows(session: Session, plan: Plan, now: datetime) -> bool:
    older = _older(session, plan, latest_published(session, plan.segment), now)
    selects = [
        *(f"SELECT 1 FROM {table_name(session.schema, table)} WHERE {older} LIMIT 1" for table in KEPT_FOR_A_WHILE),
        f"SELECT 1 FROM {table_name(session.schema, 'spellings')} WHERE {_old_spellings(plan, now)} LIMIT 1",
    ]
    return any(session.rows(select) for select in selects)


def _old_spellings(plan: Plan, now: datetime) -> str:
    return f"segment = {literal(plan.segment)} AND made_at < {literal(now - plan.retention)}"


def _expire_spellings(session: Session, plan: Plan, now: datetime) -> int:
    """Deletes spellings that are as old; those that are still needed are made again by the next mapping."""
    table, old = table_name(session.schema, "spellings"), _old_spellings(plan, now)
    if not session.rows(f"SELECT 1 FROM {table} WHERE {old} LIMIT 1"):
        return 0
    return max(0, session.execute(f"DELETE FROM {table} WHERE {old}"))
