"""Membership at any instant, from the events alone: the rows of `keys` are forgotten in time, `changes` never are.

The view is written by hand, in SQL that every engine reads alike: it is made before anything else is, also by
processes that only fetch, which the compiler would cost a third of their memory.
"""

from datetime import datetime
from typing import Any

from remote_segments.membership.compile import Scope, finished
from remote_segments.membership.literals import table_name
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


def keys_at_from(scope: Scope, newest_id: str, generation: int, when: datetime, width: int) -> Any:
    """The same, back from the published snapshot: who is in it since before, and who left after the instant.

    Reads the keys of one snapshot and later events only, and groups nothing; good where both know `since`.

    Args:
        scope: the segment.
        newest_id: the published snapshot.
        generation: its generation, which was in force at the instant, too.
        when: the instant, aware.
        width: the number of key columns.
    """
    import ibis

    instant, keys = scope.instant(when), KEY_COLUMNS[:width]
    shown = scope.rows("keys", newest_id)
    left = _left_after(scope, generation, when)
    return ibis.union(
        shown.filter(shown.since <= instant).select(*keys, "since"),
        left.filter(left.since <= instant).select(*keys, "since"),
    )


def without_since(scope: Scope, newest_id: str, generation: int, when: datetime) -> Any:
    """Whether `keys_at_from` may be used: keys of the published snapshot, how many and how many know no `since`.

    And how many of those who left after the instant know none: rows of an earlier release do not.
    """
    shown = scope.rows("keys", newest_id)
    left = _left_after(scope, generation, when)
    left = left.filter(left.since.isnull())
    unknown = left.aggregate(left=left.count())
    return shown.aggregate(keys=shown.count(), unknown=shown.count(where=shown.since.isnull())).cross_join(unknown)


def _left_after(scope: Scope, generation: int, when: datetime) -> Any:
    """The events of a generation, in published snapshots, by which somebody left after an instant."""
    snapshots, rows = scope.own("snapshots"), scope.own("changes")
    published = snapshots.filter(snapshots.state == "published", snapshots.effective_at > scope.instant(when))
    left = rows.filter(rows.generation == generation, rows.event == "left", rows.instant > scope.instant(when))
    return finished(left.semi_join(published.select("snapshot_id"), "snapshot_id"))


def memberships(schema: str) -> str:
    """The SELECT of the view `memberships`: one row per person and stay, with the columns of `MEMBERSHIPS`.

    Within a generation the events of a key alternate, so that the one after `joined` is the `left` that ends the stay.
    The first published snapshot of the next generation ends all that last: keys of two generations are not comparable.
    """
    published = f"SELECT segment, snapshot_id, generation, effective_at FROM {table_name(schema, 'snapshots')}"
    person = "PARTITION BY c.segment, c.generation, c.key, c.key_2, c.key_3 ORDER BY c.instant"
    return (
        f"WITH published AS ({published} WHERE state = 'published'), "
        "starts AS (SELECT segment, generation, min(effective_at) AS began FROM published "
        "GROUP BY segment, generation), "
        "ends AS (SELECT segment, generation, lead(began) OVER (PARTITION BY segment ORDER BY generation) AS ended "
        "FROM starts), "
        "events AS (SELECT c.segment, c.generation, c.key, c.key_2, c.key_3, c.instant, c.event, c.cause, "
        f"lead(c.instant) OVER ({person}) AS next_instant, lead(c.cause) OVER ({person}) AS next_cause "
        f"FROM {table_name(schema, 'changes')} c JOIN published s "
        "ON s.segment = c.segment AND s.snapshot_id = c.snapshot_id) "
        "SELECT e.segment, e.generation, e.key, e.key_2, e.key_3, e.instant AS since, "
        "coalesce(e.next_instant, g.ended) AS until, e.cause, e.next_cause AS left_cause "
        "FROM events e JOIN ends g ON g.segment = e.segment AND g.generation = e.generation WHERE e.event = 'joined'"
    )
