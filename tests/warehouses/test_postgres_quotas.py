"""Calls counted in a Postgres server: by its clock, one after the other, and through lost connections."""

from collections.abc import Iterator

import psycopg
import pytest

from remote_segments.errors import TemporaryError
from remote_segments.warehouses.postgres import PostgresWarehouse
from remote_segments.warehouses.postgres_quotas import TABLE, PostgresQuotas

ACCOUNT = "0123abcd"


class Full(Exception):  # noqa: N818 - no error
    """Raised where a caller would wait for a place."""


def no_patience(seconds: float) -> None:
    raise Full


@pytest.fixture
def quotas(postgres_warehouse: PostgresWarehouse) -> Iterator[PostgresQuotas]:
    found = postgres_warehouse.quotas()
    yield found
    found.close()


@pytest.fixture
def elsewhere(postgres_warehouse: PostgresWarehouse) -> Iterator[PostgresQuotas]:
    """The same, as another process has it: through a connection of its own."""
    found = postgres_warehouse.quotas()
    yield found
    found.close()


def cut(dsn: str) -> None:
    """Ends all connections that count calls, as a restart of the server does."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
            "WHERE application_name LIKE '%counting calls%' AND datname = current_database()"
        )


def test_what_one_process_writes_the_other_reads(quotas: PostgresQuotas, elsewhere: PostgresQuotas) -> None:
    """The table is made when it is first needed; the clock is the server's, for both."""
    seen: list[float] = []

    def change(now: float, text: bytes) -> bytes:
        seen.append(now)
        return text + b"x"

    for store in (quotas, elsewhere, quotas):
        store.change(ACCOUNT, change)
    assert elsewhere.read(ACCOUNT)[1] == b"xx"  # within the last second
    elsewhere.close()
    now, text = elsewhere.read(ACCOUNT)
    assert text == b"xxx"
    assert seen == sorted(seen)
    assert now >= seen[-1]
    assert elsewhere.read("another")[1] == b""


def test_a_change_that_is_refused_leaves_the_text(quotas: PostgresQuotas, elsewhere: PostgresQuotas) -> None:
    """The row is free again at once."""
    quotas.change(ACCOUNT, lambda now, text: b"kept")

    def refuse(now: float, text: bytes) -> bytes:
        raise TemporaryError("rate-limited", "It is used up.", "Wait.")

    with pytest.raises(TemporaryError):
        quotas.change(ACCOUNT, refuse)
    elsewhere.change(ACCOUNT, lambda now, text: text + b" too")
    assert elsewhere.read(ACCOUNT)[1] == b"kept too"


def test_places_are_counted_over_connections(quotas: PostgresQuotas, elsewhere: PostgresQuotas) -> None:
    """Two places are two, whoever has them; a session does not take its own a second time."""
    give_back = quotas.place(ACCOUNT, 2, no_patience)
    quotas.place(ACCOUNT, 2, no_patience)
    for store in (quotas, elsewhere):
        with pytest.raises(Full):
            store.place(ACCOUNT, 2, no_patience)
    elsewhere.place("another", 1, no_patience)
    give_back()
    elsewhere.place(ACCOUNT, 2, no_patience)


def test_a_lost_connection_is_told_once(quotas: PostgresQuotas, postgres_dsn: str) -> None:
    """The next call connects anew; what was counted is there, and a place that was lost is given back in peace."""
    quotas.change(ACCOUNT, lambda now, text: b"kept")
    give_back = quotas.place(ACCOUNT, 1, no_patience)
    cut(postgres_dsn)
    with pytest.raises(TemporaryError) as lost:
        quotas.change(ACCOUNT, lambda now, text: b"never")
    assert lost.value.code == "warehouse-down"
    again = quotas.place(ACCOUNT, 1, no_patience)
    give_back()
    with pytest.raises(Full):
        quotas.place(ACCOUNT, 1, no_patience)
    again()
    assert quotas.read(ACCOUNT)[1] == b"kept"


def test_the_table_is_no_segment(quotas: PostgresQuotas, postgres_warehouse: PostgresWarehouse) -> None:
    """It stands in the project's schema under a name that no segment can have."""
    quotas.change(ACCOUNT, lambda now, text: b"x")
    with postgres_warehouse.read() as session:
        relation = session.relation(TABLE, session.schema)
    assert relation is not None
    assert list(relation.columns) == ["account", "ledger"]
    assert not TABLE[0].isalpha()
