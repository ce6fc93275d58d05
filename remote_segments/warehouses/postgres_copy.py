"""Bulk ways in and out of Postgres: COPY as CSV, written and read by Arrow in batches, so memory stays constant.

In the CSV of both, a null is nothing and an empty text is `""`, so the two are never confused
(https://www.postgresql.org/docs/current/sql-copy.html).
"""

import io
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from remote_segments.warehouses.duckdb_failures import first_line
from remote_segments.warehouses.files import scan
from remote_segments.warehouses.frames import decimals
from remote_segments.warehouses.models import model_unreadable
from remote_segments.warehouses.quoting import identifier, identifiers

BATCH = 50_000
"""Rows of one Arrow batch."""

_FILE_TYPES = {
    "BOOLEAN": "boolean", "TINYINT": "smallint", "SMALLINT": "smallint", "INTEGER": "integer", "BIGINT": "bigint",
    "UTINYINT": "smallint", "USMALLINT": "integer", "UINTEGER": "bigint", "UBIGINT": "numeric", "HUGEINT": "numeric",
    "FLOAT": "real", "DOUBLE": "double precision", "VARCHAR": "text", "DATE": "date", "TIME": "time", "UUID": "uuid",
    "TIMESTAMP": "timestamp", "TIMESTAMP WITH TIME ZONE": "timestamptz",
}  # fmt: skip

_FRAME_TYPES = {
    16: pa.bool_(), 20: pa.int64(), 21: pa.int16(), 23: pa.int32(), 700: pa.float32(), 701: pa.float64(),
    1082: pa.date32(), 1114: pa.timestamp("us"), 1184: pa.timestamp("us", tz="UTC"),
}  # fmt: skip
"""Postgres' type numbers (pg_type.oid); everything else is read as text."""


_NUMERIC = 1700
"""The type number of numeric, read as text and then made decimals."""


def copy_parquet(connection: "psycopg.Connection[Any]", table: str, parquet: Path, constants: Mapping[str, str]) -> int:
    """Appends a Parquet file and constant text columns to a table; returns the rows."""
    with pyarrow.parquet.ParquetFile(parquet) as file:
        columns = [*file.schema_arrow.names, *constants]
        # group by group: `iter_batches` keeps what it read of the whole file (224 MB of a file of 222 MB, Arrow 26)
        groups = (file.read_row_group(group, use_threads=False) for group in range(file.num_row_groups))
        batches = (_extended(batch, constants) for group in groups for batch in group.to_batches(BATCH))
        return _copy_in(connection, table, columns, batches)


def copy_table(connection: "psycopg.Connection[Any]", table: str, rows: pa.Table) -> int:
    """Appends a table of Arrow to a table; returns the rows."""
    return _copy_in(connection, table, rows.column_names, rows.to_batches(BATCH))


def copy_file(connection: "psycopg.Connection[Any]", name: str, path: Path) -> None:
    """Loads a model's Parquet or CSV file into a temporary table, with the types that DuckDB finds in it."""
    with duckdb.connect(":memory:") as reader:
        try:
            reader.execute("SET TimeZone = 'UTC'")
            select = scan(reader, path)
            described = reader.execute(f"DESCRIBE {select}").fetchall()
            columns = {str(row[0]): _file_type(str(row[1])) for row in described}
            values = ", ".join(
                identifier(column) if kind else f"CAST({identifier(column)} AS VARCHAR) AS {identifier(column)}"
                for column, kind in columns.items()
            )
            batches = reader.sql(f"SELECT {values} FROM ({select})").to_arrow_reader(BATCH)
            types = ", ".join(f"{identifier(column)} {kind or 'text'}" for column, kind in columns.items())
            connection.execute(f"CREATE TEMPORARY TABLE {identifier(name)} ({types})".encode())
            _copy_in(connection, f"pg_temp.{identifier(name)}", list(columns), batches)
        except duckdb.Error as failure:
            raise model_unreadable(f"The model's file {path}", first_line(failure)) from None
    connection.execute(f"ANALYZE pg_temp.{identifier(name)}".encode())


def read_table(connection: "psycopg.Connection[Any]", sql: str) -> pa.Table:
    """Returns a SELECT as a table of Arrow, without a Python object per value."""
    described = connection.execute(f"SELECT * FROM ({sql}) AS q LIMIT 0".encode()).description or []
    kinds = {column.name: _FRAME_TYPES.get(column.type_code, pa.string()) for column in described}
    with connection.cursor().copy(f"COPY ({sql}) TO STDOUT (FORMAT csv, HEADER)".encode()) as copy:
        table = pyarrow.csv.read_csv(
            io.BufferedReader(_Incoming(copy), 1 << 20),
            read_options=pyarrow.csv.ReadOptions(use_threads=False),
            parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=kinds, null_values=[""], true_values=["t"], false_values=["f"],
                strings_can_be_null=True, quoted_strings_can_be_null=False,
            ),
        )  # fmt: skip
    for place, column in enumerate(described):
        if column.type_code == _NUMERIC:
            table = table.set_column(place, column.name, decimals(table.column(place)))
    return table


def stream_texts(connection: "psycopg.Connection[Any]", sql: str) -> Iterator[pa.RecordBatch]:
    """Yields the rows of a SELECT of texts as they come."""
    described = connection.execute(f"SELECT * FROM ({sql}) AS q LIMIT 0".encode()).description or []
    names = [column.name for column in described]
    with connection.cursor().copy(f"COPY ({sql}) TO STDOUT (FORMAT csv)".encode()) as copy:
        stream = io.BufferedReader(_Incoming(copy), 1 << 20)
        if not stream.peek(1):
            return
        yield from pyarrow.csv.open_csv(
            stream,
            read_options=pyarrow.csv.ReadOptions(use_threads=False, column_names=names),
            parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), null_values=[""],
                strings_can_be_null=True, quoted_strings_can_be_null=False,
            ),
        )  # fmt: skip


class _Incoming(io.RawIOBase):
    """What a COPY sends, as a file to read."""

    def __init__(self, copy: psycopg.Copy) -> None:
        self._blocks = iter(copy)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = memoryview(next(self._blocks, b""))
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


def _file_type(kind: str) -> str | None:
    if kind.startswith("DECIMAL("):
        return "numeric" + kind.removeprefix("DECIMAL")
    return _FILE_TYPES.get(kind)


def _extended(batch: pa.RecordBatch, constants: Mapping[str, str]) -> pa.RecordBatch:
    kept = [column.dictionary_decode() if pa.types.is_dictionary(column.type) else column for column in batch.columns]
    added = [pa.repeat(pa.scalar(value, pa.string()), batch.num_rows) for value in constants.values()]
    return pa.RecordBatch.from_arrays([*kept, *added], names=[*batch.schema.names, *constants])


def _copy_in(
    connection: "psycopg.Connection[Any]", table: str, columns: list[str], batches: Iterable[pa.RecordBatch]
) -> int:
    rows = 0
    options = pyarrow.csv.WriteOptions(include_header=False)
    cursor = connection.cursor()
    with cursor.copy(f"COPY {table} ({identifiers(columns)}) FROM STDIN (FORMAT csv)".encode()) as copy:
        for batch in batches:
            buffer = io.BytesIO()
            pyarrow.csv.write_csv(batch, buffer, options)
            copy.write(buffer.getbuffer())
            rows += batch.num_rows
    return rows
