"""A DuckDB file written anew: deleted rows linger in its free blocks, whatever is checkpointed or vacuumed.

Measured with DuckDB 2.0: in a file without compression an address was still there after DELETE, CHECKPOINT and VACUUM,
and gone from a copy made by COPY FROM DATABASE (https://duckdb.org/docs/stable/sql/statements/copy).
"""

import os
from pathlib import Path

import duckdb

from remote_segments.errors import EngineError
from remote_segments.warehouses.duckdb_failures import translated
from remote_segments.warehouses.quoting import identifier, literal

COPY = "remote_segments_copy"


def rewritten(connection: duckdb.DuckDBPyConnection, path: Path) -> Path:
    """Copies everything in an open file into a new one beside it, compares the two, and returns the new file.

    Raises:
        EngineError: `rewrite-differs`; the copy is removed.
    """
    fresh = path.with_name(f"{path.name}.rewritten")
    fresh.unlink(missing_ok=True)
    try:
        with translated():
            connection.execute("FORCE CHECKPOINT")  # its log would be taken for one of the copy
            source = str(connection.execute("SELECT current_database()").fetchall()[0][0])
            connection.execute(f"ATTACH {literal(str(fresh))} AS {COPY}")
            fresh.chmod(path.stat().st_mode & 0o777)
            connection.execute(f"COPY FROM DATABASE {identifier(source)} TO {COPY}")
            same = _contents(connection, source) == _contents(connection, COPY)
            connection.execute(f"DETACH {COPY}")
        if not same:
            found = "The copy of the DuckDB file does not hold what the file holds."
            raise EngineError("rewrite-differs", found, "The file stays as it was. Report this bug.")
        descriptor = os.open(fresh, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    return fresh


def _contents(connection: duckdb.DuckDBPyConnection, database: str) -> list[tuple[object, ...]]:
    """Every object of a database: tables with their columns and rows, views, macros, sequences, indexes and types."""
    named = [database]
    tables = connection.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = ? ORDER BY ALL", named
    ).fetchall()
    found: list[tuple[object, ...]] = []
    for schema, table in tables:
        name = f"{identifier(database)}.{identifier(str(schema))}.{identifier(str(table))}"
        rows = connection.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0]
        found.append(("rows", schema, table, rows))
    for select in (
        "SELECT 'column', schema_name, table_name, column_name, data_type, is_nullable FROM duckdb_columns() "
        "WHERE database_name = ? AND NOT internal ORDER BY ALL",
        "SELECT 'view', schema_name, view_name FROM duckdb_views() WHERE database_name = ? AND NOT internal "
        "ORDER BY ALL",
        "SELECT 'macro', schema_name, function_name, len(parameters) FROM duckdb_functions() WHERE database_name = ? "
        "AND NOT internal ORDER BY ALL",
        "SELECT 'sequence', schema_name, sequence_name, last_value FROM duckdb_sequences() WHERE database_name = ? "
        "ORDER BY ALL",
        "SELECT 'index', schema_name, index_name, is_unique FROM duckdb_indexes() WHERE database_name = ? ORDER BY ALL",
        "SELECT 'constraint', schema_name, table_name, constraint_text FROM duckdb_constraints() "
        "WHERE database_name = ? ORDER BY ALL",
        "SELECT 'type', schema_name, type_name FROM duckdb_types() WHERE database_name = ? AND NOT internal "
        "ORDER BY ALL",
    ):
        found += connection.execute(select, named).fetchall()
    return found
