"""Makes sure that a session finds the published tables, with all the columns that this code reads and writes."""

from collections.abc import Iterator
from contextlib import contextmanager

from remote_segments.errors import ProjectError
from remote_segments.membership.history import memberships
from remote_segments.membership.literals import literal, table_name
from remote_segments.membership.tables import CONTRACT_COLUMNS, CONTRACT_VERSION, META, TABLES
from remote_segments.warehouses.base import Session, Warehouse

VERSION, COLUMNS = "contract_version", "contract_columns"
"""The rows of `meta` that hold the version of the tables, and which columns they have."""

CURRENT = {VERSION: CONTRACT_VERSION, COLUMNS: CONTRACT_COLUMNS}


def stored_version(session: Session) -> str | None:
    """The contract version of the tables in the warehouse; None when there are none yet."""
    return _stored(session).get(VERSION)


def ensure_store(session: Session) -> None:
    """Creates the tables of the contract, or adds the columns that a later version brought; nothing when current.

    Raises:
        ProjectError: `warehouse-newer` when a later major version of this project wrote the tables.
    """
    stored = _stored(session)
    if stored == CURRENT or _is_newer(session, stored):
        return
    for name, columns in TABLES.items():
        session.ensure_table(name, columns)
    session.ensure_view("memberships", memberships(session.schema))
    names = ", ".join(map(literal, CURRENT))
    session.execute(f"DELETE FROM {table_name(session.schema, 'meta')} WHERE name IN ({names})")
    session.append("meta", [dict(zip(META, row, strict=True)) for row in CURRENT.items()])


@contextmanager
def reading(warehouse: Warehouse) -> Iterator[Session]:
    """A read-only session on tables that have all columns of this release; those of an earlier one gain them first."""
    with warehouse.read() as session:
        stored = _stored(session)
        if not stored or stored == CURRENT or _is_newer(session, stored):
            yield session
            return
    with warehouse.write() as session:
        ensure_store(session)
    with warehouse.read() as session:
        yield session


def _stored(session: Session) -> dict[str, str]:
    if session.relation("meta", session.schema) is None:
        return {}
    names = ", ".join(map(literal, CURRENT))
    rows = session.rows(f"SELECT name, value FROM {table_name(session.schema, 'meta')} WHERE name IN ({names})")
    return {str(name): str(value) for name, value in rows}


def _is_newer(session: Session, stored: dict[str, str]) -> bool:
    """Whether a later minor version wrote the tables: they have all that this one needs, and more.

    Raises:
        ProjectError: `warehouse-newer`.
    """
    (major, minor), (ours, our_minor) = (_numbers(one) for one in (stored.get(VERSION, "0.0"), CONTRACT_VERSION))
    if major > ours:
        raise ProjectError(
            "warehouse-newer",
            f"The tables of schema {session.schema} have version {stored[VERSION]}; this release knows "
            f"{CONTRACT_VERSION}.",
            "Install the release that wrote them, or a later one.",
        )
    return major == ours and minor > our_minor


def _numbers(version: str) -> tuple[int, int]:
    major, _, minor = version.partition(".")
    return int(major), int(minor or 0)
