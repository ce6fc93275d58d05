"""Membership at any instant, from the events alone: the rows of `keys` are forgotten in time, `changes` never are."""

from datetime import datetime
from typing import Any

from remote_segments.membership.compile import Scope
from remote_segments.membership.tables import KEY_COLUMNS


def keys_at(scope: Scope, when: datetime, width: int) -> Any:
    """The keys that were members at an instant, by the published snapshots up to it: `key..., since`.

    Only events of the generation in force then count: keys of two generations are not comparable. `since` is the
    instant of the last event that made a key a member.

    Args:
        scope: the segment.
        when: the instant, aware.
        width: the number of key columns of that generation.
    """
    import ibis

    snapshots = scope.own("snapshots")
    counted = snapshots.filter(snapshots.state == "published", snapshots.effective_at <= scope.instant(when))
    newest = counted.aggregate(newest=counted.generation.max())
    current = counted.inner_join(newest, [("generation", "newest")]).select("snapshot_id")
    rows = scope.own("changes").semi_join(current, "snapshot_id")
    step = ibis.cases((rows.event == "joined", 1), else_=-1)
    rows = rows.mutate(step=step)
    keys = KEY_COLUMNS[:width]
    totals = rows.group_by(keys).aggregate(steps=rows.step.sum(), since=rows.instant.max())
    return totals.filter(totals.steps > 0).select(*keys, "since")
