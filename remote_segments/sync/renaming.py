"""A segment under another name: `renamed_from` carries everything that is stored over to it, once."""

from remote_segments.config.segment import Segment
from remote_segments.membership.literals import literal, table_name
from remote_segments.membership.tables import TABLES
from remote_segments.sync.store import ensure_store
from remote_segments.warehouses.base import Session, Warehouse

SEGMENT_TABLES = tuple(name for name, columns in TABLES.items() if "segment" in columns)
"""The shared tables with rows of segments."""


def carry_over_stored(warehouse: Warehouse, segment: Segment) -> None:
    """Does what `carry_over` does for a segment's file, in a writing session where it names a former name."""
    if segment.renamed_from is not None:
        with warehouse.write(segment.name) as session:
            ensure_store(session)
            carry_over(session, segment.renamed_from, segment.name)


def carry_over(session: Session, former: str | None, name: str) -> bool:
    """Gives all that is stored under a former name to the segment's name, its published table and its pause with it.

    Nothing happens where nothing is stored under the former name, or a fetch under the new one already: then it was
    carried over before, or somebody made a new segment of that name. Attempts that brought nothing are no obstacle.

    Args:
        session: a writing session.
        former: the name under `renamed_from`; None does nothing.
        name: the segment's name.

    Returns:
        Whether anything was carried over.
    """
    if former is None or has_rows(session, name, "members_id IS NOT NULL") or not has_rows(session, former):
        return False
    for table in SEGMENT_TABLES:
        session.execute(
            f"UPDATE {table_name(session.schema, table)} SET segment = {literal(name)} "
            f"WHERE segment = {literal(former)}"
        )
    meta, pause, former_pause = table_name(session.schema, "meta"), literal(f"pause:{name}"), f"pause:{former}"
    if session.rows(f"SELECT 1 FROM {meta} WHERE name = {pause}"):  # it was paused under its new name already
        session.execute(f"DELETE FROM {meta} WHERE name = {literal(former_pause)}")
    session.execute(f"UPDATE {meta} SET name = {pause} WHERE name = {literal(former_pause)}")
    if session.relation(former, session.schema) is not None:
        session.rename_table(former, name)
    return True


def has_rows(session: Session, name: str, condition: str = "1 = 1") -> bool:
    """Whether anything was ever stored of a segment; or a snapshot for which a condition holds."""
    snapshots = table_name(session.schema, "snapshots")
    return bool(session.rows(f"SELECT 1 FROM {snapshots} WHERE segment = {literal(name)} AND {condition} LIMIT 1"))
