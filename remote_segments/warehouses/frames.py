"""A table of Arrow as rows of Python values and as a pandas frame: exact, and alike from every warehouse."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    import pandas as pd

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""Instants are counted from here: Arrow's own way to datetimes loads pandas, 40 MB and a third of a second."""


def to_rows(table: pa.Table) -> list[tuple[Any, ...]]:
    """Returns rows of Python values: timestamps are aware datetimes in UTC, whole numbers are ints."""
    return list(zip(*(_values(column) for column in table.columns), strict=True))


def to_frame(table: pa.Table) -> "pd.DataFrame":
    """Returns a frame: whole numbers stay whole (`Int64` where some are null), decimals stay `Decimal`."""
    import pandas as pd

    table = pa.table({name: _whole(column) for name, column in zip(table.column_names, table.columns, strict=True)})
    frame: pd.DataFrame = table.to_pandas()
    for name, column in zip(table.column_names, table.columns, strict=True):
        if (
            pa.types.is_integer(column.type) and column.null_count
        ):  # pandas would make floats of them: 2**53 + 1 is lost
            frame[name] = column.cast(pa.int64()).to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
    return frame


def decimals(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Returns numbers written as text as decimals with the digits they need; as they are when one has too many."""
    values = [None if text is None else Decimal(text) for text in texts.to_pylist()]
    try:
        return pa.chunked_array([pa.array(values)]) if any(values) else texts.cast(pa.decimal128(38, 0))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):  # NaN, Infinity, more than 76 digits
        return texts


def _whole(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if not pa.types.is_decimal(column.type) or column.type.scale:
        return column
    try:
        return column.cast(pa.int64())  # sums of integers are HUGEINT in DuckDB and numeric in Postgres
    except pa.ArrowInvalid:
        return column


def _values(column: pa.ChunkedArray) -> list[Any]:
    if pa.types.is_timestamp(column.type) and column.type.tz:
        ticks = column.cast(pa.timestamp("us", tz="UTC")).cast(pa.int64()).to_pylist()
        return [tick if tick is None else _EPOCH + timedelta(microseconds=tick) for tick in ticks]
    values: list[Any] = column.to_pylist()
    if pa.types.is_decimal(column.type) and column.type.scale == 0:
        return [value if value is None else int(value) for value in values]
    return values
