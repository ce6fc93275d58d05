"""The funnel: how many of the fetched members are people of the model, and where the others were lost.

fetched = unique + duplicate; unique = mapped + unknown + ambiguous + invalid; a mapped person who is in no row of the
published table lost the row of the model meanwhile (`gone`).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from remote_segments.config.project import Project
from remote_segments.membership.analysis.suppression import hidden, small, total_hidden
from remote_segments.membership.literals import table_name
from remote_segments.membership.tables import REASONS
from remote_segments.sync.analysis.shown import asking, joined_frames, shares, whole
from remote_segments.sync.snapshots import Snapshot
from remote_segments.warehouses.base import Session

if TYPE_CHECKING:
    import pandas as pd

GONE = "gone"
"""The reason of those who are mapped, and whose row of the model was not there when the segment was written."""


def funnel(project: Project, names: Sequence[str] | None = None, *, smallest: int | None = None) -> "pd.DataFrame":
    """The steps from fetched to enriched of the published snapshots, and the reasons of each loss.

    Args:
        project: the loaded project.
        names: segments; None for all.
        smallest: the size below which losses are left out.

    Returns:
        `segment, step, reason, members, share`: for each segment its steps (`fetched`, `unique`, `mapped`, `enriched`)
        without a reason, and after each step its losses, with one; `share` is in percent of the fetched.

    Raises:
        ProjectError: `unknown-segment`, `segment-never-published`.
    """
    with asking(project, names) as (session, shown):
        frames = [_steps(one, _rows(session, one), smallest or 0) for one in shown.snapshots.values()]
    return joined_frames(frames)


def _rows(session: Session, snapshot: Snapshot) -> int:
    """The rows of the published table; the mapped members where it has not been written by this release."""
    if session.relation(snapshot.segment, session.schema) is None:
        return snapshot.mapped or 0
    ((rows,),) = session.rows(f"SELECT count(*) FROM {table_name(session.schema, snapshot.segment)}")
    return int(rows)


def _steps(snapshot: Snapshot, enriched: int, smallest: int) -> "pd.DataFrame":
    import pandas as pd

    lost = {reason: getattr(snapshot, reason) or 0 for reason in REASONS}
    gone = hidden(list(lost.values()), smallest)
    counts: dict[str, int | None] = {
        reason: None if place in gone else count for place, (reason, count) in enumerate(lost.items())
    }
    mapped = snapshot.mapped or 0
    fetched = None if total_hidden(list(lost.values()), smallest) else mapped + sum(lost.values())
    unique = None if gone else mapped + sum(lost.values()) - lost["duplicate"]
    late = mapped - enriched
    rows: list[tuple[str, str | None, int | None]] = [
        ("fetched", None, fetched),
        ("unique", "duplicate", counts["duplicate"]),
        ("unique", None, unique),
        *(("mapped", reason, counts[reason]) for reason in REASONS if reason != "duplicate"),
        ("mapped", None, mapped),
        ("enriched", GONE, None if small(late, smallest) else late),
        ("enriched", None, None if small(late, smallest) else enriched),
    ]
    rows.sort(key=lambda row: (STEPS.index(row[0]), row[1] is not None))
    members = [row[2] for row in rows]
    return pd.DataFrame(
        {
            "segment": snapshot.segment,
            "step": [row[0] for row in rows],
            "reason": pd.array([row[1] for row in rows], dtype="string"),
            "members": whole(members),
            "share": shares(members, fetched),
        }
    )


STEPS = ("fetched", "unique", "mapped", "enriched")
"""In their order; sending adds its own."""
