"""Parquet files as batches of texts: only the wanted columns, a piece at a time.

https://arrow.apache.org/docs/python/parquet.html
"""

from collections.abc import Iterator
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from remote_segments.errors import PlatformError
from remote_segments.files.failures import unreadable
from remote_segments.sources.rows import lacking

BATCH = 10_000
"""Rows held at once."""


def rows(stream: IO[bytes], columns: list[str], times: frozenset[str], where: str) -> Iterator[pa.RecordBatch]:
    """Yields the wanted columns of a Parquet file, as texts.

    Args:
        stream: the file; it is read at several places.
        columns: names of columns, or paths within structs.
        times: those that are times and not ids.
        where: the file, for messages.

    Raises:
        PlatformError: `column-missing`, `identifier-column-type`, `file-unreadable`.
    """
    try:
        with pq.ParquetFile(stream, pre_buffer=False) as file:
            schema: pa.Schema = file.schema_arrow
            for column in columns:
                _check(schema, column, column in times, where)
            for group in range(file.num_row_groups):
                for batch in file.iter_batches(BATCH, row_groups=[group], columns=columns, use_threads=False):
                    yield pa.record_batch({column: _texts(batch, column) for column in columns})
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise unreadable("It is no whole Parquet file, or a value in it is no text.", where) from None


def columns_of(stream: IO[bytes], where: str) -> list[str]:
    """Returns the names and paths of a file's columns whose values may be ids.

    Raises:
        PlatformError: `file-unreadable`.
    """
    try:
        with pq.ParquetFile(stream) as file:
            schema: pa.Schema = file.schema_arrow
            return [path for field in schema for path in _ids(field, "") if _field(schema, path) is not None]
    except pa.ArrowInvalid:
        raise unreadable("It is no whole Parquet file.", where) from None


def _ids(field: pa.Field, above: str) -> Iterator[str]:
    path = f"{above}.{field.name}" if above else field.name
    if pa.types.is_struct(field.type):
        for inner in field.type:
            yield from _ids(inner, path)
    elif _may_be_id(field.type):
        yield path


def number_of_rows(stream: IO[bytes], where: str) -> int:
    """Returns the number of rows that the end of the file tells."""
    try:
        with pq.ParquetFile(stream) as file:
            return int(file.metadata.num_rows)
    except pa.ArrowInvalid:
        raise unreadable("It is no whole Parquet file.", where) from None


def _check(schema: pa.Schema, column: str, time: bool, where: str) -> None:
    """Refuses a column that is not there, or whose values are no ids: 1.0 and 1 would be two people."""
    found = _field(schema, column)
    if found is None:
        lacking([column], schema.names, where)
        raise AssertionError("unreachable: it is one of the names")
    kind = found.value_type if pa.types.is_dictionary(found) else found
    if not (_is_text(kind) or (pa.types.is_timestamp(kind) and kind.tz is not None) if time else _may_be_id(kind)):
        text = (
            f"The column `{column[:60]}` has the type {kind}, which is {'no time with its zone' if time else 'no id'}."
        )
        fix = "Choose another column, or write this one as text or as a whole number."
        raise PlatformError("identifier-column-type", text, fix, where)


def _is_text(kind: pa.DataType) -> bool:
    texts = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return any(is_kind(kind) for is_kind in (*texts, pa.types.is_binary, pa.types.is_large_binary))


def _may_be_id(kind: pa.DataType) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return any((_is_text(kind), pa.types.is_integer(kind), pa.types.is_decimal(kind) and kind.scale == 0))


def _field(schema: pa.Schema, column: str) -> pa.DataType | None:
    if schema.names.count(column) == 1:
        return schema.field(column).type
    first, *rest = column.split(".")
    if not rest or schema.names.count(first) != 1:
        return None
    kind = schema.field(first).type
    for name in rest:
        if not pa.types.is_struct(kind) or kind.get_field_index(name) < 0:
            return None
        kind = kind.field(name).type
    return kind


def _texts(batch: pa.RecordBatch, column: str) -> pa.Array:
    names = [column] if column in batch.schema.names else column.split(".")
    array = batch.column(names[0])
    for name in names[1:]:
        array = pc.struct_field(array, name)
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_timestamp(array.type):
        return pa.array([None if value is None else value.isoformat() for value in array.to_pylist()], pa.string())
    return array.cast(pa.string())
