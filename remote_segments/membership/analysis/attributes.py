"""Attributes of a model by which people are grouped: values, ranges of numbers, stretches of time.

Ranges are chosen in Python from a few numbers about the whole model, and become one CASE of comparisons with the edges:
the same on every engine, and no function of dates or rounding is needed.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

from remote_segments.membership.models import Model

NUMBER, TIME, VALUE = "number", "time", "value"

_INTEGERS = ("tinyint", "smallint", "integer", "bigint", "int2", "int4", "int8", "hugeint", "utinyint", "usmallint",
             "uinteger", "ubigint", "uhugeint")  # fmt: skip
_DECIMALS = ("decimal", "numeric", "float", "double", "real")
_VALUES = ("varchar", "character", "char", "text", "string", "citext", "name", "enum", "bool", "uuid")

FEW = 12
"""Whole numbers of so many different values are shown one by one."""

PARTS = 10
"""Ranges that numbers are divided into, about."""

MOST_STRETCHES = 24
"""Stretches of time at most, but for years."""

LARGEST = 1.7976931348623157e308
"""Both engines sort infinity and what is no number after it."""


@dataclass(frozen=True)
class Attribute:
    """A column by which people are grouped, with the sort of its values and the edges between its groups."""

    column: str
    sort: str
    """`number`, `time` or `value`."""
    type: str
    """The engine's own type text."""
    edges: tuple[Any, ...] = ()
    """Where one range ends and the next begins, in order; none for values one by one."""
    labels: tuple[str, ...] = ()
    """What the ranges are called: one more than there are edges."""

    @property
    def grouped(self) -> bool:
        """Whether people are grouped by ranges; else by values."""
        return bool(self.labels)

    def group(self, model: Model) -> Any:
        """What rows of the model are grouped by: the value as text, or the number of its range; null for nothing."""
        import ibis

        if not self.grouped:
            return model.text(self.column)
        column = self.typed(model)
        usable = column.notnull() & _finite(column) if self.sort == NUMBER else column.notnull()
        branches = [(column < self._edge(edge), str(place)) for place, edge in enumerate(self.edges)]
        inside = ibis.cases(*branches, else_=str(len(self.edges))) if branches else ibis.literal("0")
        return ibis.cases((usable, inside), else_=ibis.null("string"))

    def _edge(self, edge: Any) -> Any:
        import ibis

        if self.sort == NUMBER:
            return ibis.literal(float(edge), "float64")
        return ibis.literal(edge.isoformat(), "string").cast(self._dtype())

    def typed(self, model: Model) -> Any:
        """The column with a type that the compiler can compare with numbers or instants."""
        column = model.table[self.column]
        if self.sort == NUMBER:
            return column.cast("float64")
        return column.cast(self._dtype()) if self.sort == TIME else column

    def _dtype(self) -> str:
        return "date" if self.type.lower() == "date" else "timestamp('UTC')" if _zoned(self.type) else "timestamp"

    @property
    def whole(self) -> bool:
        """Whether its values are whole numbers."""
        return self.type.lower().startswith(_INTEGERS)


def attribute(column: str, type_text: str) -> Attribute | None:
    """The attribute of a column before its groups are chosen; None for a type that nobody groups people by."""
    word = type_text.lower()
    if word.startswith("interval") or word.endswith("]"):
        return None
    if word.startswith((*_INTEGERS, *_DECIMALS)):
        return Attribute(column, NUMBER, type_text)
    if word == "date" or word.startswith("timestamp"):
        return Attribute(column, TIME, type_text)
    return Attribute(column, VALUE, type_text) if word.startswith(_VALUES) else None


def _zoned(type_text: str) -> bool:
    word = type_text.lower()
    return "with time zone" in word or word == "timestamptz"


def _finite(column: Any) -> Any:
    return (column <= LARGEST) & (column >= -LARGEST)


def outline(model: Model, attributes: Sequence[Attribute]) -> Any:
    """A few numbers about each attribute, one row: `count_N`, `distinct_N`, `low_N`, `high_N` as text.

    `low` and `high` of numbers are the first and the last hundredth, so that one outlier makes no range; of times they
    are the first and the last; of values they are null.
    """
    import ibis

    numbers: dict[str, Any] = {}
    for place, one in enumerate(attributes):
        column = one.typed(model)
        usable = _finite(column) if one.sort == NUMBER else None
        if one.sort == NUMBER:
            low, high = column.quantile(0.01, where=usable), column.quantile(0.99, where=usable)
        elif one.sort == TIME:
            usable = _calendar(one, column)
            low, high = column.min(where=usable), column.max(where=usable)
        else:
            low = high = ibis.null("string")
        numbers[f"count_{place}"] = model.table[one.column].count()
        numbers[f"distinct_{place}"] = model.table[one.column].cast("string").nunique()
        numbers[f"low_{place}"], numbers[f"high_{place}"] = low, high
    return model.table.aggregate(**numbers)


def _calendar(one: Attribute, column: Any) -> Any:
    """Times that a calendar has: both engines know infinite ones."""
    first, last = one._edge(datetime(1, 1, 2)), one._edge(datetime(9999, 12, 30))
    return (column >= first) & (column <= last)


def number_edges(low: float, high: float) -> list[float]:
    """Round numbers between the first and the last hundredth, about ten; none where all are the same."""
    if not high > low:
        return []
    rough = (high - low) / PARTS
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough * (1 - 1e-9))
    first, last = math.floor(low / step) + 1, math.ceil(high / step) - 1
    digits = max(0, -math.floor(math.log10(step)))
    return [round(step * number, digits) for number in range(first, last + 1)]


def number_labels(edges: Sequence[float]) -> list[str]:
    """What the ranges between edges are called."""
    if not edges:
        return ["all"]
    shown = [f"{edge:,.10g}" for edge in edges]
    between = [f"{low} to {high}" for low, high in pairwise(shown)]
    return [f"below {shown[0]}", *between, f"{shown[-1]} and more"]


def time_edges(low: date, high: date) -> tuple[list[date], list[str]]:
    """The days on which stretches of time begin (days, weeks, months, quarters or years), and their labels."""
    days = (high - low).days + 1
    if days <= MOST_STRETCHES:
        starts = [low + timedelta(days=number) for number in range(days)]
        return starts[1:], [f"{one:%Y-%m-%d}" for one in starts]
    if days <= 7 * (MOST_STRETCHES - 1):
        first = low - timedelta(days=low.weekday())
        starts = [first + timedelta(days=number) for number in range(0, (high - first).days + 1, 7)]
        return starts[1:], [f"week of {one:%Y-%m-%d}" for one in starts]
    months = (high.year - low.year) * 12 + high.month - low.month + 1
    step = 1 if months <= MOST_STRETCHES else 3 if months <= 3 * (MOST_STRETCHES - 1) else 12
    number = (low.year * 12 + low.month - 1) // step * step
    starts = []
    while (start := date(number // 12, number % 12 + 1, 1)) <= high:
        starts.append(start)
        number += step
    names = {
        1: lambda one: f"{one:%Y-%m}",
        3: lambda one: f"{one.year} Q{(one.month + 2) // 3}",
        12: lambda one: f"{one.year}",
    }
    return starts[1:], [names[step](one) for one in starts]


def midnight(day: date, type_text: str) -> date:
    """The beginning of a day, in UTC, as a value of the column's type."""
    if type_text.lower() == "date":
        return day
    return datetime.combine(day, time(), UTC if _zoned(type_text) else None)
