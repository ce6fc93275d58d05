"""Membership through time, in plain Python sets: who joined, who left, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Moment:
    """One published snapshot: who each key was, by the platform's own id, and all ids that were fetched."""

    keys: Mapping[str, str]
    people: frozenset[str]
    definition: str = "first"
    fetch: int = 0


Event = tuple[str, str, str]


@dataclass
class History:
    """The events of each snapshot, in the order of time."""

    events: list[set[Event]] = field(default_factory=list)


def history(moments: Sequence[Moment]) -> History:
    """Explains a sequence of snapshots of one generation."""
    found = History()
    before: Moment | None = None
    for moment in moments:
        found.events.append(_events(before, moment))
        before = moment
    return found


def _events(before: Moment | None, moment: Moment) -> set[Event]:
    if before is None:
        return {(key, "joined", "baseline") for key in moment.keys}
    joined = {
        (key, "joined", _cause(before, moment, moment.keys[key], before))
        for key in moment.keys.keys() - before.keys.keys()
    }
    left = {
        (key, "left", _cause(before, moment, before.keys[key], moment))
        for key in before.keys.keys() - moment.keys.keys()
    }
    return joined | left


def _cause(before: Moment, moment: Moment, person: str, other: Moment) -> str:
    if before.definition != moment.definition:
        return "definition"
    if before.fetch == moment.fetch:
        return "model"
    return "model" if person in other.people else "remote"
