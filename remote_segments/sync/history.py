"""Reading what a segment was: its members at an instant, its size over time, one person's stays."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from remote_segments.config.project import Project
from remote_segments.errors import ProjectError
from remote_segments.membership.compile import Scope
from remote_segments.membership.literals import literal, quoted, table_name
from remote_segments.membership.tables import KEY_COLUMNS
from remote_segments.sync.reading import never_published
from remote_segments.sync.since import members_at_instant
from remote_segments.sync.snapshots import Snapshot, latest_published, newest_published_until, oldest_published
from remote_segments.sync.store import reading
from remote_segments.warehouses.base import Session

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Stay:
    """A time during which a person was a member."""

    since: datetime
    until: datetime | None
    """None while it lasts."""
    cause: str
    """Of the event that began it, as in `changes`; `baseline` says that the person was there before anybody looked."""
    left_cause: str | None
    """Of the event that ended it; None while it lasts, and where the model got another key."""
    matched: str | None
    """The identifiers that matched when it began; None once the ids of then are forgotten."""


def members_at(project: Project, segment: str, when: datetime) -> "pd.DataFrame":
    """Who was a member of a segment at an instant.

    Args:
        project: the loaded project.
        segment: the segment's name.
        when: the instant, with a time zone.

    Returns:
        One row per member, in the order of the keys: the model's key columns of then, as text, and `since`, the instant
        of the event that made it a member.

    Raises:
        ProjectError: `unknown-segment`, `segment-never-published`, `before-history`.
    """
    zone = project.timezone_of(project.named(segment))
    with reading(project.open_warehouse()) as session:
        snapshot = _in_force(session, segment, when, zone)
        names = (snapshot.key_columns or "").split(",")
        scope = Scope(session.dialect, session.schema, segment)
        found = members_at_instant(session, scope, snapshot, when).order_by(KEY_COLUMNS[: len(names)])
        frame = session.frame(scope.sql(found))
    return frame.rename(columns=dict(zip(KEY_COLUMNS, names, strict=False)))


def sizes(project: Project, segment: str) -> "pd.DataFrame":
    """What each published snapshot of a segment counted, oldest first.

    Returns:
        `effective_at`, `kind`, `fetched`, `mapped`, `joined_count` and `left_count`.

    Raises:
        ProjectError: `unknown-segment`, `segment-never-published`.
    """
    project.named(segment)
    with reading(project.open_warehouse()) as session:
        _first_snapshot(session, segment)
        return session.frame(
            "SELECT effective_at, kind, fetched, mapped, joined_count, left_count "
            f"FROM {table_name(session.schema, 'snapshots')} "
            f"WHERE segment = {literal(segment)} AND state = 'published' ORDER BY effective_at, snapshot_id"
        )


def stays(project: Project, segment: str, key: Sequence[str]) -> list[Stay]:
    """When a person was a member of a segment, oldest first; none for somebody who never was.

    Args:
        project: the loaded project.
        segment: the segment's name.
        key: the values of the model's key columns, as text.

    Raises:
        ProjectError: `unknown-segment`, `segment-never-published`, `key-parts`.
    """
    project.named(segment)
    with reading(project.open_warehouse()) as session:
        _first_snapshot(session, segment)
        newest = latest_published(session, segment)
        names = ((newest and newest.key_columns) or "").split(",")
        if len(key) != len(names):
            found = f"The key of {segment} has {len(names)} parts, and {len(key)} were given."
            raise ProjectError("key-parts", found, f"Give {', '.join(names)}, in this order.", f"segment {segment}")
        mine = " AND ".join(f"c.{name} = {literal(one)}" for name, one in zip(KEY_COLUMNS, key, strict=False))
        own = f"c.segment = {literal(segment)} AND {mine}"
        rows = session.rows(
            "SELECT c.since, c.until, c.cause, c.left_cause, k.matched "
            f"FROM {table_name(session.schema, 'memberships')} c "
            f"JOIN {table_name(session.schema, 'snapshots')} s ON s.segment = c.segment "
            "AND s.state = 'published' AND s.effective_at = c.since "
            f"LEFT JOIN {table_name(session.schema, 'keys')} k ON k.segment = c.segment "
            f"AND k.snapshot_id = s.snapshot_id AND {_same('k', 'c', len(names))} "
            f"WHERE {own} ORDER BY c.since"
        )
    return [Stay(*row) for row in rows]


def _same(left: str, right: str, width: int) -> str:
    return " AND ".join(f"{left}.{quoted(name)} = {right}.{quoted(name)}" for name in KEY_COLUMNS[:width])


def _first_snapshot(session: Session, segment: str) -> Snapshot:
    """The oldest published snapshot.

    Raises:
        ProjectError: `segment-never-published`.
    """
    known = session.relation("snapshots", session.schema) is not None
    first = oldest_published(session, segment) if known else None
    if first is None:
        raise never_published(segment)
    return first


def _in_force(session: Session, segment: str, when: datetime, zone: str) -> Snapshot:
    """The published snapshot that counted at an instant; `zone` is that in which a person names one.

    Raises:
        ProjectError: `segment-never-published`, `before-history`.
    """
    first = _first_snapshot(session, segment)
    found = newest_published_until(session, segment, when)
    if found is None:
        # whole seconds, rounded up: rounded down they would name an instant that is before it, too
        began = first.effective_at.astimezone(UTC) + timedelta(microseconds=999_999) if first.effective_at else None
        began = began.astimezone(ZoneInfo(zone)) if began else None
        raise ProjectError(
            "before-history",
            f"Nothing is known of {segment} before its first published snapshot.",
            f"Name an instant from {began:%Y-%m-%dT%H:%M:%S} on ({zone}).",
            f"segment {segment}",
        )
    return found
