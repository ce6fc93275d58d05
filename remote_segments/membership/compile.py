"""The one place where expressions become SQL text: Ibis as a compiler over unbound tables, nothing else of it.

Measured with ibis 12.0.0 and sqlglot 30.30.0 on DuckDB 2.0 and Postgres 15: joins, group-bys, unions and casts
compile and run alike on both; hashing, trimming and Unicode normalisation are declared as built-in functions of
each engine (see `functions.py`), because the portable forms do not exist or differ.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from remote_segments.membership.tables import TABLES

DTYPES = {"text": "string", "bigint": "int64", "double": "float64", "timestamp": "timestamp('UTC')", "other": "uuid"}
"""The contract's neutral types in Ibis; `other` stands for any type that is only ever passed on or cast to text."""


def compiled(expression: Any, dialect: str) -> str:
    """Compiles an Ibis expression over unbound tables to the SELECT text of a dialect (`duckdb`, `postgres`)."""
    import ibis

    return str(ibis.to_sql(expression, dialect=dialect, pretty=False))


def unbound(name: str, columns: Mapping[str, str], schema: str | None = None) -> Any:
    """A table known by its name and its columns' neutral types; without a schema it is a temporary one."""
    import ibis

    dtypes = {column: ibis.dtype(DTYPES[kind]) for column, kind in columns.items()}
    return ibis.table(dtypes, name=name, database=schema)


def instant(value: datetime | None) -> Any:
    """An aware instant as a literal, exact to the microsecond."""
    import ibis

    text = None if value is None else value.astimezone(UTC).isoformat()
    return ibis.literal(text, "string").cast(DTYPES["timestamp"])


@dataclass(frozen=True)
class Scope:
    """Whose rows an expression reads: one segment's, in one schema, in one dialect."""

    dialect: str
    schema: str
    segment: str

    def rows(self, table: str, snapshot_id: str, extra: tuple[str, ...] = ()) -> Any:
        """The segment's rows of a shared table under one snapshot; `extra` names further columns of text."""
        columns = {**TABLES[table], **dict.fromkeys(extra, "text")}
        shared = unbound(table, columns, self.schema)
        return shared.filter(shared.segment == self.segment, shared.snapshot_id == snapshot_id)

    def sql(self, expression: Any) -> str:
        """The SELECT text of an expression."""
        return compiled(expression, self.dialect)
