"""Which rows of the model a member meets: one SELECT per entry of `identifiers`, and what became of each member.

Entries are tried in order, and the first with at least one matching row decides. Matches are narrow: a member's
number, the model's key, and when the platform says the person joined.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import islice
from typing import Any

from remote_segments.identifiers import KINDS, NO_OPTIONS, Options, Side, sides
from remote_segments.membership.compile import Scope, finished, nothing, unbound
from remote_segments.membership.functions import distinct_count, distinct_texts
from remote_segments.membership.models import Model
from remote_segments.membership.normalisation import perhaps_beyond
from remote_segments.membership.spelling import NO_SPELLINGS, Spellings, Text
from remote_segments.membership.tables import KEY_COLUMNS


@dataclass(frozen=True)
class Pair:
    """A platform's identifier and the model's column that must hold the same; `hashed` names a hash, or is None."""

    identifier: str
    kind: str
    column: str
    hashed: str | None = None
    options: Options = NO_OPTIONS

    @cached_property
    def sides(self) -> tuple[Side, Side]:
        """How the platform's and the model's values become comparable."""
        return sides(KINDS[self.kind].ruled(self.options), self.hashed)


Entry = tuple[Pair, ...]
"""Pairs that must all meet in the same row of the model."""


@dataclass(frozen=True)
class Fetched:
    """The members to map: whose rows, under which snapshot, and which identifiers the table of members has."""

    scope: Scope
    members_id: str
    primary: str
    identifiers: tuple[str, ...]
    spellings: Spellings = field(default=NO_SPELLINGS)
    """Of both sides: what only Python can normalise."""

    def rows(self) -> Any:
        """The members with their identifiers."""
        return self.scope.rows("members", self.members_id, self.identifiers)

    def without(self, mapped: Any) -> Any:
        """The members that are not among the mapped."""
        return finished(self.rows().anti_join(mapped, "member_no"))

    def only(self, numbers: Any) -> Any:
        """The members of some numbers."""
        return finished(self.rows().semi_join(numbers, "member_no"))

    def identifier(self, rows: Any, name: str) -> Any:
        """An identifier of `rows`; null where no fetch ever gave it."""
        import ibis

        return rows[name] if name in self.identifiers else ibis.null("string")

    def totals(self, different: bool = True, addresses: Collection[str] = ()) -> Any:
        """The number of members, the greatest; how many have a primary identifier, how many differ in it or one less.

        The last two are null where no fetch ever gave the primary identifier, or where `different` is False. Then the
        number of members with an address, of the identifiers named, whose domain may have to be looked up.
        """
        import ibis

        rows = self.rows()
        nothing = ibis.null("int64")
        counts = {"present": nothing, "different": nothing}
        if different and self.primary in self.identifiers:
            primary = rows[self.primary]
            counts = {"present": primary.count(), "different": distinct_texts(primary, self.scope.dialect)}
        doubtful = [perhaps_beyond(rows[name], self.scope.dialect) for name in addresses if name in self.identifiers]
        watched = rows.count(where=ibis.or_(*doubtful)) if doubtful else ibis.literal(0)
        highest = rows.member_no.max()  # beyond their number where somebody was erased
        return rows.aggregate(rows=rows.count(), highest=highest, **counts, watched=watched)

    def known(self, name: str) -> Any:
        """The number of members that have an identifier."""
        rows = self.rows()
        return rows.aggregate(known=self.identifier(rows, name).count())

    def repeats(self) -> Any:
        """The numbers of members whose primary identifier an earlier member has already."""
        rows = self.rows()
        first = rows.group_by(self.primary).aggregate(first_no=rows.member_no.min())
        joined = rows.inner_join(first, self.primary)
        return joined.filter(joined.member_no > joined.first_no).select("member_no")


def label(entry: Entry) -> str:
    """How `keys.matched` names an entry: `email`, or `email+phone`."""
    return "+".join(pair.identifier for pair in entry)


def _all(conditions: Sequence[Any]) -> Any:
    whole = conditions[0]
    for condition in conditions[1:]:
        whole &= condition
    return whole


def member_columns(members: Fetched, pairs: Sequence[Pair]) -> list[tuple[Text, Side]]:
    """The members' side of some pairs."""
    return [(partial(members.identifier, name=pair.identifier), pair.sides[0]) for pair in pairs]


