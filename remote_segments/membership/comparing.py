"""Tests of a column, as expressions of its type: what is written becomes a value of that type first."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import eq, ge, gt, le, lt, ne
from typing import Any
from zoneinfo import ZoneInfo

from remote_segments.membership.attributes import ColumnType, instant
from remote_segments.membership.compile import Scope

_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {"=": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}


@dataclass(frozen=True)
class Asked:
    """A column that is asked, as `Model.typed` gives it, with its type.

    `now` is the instant that relative times are reckoned from; in `zone` days begin, and instants are written that
    name none.
    """

    scope: Scope
    column: Any
    kind: ColumnType
    now: datetime
    zone: str

    def fits(self, operator: str, values: tuple[str, ...]) -> Any:
        """Whether the value is as written; null where it is null, unless that is what is asked.

        Args:
            operator: one that the type has.
            values: the characters written.
        """
        if operator == "is":
            return self.column.isnull() if values == ("null",) else self.column.notnull()
        if operator in ("within", "older_than"):
            return self._relative(operator, timedelta(seconds=int(values[0])))
        wanted = [self._value(value) for value in values]
        if operator == "in":
            return self.column.isin(wanted)
        if operator == "between":
            return self.column.between(*wanted)
        if operator == "contains":
            return self.column.contains(wanted[0])
        return _OPERATORS[operator](self.column, wanted[0])

    def _value(self, value: str) -> Any:
        import ibis

        if self.kind == "text":
            return self.scope.text(value)
        if self.kind == "integer":
            return ibis.literal(int(value), "int64")
        if self.kind == "number":
            return ibis.literal(float(value), "float64")
        if self.kind == "boolean":
            return ibis.literal(value == "true")
        found = instant(value)
        if found is None:  # refused before anything is compiled
            raise ValueError("an instant that is none")
        return self._moment(found)

    def _moment(self, found: datetime) -> Any:
        """A day or an instant; a column without zone holds UTC, what is written without one is compared as it is."""
        if self.kind == "date":
            return self.scope.text(found.date().isoformat()).cast("date")
        if self.column.type().timezone:
            return self.scope.instant(found if found.tzinfo else found.replace(tzinfo=ZoneInfo(self.zone)))
        plain = found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found
        return self.scope.text(plain.isoformat()).cast("timestamp")

    def _relative(self, operator: str, during: timedelta) -> Any:
        """Of a day, the days count: `within 7 days` is today and the seven days before."""
        here = ZoneInfo(self.zone)
        since = self._moment((self.now - during).astimezone(here))
        if operator == "older_than":
            return self.column < since
        return (self.column >= since) & (self.column <= self._moment(self.now.astimezone(here)))
