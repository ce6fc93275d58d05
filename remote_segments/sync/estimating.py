"""What the next refreshes will take, from the sizes and times of the latest snapshots."""

from collections.abc import Iterable

from remote_segments.config.estimate import Estimate, estimate
from remote_segments.config.project import Project
from remote_segments.sync.status import last_fetches


def estimates(project: Project, names: Iterable[str] | None = None) -> dict[str, Estimate]:
    """Reckons the next refresh of some segments, or of all; reads the warehouse once, and asks no platform."""
    known = last_fetches(project)
    return {
        name: estimate(project, project.segments[name], *known.get(name, (None, None)))
        for name in (project.segments if names is None else names)
    }
