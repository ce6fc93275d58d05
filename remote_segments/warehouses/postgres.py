"""The Postgres warehouse: one connection and one transaction per session, locks of the server itself.

Sessions run at REPEATABLE READ, so that all statements of one see the same rows; readers and writers never block each
other (https://www.postgresql.org/docs/current/mvcc.html). Locks of segments belong to a connection: a pooler in
transaction mode (PgBouncer) would lose them.
"""

import hashlib
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from remote_segments.errors import ProjectError
from remote_segments.settings import Secret, Settings
from remote_segments.warehouses.base import session_failed
from remote_segments.warehouses.locks import running
from remote_segments.warehouses.quoting import qualified

if TYPE_CHECKING:
    import psycopg

    from remote_segments.warehouses.postgres_quotas import PostgresQuotas
    from remote_segments.warehouses.postgres_session import PostgresSession


class PostgresSettings(Settings):
    """`warehouse:` of kind postgres: a schema on a server, named by one secret `dsn` or by its parts."""

    model_config = ConfigDict(populate_by_name=True)

    kind: Literal["postgres"] = Field(description="A schema on a Postgres server.")
    dsn: Secret | None = Field(
        None, description="Where the connection string is kept: postgresql://user:password@host:5432/database."
    )
    host: str | None = Field(None, description="Name or address of the server, or the folder of its socket.")
    port: int = Field(5432, ge=1, le=65535, description="Port of the server.")
    database: str | None = Field(None, description="Database on the server.")
    user: str | None = Field(None, description="User who owns the project's tables.")
    password: Secret | None = Field(None, description="Where the user's password is kept.")
    sslmode: str | None = Field(None, description="libpq's sslmode.", examples=["require", "verify-full"])
    schema_: str = Field(
        "segments", alias="schema", min_length=1, max_length=63, description="Schema of the project's tables."
    )
    wait_seconds: float = Field(
        60, ge=0, description="Seconds to wait for a lock that another session keeps, before giving up."
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        parts = (self.host, self.database, self.user, self.password, self.sslmode)
        if self.dsn is not None and any(part is not None for part in parts):
            raise ValueError("name the server by dsn, or by host, database, user and password: not by both")
        if self.dsn is None and (self.host is None or self.database is None or self.user is None):
            raise ValueError("name the server by dsn: {env: NAME}, or by host, database, user and password")
        return self

    def open(self, folder: Path) -> "PostgresWarehouse":  # noqa: ARG002 - the same call opens every kind of warehouse
        """Returns the warehouse; no secret is read and nothing is connected until a session opens."""
        return PostgresWarehouse(self)

    def parts(self) -> dict[str, Any]:
        """Reads the secrets and returns the parameters of the connection."""
        if self.dsn is not None:
            return _parse(self.dsn.read("warehouse, dsn"))
        parts = {
            "host": self.host,
            "port": self.port,
            "dbname": self.database,
            "user": self.user,
            "password": self.password and self.password.read("warehouse, password"),
            "sslmode": self.sslmode,
        }
        return {name: value for name, value in parts.items() if value is not None}


class PostgresWarehouse:
    """Sessions in one schema of a Postgres database."""

    dialect = "postgres"

    def __init__(self, settings: PostgresSettings) -> None:
        self.schema = settings.schema_
        self.settings = settings

    @contextmanager
    def read(self) -> "Iterator[PostgresSession]":
        """Opens a read-only session: only temporary tables of its own can be written."""
        from remote_segments.warehouses.postgres_session import PostgresSession

        with self.connection() as connection:
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            try:
                yield PostgresSession(connection, self.schema, read_only=True)
            finally:
                _roll_back(connection)

    @contextmanager
    def write(self, segment: str | None = None) -> "Iterator[PostgresSession]":
        """Opens a writing session of one transaction, committed when the block ends, rolled back on any exception.

        With a segment, an advisory lock is awaited before the transaction begins: inside of it, the statement that
        waits would already have fixed what the others see (https://www.postgresql.org/docs/current/mvcc.html).
        """
        from remote_segments.warehouses.postgres_failures import translated
        from remote_segments.warehouses.postgres_session import PostgresSession

        with self.connection() as connection:
            user = connection.info.user
            session = PostgresSession(connection, self.schema)
            with translated(user):
                if segment is not None:  # let go when the connection closes
                    connection.execute("SELECT pg_advisory_lock(%s)", [lock_key(self.schema, segment, "writing")])
                connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            try:
                session.ensure_schema()
                yield session
            except BaseException:
                _roll_back(connection)
                raise
            with translated(user):
                ended = connection.execute("COMMIT").statusmessage
            if ended != "COMMIT":  # Postgres answers ROLLBACK, without an error, when a statement failed before
                raise session_failed()
            session.count_again()

    @contextmanager
    def segment_lock(self, segment: str) -> Iterator[None]:
        """Holds an advisory lock on a connection of its own; `refresh-running` at once when somebody has it."""
        import psycopg

        from remote_segments.warehouses.postgres_failures import translated

        key = lock_key(self.schema, segment)
        with self.connection(f" refreshing {segment}") as connection:
            with translated(connection.info.user):
                if connection.info.server_version >= 140000:
                    connection.execute("SET idle_session_timeout = 0")  # the lock is kept by doing nothing
                row = connection.execute("SELECT pg_try_advisory_lock(%s)", [key]).fetchone()
                if row is None or not row[0]:
                    raise running(segment, _holder(connection, key))
            try:
                yield
            finally:
                with suppress(psycopg.Error):  # the server would notice a closed connection a moment too late
                    connection.execute("SELECT pg_advisory_unlock(%s)", [key])

    def scrub(self, tables: Sequence[str]) -> None:
        """Writes these tables anew; the server's log, replicas and backups have lives of their own."""
        from remote_segments.warehouses.postgres_failures import translated
        from remote_segments.warehouses.postgres_session import PostgresSession

        with self.connection(" erasing") as connection:
            session = PostgresSession(connection, self.schema)
            for name in tables:
                found = session.relation(name, self.schema)
                if found is not None:
                    with translated(connection.info.user):
                        connection.execute(f"VACUUM FULL {qualified(self.schema, found.name)}".encode())

    def quotas(self) -> "PostgresQuotas":
        """Returns where calls are counted; nothing is connected until the first."""
        from remote_segments.warehouses.postgres_quotas import PostgresQuotas

        return PostgresQuotas(self)

    @contextmanager
    def connection(self, purpose: str = "") -> "Iterator[psycopg.Connection[Any]]":
        """Gives a connection in autocommit mode, in UTC, closed when the block ends, whatever happens.

        Raises:
            TemporaryError: `warehouse-down` when the server cannot be reached.
            ProjectError: `warehouse-refused` when it refuses user, password or database; `secret-unset`.
        """
        import psycopg

        from remote_segments.warehouses.postgres_failures import translated, unreachable

        parts = self.settings.parts()
        name = f"remote_segments process {os.getpid()} on {socket.gethostname()}{purpose}"
        options = {
            "connect_timeout": 10,
            "keepalives_idle": 60,
            **parts,
            "application_name": name.encode()[:63].decode(errors="ignore"),
        }
        try:
            connection = psycopg.connect(autocommit=True, **options)
        except psycopg.Error as failure:
            place = f"{parts.get('host', 'this machine')}, database {parts.get('dbname', 'of the user')}"
            raise unreachable(failure, place) from None
        with connection:
            with translated(connection.info.user):
                wait = max(1, int(self.settings.wait_seconds * 1000))  # milliseconds; 0 would mean for ever
                connection.execute(f"SET TIME ZONE 'UTC'; SET lock_timeout = {wait}; SET client_encoding = 'UTF8'")
            yield connection


def lock_key(*parts: str) -> int:
    """The number of an advisory lock; all programs on the database share these numbers, so it is a long hash."""
    digest = hashlib.sha256("\0".join(parts).encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def _parse(dsn: str) -> dict[str, Any]:
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    try:
        return {name: value for name, value in conninfo_to_dict(dsn).items() if value is not None}
    except psycopg.Error:  # its message would quote the string, with the password
        raise ProjectError(
            "warehouse-refused",
            "The secret of warehouse.dsn is not a connection string of Postgres.",
            "Write it as postgresql://user:password@host:5432/database, special characters percent-encoded.",
        ) from None


def _roll_back(connection: "psycopg.Connection[Any]") -> None:
    import psycopg

    try:
        connection.execute("ROLLBACK")
    except psycopg.Error:
        connection.close()  # the server undoes the transaction of a lost connection


def _holder(connection: "psycopg.Connection[Any]", key: int) -> str:
    unsigned = key % 2**64
    row = connection.execute(
        "SELECT a.application_name, to_char(a.backend_start, 'YYYY-MM-DD HH24:MI:SS') FROM pg_locks l "
        "JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 "
        "AND l.classid = %s::bigint::oid AND l.objid = %s::bigint::oid",
        [unsigned >> 32, unsigned % 2**32],
    ).fetchone()
    return f"{row[0] or 'another session'}, since {row[1]} UTC" if row else "another session"
