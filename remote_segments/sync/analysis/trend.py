"""The size of segments over time, with who joined and left."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from remote_segments.config.project import Project
from remote_segments.errors import ProjectError
from remote_segments.membership.analysis import trend as sizes
from remote_segments.membership.analysis.suppression import small
from remote_segments.membership.compile import Scope
from remote_segments.suggestions import choose
from remote_segments.sync.analysis.shown import asking

if TYPE_CHECKING:
    import pandas as pd

MOVES = ("joined", "left", "joined_otherwise", "left_otherwise")


def trend(
    project: Project,
    names: Sequence[str] | None = None,
    *,
    every: str = "snapshot",
    smallest: int | None = None,
) -> "pd.DataFrame":
    """How the size of segments went, oldest first.

    Args:
        project: the loaded project.
        names: segments; None for all.
        every: `snapshot`, or the stretch of time that snapshots are put together by: `day`, `week`, `month`, in UTC.
        smallest: the size below which movements are left out; those of the same stretch then are, too.

    Returns:
        `segment, instant, members, joined, left, joined_otherwise, left_otherwise`: the size at the end of the stretch
        that begins at `instant`; who joined and left by their own doing; who appeared and disappeared because the
        model, the segment's file or an erasure changed something. A baseline is none of these.

    Raises:
        ProjectError: `unknown-segment`, `segment-never-published`, `bad-value` for another stretch.
    """
    if every not in sizes.EVERY:
        raise ProjectError("bad-value", f"There is no stretch `{every[:40]}`.", choose(every, sorted(sizes.EVERY)))
    with asking(project, names) as (session, shown):
        scope = Scope(session.dialect, session.schema, "")
        frame = session.frame(scope.sql(sizes.trend(scope, list(shown.snapshots), every)))
    frame = frame.rename(columns={"left_": "left"})
    frame = frame.astype(dict.fromkeys(("members", *MOVES), "Int64"))
    if smallest:
        few = frame[list(MOVES)].map(lambda count: small(int(count), smallest)).any(axis=1)
        frame.loc[few, list(MOVES)] = None
    return frame
