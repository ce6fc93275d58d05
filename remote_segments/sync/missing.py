"""What becomes of a segment that the platform no longer has: it freezes, or fails with what is still published."""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from remote_segments.config.project import Project
from remote_segments.config.segment import Segment
from remote_segments.errors import ProjectError, RemoteSegmentsError
from remote_segments.membership.literals import literal, table_name
from remote_segments.sync.freezing import Freeze, deleted, expired
from remote_segments.sync.plan import source_text
from remote_segments.sync.snapshots import NEWEST
from remote_segments.warehouses.base import Warehouse

MISSING = "segment-not-found"
"""The code of a platform's answer that it has no such segment."""


def when_missing(project: Project, segment: Segment, error: ProjectError, now: datetime) -> Freeze | None:
    """Decides what becomes of a segment whose description the platform refused as unknown.

    Returns:
        The freeze; None for a failure, whose error then says what is still published.

    Raises:
        TemporaryError: when the warehouse cannot say whether anything is published that could stay.
    """
    if segment.on_deleted == "freeze":
        published = _published(project.open_warehouse(), segment)
        return deleted(project, segment, now.astimezone(UTC)) if published else None
    with suppress(RemoteSegmentsError):  # the platform's answer is the one to be seen
        published = _published(project.open_warehouse(), segment)
        if published is not None:
            _explain(error, published)
    return None


def may_be_gone(project: Project, segment: Segment) -> bool:
    """Whether it is no problem that the platform does not have a segment: it may freeze, or its last day has passed."""
    return segment.on_deleted == "freeze" or expired(project, segment, datetime.now(UTC)) is not None


@dataclass(frozen=True)
class _Published:
    """What is shown of a segment: what the platform called it, and when its ids were fetched."""

    name: str | None
    fetched_at: datetime


def _published(warehouse: Warehouse, segment: Segment) -> _Published | None:
    """The published snapshot, where it is of the source that the file names."""
    with warehouse.read() as session:
        if session.relation("snapshots", session.schema) is None:
            return None
        rows = session.rows(
            f"SELECT connection, source, source_name, fetched_at FROM {table_name(session.schema, 'snapshots')} "
            f"WHERE segment = {literal(segment.name)} AND state = 'published' ORDER BY {NEWEST} LIMIT 1"
        )
    for connection, source, name, fetched_at in rows:
        if (connection, source) == (segment.source.connection, source_text(segment)):
            return _Published(name, fetched_at.astimezone(UTC))
    return None


def _explain(error: ProjectError, published: _Published) -> None:
    """Adds to an error that the segment was there before, and what can be done if it is gone for good."""
    name = f" as `{published.name}`" if published.name else ""
    error.problem = replace(
        error.problem,
        found=f"{error.problem.found} It was there{name} on {published.fetched_at:%Y-%m-%d %H:%M %Z}.",
        fix="If it was deleted by mistake, restore it in the tool; if for good, write `on_deleted: freeze` to keep "
        "what is published, or remove the file. If it is there, the key may belong to another account.",
    )
    error.args = (str(error.problem),)
