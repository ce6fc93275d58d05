"""Which columns of a model hold a platform's identifiers: measured on one page of members, never guessed from names.

Every column with texts or whole numbers is tried against every identifier, by the same expressions as a refresh, in the
warehouse's own engine. Numbers of two systems can coincide, so an id is believed only where it leads to the same rows
as the e-mail addresses or phone numbers of the same members.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from remote_segments.identifiers import KINDS
from remote_segments.identifiers.hashing import DIGITS
from remote_segments.membership import matching
from remote_segments.membership.compile import Scope
from remote_segments.membership.literals import quoted, table_name
from remote_segments.membership.models import Model, comparable_type
from remote_segments.membership.tables import KEY_COLUMNS
from remote_segments.rest.manifest import SourceKind
from remote_segments.sources.columns import ColumnKind
from remote_segments.sync.plan import ModelSource
from remote_segments.sync.trying import TRIAL, aside, stage_members
from remote_segments.warehouses.base import Session

MOST = 1_000
"""Members of the page that are measured."""

HALF = 0.5
"""A column is written only if it meets at least this share of the members that the best column meets."""

AGREEMENT = 0.9
"""The least share of members whose row is the same by an id and by their address."""

CLUTTER = 0.1
"""A column that leads more than this share of the members it meets to several rows identifies nobody."""

BY_DIGITS = {digits: name for name, digits in DIGITS.items()}
"""Each hash by its number of hexadecimal digits."""

SEGMENT = "proposal"


@dataclass(frozen=True)
class Fit:
    """One identifier tried against one column."""

    identifier: str
    kind: str
    column: str
    hashed: str | None
    having: int
    """Members of the page that have a usable value of the identifier."""
    ambiguous: int
    """Members that meet several rows."""
    rows: Mapping[int, tuple[str, ...]] = field(repr=False)
    """The key of the one row that a member meets, by the member's number."""

    @property
    def matched(self) -> int:
        """Members that meet exactly one row."""
        return len(self.rows)

    @property
    def opaque(self) -> bool:
        """Whether the identifier is one that two systems may have given to different people."""
        return KINDS[self.kind].opaque

    @property
    def share(self) -> float:
        """Percent of the members that have the identifier."""
        return 100 * self.matched / self.having if self.having else 0.0


@dataclass(frozen=True)
class Proposal:
    """What was measured, and the pairs to write, in the order in which they are to be tried."""

    members: int
    fits: tuple[Fit, ...]
    """Those that met anybody, the best first."""
    chosen: tuple[Fit, ...]
    together: int
    """Members that the chosen pairs find between them."""
    doubts: tuple[str, ...]
    """Sentences about what a person should look at."""


def propose(
    session: Session,
    source: ModelSource,
    key: tuple[str, ...],
    kind: "SourceKind | ColumnKind",
    columns: Mapping[str, Sequence[str | None]],
) -> Proposal:
    """Measures which columns of a model hold the identifiers of some members.

    Args:
        session: a reading session.
        source: where the model is.
        key: its key columns.
        kind: the kind of membership, for the kinds of its identifiers.
        columns: the members' identifiers, lists of equal length.

    Raises:
        ProjectError: `model-missing`, `model-unreadable`.
    """
    shown = {name: list(values[:MOST]) for name, values in columns.items()}
    length = min(MOST, max(map(len, columns.values()), default=0))
    found = session.expose(table=source.table, sql=source.sql, path=source.path)
    model = Model(found.schema, found.name, found.columns, key)
    stage_members(session, SEGMENT, shown, length)
    inner = aside(session)
    scope = Scope(inner.dialect, inner.schema, SEGMENT)
    members = matching.Fetched(scope, TRIAL, kind.primary, tuple(shown))
    pairs = [pair for name in shown for pair in _pairs(session, model, name, kind.identifiers[name].kind)]
    fits = [_measured(inner, members, model, pair, shown[pair.identifier]) for pair in pairs]
    met = sorted((fit for fit in fits if fit.matched or fit.ambiguous), key=lambda fit: (-fit.matched, fit.ambiguous))
    chosen, doubts = choose_pairs(met)
    together = len({number for fit in chosen for number in fit.rows})
    return Proposal(length, tuple(met), tuple(chosen), together, tuple(doubts))


