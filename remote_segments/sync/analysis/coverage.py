"""Which identifiers a segment's members carry, which of them found people, and how full the model's columns are."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from remote_segments.config.project import Project
from remote_segments.membership.analysis import coverage as counts
from remote_segments.membership.analysis.suppression import hidden, small, total_hidden
from remote_segments.membership.compile import Scope
from remote_segments.sync.analysis.breakdown import model_of
from remote_segments.sync.analysis.shown import asking, joined_frames, shares, whole
from remote_segments.sync.deriving import stored_identifiers
from remote_segments.sync.snapshots import Snapshot
from remote_segments.warehouses.base import Session

if TYPE_CHECKING:
    import pandas as pd


def coverage(project: Project, names: Sequence[str] | None = None, *, smallest: int | None = None) -> "pd.DataFrame":
    """Which identifiers members carry and by which they were found; what is combined of segments has none and no row.

    Args:
        project: the loaded project.
        names: segments; None for all.
        smallest: the size below which groups are left out.

    Returns:
        `segment, identifier, column, members, carried, carried_share, found, found_share, filled_share`: how many of
        the fetched members have the identifier; how many of the mapped were found by it (alone or together with
        another); in how many of the model's rows its column is filled. Shares in percent. Identifiers that come with
        the members and that the segment does not use have no column.

    Raises:
        ProjectError: `unknown-segment`, `segment-never-published`; what is wrong with the model.
    """
    with asking(project, names) as (session, shown):
        filled: dict[str, Mapping[str, tuple[int, int]]] = {}
        frames = [
            _of_segment(session, project, one, filled, smallest or 0)
            for one in shown.snapshots.values()
            if one.segment in project.segments
        ]
    return joined_frames(frames or [_frame("", [], 0, 0)])


Row = tuple[str, str | None, int, int, float | None]


def _of_segment(
    session: Session, project: Project, snapshot: Snapshot, filled: dict[str, Any], smallest: int
) -> "pd.DataFrame":
    columns: dict[str, str] = {
        name: column.column
        for entry in project.segments[snapshot.segment].identifiers
        for name, column in entry.items()
    }
    scope = Scope(session.dialect, session.schema, snapshot.segment)
    stored = stored_identifiers(session)
    (row,) = session.rows(scope.sql(counts.carried(scope, snapshot.members_id or "", stored)))
    members, carried = row[0], dict(zip(stored, row[1:], strict=True))
    found = dict.fromkeys(columns, 0)
    for matched, people in session.rows(scope.sql(counts.matched(scope, snapshot.snapshot_id))):
        for name in set(matched.split("+")) & found.keys():
            found[name] += people
    if snapshot.model not in filled:
        filled[snapshot.model or ""] = _filled(session, project, snapshot)
    model = filled[snapshot.model or ""]
    names = [*columns, *(name for name in stored if carried[name] and name not in columns)]
    rows = [
        (name, columns.get(name), carried.get(name, 0), found.get(name, 0), model.get(columns.get(name, "")))
        for name in names
    ]
    return _frame(snapshot.segment, rows, members, snapshot.mapped or 0, smallest)


def _filled(session: Session, project: Project, snapshot: Snapshot) -> dict[str, float]:
    """In how many percent of the model's rows each column is filled that a segment finds people by."""
    columns = sorted(
        {
            column.column
            for segment in project.segments.values()
            if segment.model == snapshot.model
            for entry in segment.identifiers
            for column in entry.values()
        }
    )
    model = model_of(session, project, [snapshot])
    scope = Scope(session.dialect, session.schema, "")
    (row,) = session.rows(scope.sql(counts.filled(model, columns)))
    return {name: round(100 * one / row[0], 2) if row[0] else 0.0 for name, one in zip(columns, row[1:], strict=True)}


def _frame(segment: str, rows: Sequence[Row], members: int, mapped: int, smallest: int = 0) -> "pd.DataFrame":
    import pandas as pd

    carried: list[int | None] = [
        None if small(row[2], smallest) or small(members - row[2], smallest) else row[2] for row in rows
    ]
    each = [row[3] for row in rows]
    gone = hidden(each, smallest)
    if total_hidden(each, smallest):
        gone = frozenset(range(len(rows)))
    found = [None if place in gone or small(mapped - one, smallest) else one for place, one in enumerate(each)]
    return pd.DataFrame(
        {
            "segment": [segment] * len(rows),
            "identifier": [row[0] for row in rows],
            "column": pd.array([row[1] for row in rows], dtype="string"),
            "members": whole([members] * len(rows)),
            "carried": whole(carried),
            "carried_share": shares(carried, members),
            "found": whole(found),
            "found_share": shares(found, mapped),
            "filled_share": pd.array([row[4] for row in rows], dtype="Float64"),
        }
    )