def model_columns(model: Model, pairs: Sequence[Pair]) -> list[tuple[Text, Side]]:
    """The model's side of some pairs."""
    return [(partial(model.text, pair.column), pair.sides[1]) for pair in pairs]


def matches(members: Fetched, model: Model, entry: Entry, *, everybody: bool = False) -> Any:
    """Every row of the model that a member meets by one entry, whose pairs must all meet.

    With `everybody` the members that meet none are there, too, without a key: a join finds them on its way, and looking
    for them later takes half as long again.
    """
    import ibis

    dialect, spellings = members.scope.dialect, members.spellings
    rows, given = spellings.values(members.rows(), member_columns(members, entry), dialect)
    usable = _all([value.usable(rows) for value in given])
    if not everybody:
        rows = rows.filter(usable)
    table, offers = spellings.values(model.table, model_columns(model, entry), dialect)
    sought = {f"sought_{number}": value.comparable(rows) for number, value in enumerate(given)}
    offered = {f"offered_{number}": value.comparable(table) for number, value in enumerate(offers)}
    if everybody:  # what identifies nobody meets nothing
        sought["sought_0"] = ibis.cases((usable, sought["sought_0"]))
    left = rows.select("member_no", "remote_joined_at", **sought)
    right = table.select(**model.keys(table), **offered)
    equal = list(zip(sought, offered, strict=True))
    both = left.left_join(right, equal) if everybody else left.inner_join(right, equal)
    return both.select("member_no", "remote_joined_at", *_keys(model))


def _keys(model: Model) -> tuple[str, ...]:
    return KEY_COLUMNS[: len(model.key)]


def staged_matches(name: str, model: Model) -> Any:
    """Matches that were written into a temporary table, without the members there that met nothing."""
    table = _staged(name, model)
    return table.filter(table.key.notnull())


def _staged(name: str, model: Model) -> Any:
    schema = model.table.select(**model.keys()).schema()
    kinds = {key: "bigint" if schema[key].is_integer() else "text" for key in _keys(model)}
    return unbound(name, {"member_no": "bigint", "remote_joined_at": "timestamp", **kinds})


def nowhere(staged: Sequence[str], model: Model) -> Any:
    """The numbers of members that no entry met, by the staged matches of all entries, with everybody in the first."""
    first, *later = staged
    everybody = _staged(first, model)
    rows = everybody.filter(everybody.key.isnull()).select("member_no")
    for name in later:
        rows = finished(rows.anti_join(staged_matches(name, model), "member_no"))
    return rows


def unmet(every: str, earlier: Sequence[str], model: Model) -> Any:
    """The staged matches of an entry without the members that an earlier entry met: the first that meets decides."""
    rows = staged_matches(every, model)
    for name in earlier:
        rows = finished(rows.anti_join(staged_matches(name, model), "member_no"))
    return rows


def all_matches(staged: Sequence[tuple[str, Entry]], model: Model) -> Any:
    """The matches of all entries, each with the identifiers that matched; keys as text."""
    import ibis

    parts = []
    for name, entry in staged:
        table = staged_matches(name, model)
        keys = {key: table[key].cast("string") for key in _keys(model)}
        parts.append(table.select("member_no", "remote_joined_at", **keys, matched=ibis.literal(label(entry))))
    return parts[0] if len(parts) == 1 else ibis.union(*parts)


def uniqueness(
    staged: Sequence[str], model: Model, highest: int, bounds: tuple[int | None, int | None], dialect: str
) -> Any:
    """The number of matches, of different members and of different keys: all equal when nothing is in doubt.

    Args:
        staged: names of the staged matches.
        model: the model.
        highest: the greatest number of a member; they are numbered from 1.
        bounds: the least and greatest whole-number key; None for keys of other kinds.
        dialect: the engine.
    """
    import ibis

    tables = [staged_matches(name, model) for name in staged]
    found = tables[0] if len(tables) == 1 else ibis.union(*tables)
    members = distinct_count(found.member_no, 1, max(highest, 1), dialect)
    if model.whole_number is not None:
        return found.aggregate(matches=found.count(), members=members, keys=distinct_count(found.key, *bounds, dialect))
    keys = found.select(*_keys(model)).distinct()
    return found.aggregate(matches=found.count(), members=members).cross_join(keys.aggregate(keys=keys.count()))


