"""What becomes of every fetched member, in plain Python: dicts and a loop, no engine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from remote_segments.membership.matching import Entry

Row = Mapping[str, str | int | None]
Key = tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """`mapped` with a key and what matched, or the reason why not."""

    what: str
    key: Key | None = None
    matched: str | None = None
    conflicting: bool = False
    """Mapped, and a later entry leads to other rows only."""
    same_row: bool = False
    """A duplicate, not because it was fetched before but because its row was taken."""


def sought(member: Row, entry: Entry) -> tuple[str, ...] | None:
    """What a member is looked for by; None when an identifier of the entry cannot identify anybody."""
    values = []
    for pair in entry:
        given = member.get(pair.identifier)
        value = pair.sides[0].compared(None if given is None else str(given))
        if value is None:
            return None
        values.append(value)
    return tuple(values)


def offered(row: Row, entry: Entry) -> tuple[str | None, ...]:
    """What a row of the model can be found by."""
    given = [(pair.sides[1], row[pair.column]) for pair in entry]
    return tuple(side.compared(None if value is None else str(value)) for side, value in given)


def outcomes(
    members: Sequence[Row], model: Sequence[Row], key: Sequence[str], entries: Sequence[Entry], primary: str
) -> list[Outcome]:
    """One outcome per member, in the order fetched."""
    keys: list[dict[tuple[str | None, ...], list[Key]]] = []
    for entry in entries:
        index: dict[tuple[str | None, ...], list[Key]] = {}
        for row in model:
            index.setdefault(offered(row, entry), []).append(tuple(str(row[name]) for name in key))
        keys.append(index)
    seen: set[object] = set()
    taken: set[Key] = set()
    found = []
    for member in members:
        outcome = _outcome(member, entries, keys, taken)
        person = member.get(primary)
        if person is not None and person in seen:
            outcome = Outcome("duplicate")
        seen.add(person)
        if outcome.key:
            taken.add(outcome.key)
        found.append(outcome)
    return found


def _outcome(
    member: Row, entries: Sequence[Entry], keys: Sequence[Mapping[tuple[str | None, ...], list[Key]]], taken: set[Key]
) -> Outcome:
    usable = False
    for place, (entry, index) in enumerate(zip(entries, keys, strict=True)):
        values = sought(member, entry)
        if values is None:
            continue
        usable = True
        rows = index.get(values, [])
        if len(rows) > 1:
            return Outcome("ambiguous")
        if rows:
            label = "+".join(pair.identifier for pair in entry)
            if rows[0] in taken:
                return Outcome("duplicate", same_row=True)
            others = [_rows(member, *one) for one in zip(entries[place + 1 :], keys[place + 1 :], strict=True)]
            conflicting = any(other and rows[0] not in other for other in others)
            return Outcome("mapped", rows[0], label, conflicting)
    return Outcome("unknown" if usable else "invalid")


def _rows(member: Row, entry: Entry, index: Mapping[tuple[str | None, ...], list[Key]]) -> list[Key]:
    values = sought(member, entry)
    return [] if values is None else index.get(values, [])
