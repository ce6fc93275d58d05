"""What is held, published and decided of one small segment, in plain Python: it judges the state machine in SQL.

A segment here has fewer than a hundred members, so of the guards only those apply that small segments have.
"""

from dataclasses import dataclass, field

LEAVE_AT_ONCE, SHARE = 10, 50


@dataclass
class Entry:
    """One snapshot: who was fetched, and who of them the model had when it was mapped."""

    fetched: frozenset[int]
    mapped: frozenset[int] = frozenset()
    state: str = "fetched"
    approved_by: str | None = None


@dataclass
class Desk:
    """The snapshots of a segment in the order of their ids, which of them is shown, and what people decided."""

    model: frozenset[int]
    entries: dict[str, Entry] = field(default_factory=dict)
    shown: str | None = None
    decisions: list[tuple[str, str, str, str]] = field(default_factory=list)
    """Snapshot, decision, who, guard."""
    allow_empty_until: int = 0
    max_left: tuple[int, int] = (0, 0)
    """A raised limit, and the hour until which it holds."""

    @property
    def held(self) -> str | None:
        """The one that waits for a person."""
        [*found] = [name for name, entry in self.entries.items() if entry.state == "held"]
        assert len(found) <= 1
        return found[0] if found else None

    def newest(self) -> str | None:
        """The one whose ids are the newest that count: what was rejected or overtaken does not."""
        found = [name for name, one in self.entries.items() if one.state in ("fetched", "mapped", "published", "held")]
        return found[-1] if found else None

    def guard(self, entry: Entry, hour: int) -> tuple[str, dict[str, int]] | None:
        """The guard that an entry is beyond, and the limits that would let it through."""
        before = self.entries[self.shown] if self.shown else None
        if entry.fetched and not entry.mapped:
            return "none-mapped", {}
        if not entry.fetched:
            allowed = hour < self.allow_empty_until or before is None or not before.fetched
            return None if allowed else ("emptied", {"allow_empty": 1})
        size = len(before.mapped) if before else 0
        left = len(before.mapped - entry.mapped) if before else 0
        gone, limit = size - len(entry.mapped), SHARE
        if hour < self.max_left[1]:
            limit = max(limit, self.max_left[0])
        if left > LEAVE_AT_ONCE and 100 * gone > limit * size:
            return "many-left", {"max_left": -(-100 * gone // size)}
        return None

    def publish(self, name: str, hour: int) -> str | None:
        """Maps and judges an entry; returns the guard that holds it."""
        entry = self.entries[name]
        entry.mapped = entry.fetched & self.model
        found = self.guard(entry, hour)
        for one in self.entries.values():
            if one.state == "held":
                one.state = "superseded"
        entry.state = "held" if found else "published"
        if not found:
            self.shown = name
        return found[0] if found else None

    def decide(self, *, approve: bool, by: str, hour: int, raise_for: int = 0) -> str | None:
        """Decides on the held entry; returns the code of the refusal."""
        name = self.held
        if name is None:
            return "nothing-held"
        entry = self.entries[name]
        if approve and self.newest() != name:
            return "hold-outdated"
        guard, needed = self.guard(entry, hour) or ("?", {})
        if approve and raise_for and not needed:
            return "limit-not-raisable"
        if approve and not entry.mapped <= self.model:
            return "hold-outdated"
        entry.state, entry.approved_by = ("published", by) if approve else ("rejected", None)
        self.shown = name if approve else self.shown
        self.decisions.append((name, "approved" if approve else "rejected", by, guard))
        if approve and raise_for and "max_left" in needed:
            self.max_left = (needed["max_left"], hour + raise_for)
        if approve and raise_for and "allow_empty" in needed:
            self.allow_empty_until = hour + raise_for
        return None
