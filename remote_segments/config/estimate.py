"""What one refresh of a segment will ask of its account, before it starts. Durations are in seconds."""

from collections.abc import Iterator
from dataclasses import dataclass

from remote_segments.config.project import Project
from remote_segments.config.segment import Segment
from remote_segments.rest.endpoint import Endpoint
from remote_segments.rest.limits import Limits
from remote_segments.rest.manifest import Manifest, SourceKind


@dataclass(frozen=True)
class Estimate:
    """Calls and time of one refresh, retries not counted."""

    segment: str
    connection: str
    calls: int
    """At most so many, for the size; without one, at least so many."""
    size: int | None
    """Members it is reckoned with; None where nobody knows."""
    seconds: float | None
    """As long as the limits make the calls take, or as the latest fetch took if that was longer; None if unknown."""

    def __str__(self) -> str:
        if self.size is None:
            least = f"at least {_counted(self.calls, 'call')} to {self.connection}"
            return f"{self.segment} takes {least}; its size is not known"
        took = "" if self.seconds is None else f", {_duration(self.seconds)}"
        members = _counted(self.size, "member")
        return f"{self.segment} takes about {_counted(self.calls, 'call')} to {self.connection} for {members}{took}"

    def as_json(self) -> dict[str, object]:
        """The published form, kept stable for scripts."""
        seconds = None if self.seconds is None else round(self.seconds, 1)
        return {"segment": self.segment, "calls": self.calls, "size": self.size, "seconds": seconds}


def refresh_calls(project: Project, segment: Segment, size: int | None) -> int:
    """Calls of one refresh at most; without a size, at least. Files and tables are one call: nobody counts them."""
    platform, wanted = project.manifest_of(segment), project.identifiers_read(segment)
    if not isinstance(platform, Manifest):
        return 1
    return platform.calls_per_refresh(project.source_kind_name(segment), size or 0, wanted)


def estimate(project: Project, segment: Segment, size: int | None = None, took: float | None = None) -> Estimate:
    """Reckons one refresh.

    Args:
        project: a loaded project.
        segment: one of its segments.
        size: its members, from the latest snapshot or the platform.
        took: seconds that its latest fetch took.
    """
    calls = refresh_calls(project, segment, size)
    least = max((one.seconds_for(calls) for one in _limits(project, segment)), default=0.0)
    known = took is not None or least > 0
    return Estimate(segment.name, segment.source.connection, calls, size, max(took or 0.0, least) if known else None)


def _limits(project: Project, segment: Segment) -> Iterator[Limits]:
    """The limits that a refresh keeps to; none of files and tables."""
    platform, kind = project.manifest_of(segment), project.source_kind(segment)
    if not isinstance(platform, Manifest) or not isinstance(kind, SourceKind):
        return
    yield platform.limits.overridden_by(project.connection_of(segment).limits)
    if isinstance(kind.members, Endpoint) and kind.members.limits is not None:
        yield kind.members.limits


def _counted(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _duration(seconds: float) -> str:
    if seconds < 1:
        return "under a second"
    return _counted(round(seconds), "second") if seconds < 120 else f"{round(seconds / 60):,} minutes"
