"""What a report tells: every answer of the analysis about the chosen segments, read in a few looks at the tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from remote_segments.config.project import Project
from remote_segments.sync.analysis import coverage, funnel, trend
from remote_segments.sync.analysis.overlap import intersection_frame, pair_frame, pressure_frame
from remote_segments.sync.analysis.patterns import combinations
from remote_segments.sync.analysis.profile import profiles
from remote_segments.sync.analysis.shown import asking, chosen_names, joined_frames, unpublished
from remote_segments.sync.status import SegmentStatus, read_status

if TYPE_CHECKING:
    import pandas as pd

COMBINATIONS = 15
"""Combinations that a picture has room for."""


FEW_DAYS = 4
"""Days of history below which each snapshot is shown."""

MOST_SNAPSHOTS = 50
"""Snapshots shown then, the newest."""


@dataclass(frozen=True)
class Content:
    """The frames of a report; those by segment have no entry for what is not published."""

    names: Sequence[str]
    made_at: datetime
    statuses: Mapping[str, SegmentStatus]
    smallest: int | None = None
    funnels: "Mapping[str, pd.DataFrame]" = field(default_factory=dict)
    trends: "Mapping[str, pd.DataFrame]" = field(default_factory=dict)
    coverages: "Mapping[str, pd.DataFrame]" = field(default_factory=dict)
    profiles: "Mapping[str, Mapping[str, pd.DataFrame]]" = field(default_factory=dict)
    """By segment and attribute: the segment beside its whole model."""
    pairs: "pd.DataFrame | None" = None
    intersections: "pd.DataFrame | None" = None
    pressure: "pd.DataFrame | None" = None


def read_content(
    project: Project,
    names: Sequence[str] | None,
    *,
    now: datetime,
    by: Sequence[str] | None = None,
    smallest: int | None = None,
) -> Content:
    """Reads what a report about some segments tells.

    Args:
        project: the loaded project.
        names: segments; None for all.
        now: the present instant.
        by: attributes that segments are broken down by; None for those that say something and name nobody.
        smallest: the size below which groups of people are left out.

    Raises:
        ProjectError: `unknown-segment`, what `breakdown` raises of an attribute; what is wrong with a model.
    """
    chosen = chosen_names(project, names)
    statuses = {one.name: one for one in read_status(project, now) if one.name in chosen}
    missing = unpublished(project, chosen)
    published = [name for name in chosen if name not in missing]
    if not published:
        return Content(chosen, now, statuses, smallest)
    with asking(project, published) as (session, shown):
        found = combinations(session, project, shown)
        attributes = profiles(session, project, shown, by, smallest or 0)
    return Content(
        chosen,
        now,
        statuses,
        smallest,
        _by_segment(funnel(project, published, smallest=smallest)),
        _trends(project, published, smallest),
        _by_segment(coverage(project, published, smallest=smallest)),
        attributes,
        joined_frames([pair_frame(one, smallest or 0) for one in found]),
        joined_frames([intersection_frame(one, COMBINATIONS, smallest or 0) for one in found]),
        joined_frames([pressure_frame(one, smallest or 0) for one in found]),
    )


def _trends(project: Project, names: Sequence[str], smallest: int | None) -> "dict[str, pd.DataFrame]":
    """The size by snapshot where a segment has few of them, else by day."""
    found = _by_segment(trend(project, names, every="day", smallest=smallest))
    young = [name for name in names if len(found[name]) < FEW_DAYS]
    if young:
        by_snapshot = _by_segment(trend(project, young, every="snapshot", smallest=smallest))
        found |= {name: frame.tail(MOST_SNAPSHOTS) for name, frame in by_snapshot.items()}
    return found


def _by_segment(frame: "pd.DataFrame") -> "dict[str, pd.DataFrame]":
    return {str(name): rows.drop(columns="segment") for name, rows in frame.groupby("segment", sort=False)}
