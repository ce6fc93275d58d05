"""The section of segments: in which the person is, since when and by what, and of every other one why not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from remote_segments.config.segment import Segment
from remote_segments.membership.literals import literal, quoted
from remote_segments.sync.explaining.stays import Stay, stays_of
from remote_segments.sync.explaining.told import Entry, Found, Section
from remote_segments.sync.following import ROWS
from remote_segments.sync.person import key_condition
from remote_segments.sync.snapshots import Snapshot, held, newest_published_of
from remote_segments.sync.status import SegmentStatus, status_in

WHY = {
    "unknown": "the platform lists them, and no row of the model has {identifiers}",
    "ambiguous": "the platform lists them, and several rows of the model have {identifiers}",
    "invalid": "the platform lists them without a usable {identifiers}",
    "duplicate": "the platform lists them, as an entry that another one of the same person precedes",
}
"""What each reason of an unmapped entry says."""


@dataclass(frozen=True)
class Listed:
    """An entry of the platform that is this person's, in a snapshot that was mapped."""

    outcome: str
    matched: str | None
    identifiers: tuple[str, ...]
    """The names of those that the entry carries, of the ones the segment's file matches by."""


def section(found: Found) -> Section:
    """Every segment of the project, in the order of their names."""
    names = sorted(found.project.segments)
    published = newest_published_of(found.session, names)
    statuses = {one.name: one for one in status_in(found.session, found.project, found.now)}
    stays = stays_of(found)
    return Section(
        "segments",
        tuple(
            _entry(found, found.project.segments[name], published.get(name), statuses[name], stays) for name in names
        ),
    )


def _entry(
    found: Found,
    segment: Segment,
    snapshot: Snapshot | None,
    status: SegmentStatus,
    stays: Mapping[str, Sequence[Stay]],
) -> Entry:
    own = stays.get(segment.name, ())
    history = tuple(one.told() for one in own)
    waiting = _of_held(found, segment)
    facts: dict[str, Any] = {"refresh": status.state, "held": waiting, "stays": [one.as_json() for one in own]}
    if snapshot is None:
        return Entry(segment.name, False, *_nothing(status), facts, history)
    listed = _listed(found, segment, snapshot)
    matched = matched_in(found, snapshot) or next((one.matched for one in listed if one.outcome == "mapped"), None)
    facts |= {"snapshot_at": _iso(status.snapshot_at), "entries": len(listed)}
    said = _said(waiting, status)
    if matched:
        now = next((one for one in reversed(own) if one.until is None), None)
        since = now.began() if now else "by the newest snapshot"
        facts |= {"since": _iso(now.since) if now else None, "matched": matched}
        more = f"; {len(listed) - 1} more of the platform's entries are duplicates" if len(listed) > 1 else ""
        return Entry(segment.name, True, "member", f"member {since}, by {matched}{more}{said}", facts, history)
    if listed:
        worst = listed[0]
        facts |= {"identifiers": list(worst.identifiers)}
        names = " or ".join(worst.identifiers) or " or ".join(segment.identifier_names)
        why = WHY[worst.outcome].format(identifiers=names)
        return Entry(segment.name, False, worst.outcome, f"not a member: {why}{said}", facts, history)
    when = f" as of {status.snapshot_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if status.snapshot_at else ""
    sentence = f"not a member: the platform does not list them{when}{said}"
    return Entry(segment.name, False, "not-in-source", sentence, facts, history)


def _nothing(status: SegmentStatus) -> tuple[str, str]:
    """Why nothing can be said of a segment that is not published."""
    if status.state == "never_fetched":
        return "never-fetched", "not known: nothing was fetched yet"
    if status.held:
        return "held", f"not known: its first snapshot is held ({status.held.reason}) and waits for a person"
    return "not-published", f"not known: nothing is published yet, the newest refresh is {status.state}"


def _listed(found: Found, segment: Segment, snapshot: Snapshot) -> list[Listed]:
    """The person's entries in a mapped snapshot, in the order fetched."""
    session = found.session
    relation = session.relation("members", session.schema)
    held_columns = relation.columns if relation else {}
    names = [name for name in dict.fromkeys(segment.identifier_names) if name in held_columns]
    carried = "".join(f", m.{quoted(name)} IS NOT NULL AND m.{quoted(name)} <> ''" for name in names)
    here = f"= {literal(snapshot.segment)}"
    rows = session.rows(
        f"SELECT coalesce(u.reason, 'mapped'), k.matched{carried} FROM {quoted(ROWS)} p "
        f"JOIN {found.table('members')} m ON m.segment {here} AND m.snapshot_id = p.snapshot_id "
        "AND m.member_no = p.member_no "
        f"LEFT JOIN {found.table('keys')} k ON k.segment {here} AND k.snapshot_id = {literal(snapshot.snapshot_id)} "
        "AND k.member_no = p.member_no "
        f"LEFT JOIN {found.table('unmapped')} u ON u.segment {here} AND u.member_no = p.member_no "
        f"AND u.snapshot_id = {literal(snapshot.snapshot_id)} "
        f"WHERE p.segment {here} AND p.snapshot_id = {literal(snapshot.members_id)} "
        "ORDER BY p.member_no"
    )
    return [
        Listed(outcome, matched, tuple(name for name, has in zip(names, has_them, strict=True) if has))
        for outcome, matched, *has_them in rows
    ]


def is_mapped_in(found: Found, snapshot: Snapshot) -> bool:
    """Whether a snapshot has the person's key."""
    return matched_in(found, snapshot) is not None


def matched_in(found: Found, snapshot: Snapshot) -> str | None:
    """By what the person is mapped in a snapshot; None where they are not."""
    rows = found.session.rows(
        f"SELECT k.matched FROM {found.table('keys')} k JOIN {found.table('snapshots')} s ON s.segment = k.segment "
        f"AND s.snapshot_id = k.snapshot_id WHERE k.segment = {literal(snapshot.segment)} "
        f"AND k.snapshot_id = {literal(snapshot.snapshot_id)} "
        f"AND {key_condition(found.lineage, found.person.keys, 'k')} LIMIT 1"
    )
    return str(rows[0][0] or "") if rows else None


def _of_held(found: Found, segment: Segment) -> dict[str, Any] | None:
    """The snapshot that waits for a person, and whether this one is in it."""
    for snapshot in held(found.session, segment.name)[:1]:
        return {"reason": snapshot.reason, "inside": matched_in(found, snapshot) is not None}
    return None


def _said(waiting: dict[str, Any] | None, status: SegmentStatus) -> str:
    """What makes the answer less than certain: a held snapshot, a newest refresh that published nothing."""
    if waiting is not None:
        has = "has" if waiting["inside"] else "does not have"
        return f"; a newer snapshot that is held ({waiting['reason']}) {has} them"
    if status.state in ("published", "empty"):
        return ""
    return f"; since then: {status.state.replace('_', ' ')}{f' ({status.reason})' if status.reason else ''}"


def _iso(instant: datetime | None) -> str | None:
    return instant.astimezone(UTC).isoformat() if instant else None
