"""How the size of segments went: what each published snapshot has, who joined and left by which cause, by stretch."""

from collections.abc import Sequence
from typing import Any

from remote_segments.membership.compile import Scope, unbound
from remote_segments.membership.tables import TABLES

EVERY = {"snapshot": None, "day": "D", "week": "W", "month": "M"}
"""Stretches of time, and the compiler's letter for them; weeks begin on Monday, all in UTC."""


def trend(scope: Scope, names: Sequence[str], every: str = "snapshot") -> Any:
    """One row per segment and stretch in which it was published, in order.

    Columns: `segment, instant, members, joined, left_, joined_otherwise, left_otherwise`. `members` is the size at the
    end of the stretch; `joined` and `left_` are people's own doing (cause `remote`), the others what the model or the
    team changed; a baseline is neither.
    """
    import ibis

    published = unbound("snapshots", TABLES["snapshots"], scope.schema)
    published = published.filter(published.state == "published", published.segment.isin([scope.text(n) for n in names]))
    moved = _moved(scope).select(moved_segment="segment", moved_id="snapshot_id", **{n: n for n in MOVES})
    both = published.left_join(moved, [("segment", "moved_segment"), ("snapshot_id", "moved_id")])
    rows = both.select(
        "segment",
        "snapshot_id",
        effective_at=both.effective_at,
        members=both.mapped,
        **{name: ibis.coalesce(both[name], 0) for name in MOVES},
    )
    letter = EVERY[every]
    if letter is None:
        found = rows.select("segment", "members", *MOVES, instant=rows.effective_at)
        return found.order_by("segment", "instant").select("segment", "instant", "members", *MOVES)
    rows = rows.mutate(instant=rows.effective_at.truncate(letter))
    last = ibis.row_number().over(
        ibis.window(group_by=["segment", "instant"], order_by=[rows.effective_at.desc(), rows.snapshot_id.desc()])
    )
    ranked = rows.mutate(place=last)
    sums = {name: ranked[name].sum().cast("int64") for name in MOVES}
    newest = ranked.members.max(where=ranked.place == 0)
    return ranked.group_by("segment", "instant").aggregate(members=newest, **sums).order_by("segment", "instant")


MOVES = ("joined", "left_", "joined_otherwise", "left_otherwise")
"""Columns of people who came and went."""


def _moved(scope: Scope) -> Any:
    """The events of each snapshot, counted."""
    changes = unbound("changes", TABLES["changes"], scope.schema)
    own, never = changes.cause == "remote", changes.cause == "baseline"
    ways = {
        "joined": (changes.event == "joined") & own,
        "left_": (changes.event == "left") & own,
        "joined_otherwise": (changes.event == "joined") & ~own & ~never,
        "left_otherwise": (changes.event == "left") & ~own,
    }
    return changes.group_by("segment", "snapshot_id").aggregate(
        **{name: changes.count(where=way) for name, way in ways.items()}
    )
