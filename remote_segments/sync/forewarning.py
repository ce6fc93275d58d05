"""What will stop working, or did so on purpose: API versions near their end, segments whose last day has passed."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from remote_segments.config.platforms import Platform
from remote_segments.config.project import SEGMENTS_FOLDER, Project
from remote_segments.errors import Problem
from remote_segments.sync.activation.loops import feedback_loops
from remote_segments.sync.freezing import expired

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
    yield from feedback_loops(project)


def sunset(manifest: Platform, version: str, today: date) -> str | None:
    """Says that a version of a platform's API ends soon, or ended; None while there is time, or no day is known."""
    day = manifest.sunset.get(version)
    if day is None or day - today > NOTICE:
        return None
    left = (day - today).days
    when = f"ends on {day}, in {left} day{'' if left == 1 else 's'}" if left > 0 else f"ended on {day}"
    return f"version {version} of {manifest.title}'s API {when}."


def _fix(manifest: Platform) -> str:
    upgrade = "Take a newer release of remote-segments, whose manifest speaks a later version"
    if "version" in manifest.connection.options:
        return f"{upgrade}; or write a later `version` on the connection, and try it with `validate --live`."
    return f"{upgrade}; a manifest of your own: compare it with the vendor's changes, and raise `api_version`."
