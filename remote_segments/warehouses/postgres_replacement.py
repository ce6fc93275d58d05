"""Replacing the rows and columns of a published table in Postgres, while everybody goes on reading the old rows.

The table itself stays, and with it its grants and the views on it: rows are deleted and inserted in one transaction,
which others see at its commit. Only changed columns take the table for themselves, until the commit.
"""

from collections.abc import Mapping
from typing import Any

import psycopg

from remote_segments.warehouses.models import column_in_use
from remote_segments.warehouses.quoting import identifier, identifiers, qualified


def replace(connection: "psycopg.Connection[Any]", schema: str, name: str, select: str) -> int:
    """Replaces rows and columns of a table with those of a SELECT, or creates it; returns the rows.

    Raises:
        ProjectError: `column-in-use` when a view needs a column that is gone or has another type now.
    """
    table = qualified(schema, name)
    present = _columns(connection, f"SELECT * FROM {table}") if _exists(connection, schema, name) else None
    if present is None:
        return connection.execute(f"CREATE TABLE {table} AS {select}".encode()).rowcount
    wanted = _columns(connection, select)
    if wanted == {column: present.get(column) for column in wanted} and len(wanted) == len(present):
        connection.execute(f"DELETE FROM {table}".encode())
        return connection.execute(f"INSERT INTO {table} ({identifiers(wanted)}) {select}".encode()).rowcount
    # the rows are made first: readers wait only from the change of the columns on
    fresh = identifier("remote_segments_replacement")
    connection.execute(f"DROP TABLE IF EXISTS pg_temp.{fresh}".encode())
    connection.execute(f"CREATE TEMPORARY TABLE {fresh} AS {select}".encode())
    connection.execute(f"DELETE FROM {table}".encode())
    _change_columns(connection, table, present, wanted)
    names = identifiers(wanted)
    count = connection.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM pg_temp.{fresh}".encode()).rowcount
    connection.execute(f"DROP TABLE pg_temp.{fresh}".encode())
    return count


def _change_columns(
    connection: "psycopg.Connection[Any]", table: str, present: Mapping[str, str], wanted: Mapping[str, str]
) -> None:
    for column, kind in present.items():
        if wanted.get(column) == kind:
            continue
        try:
            connection.execute(f"ALTER TABLE {table} DROP COLUMN {identifier(column)}".encode())
        except psycopg.errors.DependentObjectsStillExist as failure:
            users = [line.split(" depends on", 1)[0] for line in (failure.diag.message_detail or "").splitlines()]
            raise column_in_use(table, [column], users) from None
    for column, kind in wanted.items():
        if present.get(column) != kind:
            connection.execute(f"ALTER TABLE {table} ADD COLUMN {identifier(column)} {kind}".encode())


def _exists(connection: "psycopg.Connection[Any]", schema: str, name: str) -> bool:
    sql = "SELECT to_regclass(%s)"
    return bool(connection.execute(sql, [qualified(schema, name)]).fetchall()[0][0])


def _columns(connection: "psycopg.Connection[Any]", select: str) -> dict[str, str]:
    """Returns the columns of a SELECT with their types as SQL text."""
    cursor = connection.execute(f"SELECT * FROM ({select}) AS q LIMIT 0".encode())
    described, result = cursor.description, cursor.pgresult
    if not described or result is None:
        return {}
    kinds = ", ".join(f"format_type({column.type_code}, {result.fmod(i)})" for i, column in enumerate(described))
    types = connection.execute(f"SELECT {kinds}".encode()).fetchall()[0]
    return {column.name: str(kind) for column, kind in zip(described, types, strict=True)}