def candidates(found: Any, model: Model, repeats: str | None) -> Any:
    """One row per member that met any row of the model: how many, and the key where it is one.

    Args:
        found: all matches.
        model: the model.
        repeats: the staged numbers of members fetched before; None when there are none.
    """
    if repeats:
        found = found.anti_join(unbound(repeats, {"member_no": "bigint"}), "member_no")
    firsts = {name: found[name].min() for name in (*_keys(model), "matched", "remote_joined_at")}
    return found.group_by("member_no").aggregate(ways=found.count(), **firsts)


def staged_candidates(name: str, model: Model) -> Any:
    """Candidates that were written into a temporary table."""
    keys = dict.fromkeys(_keys(model), "text")
    columns = {"member_no": "bigint", "ways": "bigint", **keys, "matched": "text", "remote_joined_at": "timestamp"}
    return unbound(name, columns)


def mapped(found: Any, model: Model) -> Any:
    """The candidates that met exactly one row, and met it first."""
    decided = found.filter(found.ways == 1)
    first = decided.group_by(_keys(model)).aggregate(member_no=decided.member_no.min()).select("member_no")
    return decided.semi_join(first, "member_no").select("member_no", "remote_joined_at", *_keys(model), "matched")


def _usable(members: Fetched, rows: Any, entries: Collection[Entry]) -> Any:
    """The numbers of some members, and whether any entry could find them."""
    import ibis

    pairs = [pair for entry in entries for pair in entry]
    rows, given = members.spellings.values(rows, member_columns(members, pairs), members.scope.dialect)
    each = iter(given)
    ways = [_all([value.usable(rows).fill_null(False) for value in islice(each, len(entry))]) for entry in entries]
    return rows.select("member_no", usable=ibis.or_(*ways))


def lost(
    members: Fetched, entries: Collection[Entry], rows: Any, found: Any | None = None, repeats: str | None = None
) -> Any:
    """Every member that is not mapped, with the one reason; a duplicate with the key it shares with an earlier member.

    Args:
        members: the members.
        entries: the entries that were tried.
        rows: those that are not mapped, with their identifiers.
        found: candidates, where some are in doubt; None when every match was mapped.
        repeats: the staged numbers of members fetched before; None when there are none.
    """
    import ibis

    left = _usable(members, rows, entries)
    cases = []
    shared = {name: nothing("text") for name in KEY_COLUMNS}
    if repeats:
        again = unbound(repeats, {"member_no": "bigint"}).select(repeat_no="member_no")
        left = left.left_join(again, [("member_no", "repeat_no")]).select("member_no", "usable", "repeat_no")
        cases.append((left.repeat_no.notnull(), "duplicate"))
    if found is not None:
        keys = [name for name in KEY_COLUMNS if name in found.columns]
        doubt = found.select("ways", candidate_no="member_no", **{f"met_{key}": found[key] for key in keys})
        left = left.left_join(doubt, [("member_no", "candidate_no")])
        cases = [(left.repeat_no.notnull(), "duplicate")] if repeats else []
        cases += [(left.ways > 1, "ambiguous"), (left.ways == 1, "duplicate")]
        shared |= {key: ibis.cases((left.ways == 1, left[f"met_{key}"]), else_=nothing("text")) for key in keys}
    reason = ibis.cases(*cases, (left.usable, "unknown"), else_="invalid")
    return left.select("member_no", reason=reason, **shared)


LOST_COLUMNS = {"member_no": "bigint", "reason": "text", **dict.fromkeys(KEY_COLUMNS, "text")}
"""The columns of `lost` as a temporary table."""


def mapped_columns(name: str, width: int) -> Any:
    """Mapped members that were written into a temporary table; `width` is the number of key columns."""
    keys = dict.fromkeys(KEY_COLUMNS[:width], "text")
    return unbound(name, {"member_no": "bigint", "remote_joined_at": "timestamp", **keys, "matched": "text"})
