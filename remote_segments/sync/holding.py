"""Held snapshots: at most one of a segment waits for a person, the newest, as long as nothing newer is published."""

from remote_segments.membership.literals import literal, table_name
from remote_segments.sync.snapshots import Snapshot, held, latest_published
from remote_segments.warehouses.base import Session


def settle(session: Session, segment: str) -> None:
    """Closes all holds but the open one: those that were overtaken by another one, or by what was published."""
    latest = latest_published(session, segment)
    overtaken = [
        snapshot
        for place, snapshot in enumerate(held(session, segment))
        if place or (latest is not None and _instants(snapshot) <= _instants(latest))
    ]
    if overtaken:
        ids = ", ".join(literal(one.snapshot_id) for one in overtaken)
        session.execute(
            f"UPDATE {table_name(session.schema, 'snapshots')} SET state = 'superseded' "
            f"WHERE segment = {literal(segment)} AND snapshot_id IN ({ids})"
        )


def open_hold(session: Session, segment: str) -> Snapshot | None:
    """The snapshot that waits for a person; None when there is none."""
    found = held(session, segment)
    return found[0] if found else None


def _instants(snapshot: Snapshot) -> tuple[str, str]:
    """When the ids are from, then from when they count: a newer model makes a newer snapshot of the same ids."""
    return tuple(one.isoformat() if one else "" for one in (snapshot.fetched_at, snapshot.effective_at))  # type: ignore[return-value]
