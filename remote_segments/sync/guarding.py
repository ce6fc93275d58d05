"""The guards before publication, with the numbers that they judge read from the warehouse."""

from remote_segments.errors import HeldError
from remote_segments.membership.guards import CAUSES, Counts, Moved, judge
from remote_segments.membership.literals import literal, table_name
from remote_segments.membership.tables import OUTCOMES
from remote_segments.sync.drift import rule_changed
from remote_segments.sync.plan import Plan
from remote_segments.sync.snapshots import Snapshot
from remote_segments.warehouses.base import Session

CHANGED_RULE = "The segment's rule was changed on the platform since the published snapshot: the likely cause."
"""What a guard adds where the platform tells the rule."""


def hold_doubtful(
    plan: Plan, counts: Counts, latest: Snapshot | None, moved: Moved | None, snapshot: Snapshot | None = None
) -> None:
    """Judges a snapshot against the published one before it; without `moved` by its counts alone.

    Where the platform changed the segment's rule between the published one and `snapshot`, that is told as the cause.

    Raises:
        HeldError: `none-mapped`, `emptied`, `match-rate-low`, `many-left`, `many-joined`.
    """
    verdict = judge(counts, latest.fetched if latest else None, plan.guards, latest.mapped if latest else None, moved)
    if verdict is not None:
        changed = snapshot is not None and rule_changed(latest, snapshot)
        cause = f" {CHANGED_RULE}" if changed else ""
        raise HeldError(verdict.code, f"{verdict.found}{cause}", verdict.fix, plan.where)


def counts_of(snapshot: Snapshot) -> Counts:
    """The counts of a mapped snapshot."""
    return Counts(**{name: getattr(snapshot, name) or 0 for name in ("fetched", *OUTCOMES)})


def moved_by(session: Session, snapshot: Snapshot) -> Moved:
    """Who joins and leaves with a mapped snapshot, by the person's own doing or the model's."""
    causes = ", ".join(map(literal, CAUSES))
    rows = session.rows(
        f"SELECT event, cause, count(*) FROM {table_name(session.schema, 'changes')} "
        f"WHERE segment = {literal(snapshot.segment)} AND snapshot_id = {literal(snapshot.snapshot_id)} "
        f"AND cause IN ({causes}) GROUP BY event, cause"
    )
    return Moved(**{f"{event}_{cause}": number for event, cause, number in rows})
