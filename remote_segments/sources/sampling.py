"""Some rows of a source as they are, before anybody said which of its columns are identifiers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from remote_segments.identifiers import KINDS
from remote_segments.identifiers.hashing import DIGITS
from remote_segments.sources.columns import Identifier, is_identifier

MOST = 1_000
"""Rows that are looked at."""

TELLING = 0.5
"""The least share of a column's values that are of a kind, or that differ, for the column to be taken for it."""

WIDEST = 40
"""Columns that are looked at: more than this are measurements, and not names of people."""

SHAPED = ("email", "uuid", "phone")
"""Kinds that a value shows by its shape; the first that fits is taken."""


@dataclass(frozen=True)
class Sample:
    """Some rows: of every column whose values may be ids, its texts by its name or path."""

    columns: Mapping[str, Sequence[str | None]] = field(repr=False)


@dataclass(frozen=True)
class Candidate:
    """A column that may hold identifiers of one kind."""

    name: str
    """What the identifier would be called."""
    identifier: Identifier
    values: Sequence[str | None] = field(repr=False)

    @property
    def whole(self) -> bool:
        """Whether every row has a value, and none twice: what members can be told apart by."""
        return all(self.values) and len(set(self.values)) == len(self.values)

    def written(self) -> dict[str, str] | str | None:
        """What must be written under `columns` of the source; None where the name says it all."""
        implied = self.name if self.name in KINDS else "text"
        column, kind = self.identifier.column, self.identifier.kind
        if kind == implied:
            return None if column == self.name else column
        return {"kind": kind} if column == self.name else {"column": column, "kind": kind}


def candidates(sample: Sample) -> list[Candidate]:
    """Returns the columns that may identify people: most of their values differ.

    A column of hashes is one candidate for each kind of identifier that may have been hashed.
    """
    found: list[Candidate] = []
    taken: set[str] = set()
    for column, values in sample.columns.items():
        having = [value for value in values if value and value.strip()]
        if not having or len(set(having)) < TELLING * len(having):
            continue
        for kind in _kinds(having):
            name = _free(_name(column, kind, sample), taken)
            own = name if kind == "text" and name in KINDS and KINDS[name].opaque else kind
            found.append(Candidate(name, Identifier(column, own), values))
            taken.add(name)
        if len(found) >= WIDEST:
            break
    return found


def _kinds(values: Sequence[str]) -> list[str]:
    """The kinds that a column's values may be of."""
    lengths = {len(value) for value in values}
    if len(lengths) == 1 and (length := lengths.pop()) in DIGITS.values():
        digests = [name for name, kind in KINDS.items() if kind.digest and DIGITS[kind.digest] == length]
        hashed = [name for name in digests if KINDS[name].normalise(values[0]) is not None]
        if hashed:
            return hashed
    for kind in SHAPED:
        if sum(KINDS[kind].normalise(value) is not None for value in values) >= TELLING * len(values):
            return [kind]
    return ["text"]


def _name(column: str, kind: str, sample: Sample) -> str:
    """What an identifier is called: as its column, where that can be a name; an address after its kind."""
    if is_identifier(column) and (kind in {"text", column}):
        return column
    if kind != "text" and kind not in sample.columns:
        return kind
    plain = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in column.lower()).strip("_")
    plain = plain[:40] if plain[:1].isalpha() else f"id_{plain[:40]}".rstrip("_")
    return plain if is_identifier(plain) else f"{plain}_id"


def _free(name: str, taken: set[str]) -> str:
    return next(one for one in (name, *(f"{name}_{number}" for number in range(2, 1_000))) if one not in taken)