def _pairs(session: Session, model: Model, identifier: str, kind: str) -> Iterator[matching.Pair]:
    """Every column that could hold the identifier; as a hash only where its values look like one."""
    for column, type_ in model.columns.items():
        if not comparable_type(type_):
            continue
        yield matching.Pair(identifier, kind, column)
        hashed = None if KINDS[kind].opaque else _hash_of(session, model, column)
        if hashed and KINDS[kind].digest in (None, hashed):
            yield matching.Pair(identifier, kind, column, hashed)


def _hash_of(session: Session, model: Model, column: str) -> str | None:
    """The hash whose digits the column's values look like, judged by their length."""
    name = quoted(column)
    select = (
        f"SELECT CAST({name} AS TEXT) AS value FROM {table_name(model.schema, model.name)} WHERE {name} IS NOT NULL"
    )
    (row,) = session.rows(f"SELECT min(length(value)), max(length(value)) FROM ({select} LIMIT 100) AS sample")
    shortest, longest = row
    return BY_DIGITS.get(shortest) if shortest == longest else None


def _measured(
    session: Session, members: matching.Fetched, model: Model, pair: matching.Pair, values: Sequence[str | None]
) -> Fit:
    found = matching.matches(members, model, (pair,))
    firsts = {name: found[name].cast("string").min() for name in KEY_COLUMNS[: len(model.key)]}
    rows = session.rows(members.scope.sql(found.group_by("member_no").aggregate(ways=found.count(), **firsts)))
    having = sum(pair.sides[0].compared(value) is not None for value in values)
    single = {number: tuple(key) for number, ways, *key in rows if ways == 1}
    return Fit(pair.identifier, pair.kind, pair.column, pair.hashed, having, len(rows) - len(single), single)


def choose_pairs(fits: Sequence[Fit]) -> tuple[list[Fit], list[str]]:
    """The pairs to write: exact ids first, then addresses, each only if it finds somebody that those before do not.

    Args:
        fits: what was measured, the best first.

    Returns:
        The pairs in the order to be tried, and sentences about what was left out or needs a look.
    """
    best: dict[str, Fit] = {}
    for fit in fits:
        if fit.matched and fit.ambiguous <= CLUTTER * fit.matched:
            best.setdefault(fit.identifier, fit)
    if not best:
        return [], []
    most = max(fit.matched for fit in best.values())
    witness = next((fit for fit in best.values() if not fit.opaque and fit.matched >= HALF * most), None)
    doubts: list[str] = []
    believed = []
    for fit in best.values():
        if fit.opaque and witness is not None and not _agrees(fit, witness):
            doubts.append(
                f"{fit.identifier} meets {fit.column} by chance: not in the rows that {witness.identifier} leads to."
            )
        elif fit.matched >= HALF * most:
            believed.append(fit)
    chosen = _adding(sorted(believed, key=lambda fit: (not fit.opaque, fit.kind != "email", -fit.matched)))
    return chosen, [*doubts, *filter(None, (_equal(fit, fits) for fit in chosen))]


def _agrees(fit: Fit, witness: Fit) -> bool:
    """Whether the members that both find are found in the same rows; without a common member nobody can tell."""
    both = fit.rows.keys() & witness.rows.keys()
    return not both or sum(fit.rows[number] == witness.rows[number] for number in both) >= AGREEMENT * len(both)


def _equal(fit: Fit, fits: Sequence[Fit]) -> str:
    """A sentence about other columns that fit as well, empty where there are none."""
    same = [one for one in fits if (one.identifier, one.hashed) == (fit.identifier, fit.hashed) and one is not fit]
    others = [one.column for one in same if one.matched == fit.matched]
    return f"{fit.identifier} meets {', '.join(others)} as often as {fit.column}." if others else ""


def _adding(order: Sequence[Fit]) -> list[Fit]:
    found: set[int] = set()
    chosen = []
    for fit in order:
        if not fit.rows.keys() <= found:
            chosen.append(fit)
            found |= fit.rows.keys()
    return chosen
