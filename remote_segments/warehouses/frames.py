"""Values of a warehouse as Python values and as a pandas frame: exact, and alike from every warehouse."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pyarrow as pa

if TYPE_CHECKING:
    import pandas as pd


def plain(value: Any) -> Any:
    """A value as DuckDB gives it, as every warehouse gives it: instants in UTC, whole numbers as ints, ids as texts."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    if isinstance(value, Decimal) and value.as_tuple().exponent == 0:
        return int(value)
    return str(value) if isinstance(value, UUID) else value


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
