"""Data models: the tables of customers that remote ids are matched with."""

import re
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator, model_validator

from remote_segments.membership.attributes import ColumnType
from remote_segments.membership.tables import MAX_KEY_COLUMNS
from remote_segments.settings import Settings, Texts

_TABLE = re.compile(r"[A-Za-z_][\w$]*(\.[A-Za-z_][\w$]*){0,2}", re.ASCII)

FORMATS = (".parquet", ".csv", ".csv.gz")
"""Endings of files that can be a model."""


ONCE = "each column is written once, and none is empty"


def _columns(value: Any) -> Any:
    names = [value] if isinstance(value, str) else value
    if isinstance(names, list) and all(isinstance(name, str) for name in names):
        if len(set(names)) < len(names):
            raise ValueError(ONCE)
        return dict.fromkeys(names)
    return value


WrittenColumns = Annotated[
    dict[str, ColumnType | None],
    BeforeValidator(_columns, json_schema_input_type=str | list[str] | dict[str, ColumnType]),
]
"""`[contact_id, country]` or `{contact_id: integer, country: text}`; a type is None where none is written."""


class Model(Settings):
    """A data model: exactly one of `table`, `sql` and `path`, and the column or columns that identify a row."""

    table: str | None = Field(
        None, description="A table or view of the warehouse, with its schema.", examples=["analytics.contacts"]
    )
    sql: str | None = Field(
        None, description="A SELECT that the warehouse runs.", examples=["select * from crm.contacts where not deleted"]
    )
    path: Path | None = Field(
        None,
        description=f"A file ({', '.join(FORMATS)}), relative to the project's folder.",
        examples=["contacts.parquet"],
    )
    key: Texts = Field(
        description=f"The column that identifies a row, or a list of up to {MAX_KEY_COLUMNS}.",
        examples=["contact_id"],
        min_length=1,
        max_length=MAX_KEY_COLUMNS,
    )
    columns: WrittenColumns | None = Field(
        None,
        description="The model's columns, as a list or with their types; where they are written, `validate` checks "
        "every use of one. Types: `text`, `integer`, `number`, `boolean`, `date`, `timestamp`.",
        examples=[{"contact_id": "integer", "country": "text"}],
        min_length=1,
    )
    same_key_as: str | None = Field(
        None,
        description="Another model whose key has the same values, so that audiences may combine segments of both.",
        examples=["contacts"],
    )
    asset: Texts | None = Field(
        None,
        description="The model's asset key in Dagster, one text per part.",
        examples=[["dbt", "contacts"]],
        min_length=1,
    )
    description: str | None = Field(None, description="What a row is, for people.")

    @field_validator("table")
    @classmethod
    def _table_name(cls, value: str | None) -> str | None:
        if value is not None and not _TABLE.fullmatch(value):
            raise ValueError("a table is written as `table` or `schema.table`; for anything else use `sql: SELECT ...`")
        return value

    @field_validator("path")
    @classmethod
    def _known_format(cls, value: Path | None) -> Path | None:
        if value is not None and not value.name.lower().endswith(FORMATS):
            raise ValueError(f"the file's name must end in one of {', '.join(FORMATS)}")
        return value

    @field_validator("key", "columns", mode="after")
    @classmethod
    def _each_once(cls, value: Collection[str] | None) -> Collection[str] | None:
        if value and (len(set(value)) < len(value) or not all(value)):
            raise ValueError(ONCE)
        return value

    @property
    def key_columns(self) -> str:
        """The key as `snapshots.key_columns` holds it."""
        return ",".join(self.key)

    @model_validator(mode="after")
    def _one_source(self) -> "Model":
        given = [name for name in ("table", "sql", "path") if getattr(self, name)]
        if len(given) != 1:
            raise ValueError(
                f"a model has exactly one of table, sql and path, and this has {' and '.join(given) or 'none'}"
            )
        return self
