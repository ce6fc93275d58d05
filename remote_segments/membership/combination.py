"""Who is in an audience, as one query: what everybody in it must be is asked by joins, the rest by bits.

Where everybody must be in a segment, its keys come first; others that all must be in, one of several and none of
several are semi and anti joins to them. What is nested otherwise goes through one grouping of those who are left,
however deep: every set of keys that is named sets a bit, and the expression reads the bits (measured:
benchmarks/README.md). An input that is missing has no bit: whether somebody is in it is null, and SQL's own
three-valued logic carries that through `and`, `or` and `not`; only who is certainly in the audience is kept, so that
nothing that is missing lets anybody in.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, reduce
from operator import and_, or_
from typing import Any

from remote_segments.membership.comparing import Asked
from remote_segments.membership.compile import Scope, finished, nothing
from remote_segments.membership.expressions import (
    BASIS,
    AtLeast,
    Attribute,
    Every,
    Expression,
    No,
    Past,
    Share,
    Some,
    Within,
    leaves,
    parts_of,
)
from remote_segments.membership.functions import share_of
from remote_segments.membership.models import Model
from remote_segments.membership.tables import KEY_COLUMNS

BITS = 62
"""Sets in one column of bits."""


@dataclass(frozen=True)
class Source:
    """The snapshot of an input that is used, and the generation of its keys."""

    snapshot_id: str
    generation: int
    same_model: bool = True
    """Whether its keys are those of the audience's own model, and not of one that is said to have the same."""


