"""What guards compare before a snapshot is published: its counts, what is shown now, and the limits."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from remote_segments.membership.tables import REASONS


@dataclass(frozen=True)
class Counts:
    """What became of every fetched member; `fetched` is the sum of the other five."""

    fetched: int
    mapped: int
    unknown: int
    ambiguous: int
    invalid: int
    duplicate: int
    same_row: int = 0
    """Of the duplicates: other members who lead to the row of an earlier one."""
    conflicting: int = 0
    """Of the mapped: members whose later identifiers lead to other rows."""

    def __post_init__(self) -> None:
        if self.fetched != self.mapped + self.unknown + self.ambiguous + self.invalid + self.duplicate:
            raise ValueError(f"the outcomes do not add up: {self}")
        if not (0 <= self.same_row <= self.duplicate and 0 <= self.conflicting <= self.mapped):
            raise ValueError(f"more members are in conflict than there are: {self}")

    @property
    def lost(self) -> str:
        """The unmapped members in words."""
        return ", ".join(f"{getattr(self, reason):,} {reason}" for reason in REASONS)

    @property
    def match_rate(self) -> float:
        """Percent of the fetched members that are mapped; 100 when nobody was fetched."""
        return match_rate(self.fetched, self.mapped)


def match_rate(fetched: int, mapped: int) -> float:
    """Percent of the fetched members that are mapped; 100 when nobody was fetched."""
    return 100 * mapped / fetched if fetched else 100.0


@dataclass(frozen=True)
class Guards:
    """What a segment's file says about holding, in percent; `minimum_match_rate` None for no limit."""

    allow_empty: bool = False
    minimum_match_rate: float | None = None
    max_match_rate_drop: float = 10.0
    max_left: float = 20.0
    max_joined: float = 100.0

    def widened(self, limits: Mapping[str, float]) -> "Guards":
        """The same with limits that somebody raised: of both, the one that lets more through."""
        wider: dict[str, float | bool] = {
            name: max(getattr(self, name), value) for name, value in limits.items() if name in _UPPER
        }
        if limits.get("allow_empty"):
            wider["allow_empty"] = True
        if self.minimum_match_rate is not None and "minimum_match_rate" in limits:
            wider["minimum_match_rate"] = min(self.minimum_match_rate, limits["minimum_match_rate"])
        return replace(self, **wider)  # type: ignore[arg-type]


_UPPER = ("max_match_rate_drop", "max_left", "max_joined")


@dataclass(frozen=True)
class Moved:
    """Who would join and leave a segment, by their own doing, by the model's, or because the definition was edited.

    Nobody counts who is in the first snapshot, or whom a rebuild moved.
    """

    joined_remote: int = 0
    joined_model: int = 0
    joined_definition: int = 0
    left_remote: int = 0
    left_model: int = 0
    left_definition: int = 0

    @property
    def joined(self) -> int:
        """Everybody who would join."""
        return self.joined_remote + self.joined_model + self.joined_definition

    @property
    def left(self) -> int:
        """Everybody who would leave."""
        return self.left_remote + self.left_model + self.left_definition


CAUSES = ("remote", "model", "definition")
"""Causes of events that a guard counts."""

LEAST_USUAL, MOST_USUAL = 3, 7
"""Published snapshots: what is usual for a segment is the average of so many, from the newest backwards."""


@dataclass(frozen=True)
class Usual:
    """What is usual for a segment: averages over its latest published snapshots."""

    snapshots: int
    mapped: float
    match_rate: float


@dataclass(frozen=True)
class Shown:
    """What is published now, and how it came about; `changed` says which settings were edited since, in words."""

    fetched: int
    mapped: int
    usual: Usual | None = None
    changed: tuple[str, ...] = ()

    @property
    def match_rate(self) -> float:
        """Percent of its fetched members that are mapped."""
        return match_rate(self.fetched, self.mapped)


@dataclass(frozen=True)
class Case:
    """A mapped snapshot that asks to be published, beside what is shown; `shown` None before the first."""

    counts: Counts
    shown: Shown | None = None
    guards: Guards = Guards()
    moved: Moved = Moved()

    @property
    def before(self) -> int:
        """The members that are shown now."""
        return self.shown.mapped if self.shown else 0

    @property
    def usual(self) -> Usual | None:
        """What is usual for the segment; None where too little was published."""
        return self.shown.usual if self.shown else None

    @property
    def numbers(self) -> dict[str, float]:
        """Everything that is compared, by name; what is not known is absent."""
        found: dict[str, float | None] = {
            "members_before": self.before,
            "fetched": self.counts.fetched,
            "mapped": self.counts.mapped,
            **{name: count for name, count in vars(self.moved).items() if count},
            "would_join": self.moved.joined,
            "would_leave": self.moved.left,
            "match_rate": round(self.counts.match_rate, 2),
            "match_rate_before": round(self.shown.match_rate, 2) if self.shown else None,
            "usual_members": round(self.usual.mapped, 1) if self.usual else None,
            "usual_match_rate": round(self.usual.match_rate, 2) if self.usual else None,
        }
        return {name: value for name, value in found.items() if value is not None}


@dataclass(frozen=True)
class Verdict:
    """Why a snapshot is held: a stable code, what was found, what to do, and the limits that would let it through."""

    code: str
    found: str
    fix: str
    needed: Mapping[str, float]
