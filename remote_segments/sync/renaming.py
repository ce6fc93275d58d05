"""A segment under another name: `renamed_from` carries everything that is stored over to it, once."""

from remote_segments.membership.literals import literal, table_name
from remote_segments.membership.tables import TABLES
from remote_segments.warehouses.base import Session

SEGMENT_TABLES = tuple(name for name, columns in TABLES.items() if "segment" in columns)
"""The shared tables with rows of segments."""


def carry_over(session: Session, former: str | None, name: str) -> bool:
    """Gives all that is stored under a former name to the segment's name, its published table and its pause with it.

    Nothing happens where nothing is stored under the former name, or something under the new one already: then it was
    carried over before, or somebody made a new segment of that name.

    Args:
        session: a writing session.
        former: the name under `renamed_from`; None does nothing.
        name: the segment's name.

    Returns:
        Whether anything was carried over.
    """
    if former is None or has_rows(session, name) or not has_rows(session, former):
        return False
    for table in SEGMENT_TABLES:
        session.execute(
            f"UPDATE {table_name(session.schema, table)} SET segment = {literal(name)} "
            f"WHERE segment = {literal(former)}"
        )
    session.execute(
        f"UPDATE {table_name(session.schema, 'meta')} SET name = {literal(f'pause:{name}')} "
        f"WHERE name = {literal(f'pause:{former}')}"
    )
    if session.relation(former, session.schema) is not None:
        session.rename_table(former, name)
    return True


def has_rows(session: Session, name: str) -> bool:
    """Whether anything was ever stored of a segment."""
    snapshots = table_name(session.schema, "snapshots")
    return bool(session.rows(f"SELECT 1 FROM {snapshots} WHERE segment = {literal(name)} LIMIT 1"))
