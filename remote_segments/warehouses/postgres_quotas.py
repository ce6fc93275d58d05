"""What accounts were asked, counted in a table of the Postgres warehouse, for the processes of all machines.

The server's clock is the one that counts. A row is locked for two round trips; a session that dies in between is rolled
back, and one whose machine is cut off is ended by the server. Places for calls at the same time are advisory locks of
the session, which the server takes back when it ends.
"""

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any

import psycopg

from remote_segments.errors import RemoteSegmentsError
from remote_segments.warehouses.postgres import PostgresWarehouse, lock_key
from remote_segments.warehouses.postgres_failures import translated
from remote_segments.warehouses.postgres_session import PostgresSession
from remote_segments.warehouses.quoting import literal, qualified

TABLE = "_quotas"
"""One row per account; no segment's table can have this name, because theirs begin with a letter."""

LOOK = 0.05
"""Seconds between two looks for a free place."""

FRESH = 1.0
"""Seconds for which a ledger that was read is good enough to see whether the platform asked not to be called."""

CUT_OFF = "10s"
"""After this long in the middle of a change, the server ends the session."""


class PostgresQuotas:
    """Ledgers of accounts, through one connection of this process; may be shared between threads."""

    def __init__(self, warehouse: PostgresWarehouse) -> None:
        self._warehouse = warehouse
        self._table = qualified(warehouse.schema, TABLE)
        self._lock = threading.Lock()
        self._opened = ExitStack()
        self._connection: psycopg.Connection[Any] | None = None
        self._known: dict[str, tuple[float, float, bytes]] = {}  # own clock when read, the server's, the text
        self._held: set[int] = set()

    def change(self, account: str, change: Callable[[float, bytes], bytes]) -> None:
        """Replaces the text of an account by what `change` makes of it, while nobody else does.

        Raises:
            TemporaryError: `warehouse-down`, `warehouse-busy`.
            ProjectError: `warehouse-refused`, `grant-missing`.
        """
        of = f"WHERE account = {literal(account)}"
        with self._lock:
            now, text = self._rows(
                f"BEGIN ISOLATION LEVEL READ COMMITTED; "
                f"INSERT INTO {self._table} VALUES ({literal(account)}, '') ON CONFLICT DO NOTHING; "
                f"SELECT FROM {self._table} {of} FOR UPDATE; "  # the clock is read after the wait for the row
                f"SELECT extract(epoch FROM clock_timestamp())::float8, ledger FROM {self._table} {of}"
            )[0]
            try:
                changed = change(now, text.encode())
            except BaseException:
                self._rows("ROLLBACK")
                raise
            self._rows(f"UPDATE {self._table} SET ledger = {literal(changed.decode())} {of}; COMMIT")
            self._known[account] = time.monotonic(), now, changed

    def read(self, account: str) -> tuple[float, bytes]:
        """Returns the server's clock in seconds and the text of an account, as it was within the last second."""
        with self._lock:
            known = self._known.get(account)
            if known is None or time.monotonic() - known[0] > FRESH:
                of = f"WHERE account = {literal(account)}"
                found = self._rows(
                    f"SELECT extract(epoch FROM clock_timestamp())::float8, "
                    f"coalesce((SELECT ledger FROM {self._table} {of}), '')"
                )
                known = self._known[account] = time.monotonic(), found[0][0], found[0][1].encode()
            return known[1] + time.monotonic() - known[0], known[2]

    def place(self, account: str, places: int, sleep: Callable[[float], None]) -> Callable[[], None]:
        """Takes one of so many places, after waiting for it, and returns what gives it back."""
        keys = [lock_key(self._warehouse.schema, account, "place", str(number)) for number in range(places)]
        while True:
            with self._lock:
                free = [key for key in keys if key not in self._held]  # a session could take its own twice
                values = ", ".join(f"({key})" for key in free)
                asked = f"SELECT key FROM (VALUES {values}) AS places (key) WHERE pg_try_advisory_lock(key) LIMIT 1"
                found = self._rows(asked) if free else []
                if found:
                    self._held.add(found[0][0])
                    return partial(self._give_back, found[0][0], self._connection)
            sleep(LOOK)

    def close(self) -> None:
        """Closes the connection."""
        with self._lock:
            self._let_go()

    def _give_back(self, key: int, holder: object) -> None:
        with self._lock:
            if self._connection is holder:  # else that one was lost, and the server took it back
                self._held.discard(key)
                self._rows(f"SELECT pg_advisory_unlock({key})")

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Runs statements in one round trip, and returns the rows of the last one that has any."""
        try:
            connection = self._connected()
            with translated(connection.info.user):
                cursor = connection.execute(sql.encode())
                rows: list[tuple[Any, ...]] = []
                while True:
                    if cursor.description is not None:
                        rows = cursor.fetchall()
                    if not cursor.nextset():
                        return rows
        except BaseException:  # the next try connects anew: nothing is half done on a connection of its own
            self._let_go()
            raise

    def _connected(self) -> "psycopg.Connection[Any]":
        if self._connection is None:
            connection = self._opened.enter_context(self._warehouse.connection(" counting calls"))
            with translated(connection.info.user):
                connection.execute("SET synchronous_commit = off")  # a server's crash may forget the last second
                connection.execute(f"SET idle_in_transaction_session_timeout = '{CUT_OFF}'".encode())
                if connection.info.server_version >= 140000:
                    connection.execute("SET idle_session_timeout = 0")  # places are kept by doing nothing
                self._ensure_table(connection)
            self._connection = connection
        return self._connection

    def _ensure_table(self, connection: "psycopg.Connection[Any]") -> None:
        schema = self._warehouse.schema
        session = PostgresSession(connection, schema)
        if session.relation(TABLE, schema) is not None:
            return
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"remote_segments {schema}"])
            session.ensure_schema()
            columns = "account text PRIMARY KEY, ledger text NOT NULL"
            room = "WITH (fillfactor = 50)"  # a changed row stays on its page
            connection.execute(f"CREATE TABLE IF NOT EXISTS {self._table} ({columns}) {room}".encode())

    def _let_go(self) -> None:
        opened, self._opened = self._opened, ExitStack()
        self._connection = None
        self._known.clear()
        self._held.clear()
        try:
            opened.close()
        except (psycopg.Error, RemoteSegmentsError):
            return  # it was lost anyway
