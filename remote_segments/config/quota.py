"""Whether the refreshes of a day fit into what an account allows, before any of them runs."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from remote_segments.config.estimate import refresh_calls
from remote_segments.config.frequency import Frequency
from remote_segments.config.project import Project
from remote_segments.config.segment import Segment
from remote_segments.errors import Problem
from remote_segments.rest.endpoint import Endpoint
from remote_segments.rest.limits import Limits
from remote_segments.rest.manifest import Manifest, SourceKind
from remote_segments.suggestions import listed

MINUTES_PER_DAY = 1_440


@dataclass(frozen=True)
class Demand:
    """The calls of one segment in a day."""

    segment: str
    refreshes: int
    calls_per_refresh: int
    size: int | None
    """Members it is reckoned with; None where nobody knows, then one refresh is the least it can be."""

    @property
    def calls(self) -> int:
        """Calls in a day."""
        return self.refreshes * self.calls_per_refresh

    def __str__(self) -> str:
        members = "" if self.size is None else f" for {self.size:,} members"
        return (
            f"{self.segment} {self.refreshes:,} refreshes x {self.calls_per_refresh:,} calls{members} = {self.calls:,}"
        )


@dataclass(frozen=True)
class Budget:
    """A day of one connection, or of one of its addresses: what its segments need and what it allows."""

    connection: str
    allowed: float
    """Calls in a day; infinite where neither manifest nor connection sets a limit."""
    demands: tuple[Demand, ...]
    address: str | None = None
    """The path that the platform limits by itself; None for the whole account."""

    @property
    def calls(self) -> int:
        """Calls in a day, of all segments together."""
        return sum(demand.calls for demand in self.demands)

    @property
    def fits(self) -> bool:
        """Whether they are allowed."""
        return self.calls <= self.allowed


def budgets(project: Project, sizes: Mapping[str, int] | None = None, now: datetime | None = None) -> dict[str, Budget]:
    """Reckons the day of every connection that a segment uses.

    Args:
        project: a loaded project.
        sizes: members of the segments whose size is known, from the last snapshot or the platform.
        now: the present; segments that have expired by then call nothing any more.
    """
    demands: dict[str, list[Demand]] = {}
    limits: dict[str, Limits] = {}
    for segment in _refreshed(project, now):
        platform = project.manifest_of(segment)
        if not isinstance(platform, Manifest):
            continue  # files and tables have no quota
        connection = segment.source.connection
        limits[connection] = platform.limits.overridden_by(project.connections[connection].limits)
        demand = _demand(project, segment, (sizes or {}).get(segment.name))
        demands.setdefault(connection, []).append(demand)
    return {name: _budget(name, limits[name], wanted) for name, wanted in sorted(demands.items())}


def _refreshed(project: Project, now: datetime | None) -> Iterator[Segment]:
    """The segments that have not expired."""
    now = now or datetime.now(UTC)
    for segment in project.segments.values():
        ends = project.expires_at(segment)
        if ends is None or ends > now:
            yield segment


def address_budgets(project: Project, now: datetime | None = None) -> list[Budget]:
    """Reckons the day of every address that its platform limits apart: Klaviyo counts members 15 times a minute.

    One call per refresh is the least that each needs.
    """
    demands: dict[tuple[str, str], list[Demand]] = {}
    allowed: dict[tuple[str, str], float] = {}
    for segment in _refreshed(project, now):
        kind = project.source_kind(segment)
        if not isinstance(kind, SourceKind):
            continue
        for endpoint in (kind.describe, kind.describe.count, kind.members):
            if not isinstance(endpoint, Endpoint) or endpoint.limits is None:
                continue
            key = (segment.source.connection, endpoint.path)
            allowed[key] = endpoint.limits.calls_per_day()
            demands.setdefault(key, []).append(Demand(segment.name, segment.refresh_frequency.ticks_per_day, 1, None))
    return [
        Budget(connection, allowed[connection, path], tuple(wanted), path)
        for (connection, path), wanted in sorted(demands.items())
    ]


def quota_problems(project: Project, sizes: Mapping[str, int] | None = None) -> Iterable[Problem]:
    """One `schedule-exceeds-limit` for each connection, or address with limits of its own, that is asked too much."""
    for budget in [*budgets(project, sizes).values(), *address_budgets(project)]:
        if not budget.fits:
            yield Problem(
                "schedule-exceeds-limit",
                _found(budget),
                _fix(budget),
                project.locate(("connections", budget.connection)),
            )


def _demand(project: Project, segment: Segment, size: int | None) -> Demand:
    calls = refresh_calls(project, segment, size)
    return Demand(segment.name, segment.refresh_frequency.ticks_per_day, calls, size)


def _budget(name: str, limits: Limits, demands: list[Demand]) -> Budget:
    return Budget(
        name, limits.calls_per_day(), tuple(sorted(demands, key=lambda demand: (-demand.calls, demand.segment)))
    )


def _found(budget: Budget) -> str:
    largest, others = budget.demands[:5], budget.demands[5:]
    rest = f"; {len(others)} more = {sum(demand.calls for demand in others):,}" if others else ""
    least = "at least " if any(demand.size is None for demand in budget.demands) else ""
    of = f" of {budget.address}" if budget.address else ""
    return (
        f"The segments of connection `{budget.connection}` need {least}{budget.calls:,} calls a day "
        f"({'; '.join(map(str, largest))}{rest}), and it allows {math.floor(budget.allowed):,}{of}."
    )


def _fix(budget: Budget) -> str:
    """The longest common step down, or that none is enough."""
    slower = _that_fits(budget)
    words = (
        f"Refresh these at most every {slower}" if slower else "Refresh fewer segments, or less often than once a day"
    )
    names = listed(demand.segment for demand in budget.demands[:5])
    return f"{words} ({names}), or set `limits` of the connection if the account allows more."


def _that_fits(budget: Budget) -> str | None:
    """The shortest frequency that would fit if every segment that is refreshed more often had it."""
    for text in (
        "5 minutes",
        "10 minutes",
        "15 minutes",
        "30 minutes",
        "1 hour",
        "2 hours",
        "4 hours",
        "6 hours",
        "12 hours",
        "1 day",
    ):
        ticks = Frequency.parse(text).ticks_per_day
        if sum(min(demand.refreshes, ticks) * demand.calls_per_refresh for demand in budget.demands) <= budget.allowed:
            return text
    return None
