"""Since when each member is one: kept beside the keys and the events, so that a membership of long ago is quickly read.

`keys.since` and `changes.since` follow from the events alone. Each refresh carries them on; a rebuild, which changes
events in the middle of history, and rows of an earlier release, which had none, have them restored.
"""

from datetime import datetime
from typing import Any

from remote_segments.membership.compile import Scope
from remote_segments.membership.history import keys_at, keys_at_from, without_since
from remote_segments.membership.literals import literal, table_name
from remote_segments.membership.tables import KEY_COLUMNS
from remote_segments.sync.snapshots import Snapshot, latest_published
from remote_segments.warehouses.base import Session


def members_at_instant(session: Session, scope: Scope, in_force: Snapshot, when: datetime) -> Any:
    """Who was a member at an instant, as an expression: `key..., since`; in the quickest way that is exact.

    Args:
        session: a session.
        scope: the segment.
        in_force: the published snapshot that counted then.
        when: the instant.
    """
    width = len((in_force.key_columns or "").split(","))
    newest = latest_published(session, scope.segment)
    if newest is not None and newest.generation is not None and newest.generation == in_force.generation:
        place = (newest.snapshot_id, newest.generation, when)
        ((keys, unknown, left),) = session.rows(scope.sql(without_since(scope, *place)))
        if keys == newest.mapped and not unknown and not left:
            return keys_at_from(scope, *place, width)
    return keys_at(scope, when, width)


def restore_since(session: Session, segment: str) -> None:
    """Writes `since` where it differs from what the events say.

    In the events of published snapshots, in the keys of the one that is shown, and in those that wait behind it.
    """
    newest = latest_published(session, segment)
    if newest is None:
        return
    stays = f"SELECT * FROM {table_name(session.schema, 'memberships')} WHERE segment = {literal(segment)}"
    same = " AND ".join(f"r.{name} IS NOT DISTINCT FROM m.{name}" for name in KEY_COLUMNS[1:])
    same = f"r.segment = {literal(segment)} AND r.key = m.key AND {same} AND r.since IS DISTINCT FROM m.since"
    session.execute(
        f"UPDATE {table_name(session.schema, 'changes')} AS r SET since = m.since FROM ({stays}) m "
        f"WHERE {same} AND r.event = 'left' AND r.generation = m.generation AND r.instant = m.until"
    )
    keys = table_name(session.schema, "keys")
    session.execute(
        f"UPDATE {keys} AS r SET since = m.since FROM ({stays}) m WHERE {same} "
        f"AND r.snapshot_id = {literal(newest.snapshot_id)} AND m.until IS NULL "
        f"AND m.generation = {literal(newest.generation)}"
    )
    shown = f"SELECT * FROM {keys} WHERE segment = {literal(segment)} AND snapshot_id = {literal(newest.snapshot_id)}"
    waiting = (  # mapped against the published one, whose stays they carry on
        f"r.snapshot_id IN (SELECT snapshot_id FROM {table_name(session.schema, 'snapshots')} "
        f"WHERE segment = {literal(segment)} AND state IN ('mapped', 'held') "
        f"AND previous_id = {literal(newest.snapshot_id)})"
    )
    for table, which in (("keys", "1 = 1"), ("changes", "r.event = 'left'")):
        session.execute(
            f"UPDATE {table_name(session.schema, table)} AS r SET since = m.since FROM ({shown}) m "
            f"WHERE {same} AND {waiting} AND {which}"
        )


def is_complete(session: Session, previous: Snapshot) -> bool:
    """Whether all keys of a snapshot say since when."""
    return not session.rows(
        f"SELECT 1 FROM {table_name(session.schema, 'keys')} WHERE segment = {literal(previous.segment)} "
        f"AND snapshot_id = {literal(previous.snapshot_id)} AND since IS NULL LIMIT 1"
    )
