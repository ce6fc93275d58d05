"""Rows of the shared tables that are dataclasses here: appended whole, and changed in some columns."""

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

from remote_segments.membership.literals import literal, quoted, table_name
from remote_segments.warehouses.base import Session

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Row = TypeVar("Row", bound="DataclassInstance")


def append_row(session: Session, table: str, row: "DataclassInstance") -> None:
    """Appends one row, whose fields are called like the table's columns."""
    session.append(table, [{field.name: getattr(row, field.name) for field in fields(row)}])


def change_row(session: Session, table: str, row: Row, key: tuple[str, ...], **values: Any) -> Row:
    """Writes new values into the row that has the same key columns; returns it as it now stands."""
    settings = ", ".join(f"{quoted(name)} = {literal(value)}" for name, value in values.items())
    same = " AND ".join(f"{quoted(name)} = {literal(getattr(row, name))}" for name in key)
    session.execute(f"UPDATE {table_name(session.schema, table)} SET {settings} WHERE {same}")
    return replace(row, **values)
