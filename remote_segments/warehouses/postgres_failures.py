"""What went wrong in Postgres, told as this project's errors: never with a value of a row, never with a password.

Postgres quotes values in its messages about data (classes 22 and 23), so only those about names, syntax and rights are
passed on (https://www.postgresql.org/docs/current/errcodes-appendix.html).
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from remote_segments.errors import EngineError, ProjectError, RemoteSegmentsError, TemporaryError

_STARTING = ("starting up", "shutting down", "recovery mode", "too many", "connection slots", "not yet accepting")
_FULL = (
    "disk-full",
    "The disk of the Postgres server is full.",
    "Free some space; nothing that was published before is touched.",
)
_CONFLICT = (
    "warehouse-conflict",
    "Another transaction of the Postgres server changed the same rows, or waited for this one.",
    "Try again; this transaction was undone as a whole.",
)
_PASSING = {
    "53100": _FULL,
    "53400": _FULL,
    "40001": _CONFLICT,
    "40P01": _CONFLICT,
    "53200": ("out-of-memory", "The Postgres server is out of memory.", "Let other work there end, then try again."),
    "55P03": (
        "warehouse-busy",
        "Another session of the Postgres server keeps a lock on the project's tables.",
        "Find it in pg_stat_activity, let it end, then try again.",
    ),
    "57014": (
        "statement-cancelled",
        "The Postgres server cancelled a statement: its statement_timeout passed, or somebody stopped it.",
        "Give the warehouse's user a longer statement_timeout (ALTER ROLE ... SET), or try again.",
    ),
}
"""By SQLSTATE: code, what was found, what to do."""

_DENIED = re.compile(r"permission denied for (?P<kind>\w+(?: \w+)?) (?P<name>.+)$")
_OWNER = re.compile(r"must be owner of (?P<kind>\w+(?: \w+)?) (?P<name>.+)$")
_GRANTS = {
    "schema": "GRANT USAGE, CREATE ON SCHEMA {name} TO {user}; (USAGE alone is enough for a data model's schema)",
    "table": "GRANT SELECT ON {name} TO {user}; (and INSERT, DELETE on the project's own tables)",
    "view": "GRANT SELECT ON {name} TO {user};",
    "database": "GRANT CREATE, TEMPORARY ON DATABASE {name} TO {user};",
    "sequence": "GRANT USAGE ON SEQUENCE {name} TO {user};",
    "function": "GRANT EXECUTE ON FUNCTION {name} TO {user};",
}


def failed(failure: psycopg.Error, user: str = "this user") -> RemoteSegmentsError:
    """Returns the error to raise (`from None`, so that the driver's text is not printed) for a failed statement."""
    state = failure.sqlstate or ""
    message = (failure.diag.message_primary or "").strip()
    if state == "42501":
        return refused(message, user)
    temporary = _temporary(state)
    if temporary is not None:
        return temporary
    if not state and isinstance(failure, psycopg.OperationalError | psycopg.InterfaceError):
        return _down("the connection was lost")
    detail = f"{message}." if state[:2] in ("42", "0A", "25", "3F", "54") else f"{type(failure).__name__}."
    return EngineError(
        "statement-failed",
        f"Postgres refused a statement: {detail}",
        "Look at the tables and models it names; if they are as they should be, please report this.",
    )


def _temporary(state: str) -> TemporaryError | None:
    said = _PASSING.get(state)
    if said is not None:
        return TemporaryError(*said)
    return _down(f"it ended the session ({state})") if state[:2] in ("08", "57", "53") else None


def refused(message: str, user: str) -> ProjectError:
    """Returns the error for a missing right, with the GRANT that gives it."""
    owner, denied = _OWNER.search(message), _DENIED.search(message)
    if owner:
        fix = f"A change of columns needs the owner: ALTER {owner['kind'].upper()} {owner['name']} OWNER TO {user};"
    elif denied and denied["kind"] in _GRANTS:
        fix = f"Let its owner run: {_GRANTS[denied['kind']].format(name=denied['name'], user=user)}"
    else:
        fix = f"Let an administrator of the database give {user} this right."
    return ProjectError("grant-missing", f"Postgres refused: {message or 'a right is missing'}.", fix)


def unreachable(failure: psycopg.Error, place: str) -> RemoteSegmentsError:
    """Returns the error for a connection that could not be opened; `place` is host and database, without a secret."""
    text = str(failure).strip()
    fatal = [line.split("FATAL:", 1)[1].strip() for line in text.splitlines() if "FATAL:" in line]
    if fatal and not any(word in fatal[-1] for word in _STARTING):
        return ProjectError(
            "warehouse-refused",
            f"The Postgres server of {place} refused the connection: {fatal[-1]}.",
            "Check warehouse in project.yaml: database, user, password, and the server's pg_hba.conf.",
        )
    reason = fatal[-1] if fatal else text.splitlines()[-1].strip() if text else type(failure).__name__
    return _down(reason, place)


def _down(reason: str, place: str = "the warehouse") -> TemporaryError:
    return TemporaryError(
        "warehouse-down",
        f"The Postgres server of {place} cannot be reached: {reason}.",
        "Start it, or check host, port and network; then try again.",
    )


@contextmanager
def translated(user: str = "this user") -> Iterator[None]:
    """Turns the driver's errors of the block into this project's."""
    try:
        yield
    except psycopg.Error as failure:
        raise failed(failure, user) from None
