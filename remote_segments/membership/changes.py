"""Who joined and who left between two snapshots, and why: the person's doing, the model's, ours, or a rebuild's.

One full outer join of both snapshots' keys gives everything; its rows with both sides are those who stayed.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from remote_segments.membership.compile import Scope, finished, nothing, unbound
from remote_segments.membership.tables import KEY_COLUMNS, TABLES

DIFFERENCE = "rs_difference"
MOVERS = "rs_movers"
EVENTS = "rs_events"
FORMER_EVENTS = "rs_former_events"
REBUILT_EVENTS = "rs_rebuilt_events"
"""Temporary tables of a mapping session."""


@dataclass(frozen=True)
class Origin:
    """A stretch of an input's history, between the snapshots that two snapshots of an audience were made of."""

    name: str
    generation: int
    after: datetime | None
    """None where the input was missing before."""
    until: datetime


@dataclass(frozen=True)
class Comparison:
    """Two snapshots of a segment: the later one is explained by what changed since the earlier one.

    `cause` is the one cause of all events, or None when each event is judged by whether the same person, by the
    platform's own id, is among the fetched members of both.
    """

    scope: Scope
    width: int
    """The number of key columns, 1 to 3."""
    primary: str
    members_id: str
    previous_members_id: str
    cause: str | None = None
    origins: tuple[Origin, ...] | None = None
    """Of an audience: what happened in its inputs meanwhile, by which each event is judged instead."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The key columns in use."""
        return KEY_COLUMNS[: self.width]


def current_columns(width: int) -> dict[str, str]:
    """The columns of mapped members, by name with their neutral type; `width` is the number of key columns."""
    keys = dict.fromkeys(KEY_COLUMNS[:width], "text")
    return {"member_no": "bigint", "remote_joined_at": "timestamp", **keys, "matched": "text"}


def stored_keys(scope: Scope, snapshot_id: str, width: int) -> Any:
    """The keys of a stored snapshot in the form of mapped members, without what no event tells."""
    rows = scope.rows("keys", snapshot_id)
    untold = {"matched": nothing("text"), "remote_joined_at": nothing("timestamp")}
    return rows.select("member_no", *KEY_COLUMNS[:width], **untold)


def difference(comparison: Comparison, current: Any, previous: Any) -> Any:
    """Both snapshots side by side, by key: `member_no` is null for who left, `previous_no` for who joined.

    Args:
        comparison: the two snapshots.
        current: `member_no, remote_joined_at, key..., matched` of the later one.
        previous: `member_no, joined_at, since, key...` of the earlier one.
    """
    import ibis

    keys = comparison.keys
    before = previous.select(
        previous_no=previous.member_no,
        previous_joined_at=previous.joined_at,
        previous_since=previous.since,
        **{f"previous_{key}": previous[key] for key in keys},
    )
    both = current.outer_join(before, [(key, f"previous_{key}") for key in keys])
    merged = {key: ibis.coalesce(both[key], both[f"previous_{key}"]) for key in keys}
    before_them = ("previous_no", "previous_joined_at", "previous_since")
    return both.select("member_no", "remote_joined_at", "matched", *before_them, **merged)


def staged_difference(width: int) -> Any:
    """The difference as a temporary table."""
    more = {"previous_no": "bigint", "previous_joined_at": "timestamp", "previous_since": "timestamp"}
    return unbound(DIFFERENCE, {**current_columns(width), **more})


def stayed(width: int) -> Any:
    """Who is in both: `member_no, matched, key..., joined_at, since`, the platform's own time or what was known."""
    import ibis

    table = staged_difference(width)
    rows = table.filter(table.member_no.notnull(), table.previous_no.notnull())
    keys = KEY_COLUMNS[:width]
    return rows.select(
        "member_no",
        "matched",
        *keys,
        joined_at=ibis.coalesce(rows.remote_joined_at, rows.previous_joined_at),
        since="previous_since",
    )


