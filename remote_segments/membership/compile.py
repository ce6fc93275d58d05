"""The one place where expressions become SQL text: Ibis as a compiler over unbound tables, nothing else of it.

Measured with ibis 12.0.0 and sqlglot 30.30.0 on DuckDB 2.0 and Postgres 15: joins, group-bys, unions and casts
compile and run alike on both; hashing, trimming and Unicode normalisation are declared as built-in functions of
each engine (see `functions.py`), because the portable forms do not exist or differ.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from remote_segments.membership.literals import text_literal
from remote_segments.membership.tables import TABLES

DTYPES = {"text": "string", "bigint": "int64", "double": "float64", "timestamp": "timestamp('UTC')", "other": "uuid",
          "boolean": "boolean"}  # fmt: skip
"""The contract's neutral types in Ibis; `other` stands for any type that is only ever passed on or cast to text."""


def compiled(expression: Any, dialect: str) -> str:
    """Compiles an Ibis expression over unbound tables to the SELECT text of a dialect (`duckdb`, `postgres`)."""
    return _compiled(expression.op(), dialect)


@lru_cache(maxsize=1024)
def _compiled(operation: Any, dialect: str) -> str:
    """The text of an operation: compiling takes 2 to 20 ms, a refresh needs 16 statements, and they seldom change."""
    import ibis

    return str(ibis.to_sql(operation.to_expr(), dialect=dialect, pretty=False))


def unbound(name: str, columns: Mapping[str, str], schema: str | None = None) -> Any:
    """A table known by its name and its columns' neutral types; without a schema it is a temporary one."""
    import ibis

    dtypes = {column: ibis.dtype(DTYPES[kind]) for column, kind in columns.items()}
    return ibis.table(dtypes, name=name, database=schema)


def finished(join: Any) -> Any:
    """A join as a table of its own: the compiler cannot chain further joins to one with computed columns.

    By a filter that is always true; a view would have a new name each time, so it would never be found compiled.
    """
    import ibis

    return join.filter(ibis.literal(True))


def nothing(kind: str) -> Any:
    """A null of a neutral type."""
    import ibis

    return ibis.null(ibis.dtype(DTYPES[kind]))


@dataclass(frozen=True)
class Scope:
    """Whose rows an expression reads: one segment's, in one schema, in one dialect.

    Texts that differ with every refresh (segment, snapshot ids, instants) stand in an expression as numbered slots and
    are filled into the compiled text, so that the next refresh finds the same expression compiled already.
    """

    dialect: str
    schema: str
    segment: str
    _slots: list[str] = field(default_factory=list, compare=False, repr=False)

    def text(self, value: str) -> Any:
        """A text literal."""
        import ibis

        if value not in self._slots:
            self._slots.append(value)
        return ibis.literal(_slot(self._slots.index(value)), "string")

    def instant(self, value: datetime) -> Any:
        """An aware instant as a literal, exact to the microsecond."""
        return self.text(value.astimezone(UTC).isoformat()).cast(DTYPES["timestamp"])

    def of(self, table: str, segment: str) -> Any:
        """The rows of a shared table of another segment, such as an audience's input."""
        shared = unbound(table, TABLES[table], self.schema)
        return shared.filter(shared.segment == self.text(segment))

    def own(self, table: str, extra: tuple[str, ...] = ()) -> Any:
        """The segment's rows of a shared table; `extra` names further columns of text."""
        shared = unbound(table, {**TABLES[table], **dict.fromkeys(extra, "text")}, self.schema)
        return shared.filter(shared.segment == self.text(self.segment))

    def rows(self, table: str, snapshot_id: str, extra: tuple[str, ...] = ()) -> Any:
        """The segment's rows of a shared table under one snapshot."""
        shared = unbound(table, {**TABLES[table], **dict.fromkeys(extra, "text")}, self.schema)
        return shared.filter(shared.segment == self.text(self.segment), shared.snapshot_id == self.text(snapshot_id))

    def sql(self, expression: Any) -> str:
        """The SELECT text of an expression made in this scope."""
        text = compiled(expression, self.dialect)
        for number, value in enumerate(self._slots):
            text = text.replace(text_literal(_slot(number)), text_literal(value))
        return text


def _slot(number: int) -> str:
    return f"<slot {number} of a statement>"
