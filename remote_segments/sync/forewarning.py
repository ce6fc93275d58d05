"""What a person should know of a valid project: API versions near their end, last days, refreshes never started."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from remote_segments.config.platforms import Platform
from remote_segments.config.project import SEGMENTS_FOLDER, Project
from remote_segments.config.segment import Segment
from remote_segments.errors import Problem
from remote_segments.sync.activation.loops import feedback_loops
from remote_segments.sync.freezing import expired
from remote_segments.sync.upstream import source_tables, upstream

NOTICE = timedelta(days=90)
"""How long before the end of an API version a warning begins."""


def forewarnings(project: Project, now: datetime) -> Iterator[Problem]:
    """Yields what a person should know before it happens; none of it keeps a project from being valid."""
    for name, connection in project.connections.items():
        manifest = project.platforms[connection.platform]
        version = manifest.version_of(connection.options)
        found = sunset(manifest, version, now.astimezone(UTC).date())
        if found is not None:
            where = project.locate(("connections", name))
            yield Problem("api-sunset", f"{name}: {found}", _fix(manifest), where)
    for name, segment in sorted(project.segments.items()):
        freeze = expired(project, segment, now)
        if freeze is not None:
            where = project.locate((SEGMENTS_FOLDER, name, "expires"))
            yield Problem("segment-expired", f"{name} is frozen: {freeze.words}", freeze.fix, where)
        if segment.refresh_on_source_refresh and not upstream(project, segment):
            yield _follows_nothing(project, segment)
    yield from feedback_loops(project)


def sunset(manifest: Platform, version: str, today: date) -> str | None:
    """Says that a version of a platform's API ends soon, or ended; None while there is time, or no day is known."""
    day = manifest.sunset.get(version)
    if day is None or day - today > NOTICE:
        return None
    left = (day - today).days
    when = f"ends on {day}, in {left} day{'' if left == 1 else 's'}" if left > 0 else f"ended on {day}"
    return f"version {version} of {manifest.title}'s API {when}."


def _follows_nothing(project: Project, segment: Segment) -> Problem:
    """Says that `refresh_on_source_refresh` will never start a refresh."""
    tables = ", ".join(f"`{table}`" for table in source_tables(project, segment)) or "what its source reads"
    where = project.locate((SEGMENTS_FOLDER, segment.name, "refresh_on_source_refresh"))
    found = f"{segment.name} is refreshed by its `refresh_frequency` only: no asset is known to write {tables}."
    return Problem("source-asset-unknown", found, "Name it: `source: {asset: [dbt, vip_customers]}`.", where)


def _fix(manifest: Platform) -> str:
    upgrade = "Take a newer release of remote-segments, whose manifest speaks a later version"
    if "version" in manifest.connection.options:
        return f"{upgrade}; or write a later `version` on the connection, and try it with `validate --live`."
    return f"{upgrade}; a manifest of your own: compare it with the vendor's changes, and raise `api_version`."
