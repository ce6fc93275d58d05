"""Names and values of small bookkeeping statements as SQL text that DuckDB and Postgres read alike."""

from datetime import UTC, datetime


def text_literal(text: str) -> str:
    """Writes a text; both engines read a backslash as itself.

    Raises:
        ValueError: for a NUL character, which Postgres cannot store.
    """
    if "\0" in text:
        raise ValueError("a text with a NUL character cannot be stored")
    return "'" + text.replace("'", "''") + "'"


def literal(value: str | int | float | datetime | None) -> str:
    """Writes a text, a number, None, or an aware instant (in UTC, to the microsecond)."""
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return text_literal(value)
    if isinstance(value, datetime):
        return f"CAST('{value.astimezone(UTC).isoformat()}' AS TIMESTAMPTZ)"
    return repr(value)


def quoted(name: str) -> str:
    """Writes a name of a column or table, always quoted."""
    return '"' + name.replace('"', '""') + '"'


def table_name(schema: str | None, name: str) -> str:
    """Writes a table's name with its schema; without one for a temporary table."""
    return quoted(name) if schema is None else f"{quoted(schema)}.{quoted(name)}"