@dataclass(frozen=True)
class Combined:
    """An audience to be combined.

    `sources` has the snapshot of every input, None for one that is missing; `models` the models whose columns are
    asked, and the audience's own, `model`.
    """

    scope: Scope
    expression: Expression
    model: str
    models: Mapping[str, Model]
    sources: Mapping[str, Source | None]
    now: datetime
    zone: str = "UTC"
    """In which days begin, and instants are written that name none."""

    @cached_property
    def _sets(self) -> dict[Expression, list[Any]]:
        """The keys, as text, of every leaf that is a set of them; those of missing inputs are left out."""
        found: dict[Expression, list[Any]] = {}
        for leaf in dict.fromkeys(leaves(self.expression)):
            if isinstance(leaf, Within | Past) and (source := self.sources[leaf.name]):
                found[leaf] = list(self._members(leaf, source))
            elif isinstance(leaf, Attribute) and leaf.model != self.model:
                found[leaf] = [self._keys_of_other(leaf)]
        return found

    @property
    def own(self) -> Model:
        """The audience's model."""
        return self.models[self.model]

    @property
    def keys(self) -> tuple[str, ...]:
        """The key columns in use."""
        return KEY_COLUMNS[: len(self.own.key)]

    def members(self) -> Any:
        """Who is in it, in the form of mapped members: `member_no, remote_joined_at, key..., matched`."""
        import ibis

        rows = self._people()
        found = rows.filter(self._truth(self.expression, rows))
        return found.select(
            member_no=ibis.row_number() + 1,
            remote_joined_at=nothing("timestamp"),
            **{key: found[key].cast("string") for key in self.keys},
            matched=nothing("text"),
        )

    def _people(self) -> Any:
        """Everybody who can be in it: the rows of the model, their keys and bits, and the columns that are asked."""
        import ibis

        own = [leaf for leaf in leaves(self.expression) if isinstance(leaf, Attribute) and leaf.model == self.model]
        asked = sorted({leaf.column for leaf in own})
        table = self.own.table
        offered = self.own.keys()
        if self._has_foreign_keys:
            offered = {name: key.cast("string") for name, key in offered.items()}
        columns = {f"column_{name}": self.own.typed(name, table) for name in asked}
        people = table.select(**offered, **columns)
        if not self._sets:
            return people
        bits = self._bits_of_core() if self._core else self._bits(None)
        sought = {
            f"set_{name}": bits[name].cast("int64") if offered[name].type().is_integer() else bits[name]
            for name in self.keys
        }
        bits = bits.select(**sought, **{name: bits[name] for name in self._columns})
        equal = [(name, f"set_{name}") for name in self.keys]
        if self._core or self._within_sets(self.expression):
            return finished(people.inner_join(bits, equal))
        joined = finished(people.left_join(bits, equal))
        return joined.mutate(**{name: ibis.coalesce(joined[name], 0) for name in self._columns})

    @property
    def _has_foreign_keys(self) -> bool:
        """Whether keys of another model are among the sets: they may be texts that are no numbers."""
        foreign = (leaf.model != self.model for leaf in leaves(self.expression) if isinstance(leaf, Attribute))
        return any(foreign) or not all(source.same_model for source in self.sources.values() if source)

    @property
    def _columns(self) -> list[str]:
        return [f"bits_{number}" for number in range(-(-len(self._grouped) // BITS))]

    @cached_property
    def _core(self) -> dict[Expression, bool]:
        """The parts that hold for everybody and are asked by joins: whether they join, or exclude.

        Beside a segment in which everybody must be, whose keys are the first: others, one of several, none of several.
        Few are left then to be looked for in what remains. Nothing where there is no such segment.
        """
        must = list(dict.fromkeys(required(self.expression)))
        found: dict[Expression, bool] = dict.fromkeys(
            (part for part in must if isinstance(part, Within) and part in self._sets), True
        )
        for part in must if found else ():
            present = [inner in self._sets for inner in parts_of(part)]
            missing = [self._is_missing(inner) for inner in parts_of(part)]
            if isinstance(part, Some) and any(present) and all(map(or_, present, missing)):
                found[part] = True  # whom only a missing input would let in is not in it
            elif isinstance(part, No) and all(present):
                found[part] = False
        return found

    def _is_missing(self, part: Expression) -> bool:
        return isinstance(part, Within | Past) and self.sources[part.name] is None

    @cached_property
    def _grouped(self) -> dict[Expression, int]:
        """The sets that are asked by bits, with their places: those that the core does not answer."""
        rest = [part for part in dict.fromkeys(required(self.expression)) if part not in self._core]
        asked = dict.fromkeys(leaf for part in rest for leaf in leaves(part))
        return {
            leaf: place
            for place, leaf in enumerate(one for one in self._sets if one in asked and one not in self._core)
        }

    def _bits_of_core(self) -> Any:
        """One row per key of the core, with the bits of the sets that it does not answer."""
        import ibis

        keys = None
        for part, joins in self._core.items():
            inner = [part] if part in self._sets else [one for one in parts_of(part) if one in self._sets]
            several = [some.select(*self.keys) for one in inner for some in self._sets[one]]
            other = ibis.union(*several) if len(several) > 1 else several[0]
            if keys is None:
                keys = other
            else:
                keys = keys.semi_join(other, self.keys) if joins else keys.anti_join(other, self.keys)
        keys = finished(keys)
        if not self._grouped:
            return keys
        bits = self._bits(keys)
        bits = bits.select(**{f"bits_{name}": bits[name] for name in self.keys}, **{n: bits[n] for n in self._columns})
        both = finished(keys.left_join(bits, [(name, f"bits_{name}") for name in self.keys]))
        return both.select(*self.keys, **{name: ibis.coalesce(both[name], 0) for name in self._columns})

    def _bits(self, among: Any | None) -> Any:
        """One row per key of the grouped sets, with the bits of the sets that have it; of some keys, or of all."""
        import ibis

        branches: list[Any] = []
        for leaf, place in self._grouped.items():
            own = {
                name: ibis.literal(1 << place % BITS if number == place // BITS else 0, "int64")
                for number, name in enumerate(self._columns)
            }
            branches.extend(keys.select(*self.keys, **own) for keys in self._sets[leaf])
        every = ibis.union(*branches) if len(branches) > 1 else branches[0]
        if among is not None:
            every = finished(finished(every).semi_join(among, self.keys))
        return every.group_by(self.keys).aggregate(**{name: every[name].bit_or() for name in self._columns})

    def _members(self, leaf: Within | Past, source: Source) -> Iterator[Any]:
        """The keys of a segment's snapshot, or of who moved; of the same generation only, whose keys are comparable."""
        if isinstance(leaf, Within) or leaf.event == "was_in":
            rows = self.scope.of("keys", leaf.name)
            yield rows.filter(rows.snapshot_id == self.scope.text(source.snapshot_id)).select(*self.keys)
        if isinstance(leaf, Past):
            snapshots, rows = self.scope.of("snapshots", leaf.name), self.scope.of("changes", leaf.name)
            published = snapshots.filter(snapshots.state == "published").select("snapshot_id")
            # Whoever was moved by us did not join or leave; whose row the model lost was in it, and left it.
            causes = ("remote", "model") if leaf.event == "was_in" else ("remote",)
            moved = rows.filter(
                rows.event == ("joined" if leaf.event == "joined" else "left"),
                rows.cause.isin(causes),
                rows.generation == source.generation,
                rows.instant > self.scope.instant(self.now - leaf.during),
            )
            yield moved.semi_join(published, "snapshot_id").select(*self.keys)

    def _keys_of_other(self, leaf: Attribute) -> Any:
        model = self.models[leaf.model]
        rows = model.table.select(
            **{name: key.cast("string") for name, key in model.keys().items()}, asked=model.typed(leaf.column)
        )
        return rows.filter(self._fits(leaf, rows.asked)).select(*self.keys)

    def _fits(self, leaf: Attribute, column: Any) -> Any:
        import ibis

        kind = self.models[leaf.model].type_of(leaf.column)
        asked = Asked(self.scope, column, kind, self.now, self.zone)
        return ibis.coalesce(asked.fits(leaf.operator, leaf.values), False)

    def _within_sets(self, expression: Expression) -> bool:
        """Whether everybody who is in it is in a set: then nobody else of the model is looked at."""
        if isinstance(expression, Within | Past):
            return True
        if isinstance(expression, Attribute):
            return expression.model != self.model
        inside = [self._within_sets(part) for part in parts_of(expression)]
        if isinstance(expression, Every):
            return any(inside)
        if isinstance(expression, Some):
            return all(inside)
        return isinstance(expression, AtLeast) and inside.count(False) < expression.count

    def _truth(self, expression: Expression, rows: Any) -> Any:
        """Whether a person is in it: true, false, or null where that depends on what is missing."""
        import ibis

        if expression in self._core:
            return ibis.literal(True)
        if not isinstance(expression, Every | Some | No | AtLeast):
            return self._truth_of_leaf(expression, rows)
        parts = [self._truth(part, rows) for part in expression.parts]
        if isinstance(expression, AtLeast):
            return _enough(parts, expression.count)
        if isinstance(expression, Every):
            return reduce(and_, parts)
        either = reduce(or_, parts)
        return ~either if isinstance(expression, No) else either

    def _truth_of_leaf(self, leaf: Within | Past | Attribute | Share, rows: Any) -> Any:
        import ibis

        if isinstance(leaf, Share):
            keys = [rows[key].cast("string") for key in self.keys]
            return share_of(leaf.salt, keys, self.scope.dialect).between(*bounds(leaf))
        if isinstance(leaf, Attribute) and leaf.model == self.model:
            return self._fits(leaf, rows[f"column_{leaf.column}"])
        if leaf not in self._sets:
            return ibis.null("boolean")
        place = self._grouped[leaf]
        return (rows[f"bits_{place // BITS}"] & (1 << place % BITS)) != 0


def required(expression: Expression) -> Iterator[Expression]:
    """The parts of an expression that hold for everybody who is in it."""
    if isinstance(expression, Every):
        for part in expression.parts:
            yield from required(part)
    else:
        yield expression


def bounds(share: Share) -> tuple[int, int]:
    """The least and greatest hash of a share, of 32 bits: those that are `low` to below `high` of `BASIS` of all."""
    return -(-share.low * (1 << 32) // BASIS), -(-share.high * (1 << 32) // BASIS) - 1


def _enough(parts: list[Any], count: int) -> Any:
    """Whether so many are true; null where that depends on those that are null."""
    import ibis

    sure = sum(ibis.cases((part, 1), else_=0) for part in parts)
    # Not by `part.isnull()`: of a negation the compiler writes `NOT a IS NULL`, which is `NOT (a IS NULL)`.
    unsure = sum(ibis.cases((part, 0), (~part, 0), else_=1) for part in parts)
    return ibis.cases((sure >= count, True), (sure + unsure < count, False), else_=ibis.null("boolean"))
