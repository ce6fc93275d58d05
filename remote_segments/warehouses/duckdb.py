"""The DuckDB warehouse: a file beside the project, opened for one short session at a time.

Many processes may read together, one writes alone (https://duckdb.org/docs/stable/connect/concurrency), so every
session takes its turn at the queue beside the file, opens it, and closes it. Inside a process nothing else ever opens
the file: closing any handle on it would drop DuckDB's lock.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from remote_segments.errors import ProjectError
from remote_segments.settings import Settings
from remote_segments.warehouses.base import session_failed
from remote_segments.warehouses.locks import file_lock
from remote_segments.warehouses.queue import Turnstile, private_folder

if TYPE_CHECKING:
    import duckdb

    from remote_segments.warehouses.duckdb_session import DuckDBSession


class DuckDBSettings(Settings):
    """`warehouse:` of kind duckdb: the embedded default."""

    model_config = ConfigDict(populate_by_name=True)

    kind: Literal["duckdb"] = Field("duckdb", description="An embedded database in one file.")
    path: Path = Field(description="The DuckDB file, relative to the project's folder.", examples=["warehouse.duckdb"])
    schema_: str = Field("segments", alias="schema", min_length=1, description="Schema of the project's tables.")
    memory_limit: str | None = Field(
        None,
        pattern=r"^\d+(\.\d+)? ?[KMGT]i?B$",
        description="The most memory DuckDB uses, 80 % of the machine's by default.",
        examples=["4GB"],
    )
    threads: int | None = Field(None, ge=1, description="Threads DuckDB uses, all cores by default.")
    wait_seconds: float = Field(
        30, ge=0, description="Seconds to wait while another program keeps the file, before giving up."
    )
    queue_seconds: float = Field(
        600, ge=0, description="Seconds to wait for this project's own sessions, before giving up."
    )

    @model_validator(mode="after")
    def _one_meaning(self) -> Self:
        if self.path.name.split(".", 1)[0].lower() == self.schema_.lower():
            raise ValueError(
                f"DuckDB takes {self.schema_}.x for a table of the file {self.path.name} and of the schema alike: "
                "give the file or the schema another name"
            )
        return self

    def open(self, folder: Path) -> "DuckDBWarehouse":
        """Returns the warehouse; no file is touched until a session opens.

        Args:
            folder: the project's folder, which a relative path starts from.
        """
        return DuckDBWarehouse(self, (folder / self.path).resolve())  # one queue, whatever link led there


class DuckDBWarehouse:
    """Sessions on one DuckDB file."""

    dialect = "duckdb"

    def __init__(self, settings: DuckDBSettings, path: Path) -> None:
        self.path = path
        self.schema = settings.schema_
        self.settings = settings
        self._folder = path.with_name(path.name + ".locks")
        self._queue = Turnstile(self._folder, f"The DuckDB file {path}", settings.queue_seconds)

    @contextmanager
    def read(self) -> "Iterator[DuckDBSession]":
        """Opens a read-only session; of a file that does not exist yet, an empty one, and the file is not made."""
        from remote_segments.warehouses.duckdb_session import DuckDBSession

        with self.connection(read_only=True) as connection:
            yield DuckDBSession(connection, self.schema)

    @contextmanager
    def write(self, segment: str | None = None) -> "Iterator[DuckDBSession]":  # noqa: ARG002 - all writers take turns
        """Opens a writing session of one transaction, committed when the block ends, rolled back on any exception."""
        import duckdb

        from remote_segments.warehouses.duckdb_failures import translated
        from remote_segments.warehouses.duckdb_session import DuckDBSession

        with self.connection() as connection:
            with translated():
                # tables have no order to keep; a load on two threads takes two thirds of the time
                connection.execute("SET preserve_insertion_order = false")
                connection.begin()
            try:
                session = DuckDBSession(connection, self.schema)
                session.ensure_schema()
                yield session
                if session.failed:
                    raise session_failed()
            except BaseException:
                with suppress(duckdb.Error):  # the first failure is the one to tell; closing undoes it too
                    connection.rollback()
                raise
            with translated():
                connection.commit()
            self._hide_log()

    @contextmanager
    def connection(self, read_only: bool = False) -> "Iterator[duckdb.DuckDBPyConnection]":
        """Takes a turn at the queue and gives DuckDB's own connection, closed when the block ends, whatever happens.

        Raises:
            TemporaryError: `warehouse-busy`, naming who keeps the file.
            ProjectError: `warehouse-unreadable` when it is not a DuckDB file, `warehouse-refused` without the right.
        """
        from remote_segments.warehouses.duckdb_failures import interruptible

        with interruptible(), self._opened(read_only) as connection:
            yield connection

    @contextmanager
    def _opened(self, read_only: bool) -> "Iterator[duckdb.DuckDBPyConnection]":
        import duckdb

        if read_only and not self.path.exists():
            with duckdb.connect(":memory:") as empty:
                empty.execute("SET TimeZone = 'UTC'")
                yield empty
            return
        self._make_folder()
        with self._queue.turn(exclusive=not read_only):
            made = not self.path.exists()
            connection = self._connect(read_only)
            try:
                if made:
                    self.path.chmod(0o600)
                connection.execute("SET TimeZone = 'UTC'")
                yield connection
            finally:
                connection.close()

    def scrub(self, tables: Sequence[str]) -> None:  # noqa: ARG002 - the whole file is written anew
        """Writes the file anew without what deleted rows left in it, and puts the copy in its place."""
        from remote_segments.warehouses.duckdb_failures import interruptible
        from remote_segments.warehouses.duckdb_rewriting import rewritten

        if not self.path.exists():
            return
        with self._queue.turn(exclusive=True):
            connection = self._connect(read_only=False)
            try:
                # in its place before the old one is let go: nobody can write to the old file in between
                with interruptible():
                    rewritten(connection, self.path).replace(self.path)
            finally:
                connection.close()

    def quotas(self) -> None:
        """Returns nothing: the file belongs to one machine, and is too slow to be opened at every call."""

    @contextmanager
    def segment_lock(self, segment: str) -> Iterator[None]:
        """Holds a lock file for a whole refresh of one segment; `refresh-running` at once when somebody has it."""
        self._make_folder()
        with file_lock(self._folder / f"segment.{segment}", segment):
            yield

    def _make_folder(self) -> None:
        if not self.path.parent.is_dir():
            raise ProjectError(
                "missing-folder",
                f"The folder of the DuckDB file, {self.path.parent}, does not exist.",
                "Make it, or name another warehouse.path in project.yaml.",
            )
        private_folder(self._folder)

    def _connect(self, read_only: bool) -> "duckdb.DuckDBPyConnection":
        import duckdb

        from remote_segments.warehouses.duckdb_failures import busy, is_held, unreadable

        # the same for every connection: DuckDB refuses two configurations of one file in one process
        wanted = {"memory_limit": self.settings.memory_limit, "threads": self.settings.threads}
        configuration = {name: str(value) for name, value in wanted.items() if value is not None}
        configuration["temp_directory"] = str(self._folder / "spill")
        deadline, pause = time.monotonic() + self.settings.wait_seconds, 0.02
        while True:
            try:
                return duckdb.connect(str(self.path), read_only=read_only, config=dict(configuration))
            except duckdb.Error as failure:
                if not is_held(failure):
                    raise unreadable(self.path, failure) from None
                if time.monotonic() >= deadline:
                    raise busy(self.path, failure, self.settings.wait_seconds) from None
            time.sleep(min(pause, max(0.0, deadline - time.monotonic())))
            pause = min(pause * 1.5, 0.5)

    def _hide_log(self) -> None:
        """Gives the log of a commit the rights of the file; by its name, since opening it would drop the lock."""
        with suppress(OSError):
            self.path.with_name(self.path.name + ".wal").chmod(self.path.stat().st_mode & 0o666)