def movers(comparison: Comparison, table: Any | None = None) -> Any:
    """Everybody who is in one of the two only: `event, member_no, matched, remote_joined_at, number, since, key...`.

    `number` is the member's in the snapshot that has the key, `since` when the stay began of who left.

    Args:
        comparison: the two snapshots.
        table: the difference; the staged one where left out.
    """
    import ibis

    table = staged_difference(comparison.width) if table is None else table
    rows = table.filter(table.previous_no.isnull() | table.member_no.isnull())
    return rows.select(
        *current_columns(comparison.width),
        event=ibis.cases((rows.previous_no.isnull(), "joined"), else_="left"),
        number=ibis.coalesce(rows.member_no, rows.previous_no),
        since=rows.previous_since,
    )


def staged_movers(width: int) -> Any:
    """The movers as a temporary table."""
    return unbound(MOVERS, {**current_columns(width), "event": "text", "number": "bigint", "since": "timestamp"})


def events(comparison: Comparison) -> Any:
    """The movers with the cause of each: `event, cause, member_no, matched, remote_joined_at, since, key...`."""
    import ibis

    table = staged_movers(comparison.width)
    if comparison.cause is not None:
        caused = table.mutate(cause=ibis.literal(comparison.cause))
    elif comparison.origins is not None:
        caused = _by_origin(comparison, table)
    else:
        now, then = comparison.members_id, comparison.previous_members_id
        joined = _judged(comparison, table.filter(table.event == "joined"), now, then)
        left = _judged(comparison, table.filter(table.event == "left"), then, now)
        caused = ibis.union(joined, left)
    return caused.select(*current_columns(comparison.width), "event", "cause", "since")


def _judged(comparison: Comparison, rows: Any, here: str, there: str) -> Any:
    """Adds the cause: `model` where the same person was fetched both times, else `remote`."""
    import ibis

    scope, primary = comparison.scope, (comparison.primary,)
    own = scope.rows("members", here, primary).select(own_no="member_no", person=comparison.primary)
    known = finished(rows.left_join(own, [("number", "own_no")]))
    other = scope.rows("members", there, primary).select(other_person=comparison.primary)
    also = other.semi_join(known, [("other_person", "person")]).distinct()
    judged = finished(known.left_join(also, [("person", "other_person")]))
    cause = ibis.cases((judged.other_person.notnull(), "model"), else_="remote")
    return judged.select(*current_columns(comparison.width), "event", "since", cause=cause)


def _by_origin(comparison: Comparison, rows: Any) -> Any:
    """Adds the cause of joining or leaving an audience: what moved the person in its inputs, their own doing first.

    Nobody was moved there whose attributes changed, or for whom time went by: that is no doing of ours, either.
    """
    import ibis

    moved = [_moved(comparison, origin) for origin in comparison.origins or ()]
    if not moved:
        return rows.mutate(cause=ibis.literal("remote"))
    every = ibis.union(*moved) if len(moved) > 1 else moved[0]
    keys = comparison.keys
    by_person = every.group_by(keys).aggregate(weight=every.weight.max())
    found = by_person.select("weight", **{f"moved_{key}": by_person[key] for key in keys})
    both = finished(rows.left_join(found, [(key, f"moved_{key}") for key in keys]))
    cause = ibis.cases(*((both.weight == number, cause) for cause, number in _WEIGHTS.items()), else_="remote")
    return both.mutate(cause=cause)


_WEIGHTS = {"remote": 3, "definition": 2, "model": 1}
"""Of several things that moved a person, the one that counts: the greatest; a baseline or a rebuild is our doing."""


def _moved(comparison: Comparison, origin: Origin) -> Any:
    """Who moved in an input between the two snapshots: `key..., weight`."""
    import ibis

    scope = comparison.scope
    snapshots, rows = scope.of("snapshots", origin.name), scope.of("changes", origin.name)
    published = snapshots.filter(snapshots.state == "published").select("snapshot_id")
    later = [rows.instant > scope.instant(origin.after)] if origin.after else []
    found = rows.filter(rows.generation == origin.generation, rows.instant <= scope.instant(origin.until), *later)
    counted = found.semi_join(published, "snapshot_id")
    weight = ibis.cases(
        (counted.cause == "remote", _WEIGHTS["remote"]),
        (counted.cause.isin(["model", "erased"]), _WEIGHTS["model"]),
        else_=_WEIGHTS["definition"],
    )
    return counted.select(*comparison.keys, weight=weight)


