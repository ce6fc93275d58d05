"""Makes sure that a session finds the published tables, in the version of the contract that this code writes."""

from remote_segments.errors import ProjectError
from remote_segments.membership.literals import literal, table_name
from remote_segments.membership.tables import CONTRACT_VERSION, META, TABLES
from remote_segments.warehouses.base import Session

VERSION = "contract_version"
"""The row of `meta` that holds the version of the tables."""


def stored_version(session: Session) -> str | None:
    """The contract version of the tables in the warehouse; None when there are none yet."""
    if session.relation("meta", session.schema) is None:
        return None
    table = table_name(session.schema, "meta")
    rows = session.rows(f"SELECT value FROM {table} WHERE name = {literal(VERSION)}")
    return str(rows[0][0]) if rows else None


def ensure_store(session: Session) -> None:
    """Creates the tables of the contract, or adds the columns that a later version brought; nothing when current.

    Raises:
        ProjectError: `warehouse-newer` when a later major version of this project wrote the tables.
    """
    version = stored_version(session)
    if version == CONTRACT_VERSION:
        return
    if version is not None and _major(version) > _major(CONTRACT_VERSION):
        raise ProjectError(
            "warehouse-newer",
            f"The tables of schema {session.schema} have version {version}; this release knows {CONTRACT_VERSION}.",
            "Install the release that wrote them, or a later one.",
        )
    for name, columns in TABLES.items():
        session.ensure_table(name, columns)
    table = table_name(session.schema, "meta")
    session.execute(f"DELETE FROM {table} WHERE name = {literal(VERSION)}")
    session.append("meta", [dict(zip(META, (VERSION, CONTRACT_VERSION), strict=True))])


def _major(version: str) -> int:
    return int(version.split(".", maxsplit=1)[0])
