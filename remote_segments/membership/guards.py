"""When a snapshot is held instead of published: numbers that a person should look at first."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Counts:
    """What became of every fetched member; `fetched` is the sum of the other five."""

    fetched: int
    mapped: int
    unknown: int
    ambiguous: int
    invalid: int
    duplicate: int

    def __post_init__(self) -> None:
        if self.fetched != self.mapped + self.unknown + self.ambiguous + self.invalid + self.duplicate:
            raise ValueError(f"the outcomes do not add up: {self}")

    @property
    def lost(self) -> str:
        """The unmapped members in words."""
        reasons = ("unknown", "ambiguous", "invalid", "duplicate")
        return ", ".join(f"{getattr(self, reason):,} {reason}" for reason in reasons)

    @property
    def match_rate(self) -> float:
        """Percent of the fetched members that are mapped; 100 when nobody was fetched."""
        return 100 * self.mapped / self.fetched if self.fetched else 100.0


@dataclass(frozen=True)
class Guards:
    """What a segment's file says about holding: `minimum_match_rate` is in percent, None for no limit."""

    allow_empty: bool = False
    minimum_match_rate: float | None = None


@dataclass(frozen=True)
class Verdict:
    """Why a snapshot is held: a stable code, what was found, and what to do."""

    code: str
    found: str
    fix: str


def judge(counts: Counts, previously_fetched: int | None, guards: Guards) -> Verdict | None:
    """Judges a snapshot before it is published; None when it may be.

    Args:
        counts: the snapshot's counts.
        previously_fetched: members fetched for the latest published snapshot; None when there is none.
        guards: the segment's limits.
    """
    if counts.fetched and not counts.mapped:
        return Verdict(
            "none-mapped",
            f"None of {counts.fetched:,} fetched members is in the model ({counts.lost}).",
            "Check which identifiers and columns the segment names, and that the model is the right one.",
        )
    if previously_fetched and not counts.fetched and not guards.allow_empty:
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
    return None