def staged_events(name: str, width: int) -> Any:
    """Events in a temporary table: `EVENTS` or `REBUILT_EVENTS`."""
    return unbound(name, {**current_columns(width), "event": "text", "cause": "text", "since": "timestamp"})


def first_events(current: Any, width: int) -> Any:
    """The events of a snapshot that nothing precedes: everybody is there, which is not the same as having joined."""
    import ibis

    keys = KEY_COLUMNS[:width]
    return current.select(
        "member_no",
        "matched",
        "remote_joined_at",
        *keys,
        event=ibis.literal("joined"),
        cause=ibis.literal("baseline"),
        since=nothing("timestamp"),
    )


def joined_keys(scope: Scope, name: str, width: int, effective_at: datetime) -> Any:
    """Who joined: `member_no, matched, key..., joined_at, since`; by the platform's time, else when we saw it."""
    import ibis

    table = staged_events(name, width)
    rows = table.filter(table.event == "joined")
    seen = ibis.cases((rows.cause == "remote", scope.instant(effective_at)), else_=nothing("timestamp"))
    return rows.select(
        "member_no",
        "matched",
        *KEY_COLUMNS[:width],
        joined_at=ibis.coalesce(rows.remote_joined_at, seen),
        since=scope.instant(effective_at),
    )


def former_events(scope: Scope, snapshot_id: str, width: int) -> Any:
    """The events as they are stored, before a rebuild rewrites them."""
    return scope.rows("changes", snapshot_id).select("event", "cause", *KEY_COLUMNS[:width])


def rebuilt_events(width: int) -> Any:
    """The staged events with their former causes; an event that was not there before is `rebuilt`, not a joining."""
    import ibis

    keys = KEY_COLUMNS[:width]
    table = staged_events(EVENTS, width)
    columns = {"event": "text", "cause": "text", **dict.fromkeys(keys, "text")}
    former = unbound(FORMER_EVENTS, columns)
    former = former.select(former_event="event", former_cause="cause", **{f"former_{key}": former[key] for key in keys})
    same = [(name, f"former_{name}") for name in ("event", *keys)]
    both = table.left_join(former, same)
    cause = ibis.coalesce(both.former_cause, ibis.literal("rebuilt"))
    return both.select("member_no", "matched", "remote_joined_at", *keys, "event", "since", cause=cause)


def change_rows(scope: Scope, name: str, width: int, generation: int, effective_at: datetime) -> Any:
    """The staged events as rows of `changes`, without segment and snapshot."""
    import ibis

    table = staged_events(name, width)
    return table.select(
        generation=ibis.literal(generation, "int64"),
        **padded_keys(table, width),
        instant=scope.instant(effective_at),
        event=table.event,
        cause=table.cause,
        since=table.since,
    )


def padded_keys(table: Any, width: int) -> dict[str, Any]:
    """All key columns of the contract; those that the model's key does not need are null."""
    import ibis

    return {name: table[name] if number < width else ibis.null("string") for number, name in enumerate(KEY_COLUMNS)}


def event_counts(name: str, width: int) -> Any:
    """How many joined and left by the person's own doing: `event`, `number`."""
    table = staged_events(name, width)
    remote = table.filter(table.cause == "remote")
    return remote.group_by("event").aggregate(number=remote.count())


def key_rows(rows: Any, width: int) -> Any:
    """Rows of `keys`, without segment and snapshot."""
    return rows.select("member_no", "matched", "joined_at", "since", **padded_keys(rows, width))


def without_members(keys: Any) -> Any:
    """Keys read from the events alone, in the form of a stored snapshot's: nobody knows which member they were."""
    import ibis

    return keys.mutate(member_no=ibis.literal(0, "int64"), joined_at=nothing("timestamp"))


def owned(scope: Scope, snapshot_id: str, table: str, rows: Any) -> tuple[list[str], Any]:
    """The columns of a shared table, and rows for it in that order, as the segment's under a snapshot."""
    columns = list(TABLES[table])
    owner = {"segment": scope.text(scope.segment), "snapshot_id": scope.text(snapshot_id)}
    return columns, rows.mutate(**owner).select(*columns)
