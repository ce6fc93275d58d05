"""Fixtures of the whole suite: the two warehouses, real ones."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from remote_segments.warehouses.duckdb import DuckDBWarehouse
from remote_segments.warehouses.postgres import PostgresWarehouse
from tests.support import warehouses

# A shell without job control has what it starts in the background ignore Ctrl-C, and that is inherited: the tests that
# interrupt a process would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The DSN of a real Postgres server, shared by all workers of the run."""
    with warehouses.postgres_server() as dsn:
        yield dsn


@pytest.fixture(scope="session")
def postgres_worker_database(postgres_server: str) -> Iterator[str]:
    """The DSN of this worker's own database."""
    with warehouses.postgres_database(postgres_server) as dsn:
        yield dsn


@pytest.fixture
def postgres_dsn(postgres_worker_database: str) -> Iterator[str]:
    """The DSN of an empty database."""
    yield postgres_worker_database
    warehouses.empty_database(postgres_worker_database)


@pytest.fixture
def postgres_warehouse(postgres_dsn: str) -> PostgresWarehouse:
    """A Postgres warehouse, empty."""
    return warehouses.postgres_warehouse(postgres_dsn)


@pytest.fixture
def duckdb_warehouse(tmp_path: Path) -> DuckDBWarehouse:
    """A DuckDB warehouse, whose file does not exist yet."""
    return warehouses.duckdb_warehouse(tmp_path)


@pytest.fixture(params=["duckdb", "postgres"])
def warehouse(request: pytest.FixtureRequest) -> DuckDBWarehouse | PostgresWarehouse:
    """Runs the test on both engines."""
    found: DuckDBWarehouse | PostgresWarehouse = request.getfixturevalue(f"{request.param}_warehouse")
    return found
