"""Conditions on a model's columns: which operators a type has, and which texts are values of it."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Literal

from remote_segments.errors import ProjectError
from remote_segments.suggestions import choose, listed

ColumnType = Literal["text", "integer", "number", "boolean", "date", "timestamp"]
"""The types that a column's declaration can name, and that every engine's own types are counted among."""

_ORDER = ("<", "<=", ">", ">=", "between")
_DATES = ("within", "older_than")
_ALWAYS = ("=", "!=", "in", "is")

OPERATORS: dict[str, tuple[str, ...]] = {
    "text": (*_ALWAYS, "contains"),
    "integer": (*_ALWAYS, *_ORDER),
    "number": (*_ALWAYS, *_ORDER),
    "boolean": ("=", "!=", "is"),
    "date": (*_ALWAYS, *_ORDER, *_DATES),
    "timestamp": (*_ALWAYS, *_ORDER, *_DATES),
}
"""The operators of each type; texts have no order, because engines sort them differently."""

_WORDS = {
    "integer": "a whole number",
    "number": "a number as `12.50`",
    "boolean": "`true` or `false`",
    "date": "a date as `2026-11-24`",
    "timestamp": "an instant as `2026-11-24` or `2026-11-24 08:00+01:00`",
}

_TYPES: tuple[tuple[str, ColumnType], ...] = (
    ("timestamp", "timestamp"),
    ("datetime", "timestamp"),
    ("date", "date"),
    ("bool", "boolean"),
    ("varchar", "text"),
    ("char", "text"),
    ("text", "text"),
    ("string", "text"),
    ("citext", "text"),
    ("uuid", "text"),
    ("enum", "text"),
    ("tinyint", "integer"),
    ("smallint", "integer"),
    ("int", "integer"),
    ("bigint", "integer"),
    ("hugeint", "integer"),
    ("uinteger", "integer"),
    ("ubigint", "integer"),
    ("decimal", "number"),
    ("numeric", "number"),
    ("double", "number"),
    ("real", "number"),
    ("float", "number"),
)


def column_type(engine_type: str) -> ColumnType | None:
    """What a column of an engine's own type is; None for a type that no condition can be written on."""
    word = engine_type.lower()
    if word.endswith("[]"):
        return None
    return next((kind for start, kind in _TYPES if word.startswith(start)), None)


def misfit(kind: ColumnType, operator: str, values: tuple[str, ...]) -> tuple[str, str] | None:
    """Why an operator with these values cannot be asked of a type: what was found and what to write; None if it can."""
    known = OPERATORS[kind]
    if operator not in known:
        return f"`{operator}` cannot be asked of a column of the type {kind}.", f"It takes {listed(known)}."
    if operator in (*_DATES, "is"):
        return None
    wrong = next((value for value in values if not _is(kind, value)), None)
    if wrong is not None:
        return f"`{wrong[:40]}` is no value of a column of the type {kind}.", f"Write {_WORDS[kind]}."
    return None


def unfit(
    model: str, columns: Mapping[str, str], column: str, operator: str | None, values: tuple[str, ...]
) -> ProjectError | None:
    """Why a condition cannot be asked of a model as the warehouse has it: `unknown-column` or `type-mismatch`.

    Args:
        model: its name.
        columns: its columns, with the engine's own types.
        column: the column that is asked.
        operator: what is asked of it; None where it only has to be there.
        values: what it is compared with.
    """
    if column not in columns:
        found = f"The model `{model}` has no column `{column}`."
        return ProjectError("unknown-column", found, choose(column, columns))
    if operator is None:
        return None
    kind = column_type(columns[column])
    if kind is None:
        found = f"The column `{column}` has the type {columns[column]}, which no condition asks."
        fix = "A model written as sql: can cast it to text, a number or a date."
        return ProjectError("type-mismatch", found, fix)
    wrong = misfit(kind, operator, values)
    return ProjectError("type-mismatch", f"`{column}`: {wrong[0]}", wrong[1]) if wrong else None


def _is(kind: ColumnType, value: str) -> bool:
    if kind == "text":
        return True
    if kind == "integer":
        return re.fullmatch(r"[+-]?\d{1,18}", value) is not None
    if kind == "boolean":
        return value in ("true", "false")
    if kind == "number":
        return _number(value) is not None
    return instant(value) is not None and (kind == "timestamp" or len(value) == len("2026-11-24"))


def _number(value: str) -> Decimal | None:
    try:
        found = Decimal(value)
    except InvalidOperation:
        return None
    return found if found.is_finite() and re.fullmatch(r"[+-]?\d{1,18}(\.\d{1,9})?", value) else None


def instant(value: str) -> datetime | None:
    """A date or an instant as it is written; None if it is neither. Without a zone it has none."""
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        pass
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return None
    return datetime(day.year, day.month, day.day)
