"""What is said about a data model that cannot be read, or no longer has the columns that others need."""

import difflib
from collections.abc import Sequence

from remote_segments.errors import ProjectError


def model_missing(table: str, default_schema: str, known: Sequence[str]) -> ProjectError:
    """Returns the error for a table that does not exist, with the nearest of the known `schema.table` names."""
    lower = {name.lower(): name for name in known}
    wanted = table.lower() if "." in table else f"{default_schema}.{table}".lower()
    near = difflib.get_close_matches(wanted, list(lower), n=1, cutoff=0.6)
    bare = [name for name in known if name.rsplit(".", 1)[-1].lower() == table.rsplit(".", 1)[-1].lower()]
    guess = bare[0] if bare else (lower[near[0]] if near else None)
    return ProjectError(
        "model-missing",
        f"The warehouse has no table or view {table}, or this user may not see it.",
        f"Did you mean {guess}?" if guess else "Write it as schema.table, and make it before the first refresh.",
    )


def one_select(sql: str) -> str:
    """Returns a model's SQL so that it can only be one SELECT: two statements become a syntax error."""
    return f"SELECT * FROM (\n{sql.strip().rstrip(';')}\n) AS model"


def model_unreadable(subject: str, detail: str) -> ProjectError:
    """Returns the error for a model's SQL or file that fails; the detail must hold no value of a row."""
    return ProjectError("model-unreadable", f"{subject} cannot be read: {detail}", "Mend it, then refresh again.")


def table_in_use(table: str, users: Sequence[str]) -> ProjectError:
    """Returns the error for a table that is to be removed while views need it; `users` names the views."""
    return ProjectError(
        "table-in-use",
        f"{table} cannot be removed: {', '.join(users) or 'a view'} needs it.",
        "Change or drop that view first.",
    )


def column_in_use(table: str, columns: Sequence[str], users: Sequence[str]) -> ProjectError:
    """Returns the error for columns that are gone or retyped while views need them; `users` names the views."""
    named = f"Columns of {table} are gone or have another type ({', '.join(columns)})"
    return ProjectError(
        "column-in-use",
        f"{named}, but {', '.join(users) or 'a view'} needs them.",
        "Change or drop that view first, or bring the columns back in the model or the segment's columns.",
    )
