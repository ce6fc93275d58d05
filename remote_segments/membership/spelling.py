"""Values that only Python can normalise, looked up by the engine in a staged table: as written, as compared.

Few values are of this sort, so a rule without any has no table, and its columns are compared without a join.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from remote_segments.identifiers import Side
from remote_segments.membership.compile import finished, unbound
from remote_segments.membership.normalisation import beyond, comparable, rule_of, usable

Text = Callable[[Any], Any]
"""Finds the written values among the columns of some rows."""


@dataclass(frozen=True)
class Value:
    """One column of identifiers, and where its looked-up forms are."""

    text: Text
    side: Side
    dialect: str
    spelled: str | None = None
    """The column of the looked-up forms; None where none of its values needs one."""

    def comparable(self, rows: Any) -> Any:
        """What the values are compared by."""
        return comparable(self.text(rows), self.side, self.dialect, rows[self.spelled] if self.spelled else None)

    def usable(self, rows: Any) -> Any:
        """Whether the values can identify anybody; false or null where they cannot."""
        return usable(self.text(rows), self.side, self.dialect, rows[self.spelled] if self.spelled else None)


@dataclass(frozen=True)
class Spellings:
    """The staged tables, by the rule that they follow."""

    staged: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def values(self, rows: Any, columns: Sequence[tuple[Text, Side]], dialect: str) -> tuple[Any, list[Value]]:
        """Columns that are to be compared, and the rows with whatever must be looked up beside them."""
        found = []
        for number, (text, side) in enumerate(columns):
            name = self.staged.get(rule_of(side, dialect) or "")
            value = Value(text, side, dialect, f"rs_spelled_{number}" if name else None)
            rows = _looked_up(rows, value, name) if name else rows
            found.append(value)
        return rows, found


NO_SPELLINGS = Spellings()


def _looked_up(rows: Any, value: Value, name: str) -> Any:
    """Rows with a further column: the looked-up form, null for all values that need none."""
    import ibis

    found = value.spelled or ""
    sought, met = f"{found}_sought", f"{found}_met"
    text = value.text(rows)
    rows = finished(rows.mutate(**{sought: ibis.cases((beyond(text, value.side, value.dialect), text))}))
    table = staged_spellings(name)
    table = table.select(**{met: table.written, found: table.canonical})
    return finished(rows.left_join(table, [(sought, met)]))


def staged_spellings(name: str) -> Any:
    """Spellings that were written into a temporary table; each value is there once."""
    return unbound(name, {"written": "text", "canonical": "text"})


def written(rows: Any, text: Text, side: Side, dialect: str) -> Any:
    """The different values of some rows that must be looked up."""
    value = text(rows)
    return rows.filter(beyond(value, side, dialect)).select(written=value).distinct()


def of_any(values: Sequence[Any]) -> Any:
    """The different values of several columns."""
    import ibis

    return values[0] if len(values) == 1 else ibis.union(*values, distinct=True)


def numbered(values: Any) -> Any:
    """Values with numbers from 0, so that they can be read in batches."""
    import ibis

    return values.select("written", number=ibis.row_number().over(ibis.window()))


def of_values(sources: Sequence[Any], values: Any) -> Any:
    """Every value with its one spelling: two segments may have kept the same at the same time."""
    import ibis

    found = sources[0] if len(sources) == 1 else ibis.union(*sources)
    found = finished(found.semi_join(values, "written"))
    return found.group_by("written").aggregate(canonical=found.canonical.min())
