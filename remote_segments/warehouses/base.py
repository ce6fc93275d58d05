"""What every warehouse offers: one short writing session, read-only sessions, and a lock per segment.

SQL text is compiled elsewhere for `dialect`; a warehouse runs it with its own driver, in its own transaction.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from remote_segments.errors import EngineError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


@dataclass(frozen=True)
class Relation:
    """A readable table or view: `schema` is None for a temporary one of the session."""

    schema: str | None
    name: str
    columns: Mapping[str, str]
    """Column name to the warehouse's own type text, in the table's order."""


class Session(Protocol):
    """One connection, one transaction: a writing session commits when its block ends, and rolls back on an error.

    All statements of a session see the warehouse as it was at its first one. A failed statement ends a writing session:
    let the error out of the block (going on raises `session-failed` at the end); a reading session may go on. In a
    reading session `stage` and `expose` work, everything else that writes is refused. On Postgres, join large sets as
    staged tables: they are counted when made, so that the planner knows their size.
    """

    dialect: str
    schema: str

    def execute(self, sql: str) -> int:
        """Runs one statement; returns the number of rows it changed (-1 where the driver does not say).

        Raises:
            EngineError: `statement-failed`; never with a value of a row in its message.
            TemporaryError: `disk-full`, `out-of-memory`, `warehouse-down`, `warehouse-conflict`, `warehouse-busy`.
            ProjectError: `grant-missing`, with the GRANT that is needed.
        """

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Returns all rows of a SELECT; timestamps are aware datetimes in UTC, whole numbers (sums too) are ints."""

    def spilling(self) -> AbstractContextManager[None]:
        """Keeps memory small while the block runs: a large intermediate result goes to disk."""

    def stay_small(self, rows: int = 0) -> None:
        """Keeps memory small until the session has ended; `rows` are those of the largest sets that it joins."""

    def stream(self, sql: str, size: int) -> "Iterator[pa.RecordBatch]":
        """Yields the rows of a SELECT of texts in batches of at most `size`; memory does not grow with their number.

        Nothing else is asked of the session until the last batch was read.
        """

    def frame(self, sql: str) -> "pd.DataFrame":
        """Returns a SELECT as a frame: whole numbers stay whole (`Int64` with nulls), decimals stay `Decimal`."""

    def arrow(self, sql: str) -> "pa.Table":
        """Returns a SELECT as a table of Arrow."""

    def relation(self, name: str, schema: str | None = None) -> Relation | None:
        """Describes a table of the project's schema (or of another, or temporary); None if there is none."""

    def ensure_table(self, name: str, columns: Mapping[str, str]) -> None:
        """Creates a table of neutral types in the project's schema, or adds the columns that it lacks."""

    def ensure_view(self, name: str, select: str) -> None:
        """Creates a view of the project's schema, or replaces the one of that name."""

    def rename_table(self, former: str, name: str) -> None:
        """Gives a table of the project's schema another name."""

    def drop_table(self, name: str) -> None:
        """Removes a table of the project's schema.

        Raises:
            ProjectError: `table-in-use` when a view needs it.
        """

    def stage(self, name: str, select: str) -> int:
        """Writes a SELECT into a temporary table of this session, replacing one of that name; returns its rows."""

    def stage_table(self, name: str, rows: "pa.Table") -> int:
        """Writes a table of texts into a temporary table of this session, replacing one of that name."""

    def insert(self, table: str, columns: Sequence[str], select: str) -> int:
        """Appends a SELECT, whose columns are in the order of `columns`; returns the rows appended."""

    def append(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Appends a few rows given as Python values (all with the same columns)."""

    def append_table(self, table: str, rows: "pa.Table") -> int:
        """Appends a table of Arrow, column names as in the table; returns the rows."""

    def load(self, table: str, parquet: Path, constants: Mapping[str, str]) -> int:
        """Appends a Parquet file, column names as in the table, plus constant text columns; returns the rows.

        Memory does not grow with the file, only with its largest row group.
        """

    def replace_table(self, name: str, select: str) -> int:
        """Replaces a table's rows and columns in one step, keeping grants and dependent views; returns the rows.

        Raises:
            ProjectError: `column-in-use` when a view needs a column that is gone or has another type.
        """

    def expose(self, table: str | None = None, sql: str | None = None, path: Path | None = None) -> Relation:
        """Makes a data model readable in this session: a table's name, a SELECT, or a Parquet / CSV file.

        Raises:
            ProjectError: `model-missing` when there is no such table or file, `model-unreadable` when it fails.
        """


class Quotas(Protocol):
    """Short texts by account, and numbered places, for the processes of all machines; see `rest.quotas.store`."""

    def change(self, account: str, change: Callable[[float, bytes], bytes]) -> None:
        """Replaces the text of an account by what `change` makes of clock and text, while nobody else does."""

    def read(self, account: str) -> tuple[float, bytes]:
        """Returns the clock in seconds and the text of an account, which may be up to a second old."""

    def place(self, account: str, places: int, sleep: Callable[[float], None]) -> Callable[[], None]:
        """Takes one of so many places, after waiting for it, and returns what gives it back."""

    def close(self) -> None:
        """Lets go of the connection; may be used again."""


class Warehouse(Protocol):
    """A place where tables live; made from the `warehouse:` block of project.yaml by its `open` method."""

    dialect: str
    schema: str

    def read(self) -> AbstractContextManager[Session]:
        """A read-only session; many may be open at once. Before anything was written it finds nothing."""

    def write(self, segment: str | None = None) -> AbstractContextManager[Session]:
        """A writing session of one transaction; waits its turn, fairly.

        With a segment, it waits for every other session that writes under this name to end, and sees what those wrote.

        Raises:
            TemporaryError: `warehouse-busy` when another program keeps it, naming the holder; `warehouse-down`.
        """

    def scrub(self, tables: Sequence[str]) -> None:
        """Removes what deleted rows left on the disk, from these tables of the project's schema or from everything.

        Raises:
            TemporaryError: `warehouse-busy` when another program keeps it; what was deleted stays deleted.
            EngineError: `rewrite-differs` when a copy is not what it was made of; the copy is removed.
        """

    def segment_lock(self, segment: str) -> AbstractContextManager[None]:
        """Held for a whole refresh of one segment, across processes.

        Raises:
            TemporaryError: `refresh-running` at once when somebody else holds it.
        """

    def quotas(self) -> Quotas | None:
        """Where the calls of all machines are counted; None where the warehouse is a file on one of them."""


def session_failed() -> EngineError:
    """Returns the error for a writing session that went on after a failed statement, and so was undone."""
    return EngineError(
        "session-failed",
        "A writing session ended although one of its statements had failed; nothing was written.",
        "Let the error of the statement end the session.",
    )
