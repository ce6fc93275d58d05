"""Names and texts written into SQL, so that no character of theirs is read as SQL (the same rules on both engines)."""

from collections.abc import Iterable


def identifier(name: str) -> str:
    """Returns a name in double quotes, with the double quotes inside it doubled."""
    return '"' + name.replace('"', '""') + '"'


def identifiers(names: Iterable[str]) -> str:
    """Returns names in double quotes, joined by commas."""
    return ", ".join(identifier(name) for name in names)


def qualified(schema: str | None, name: str) -> str:
    """Returns `"schema"."name"`, or `"name"` for a temporary table."""
    return identifier(name) if schema is None else f"{identifier(schema)}.{identifier(name)}"


def literal(text: str) -> str:
    """Returns a text in single quotes."""
    return "'" + text.replace("'", "''") + "'"


def split_table(text: str) -> tuple[str | None, str] | None:
    """Splits what a person wrote for a table (`contacts`, `crm.contacts`, `"my.crm".contacts`) into schema and name.

    Returns:
        (schema or None, name), exactly the characters written; None for more than two parts, or an empty one.
    """
    parts, current, quoted = [], "", False
    for character in text.strip():
        if character == '"':
            quoted = not quoted
        elif character == "." and not quoted:
            parts.append(current)
            current = ""
        else:
            current += character
    parts.append(current)
    if quoted or len(parts) > 2 or not all(parts):
        return None
    return (parts[0], parts[1]) if len(parts) == 2 else (None, parts[0])
