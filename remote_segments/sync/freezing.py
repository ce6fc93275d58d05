"""Frozen segments: what is published stays, and nobody asks the platform any more.

A segment freezes on the day that its file names, or when the platform no longer has it and the file says
`on_deleted: freeze`. The second leaves a row of `snapshots` in state `frozen`; a later complete fetch of the same
source ends the freeze, and so does another source in the file.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from remote_segments.config.project import Project
from remote_segments.config.segment import Segment
from remote_segments.membership.literals import literal, table_name
from remote_segments.sync.plan import source_text
from remote_segments.sync.snapshots import COMPLETE
from remote_segments.warehouses.base import Session

DELETED, EXPIRED = "segment-deleted", "segment-expired"
"""Reasons of a freeze, as `snapshots.reason` holds them."""


@dataclass(frozen=True)
class Freeze:
    """Why a segment is not fetched any more, since when, and how a person ends that."""

    reason: str
    since: datetime
    words: str
    fix: str

    def __str__(self) -> str:
        return f"frozen since {self.since:%Y-%m-%d %H:%M %Z}: {self.words} {self.fix}"


def expired(project: Project, segment: Segment, now: datetime) -> Freeze | None:
    """The freeze of a segment whose last day has passed."""
    since = project.expires_at(segment)
    if since is None or now < since:
        return None
    words = f"its file says `expires: {segment.expires}`."
    return Freeze(EXPIRED, since, words, "Name a later day, or remove that line, to refresh it again.")


def read_freezes(session: Session, project: Project, now: datetime) -> dict[str, Freeze]:
    """The freezes that hold now, by segment."""
    found = {name: one for name, segment in project.segments.items() if (one := expired(project, segment, now))}
    asking = [one for name, one in project.segments.items() if one.on_deleted == "freeze" and name not in found]
    if asking and session.relation("snapshots", session.schema) is not None:
        found |= _of_deleted(session, project, asking)
    return found


def frozen_segments(project: Project, now: datetime) -> dict[str, Freeze]:
    """The freezes that hold now, read in a session of its own."""
    with project.open_warehouse().read() as session:
        return read_freezes(session, project, now)


def freeze_of(project: Project, name: str, now: datetime) -> Freeze | None:
    """The freeze that holds for one segment; asks the warehouse only where the file allows one that is kept there."""
    segment = project.segment(name)
    if segment.on_deleted != "freeze":
        return expired(project, segment, now)
    return frozen_segments(project.only([name]), now).get(name)


def _of_deleted(session: Session, project: Project, segments: Collection[Segment]) -> dict[str, Freeze]:
    """The segments that the platform did not have when it was asked last, of the source that their file names."""
    table, complete = table_name(session.schema, "snapshots"), ", ".join(map(literal, COMPLETE))
    names = ", ".join(literal(segment.name) for segment in segments)
    rows = session.rows(
        f"SELECT segment, connection, source, min(fetched_at) FROM {table} frozen WHERE state = 'frozen' "
        f"AND segment IN ({names}) AND NOT EXISTS (SELECT 1 FROM {table} fetched "
        "WHERE fetched.segment = frozen.segment "
        "AND fetched.connection = frozen.connection AND fetched.source = frozen.source "
        f"AND fetched.state IN ({complete}) AND fetched.fetched_at > frozen.fetched_at) "
        "GROUP BY segment, connection, source"
    )
    since = {(name, connection, source): instant for name, connection, source, instant in rows}
    found = {}
    for segment in segments:
        instant = since.get((segment.name, segment.source.connection, source_text(segment)))
        if instant is not None:
            found[segment.name] = deleted(project, segment, instant.astimezone(UTC))
    return found


def deleted(project: Project, segment: Segment, since: datetime) -> Freeze:
    """The freeze of a segment that the platform no longer has."""
    words = f"{project.manifest_of(segment).title} no longer has it."
    fix = f"`remote-segments run {segment.name}` looks for it again and refreshes it if it is back."
    return Freeze(DELETED, since, words, fix)
