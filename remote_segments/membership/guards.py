"""When a snapshot is held instead of published: numbers that a person should look at first."""

import math
from dataclasses import dataclass

from remote_segments.membership.tables import REASONS

FEW_LEFT, FEW_JOINED = 50, 500
"""People; as many may leave or join without being looked at, however many percent they are."""

SMALL = 100
"""Members; of a segment with fewer, shares say little: it is held only when most of it is gone."""

SMALL_LEFT, SMALL_SHARE = 10, 50.0
"""People who may leave a small segment in any case, and the percent of it that may be gone at once."""


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
        return 100 * self.mapped / self.fetched if self.fetched else 100.0


@dataclass(frozen=True)
class Guards:
    """What a segment's file says about holding, in percent; `minimum_match_rate` None for no limit."""

    allow_empty: bool = False
    minimum_match_rate: float | None = None
    max_left: float = 20.0
    max_joined: float = 100.0


@dataclass(frozen=True)
class Moved:
    """Who would join and leave a segment, by their own doing or by the model's.

    Nobody counts who is in the first snapshot, or whom a new definition or a rebuild moved.
    """

    joined_remote: int = 0
    joined_model: int = 0
    left_remote: int = 0
    left_model: int = 0

    @property
    def joined(self) -> int:
        """Everybody who would join."""
        return self.joined_remote + self.joined_model

    @property
    def left(self) -> int:
        """Everybody who would leave."""
        return self.left_remote + self.left_model


CAUSES = ("remote", "model")
"""Causes of events that a guard counts."""


@dataclass(frozen=True)
class Verdict:
    """Why a snapshot is held: a stable code, what was found, and what to do."""

    code: str
    found: str
    fix: str


def judge(
    counts: Counts,
    previously_fetched: int | None,
    guards: Guards,
    previously_mapped: int | None = None,
    moved: Moved | None = None,
) -> Verdict | None:
    """Judges a snapshot before it is published; None when it may be.

    Args:
        counts: the snapshot's counts.
        previously_fetched: members fetched for the latest published snapshot; None when there is none.
        guards: the segment's limits.
        previously_mapped: members that the latest published snapshot shows; None when there is none.
        moved: who would join and leave.
    """
    if counts.fetched and not counts.mapped:
        return Verdict(
            "none-mapped",
            f"None of {counts.fetched:,} fetched members is in the model ({counts.lost}).",
            "Check which identifiers and columns the segment names, and that the model is the right one.",
        )
    if not counts.fetched and guards.allow_empty:
        return None
    if previously_fetched and not counts.fetched:
        return Verdict(
            "emptied",
            f"The platform gave 0 members; the published snapshot was made of {previously_fetched:,}.",
            "If the segment may be empty, set guards: {allow_empty: true} and refresh; else mend it in the platform.",
        )
    if guards.minimum_match_rate is not None and counts.match_rate < guards.minimum_match_rate:
        return Verdict(
            "match-rate-low",
            f"{counts.mapped:,} of {counts.fetched:,} fetched members are in the model, {counts.match_rate:.2f} %; "
            f"the limit is {guards.minimum_match_rate:g} % ({counts.lost}).",
            "Look at the unmapped members, then mend the model or lower guards.minimum_match_rate.",
        )
    return _judge_moved(counts, previously_mapped or 0, guards, moved or Moved())


def _judge_moved(counts: Counts, before: int, guards: Guards, moved: Moved) -> Verdict | None:
    """Judges who would leave and join, against the `before` members that are shown now."""
    if before < SMALL:
        gone, limit, few = before - counts.mapped, max(SMALL_SHARE, guards.max_left), SMALL_LEFT
    else:
        gone, limit, few = moved.left, guards.max_left, FEW_LEFT
    if moved.left > few and 100 * gone > limit * before:
        share = 100 * gone / before
        percent = math.ceil(share)
        return Verdict(
            "many-left",
            f"{moved.left:,} of the {before:,} members that are shown now would leave: {moved.left_remote:,} left in "
            f"the platform, {moved.left_model:,} are no longer found in the model. The segment would lose "
            f"{share:.1f} % and show {counts.mapped:,}; the limit is {limit:g} %.",
            f"If that is right, set guards: {{max_left: {percent}%}} in the segment's file and publish again; "
            "else mend the model or the segment in the platform, and refresh: what passes is published.",
        )
    if before >= SMALL and moved.joined > FEW_JOINED and 100 * moved.joined > guards.max_joined * before:
        share = 100 * moved.joined / before
        percent = math.ceil(share)
        return Verdict(
            "many-joined",
            f"{moved.joined:,} people would join the {before:,} members that are shown now, {share:.1f} %: "
            f"{moved.joined_remote:,} joined in the platform, {moved.joined_model:,} are newly found in the model; the "
            f"limit is {guards.max_joined:g} %.",
            f"If that is right, set guards: {{max_joined: {percent}%}} in the segment's file and publish "
            "again; else mend the model or the segment in the platform, and refresh: what passes is published.",
        )
    return None
