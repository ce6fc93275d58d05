"""One connection to a Postgres server, as a session: statements, tables, loads and models."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg

from remote_segments.errors import EngineError
from remote_segments.warehouses.base import Relation
from remote_segments.warehouses.frames import to_frame
from remote_segments.warehouses.models import model_missing, model_unreadable, one_select, table_in_use
from remote_segments.warehouses.postgres_copy import copy_file, copy_parquet, copy_table, read_table, stream_texts
from remote_segments.warehouses.postgres_failures import failed, refused, translated
from remote_segments.warehouses.postgres_replacement import replace
from remote_segments.warehouses.quoting import identifier, identifiers, qualified, split_table

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

TYPES = {
    "text": "text",
    "bigint": "bigint",
    "double": "double precision",
    "timestamp": "timestamptz",
    "boolean": "boolean",
}
"""The contract's neutral types in Postgres."""

LONGEST_NAME = 63
"""Bytes of a name that Postgres keeps (https://www.postgresql.org/docs/current/sql-syntax-lexical.html)."""

WORTH_COUNTING = 10_000
"""Rows added to a table after which the planner's statistics are renewed."""


class PostgresSession:
    """Implements `base.Session`."""

    dialect = "postgres"

    def __init__(self, connection: "psycopg.Connection[Any]", schema: str, read_only: bool = False) -> None:
        self.schema = schema
        self._connection = connection
        self._read_only = read_only
        self._user = connection.info.user
        self._models = 0
        self._grown: set[str] = set()

    def execute(self, sql: str) -> int:
        """Runs one statement; returns the number of rows it changed, -1 where Postgres does not say."""
        with self._guarded():
            return self._connection.execute(sql.encode()).rowcount

    def spilling(self) -> AbstractContextManager[None]:
        """Nothing to do: Postgres spills whatever is beyond its `work_mem`."""
        return nullcontext()

    def stay_small(self, rows: int = 0) -> None:
        """Nothing to do, for the same reason."""

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Returns all rows of a SELECT; timestamps are aware datetimes in UTC, whole numbers are ints."""
        with self._guarded():
            return [tuple(map(_value, row)) for row in self._connection.execute(sql.encode()).fetchall()]

    def arrow(self, sql: str) -> "pa.Table":
        """Returns a SELECT as a table of Arrow."""
        with self._guarded():
            return read_table(self._connection, sql)

    def stream(self, sql: str, size: int) -> "Iterator[pa.RecordBatch]":
        """Yields the rows of a SELECT of texts in batches."""
        with self._guarded():
            for batch in stream_texts(self._connection, sql):
                for start in range(0, batch.num_rows, size):
                    yield batch.slice(start, size)

    def frame(self, sql: str) -> "pd.DataFrame":
        """Returns a SELECT as a frame."""
        return to_frame(self.arrow(sql))

    def relation(self, name: str, schema: str | None = None) -> Relation | None:
        """Describes a table or view: of the session, else of the project's schema; or of the schema named."""
        found = self._describe(None, name) if schema is None else None
        return found or self._describe(schema or self.schema, name)

    def ensure_table(self, name: str, columns: Mapping[str, str]) -> None:
        """Creates a table of neutral types in the project's schema, or adds the columns that it lacks."""
        present = self._describe(self.schema, name)
        lacking = [column for column in columns if present is None or cut(column) not in present.columns]
        if present is not None and not lacking:
            return
        table = qualified(self.schema, name)
        described = [f"{identifier(column)} {TYPES[columns[column]]}" for column in lacking]
        with self._guarded():
            # two processes may find the same table missing: one of them waits here until the other committed
            self._connection.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"remote_segments {self.schema}"])
            self._connection.execute(f"CREATE TABLE IF NOT EXISTS {table} ({', '.join(described)})".encode())
            for column in described:
                self._connection.execute(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {column}".encode())
            if present is None and {"segment", "snapshot_id"} <= set(columns):
                index = identifier(cut(f"{name}_by_snapshot"))
                self._connection.execute(
                    f"CREATE INDEX IF NOT EXISTS {index} ON {table} (segment, snapshot_id)".encode()
                )

    def ensure_view(self, name: str, select: str) -> None:
        """Creates a view of the project's schema, or replaces the one of that name."""
        with self._guarded():
            self._connection.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"remote_segments {self.schema}"])
            self._connection.execute(f"CREATE OR REPLACE VIEW {qualified(self.schema, name)} AS {select}".encode())

    def rename_table(self, former: str, name: str) -> None:
        """Gives a table of the project's schema another name; views on it follow."""
        with self._guarded():
            table = qualified(self.schema, former)
            self._connection.execute(f"ALTER TABLE {table} RENAME TO {identifier(cut(name))}".encode())

    def drop_table(self, name: str) -> None:
        """Removes a table of the project's schema, unless a view needs it."""
        table = qualified(self.schema, name)
        with self._guarded():
            try:
                self._connection.execute(f"DROP TABLE {table}".encode())
            except psycopg.errors.DependentObjectsStillExist as failure:
                raise table_in_use(table, (failure.diag.message_detail or "").splitlines()) from None

    def stage(self, name: str, select: str) -> int:
        """Writes a SELECT into a temporary table of this session, replacing one of that name; returns its rows."""
        table = f"pg_temp.{identifier(name)}"
        with translated(self._user), self._connection.transaction():
            self._connection.execute(f"DROP TABLE IF EXISTS {table}".encode())
            count = self._connection.execute(f"CREATE TEMPORARY TABLE {identifier(name)} AS {select}".encode()).rowcount
            self._connection.execute(f"ANALYZE {table}".encode())  # temporary tables have no statistics of their own
        return count

    def stage_table(self, name: str, rows: "pa.Table") -> int:
        """Writes a table of texts into a temporary table of this session, replacing one of that name."""
        columns = ", ".join(f"CAST(NULL AS text) AS {identifier(column)}" for column in rows.column_names)
        self.stage(name, f"SELECT {columns} WHERE false")
        with translated(self._user), self._connection.transaction():
            count = copy_table(self._connection, f"pg_temp.{identifier(name)}", rows)
            self._connection.execute(f"ANALYZE pg_temp.{identifier(name)}".encode())
        return count

    def insert(self, table: str, columns: Sequence[str], select: str) -> int:
        """Appends a SELECT, whose columns are in the order of `columns`; returns the rows appended."""
        count = self.execute(f"INSERT INTO {qualified(self.schema, table)} ({identifiers(columns)}) {select}")
        return self._note(table, count)

    def append(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Appends a few rows given as Python values (all with the same columns)."""
        if not rows:
            return
        columns = list(rows[0])
        marks = ", ".join("%s" for _ in columns)
        names = identifiers(columns).replace("%", "%%")
        statement = f"INSERT INTO {qualified(self.schema, table).replace('%', '%%')} ({names}) VALUES ({marks})"
        with self._guarded():
            self._connection.cursor().executemany(
                statement.encode(), [[row[column] for column in columns] for row in rows]
            )

    def append_table(self, table: str, rows: "pa.Table") -> int:
        """Appends a table of Arrow, column names as in the table; returns the rows."""
        with self._guarded():
            count = copy_table(self._connection, qualified(self.schema, table), rows)
        return self._note(table, count)

    def load(self, table: str, parquet: Path, constants: Mapping[str, str]) -> int:
        """Appends a Parquet file, column names as in the table, plus constant text columns; returns the rows."""
        with self._guarded():
            count = copy_parquet(self._connection, qualified(self.schema, table), parquet, constants)
        return self._note(table, count)

    def replace_table(self, name: str, select: str) -> int:
        """Replaces a table's rows and columns; readers see the old rows until the commit; returns the rows."""
        with self._guarded():
            count = replace(self._connection, self.schema, name, select)
        return self._note(name, count)

    def expose(self, table: str | None = None, sql: str | None = None, path: Path | None = None) -> Relation:
        """Makes a data model readable in this session: a table's name, a SELECT, or a Parquet / CSV file."""
        if table is not None:
            return self._table(table)
        if (sql is None) == (path is None):
            raise EngineError("model-invalid", "A model needs one of table, sql and path.", "Please report this.")
        self._models += 1
        name = f"model_{self._models}"
        if path is not None:
            with translated(self._user), self._connection.transaction():
                copy_file(self._connection, name, path)
        else:
            view = f"CREATE OR REPLACE TEMPORARY VIEW {identifier(name)} AS {one_select(sql or '')}"
            try:
                with self._connection.transaction():  # a savepoint: a reading session goes on after a failure
                    self._connection.execute(view.encode())
            except psycopg.Error as failure:
                if failure.sqlstate == "42501":
                    raise failed(failure, self._user) from None
                raise model_unreadable("The model's SQL", _about_names(failure)) from None
        return self._describe(None, name) or Relation(None, name, {})

    def ensure_schema(self) -> None:
        """Creates the project's schema if it is not there."""
        with translated(self._user):
            found = self._connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [self.schema]).fetchone()
            if not found:
                self._connection.execute(f"CREATE SCHEMA IF NOT EXISTS {identifier(self.schema)}".encode())

    def count_again(self) -> None:
        """Renews the planner's statistics of tables that grew, after the commit: inside it, others would wait."""
        for table in sorted(self._grown):
            try:
                self._connection.execute(f"ANALYZE {qualified(self.schema, table)}".encode())
            except psycopg.Error:  # the rows are committed; the server's own autovacuum will do it
                return

    def _note(self, table: str, count: int) -> int:
        if count >= WORTH_COUNTING:
            self._grown.add(table)
        return count

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Translates errors; in a reading session also forbids the statement to write, and survives its failure."""
        with translated(self._user):
            if not self._read_only:
                yield
                return
            with self._connection.transaction():
                self._connection.execute("SET LOCAL transaction_read_only = on")
                yield

    def _table(self, text: str) -> Relation:
        parts = split_table(text)
        if parts is not None:
            schema = parts[0] or self._schema_of(parts[1])
            found = self._describe(schema, parts[1]) if schema else None
            if found is not None:
                with self._guarded():
                    whole = qualified(found.schema, found.name)
                    allowed = self._connection.execute("SELECT has_table_privilege(%s::regclass, 'SELECT')", [whole])
                    if not allowed.fetchall()[0][0]:
                        raise refused(f"permission denied for table {whole}", self._user)
                return found
        with translated(self._user):
            known = self._connection.execute(
                "SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
                "WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND n.nspname NOT LIKE 'pg\\_%%' "
                "AND n.nspname <> 'information_schema' ORDER BY 1"
            ).fetchall()
        raise model_missing(text, "public", [str(row[0]) for row in known])

    def _schema_of(self, name: str) -> str | None:
        """Finds an unqualified table on the user's search path, without the session's temporary tables."""
        with translated(self._user):
            row = self._connection.execute(
                "SELECT n.nspname FROM unnest(current_schemas(false)) WITH ORDINALITY AS p (nspname, place) "
                "JOIN pg_namespace n USING (nspname) JOIN pg_class c ON c.relnamespace = n.oid "
                "WHERE c.relname = %s AND c.relkind IN ('r', 'v', 'm', 'p', 'f') ORDER BY p.place LIMIT 1",
                [cut(name)],
            ).fetchone()
        return str(row[0]) if row else None

    def _describe(self, schema: str | None, name: str) -> Relation | None:
        where = "n.oid = pg_my_temp_schema()" if schema is None else "n.nspname = %(schema)s"
        with translated(self._user):
            statement = (
                "SELECT a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_class c "
                "JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid "
                f"WHERE {where} AND c.relname = %(name)s AND c.relkind IN ('r', 'v', 'm', 'p', 'f') "
                "AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"
            )
            named = {"schema": schema and cut(schema), "name": cut(name)}
            found = self._connection.execute(statement.encode(), named).fetchall()
        return Relation(schema, cut(name), {str(row[0]): str(row[1]) for row in found}) if found else None


def cut(name: str) -> str:
    """Returns what Postgres keeps of a name."""
    return name.encode()[:LONGEST_NAME].decode(errors="ignore")


def _about_names(failure: psycopg.Error) -> str:
    message = failure.diag.message_primary
    return f"{message}." if message and (failure.sqlstate or "")[:2] in ("42", "3F") else f"{type(failure).__name__}."


def _value(value: Any) -> Any:
    """Gives a value as every warehouse gives it: UTC, whole numbers as ints (sums are numeric), UUIDs as text."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    if isinstance(value, Decimal) and value.as_tuple().exponent == 0:
        return int(value)
    return str(value) if isinstance(value, UUID) else value
