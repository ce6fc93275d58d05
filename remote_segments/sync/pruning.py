"""What is stored of segments that no file names any more, and how it is removed."""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from remote_segments.config.project import Project
from remote_segments.errors import ProjectError, TemporaryError
from remote_segments.membership.literals import literal, table_name
from remote_segments.membership.tables import TABLES
from remote_segments.suggestions import choose
from remote_segments.sync.renaming import SEGMENT_TABLES
from remote_segments.sync.spool import Spools
from remote_segments.sync.store import ensure_store, reading
from remote_segments.warehouses.base import Session


@dataclass(frozen=True)
class Leftover:
    """Rows of a segment without a file."""

    segment: str
    snapshots: int
    fetched_at: datetime | None
    """When its ids were last fetched."""


def leftovers(project: Project) -> list[Leftover]:
    """The stored segments that no file names, in the order of their names.

    One that a file names under `renamed_from` is none: it is carried over at the next refresh.
    """
    with reading(project.open_warehouse()) as session:
        return leftovers_in(session, project)


def leftovers_in(session: Session, project: Project) -> list[Leftover]:
    """Does what `leftovers` does, in a session."""
    if session.relation("snapshots", session.schema) is None:
        return []
    known = {*project.published, *(one.renamed_from for one in project.published.values())}
    found = session.rows(
        f"SELECT segment, count(*), max(fetched_at) FROM {table_name(session.schema, 'snapshots')} "
        "GROUP BY segment ORDER BY segment"
    )
    return [Leftover(*row) for row in found if row[0] not in known]


def prune(project: Project, names: Collection[str], *, compact: bool = False) -> dict[str, int]:
    """Removes all that is stored of segments without a file: rows, history, published table, pause, kept fetches.

    Args:
        project: the loaded project.
        names: the segments.
        compact: give the space on the disk back: the DuckDB file, or Postgres' tables, are written anew.

    Returns:
        For each segment, the rows that were deleted.

    Raises:
        ProjectError: `segment-has-file`, `nothing-stored`; `table-in-use` when a view needs the published table.
        TemporaryError: `warehouse-busy` where another program keeps what is to be written anew; the rows are gone.
    """
    found = {one.segment for one in leftovers(project)}
    for name in sorted(set(names) - found):
        if name in project.published:
            fix = "Remove its file first; what is stored of it stays until then."
            raise ProjectError("segment-has-file", f"{name} is a segment of this project.", fix)
        fix = choose(name, sorted(found)) if found else "There is nothing to prune."
        raise ProjectError("nothing-stored", f"Nothing is stored of a segment `{name[:60]}`.", fix)
    gone = {name: _prune(project, name) for name in sorted(names)}
    if compact:
        project.open_warehouse().scrub(list(TABLES))
    return gone


def _prune(project: Project, name: str) -> int:
    warehouse, rows = project.open_warehouse(), 0
    with warehouse.write(name) as session:
        ensure_store(session)
        for table in SEGMENT_TABLES:
            own = f"segment = {literal(name)}"
            rows += max(0, session.execute(f"DELETE FROM {table_name(session.schema, table)} WHERE {own}"))
        session.execute(f"DELETE FROM {table_name(session.schema, 'meta')} WHERE name = {literal(f'pause:{name}')}")
        if session.relation(name, session.schema) is not None:
            session.drop_table(name)
    with suppress(TemporaryError), warehouse.segment_lock(name):  # somebody's last fetch of it is deleted by its age
        Spools(project.state, name).forget()
    return rows
