"""The life of a segment in plain Python sets: what was published when, whatever was late, edited or erased."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass
class Life:
    """Who was a member from each instant on; snapshots that were not published leave no trace."""

    known: frozenset[int] = frozenset()
    """The numbers that the model has."""
    fetched: dict[str, frozenset[int]] = field(default_factory=dict)
    """Who was fetched, by snapshot; kept after a failed mapping, as the warehouse keeps it."""
    instants: dict[str, datetime] = field(default_factory=dict)
    """The instant of each published snapshot."""
    keys: dict[str, frozenset[int]] = field(default_factory=dict)
    """Who was a member by each published snapshot."""

    def publishable(self, snapshot: str) -> bool:
        """Members whom the model does not know at all are held: nobody is published for somebody."""
        return not self.fetched[snapshot] or bool(self.fetched[snapshot] & self.known)

    def counts(self, snapshot: str, instant: datetime) -> None:
        """A snapshot is published, or mapped anew with the model of now."""
        self.instants[snapshot] = instant
        self.keys[snapshot] = self.fetched[snapshot] & self.known

    def erase(self, number: int) -> None:
        """A person was never there."""
        self.fetched = {snapshot: found - {number} for snapshot, found in self.fetched.items()}
        self.keys = {snapshot: found - {number} for snapshot, found in self.keys.items()}

    @property
    def latest(self) -> str | None:
        """The snapshot that everybody reads."""
        return max(self.instants, key=lambda one: self.instants[one], default=None)

    def at(self, when: datetime) -> frozenset[int]:
        """Who was a member at an instant."""
        before = [one for one, instant in self.instants.items() if instant <= when]
        newest = max(before, key=lambda one: self.instants[one], default=None)
        return self.keys[newest] if newest else frozenset()

    def stays(self, number: int) -> list[tuple[datetime, datetime | None]]:
        """When a person came and went, oldest first."""
        found: list[tuple[datetime, datetime | None]] = []
        for snapshot in sorted(self.instants, key=lambda one: self.instants[one]):
            inside, staying = number in self.keys[snapshot], bool(found) and found[-1][1] is None
            if inside and not staying:
                found.append((self.instants[snapshot], None))
            elif not inside and staying:
                found[-1] = (found[-1][0], self.instants[snapshot])
        return found
