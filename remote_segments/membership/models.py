"""The data model that a segment is matched with: what its key and columns must be, and the counts that prove it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from remote_segments.errors import EngineError, ProjectError
from remote_segments.membership.attributes import ColumnType, column_type
from remote_segments.membership.compile import unbound
from remote_segments.membership.functions import distinct_count
from remote_segments.membership.tables import KEY_COLUMNS
from remote_segments.suggestions import choose

ADDED_COLUMNS = ("joined_at", "snapshot_at")
"""Columns that a published segment has beside those of its model."""

_INTEGERS = ("tinyint", "smallint", "integer", "bigint", "int2", "int4", "int8")
_TEXTS = ("varchar", "character varying", "text", "string")
_CAST_TO_TEXT = (
    "uuid",
    "hugeint",
    "utinyint",
    "usmallint",
    "uinteger",
    "ubigint",
    "enum",
    "character",
    "citext",
    "name",
)


@dataclass(frozen=True)
class Model:
    """A readable table: `columns` are names with the engine's own type text, `key` is one to three of them."""

    schema: str | None
    name: str
    columns: Mapping[str, str]
    key: tuple[str, ...]

    @cached_property
    def table(self) -> Any:
        """The unbound table of all columns; only integers and texts carry their type."""
        return unbound(self.name, {name: _neutral(kind) for name, kind in self.columns.items()}, self.schema)

    def keys(self, rows: Any | None = None) -> dict[str, Any]:
        """The key columns by their names in `keys`, of all rows or of some; integers as they are, others as text."""
        table = self.table if rows is None else rows
        pairs = zip(KEY_COLUMNS, self.key, strict=False)
        return {
            name: table[column] if _neutral(self.columns[column]) == "bigint" else self.text(column, table)
            for name, column in pairs
        }

    def type_of(self, column: str) -> ColumnType:
        """The type of a column that conditions are written on.

        Raises:
            EngineError: `no-type`, for a column that should have been refused.
        """
        found = column_type(self.columns[column])
        if found is None:
            raise EngineError("no-type", f"The column {column} has no type to compare by.", "Report this bug.")
        return found

    def typed(self, column: str, rows: Any | None = None) -> Any:
        """A column by its own type, for conditions: numbers as doubles, texts of any sort as text."""
        kind, engine_type = self.type_of(column), self.columns[column].lower()
        own = (self.table if rows is None else rows)[column]
        if kind in ("text", "integer"):
            return own.cast("string") if kind == "text" else own.cast("int64")
        zoned = engine_type in ("timestamptz", "timestamp with time zone")
        dtypes = {"number": "float64", "timestamp": "timestamp('UTC')" if zoned else "timestamp"}
        return own.cast(dtypes.get(kind, kind))

    def text(self, column: str, rows: Any | None = None) -> Any:
        """A column as text, of all rows or of some."""
        return (self.table if rows is None else rows)[column].cast("string")

    def totals(self) -> Any:
        """The number of rows, then of non-null values of each key column, then the least and greatest whole-number key.

        The last two are null where the key is anything else than one whole number.
        """
        import ibis

        counted = {f"present_{number}": self.table[column].count() for number, column in enumerate(self.key)}
        column = self.whole_number
        nothing = ibis.null("int64")
        low, high = (column.min(), column.max()) if column is not None else (nothing, nothing)
        return self.table.aggregate(rows=self.table.count(), **counted, low=low, high=high)

    @property
    def whole_number(self) -> Any | None:
        """The key column where the key is one whole number, else None."""
        whole = len(self.key) == 1 and _neutral(self.columns[self.key[0]]) == "bigint"
        return self.table[self.key[0]] if whole else None

    def distinct_keys(self, low: int | None, high: int | None, dialect: str) -> Any:
        """The number of different keys; `low` and `high` are the least and greatest, where it is one whole number."""
        if self.whole_number is not None:
            return self.table.aggregate(keys=distinct_count(self.whole_number, low, high, dialect))
        keys = self.table.select(**self.keys()).distinct()
        return keys.aggregate(keys=keys.count())


def _neutral(kind: str) -> str:
    word = kind.lower()
    if word in _INTEGERS:
        return "bigint"
    return "text" if word.startswith(_TEXTS) else "other"


def comparable_type(kind: str) -> bool:
    """Whether a column's values are texts or whole numbers, which have one spelling each."""
    word = kind.lower()
    if word.startswith(("decimal", "numeric")):
        return "(" not in word or word.rstrip(")").endswith(",0")
    return _neutral(kind) != "other" or word.startswith(_CAST_TO_TEXT)


def check_columns(
    model: Model, matched: Sequence[str], chosen: Sequence[str], where: str, places: Mapping[str, str] | None = None
) -> None:
    """Checks what can be told from names and types alone.

    Args:
        model: the model as the warehouse describes it.
        matched: columns that identifiers are matched with.
        chosen: columns that the segment includes or excludes by name.
        where: the segment and model, for the error.
        places: where each column is written, for the error.

    Raises:
        ProjectError: `unknown-column`, `model-key-type`, `identifier-column-type`.
    """
    for name in (*model.key, *matched, *chosen):
        if name not in model.columns:
            found, place = f"The model has no column `{name}`.", _placed(where, places, name)
            raise ProjectError("unknown-column", found, choose(name, model.columns), place)
    for code, names in (("model-key-type", model.key), ("identifier-column-type", matched)):
        for name in names:
            if not comparable_type(model.columns[name]):
                raise ProjectError(
                    code,
                    f"The column {name} has the type {model.columns[name]}, whose values have no one spelling.",
                    "Use a column of whole numbers, text or uuid; a model written as sql: can cast it.",
                    _placed(where, places, name),
                )


def _placed(where: str, places: Mapping[str, str] | None, name: str) -> str:
    return f"{places[name]}, {where}" if places and name in places else where


def check_counts(model: Model, rows: int, present: Sequence[int], keys: int, where: str) -> None:
    """Checks that the model has rows, and that its key names each of them once.

    Args:
        model: the model.
        rows: its number of rows.
        present: the number of non-null values of each key column.
        keys: the number of different keys.
        where: the segment and model, for the error.

    Raises:
        ProjectError: `model-empty`, `model-key-null`, `model-key-duplicated`.
    """
    if rows == 0:
        raise ProjectError(
            "model-empty", "The model has no rows.", "Fill it, then refresh; the published segment stays.", where
        )
    for column, count in zip(model.key, present, strict=True):
        if count < rows:
            raise ProjectError(
                "model-key-null",
                f"The key column {column} is null in {rows - count:,} of {rows:,} rows.",
                "Leave those rows out of the model, or name another key.",
                where,
            )
    if keys < rows:
        raise ProjectError(
            "model-key-duplicated",
            f"The model has {rows:,} rows but {keys:,} different values of {', '.join(model.key)}.",
            "Keep one row per key, or name a key that is different in every row.",
            where,
        )


def published_columns(model: Model, include: Sequence[str] | None, exclude: Sequence[str], where: str) -> list[str]:
    """The model's columns that a segment shows, in the order of `include`, else of the model.

    Raises:
        ProjectError: `column-collision` when one of them has the name of a column that the segment adds.
    """
    names = [name for name in (include or model.columns) if name not in exclude]
    for name in names:
        if name.lower() in ADDED_COLUMNS:
            raise ProjectError(
                "column-collision",
                f"The model has a column {name}, which is also a column that every segment adds.",
                f"Exclude it (columns: {{exclude: [{name}]}}), or rename it in the model.",
                where,
            )
    return names
