"""One connection to a DuckDB file, as a session: statements, tables, loads and models."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow.parquet

from remote_segments.errors import EngineError
from remote_segments.warehouses.base import Relation
from remote_segments.warehouses.duckdb_failures import failed, first_line
from remote_segments.warehouses.files import scan
from remote_segments.warehouses.frames import plain, to_frame
from remote_segments.warehouses.models import column_in_use, model_missing, model_unreadable, one_select, table_in_use
from remote_segments.warehouses.quoting import identifier, identifiers, literal, qualified, split_table

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

TYPES = {"text": "VARCHAR", "bigint": "BIGINT", "double": "DOUBLE", "timestamp": "TIMESTAMPTZ", "boolean": "BOOLEAN"}
"""The contract's neutral types in DuckDB."""

LOADING_MEMORY = 64 * 2**20
"""Bytes while a file of small row groups is loaded, by however many threads (the same for 2, 8, 16 and 32).

Loading 10 million members took 190 MB in all, against 600 MB without a limit, in the same time."""


class DuckDBSession:
    """Implements `base.Session`."""

    dialect = "duckdb"

    def __init__(self, connection: duckdb.DuckDBPyConnection, schema: str) -> None:
        self.schema = schema
        self._connection = connection
        self._models = 0
        self._moved = False  # whether what was there before this transaction may be gone, or be another
        self.failed = False
        # a name that is no table must be an error, never a Python variable that happens to be called so
        connection.execute("SET python_enable_replacements = false")

    def execute(self, sql: str) -> int:
        """Runs one statement; returns the number of rows it changed, -1 where DuckDB does not say."""
        with self._guarded():
            row = self._connection.execute(sql).fetchall()
        return int(row[0][0]) if len(row) == 1 and len(row[0]) == 1 and isinstance(row[0][0], int) else -1

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Returns all rows of a SELECT; timestamps are aware datetimes in UTC, whole numbers are ints.

        Not by way of Arrow: DuckDB would plan the statement twice, and a refresh reads a single row 25 times.
        """
        with self._guarded():
            rows = self._connection.execute(sql).fetchall()
        return [tuple(map(plain, row)) for row in rows]

    def stream(self, sql: str, size: int) -> "Iterator[pa.RecordBatch]":
        """Yields the rows of a SELECT in batches."""
        with self._guarded():
            yield from self._connection.sql(sql).to_arrow_reader(size)

    def frame(self, sql: str) -> "pd.DataFrame":
        """Returns a SELECT as a frame."""
        return to_frame(self.arrow(sql))

    def arrow(self, sql: str) -> "pa.Table":
        """Returns a SELECT as a table of Arrow."""
        with self._guarded():
            return self._connection.sql(sql).to_arrow_table()

    def relation(self, name: str, schema: str | None = None) -> Relation | None:
        """Describes a table or view: of the session, else of the project's schema; or of the schema named."""
        found = self._describe("temp", "main", name) if schema is None else None
        return found or self._describe(None, schema or self.schema, name)

    def ensure_table(self, name: str, columns: Mapping[str, str]) -> None:
        """Creates a table of neutral types in the project's schema, or adds the columns that it lacks."""
        table = qualified(self.schema, name)
        present = self._describe(None, self.schema, name)
        if present is None:
            described = ", ".join(f"{identifier(column)} {TYPES[kind]}" for column, kind in columns.items())
            self.execute(f"CREATE TABLE {table} ({described})")
            return
        known = {column.lower() for column in present.columns}
        for column, kind in columns.items():
            if column.lower() not in known:
                self.execute(f"ALTER TABLE {table} ADD COLUMN {identifier(column)} {TYPES[kind]}")

    def ensure_view(self, name: str, select: str) -> None:
        """Creates a view of the project's schema, or replaces the one of that name."""
        self.execute(f"CREATE OR REPLACE VIEW {qualified(self.schema, name)} AS {select}")

    def rename_table(self, former: str, name: str) -> None:
        """Gives a table of the project's schema another name; DuckDB's views keep looking for the former one."""
        self._moved = True
        self.execute(f"ALTER TABLE {qualified(self.schema, former)} RENAME TO {identifier(name)}")

    def drop_table(self, name: str) -> None:
        """Removes a table of the project's schema, unless a view that works needs it."""
        views = self._views_on(name)
        table = qualified(self.schema, name)
        self._moved = True
        self.execute(f"DROP TABLE {table}")
        for view in views:
            if not _binds(self._connection, view):
                raise table_in_use(table, [view])

    def stage(self, name: str, select: str) -> int:
        """Writes a SELECT into a temporary table of this session, replacing one of that name; returns its rows."""
        return self.execute(f"CREATE OR REPLACE TEMPORARY TABLE {identifier(name)} AS {select}")

    def stage_table(self, name: str, rows: "pa.Table") -> int:
        """Writes a table of Arrow into a temporary table of this session, replacing one of that name."""
        with self._visible(rows) as given:
            return self.stage(name, f"SELECT * FROM {given}")

    def insert(self, table: str, columns: Sequence[str], select: str) -> int:
        """Appends a SELECT, whose columns are in the order of `columns`; returns the rows appended."""
        return self.execute(f"INSERT INTO {qualified(self.schema, table)} ({identifiers(columns)}) {select}")

    def append(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Appends a few rows given as Python values (all with the same columns)."""
        if not rows:
            return
        columns = list(rows[0])
        values = [[row[column] for column in columns] for row in rows]
        marks = ", ".join("?" for _ in columns)
        statement = f"INSERT INTO {qualified(self.schema, table)} ({identifiers(columns)}) VALUES ({marks})"
        with self._guarded():
            self._connection.executemany(statement, values).fetchall()

    def append_table(self, table: str, rows: "pa.Table") -> int:
        """Appends a table of Arrow, column names as in the table; returns the rows."""
        with self._visible(rows) as given:
            return self.insert(table, rows.column_names, f"SELECT {identifiers(rows.column_names)} FROM {given}")

    def load(self, table: str, parquet: Path, constants: Mapping[str, str]) -> int:
        """Appends a Parquet file, column names as in the table, plus constant text columns; returns the rows."""
        source = f"read_parquet({literal(str(parquet))})"
        with self._guarded():
            columns = [str(row[0]) for row in self._connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()]
        values = ", ".join(literal(value) for value in constants.values())
        select = f"SELECT {', '.join(filter(None, [values, identifiers(columns)]))} FROM {source}"
        with self._little_memory(parquet):
            return self.insert(table, [*constants, *columns], select)

    def replace_table(self, name: str, select: str) -> int:
        """Replaces a table's rows and columns inside the transaction; views on it survive; returns the rows."""
        table = qualified(self.schema, name)
        before = self._describe(None, self.schema, name)
        self._moved = True
        count = self.execute(f"CREATE OR REPLACE TABLE {table} AS {select}")
        if before is not None:
            after = self._columns(f"{identifier(self._file)}.{table}")
            changed = [column for column, kind in before.columns.items() if after.get(column) != kind]
            for view in self._views_on(name) if changed else ():
                if not _binds(self._connection, view):
                    raise column_in_use(table, changed, [view])
        return count

    def expose(self, table: str | None = None, sql: str | None = None, path: Path | None = None) -> Relation:
        """Makes a data model readable in this session: a table's name, a SELECT, or a Parquet / CSV file."""
        if table is not None:
            return self._table(table)
        if (sql is None) == (path is None):
            raise EngineError("model-invalid", "A model needs one of table, sql and path.", "Please report this.")
        self._models += 1
        name = f"model_{self._models}"
        try:
            text = one_select(sql) if sql is not None else scan(self._connection, path)  # type: ignore[arg-type]
            self._connection.execute(f"CREATE OR REPLACE TEMPORARY VIEW {identifier(name)} AS {text}").fetchall()
        except duckdb.Error as failure:
            self.failed = True
            raise model_unreadable(
                "The model's SQL" if sql else f"The model's file {path}", first_line(failure)
            ) from None
        return self._describe("temp", "main", name) or Relation(None, name, {})

    def ensure_schema(self) -> None:
        """Creates the project's schema if it is not there."""
        self.execute(f"CREATE SCHEMA IF NOT EXISTS {identifier(self.schema)}")

    def _table(self, text: str) -> Relation:
        parts = split_table(text)
        if parts is not None:
            schema, name = parts
            found = self._describe(None, schema or "main", name)
            if found is not None:
                return self._unambiguous(found)
        known = self._connection.execute(
            "SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE NOT temporary UNION ALL "
            "SELECT schema_name || '.' || view_name FROM duckdb_views() WHERE NOT temporary AND NOT internal"
        ).fetchall()
        raise model_missing(text, "main", [str(row[0]) for row in known])

    def spilling(self) -> AbstractContextManager[None]:
        """Caps DuckDB's memory while the block runs, so that a large intermediate result goes to disk."""
        return self._capped(LOADING_MEMORY)

    def stay_small(self, rows: int = 0) -> None:
        """Caps DuckDB's memory until the session ends, its commit and the writing of the file's blocks included.

        Joins need some for each thread; what is more goes to disk.
        """
        with self._guarded():
            found = self._connection.execute("SELECT current_setting('memory_limit'), current_setting('threads')")
            before, threads = found.fetchall()[0]
        enough = int(LOADING_MEMORY * max(1, int(threads) / 2) * max(1, rows / 1_000_000))
        if _bytes(str(before)) > enough:
            self.execute(f"SET memory_limit = '{enough}B'")

    def _little_memory(self, parquet: Path) -> AbstractContextManager[None]:
        """Caps DuckDB's memory while rows only pass through: it would keep what it wrote, and grow with the file."""
        described = pyarrow.parquet.read_metadata(parquet)
        largest = max((described.row_group(i).total_byte_size for i in range(described.num_row_groups)), default=0)
        return self._capped(LOADING_MEMORY + 4 * largest)  # a row group is decoded as a whole

    @contextmanager
    def _capped(self, enough: int) -> Iterator[None]:
        with self._guarded():
            before = str(self._connection.execute("SELECT current_setting('memory_limit')").fetchall()[0][0])
        if _bytes(before) <= enough:
            yield
            return
        self.execute(f"SET memory_limit = '{enough}B'")
        yield  # after an error the connection closes, and its limit with it
        self.execute(f"SET memory_limit = {literal(before)}")

    def _unambiguous(self, found: Relation) -> Relation:
        """Gives a table by a view when its schema is called like the file: `crm.x` would mean two things to DuckDB."""
        if found.schema is None or found.schema.lower() != self._file.lower():
            return found
        self._models += 1
        view = f"model_{self._models}"
        whole = f"{identifier(self._file)}.{qualified(found.schema, found.name)}"
        self.execute(f"CREATE TEMPORARY VIEW {identifier(view)} AS SELECT * FROM {whole}")
        return Relation(None, view, found.columns)

    def _views_on(self, name: str) -> list[str]:
        """Lists the views that mention a table and worked before this transaction.

        DuckDB keeps no dependencies: a view whose column is gone fails when somebody reads it. A second connection to
        the same open database sees what is committed, and its failures do not end this transaction.
        """
        with self._guarded(), self._connection.cursor() as committed:
            found = committed.execute(
                "SELECT schema_name, view_name FROM duckdb_views() WHERE NOT internal AND NOT temporary "
                "AND database_name = current_database() AND contains(lower(sql), lower(?))",
                [name],
            ).fetchall()
            views = [qualified(str(schema), str(view)) for schema, view in found]
            return [view for view in views if _binds(committed, view)]

    def _describe(self, database: str | None, schema: str, name: str) -> Relation | None:
        """Describes a table or view of the file, or of a database attached to it; None when there is none.

        The list of all columns takes 14 ms where there are 1,000 segments of 20 columns, a name 0.2 ms. So what was
        there before this transaction is asked for by name: on a second connection, since a failure ends a transaction.
        """
        whole = f"{identifier(database or self._file)}.{qualified(schema, name)}"
        with self._guarded():
            if database is None and not self._moved:
                with self._connection.cursor() as committed:
                    if _binds(committed, whole):
                        return Relation(schema, name, self._columns(whole))
            where = "current_database()" if database is None else literal(database)
            found = self._connection.execute(
                "SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns() WHERE database_name = "
                f"{where} AND lower(schema_name) = lower(?) AND lower(table_name) = lower(?) ORDER BY column_index",
                [schema, name],
            ).fetchall()
        if not found:
            return None
        columns = {str(row[2]): str(row[3]) for row in found}
        return Relation(None if database == "temp" else str(found[0][0]), str(found[0][1]), columns)

    def _columns(self, table: str) -> dict[str, str]:
        """The columns of what is known to be there, with their types."""
        return {str(row[0]): str(row[1]) for row in self._connection.execute(f"DESCRIBE {table}").fetchall()}

    @cached_property
    def _file(self) -> str:
        """What DuckDB calls the file."""
        return str(self._connection.execute("SELECT current_database()").fetchall()[0][0])

    @contextmanager
    def _visible(self, rows: "pa.Table") -> Iterator[str]:
        """Shows a table of Arrow to the statements of the block, under the name given."""
        self._connection.register("rs_given", rows)
        try:
            yield "rs_given"
        finally:
            self._connection.unregister("rs_given")

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Translates errors, and remembers that there was one: some end DuckDB's transaction, some do not."""
        try:
            yield
        except duckdb.Error as failure:
            self.failed = True
            raise failed(failure) from None


def _bytes(size: str) -> float:
    """Reads a size as DuckDB writes it (`11.5 GiB`)."""
    number, unit = size.split()
    power: int = ("bytes", "KiB", "MiB", "GiB", "TiB").index(unit)
    return float(number) * float(1024**power)


def _binds(connection: duckdb.DuckDBPyConnection, view: str) -> bool:
    try:
        connection.execute(f"DESCRIBE {view}").fetchall()
    except duckdb.Error:
        return False
    return True
