"""The funnel: how many of the fetched members are people of the model and were sent, and where the others were lost.

fetched = unique + duplicate; unique = mapped + unknown + ambiguous + invalid; a mapped person who is in no row of the
published table lost the row of the model meanwhile (`gone`). Each activation of the segment goes on from there: allowed
are those whom no list, missing consent or missing identifier keeps from being sent, sent are those of them who are at
the destination by our doing.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from remote_segments.config.project import Project
from remote_segments.membership.analysis.suppression import hidden, small, total_hidden
from remote_segments.membership.tables import REASONS
from remote_segments.sync.analysis.sendings import GONE, Sending, published_rows, sendings_of
from remote_segments.sync.analysis.shown import asking, joined_frames, shares, whole
from remote_segments.sync.snapshots import Snapshot
from remote_segments.warehouses.base import Session

if TYPE_CHECKING:
    import pandas as pd

Row = tuple[str | None, str, str | None, int | None]
"""Activation, step, reason, members."""


def funnel(project: Project, names: Sequence[str] | None = None, *, smallest: int | None = None) -> "pd.DataFrame":
    """The steps from fetched to sent of the published snapshots, and the reasons of each loss.

    Args:
        project: the loaded project.
        names: segments; None for all.
        smallest: the size below which losses are left out.

    Returns:
        `segment, activation, step, reason, members, share`: for each segment its steps (`fetched`, `unique`, `mapped`,
        `enriched`) without a reason, and after each step its losses, with one; then for each of its activations the
        steps `allowed` and `sent`; `share` is in percent of the fetched. Where nobody can tell who may be sent, the one
        loss of `allowed` is the code of the error, and its numbers are null.

    Raises:
        ProjectError: `unknown-segment`, `segment-never-published`.
    """
    with asking(project, names) as (session, shown):
        frames = [_frame(session, project, one, smallest or 0) for one in shown.snapshots.values()]
    return joined_frames(frames)


def _frame(session: Session, project: Project, snapshot: Snapshot, smallest: int) -> "pd.DataFrame":
    import pandas as pd

    enriched = published_rows(session, snapshot)
    fetched, rows = _steps(snapshot, enriched, smallest)
    few = small((snapshot.mapped or 0) - enriched, smallest)
    rows += _sent(sendings_of(session, project, snapshot.segment, enriched), smallest, nothing=few)
    members = [row[3] for row in rows]
    return pd.DataFrame(
        {
            "segment": snapshot.segment,
            "activation": pd.array([row[0] for row in rows], dtype="string"),
            "step": [row[1] for row in rows],
            "reason": pd.array([row[2] for row in rows], dtype="string"),
            "members": whole(members),
            "share": shares(members, fetched),
        }
    )


def _steps(snapshot: Snapshot, enriched: int, smallest: int) -> tuple[int | None, list[Row]]:
    """The fetched, and the rows of the steps that all activations share."""
    lost = {reason: getattr(snapshot, reason) or 0 for reason in REASONS}
    gone = hidden(list(lost.values()), smallest)
    counts: dict[str, int | None] = {
        reason: None if place in gone else count for place, (reason, count) in enumerate(lost.items())
    }
    mapped = snapshot.mapped or 0
    fetched = None if total_hidden(list(lost.values()), smallest) else mapped + sum(lost.values())
    unique = None if gone else mapped + sum(lost.values()) - lost["duplicate"]
    late = mapped - enriched
    few = small(late, smallest)
    return fetched, [
        (None, "fetched", None, fetched),
        (None, "unique", None, unique),
        (None, "unique", "duplicate", counts["duplicate"]),
        (None, "mapped", None, mapped),
        *((None, "mapped", reason, counts[reason]) for reason in REASONS if reason != "duplicate"),
        (None, "enriched", None, None if few else enriched),
        (None, "enriched", GONE, None if few else late),
    ]


def _sent(found: Sequence[Sending], smallest: int, *, nothing: bool) -> list[Row]:
    """The rows of the steps of each activation; without a number where `nothing` may be told.

    What one activation leaves out another could tell, because project.yaml's lists hold for all of them: where anything
    must be left out, all of them show nothing but who is there, and that only where it and the others are not few.
    """
    gone = [hidden([*one.withheld.values(), *one.absent.values(), one.there], smallest) for one in found]
    close = nothing or (len(found) > 1 and any(gone))
    rows: list[Row] = []
    for one, places in zip(found, gone, strict=True):
        parts = {**one.withheld, **one.absent}
        shown: dict[str, int | None] = {
            reason: None if close or place in places else count for place, (reason, count) in enumerate(parts.items())
        }
        few = nothing or len(parts) in places or (close and small(one.enriched - one.there, smallest))
        allowed = None if close or places else one.there + sum(one.absent.values())
        rows.append((one.activation, "allowed", None, None if one.problem else allowed))
        rows += [(one.activation, "allowed", one.problem, None)] if one.problem else []
        rows += [(one.activation, "allowed", reason, shown[reason]) for reason in one.withheld]
        rows.append((one.activation, "sent", None, None if few or one.problem else one.there))
        rows += [(one.activation, "sent", reason, shown[reason]) for reason in one.absent]
    return rows


STEPS = ("fetched", "unique", "mapped", "enriched", "allowed", "sent")
"""In their order; the last two once for each activation."""
