"""What becomes of every fetched member, in plain Python: dicts and a loop, no engine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from remote_segments.identifiers import HEXDIGEST, KINDS, hexdigest
from remote_segments.membership.matching import Entry

Row = Mapping[str, str | int | None]
Key = tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """`mapped` with a key and what matched, or the reason why not."""

    what: str
    key: Key | None = None
    matched: str | None = None


def sought(member: Row, entry: Entry) -> tuple[str, ...] | None:
    """What a member is looked for by; None when an identifier of the entry cannot identify anybody."""
    values = []
    for pair in entry:
        given = member.get(pair.identifier)
        value = KINDS[pair.kind].normalise(None if given is None else str(given))
        if value is None:
            return None
        values.append(hexdigest(pair.hashed, value) if pair.hashed else value)
    return tuple(values)


def offered(row: Row, entry: Entry) -> tuple[str | None, ...]:
    """What a row of the model can be found by."""
    found = []
    for pair in entry:
        given = row[pair.column]
        kind = HEXDIGEST if pair.hashed else KINDS[pair.kind]
        found.append(None if given is None else kind.normalise(str(given)))
    return tuple(found)


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
    for entry, index in zip(entries, keys, strict=True):
        values = sought(member, entry)
        if values is None:
            continue
        usable = True
        rows = index.get(values, [])
        if len(rows) > 1:
            return Outcome("ambiguous")
        if rows:
            label = "+".join(pair.identifier for pair in entry)
            return Outcome("duplicate") if rows[0] in taken else Outcome("mapped", rows[0], label)
    return Outcome("unknown" if usable else "invalid")
