"""A look at one page of a segment: how many of its members would map, and why the others would not. Nothing is kept."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from remote_segments.config.estimate import Estimate, estimate
from remote_segments.config.project import Project
from remote_segments.errors import RemoteSegmentsError
from remote_segments.identifiers.masking import masked
from remote_segments.membership.guards import Counts
from remote_segments.sources.account import Account
from remote_segments.sync.connecting import connect
from remote_segments.sync.plan import plan_for
from remote_segments.sync.trying import Tried, try_members

Connect = Callable[[Project, str], Account]

MOST = 5_000
"""Members of a page that are looked at: some platforms give 30,000 at once."""

EXAMPLES = 3
"""Masked members shown for each reason."""


@dataclass(frozen=True)
class Preview:
    """What one page of a segment would become."""

    segment: str
    source_name: str
    """What the platform calls it."""
    state: str
    size: int | None
    """Members that the platform announces for the whole segment."""
    estimate: Estimate
    """What a refresh of all of it would ask of the account."""
    counts: Counts
    matched: Mapping[str, int]
    """Mapped members by the identifiers that matched."""
    examples: Mapping[str, tuple[str, ...]]
    """For each reason some members, masked; for people at a terminal only."""


def preview(project: Project, segment_name: str, connect: Connect = connect) -> Preview:
    """Reads one page of a segment and maps it in a reading session; neither warehouse nor disk is written to.

    Raises:
        ProjectError: among them `unknown-segment`, `secret-unset`, `segment-not-found`, `model-missing`.
        TemporaryError: the platform or the warehouse cannot be reached now.
        PlatformError: the answer is not what the manifest says.
    """
    segment = project.segment(segment_name)
    kind, ids = project.source_kind_name(segment), segment.source.ids
    identifiers = project.identifiers_read(segment)
    try:
        with connect(project, segment.source.connection) as platform:
            described = platform.describe(kind, ids, identifiers)
            page = platform.preview(kind, ids, identifiers)
    except RemoteSegmentsError as error:
        error.placed(project.place(segment, ("source", *list(ids)[:1])))
        raise
    length = min(page.length, MOST)
    columns = {name: values[:length] for name, values in page.columns.items()}
    plan = plan_for(project, segment_name)
    with project.open_warehouse().read() as session:
        tried = try_members(session, plan, columns, length)
    names = list(dict.fromkeys(pair.identifier for entry in plan.entries for pair in entry))
    return Preview(
        segment=segment_name,
        source_name=described.name,
        state=described.state,
        size=described.size,
        estimate=estimate(project, segment, described.size),
        counts=tried.counts,
        matched=Counter(one.matched for one in tried.outcomes if one.matched),
        examples=_examples(tried, {name: columns[name] for name in names}),
    )


def _examples(tried: Tried, columns: Mapping[str, list[str | None]]) -> dict[str, tuple[str, ...]]:
    """Some members of each reason, by the identifiers that the segment matches, masked."""
    found: dict[str, list[str]] = {}
    for number, outcome in enumerate(tried.outcomes):
        if outcome.reason and len(found.setdefault(outcome.reason, [])) < EXAMPLES:
            shown = ", ".join(f"{name} {masked(values[number])}" for name, values in columns.items())
            found[outcome.reason].append(shown)
    return {reason: tuple(shown) for reason, shown in found.items()}
