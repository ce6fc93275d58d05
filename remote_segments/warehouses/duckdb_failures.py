"""What went wrong in DuckDB, told as this project's errors: never with a value of a row in it.

DuckDB's own messages quote values (`Could not convert string '...' to INT32`), so only those about names, syntax and
files are passed on, by their first line.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from remote_segments.errors import EngineError, ProjectError, RemoteSegmentsError, TemporaryError

_ABOUT_NAMES = (duckdb.CatalogException, duckdb.BinderException, duckdb.ParserException)
_FULL = ("No space left", "Disk quota exceeded", "File too large", "max_temp_directory_size")
_HOLDER = re.compile(r"Conflicting lock is held in (?P<program>.+?) \(PID (?P<process>\d+)\)")


def first_line(failure: Exception) -> str:
    """Returns the first line of a driver's message, which for errors about names holds no value of a row."""
    return str(failure).strip().split("\n", 1)[0]


def failed(failure: duckdb.Error) -> RemoteSegmentsError:
    """Returns the error to raise (`from None`, so that the driver's text is not printed) for a failed statement."""
    text = str(failure)
    if any(word in text for word in _FULL):
        return TemporaryError(
            "disk-full",
            "The disk of the DuckDB warehouse, or of its temporary files, is full.",
            "Free some space; nothing that was published before is touched.",
        )
    if isinstance(failure, duckdb.OutOfMemoryException):
        return TemporaryError(
            "out-of-memory",
            "DuckDB reached its memory limit.",
            "Raise warehouse.memory_limit in project.yaml, or let other work on this machine end.",
        )
    detail = first_line(failure) if isinstance(failure, _ABOUT_NAMES) else f"{type(failure).__name__}."
    return EngineError(
        "statement-failed",
        f"DuckDB refused a statement: {detail}",
        "Look at the tables and models it names; if they are as they should be, please report this.",
    )


@contextmanager
def translated() -> Iterator[None]:
    """Turns DuckDB's errors of the block into this project's."""
    try:
        yield
    except duckdb.Error as failure:
        raise failed(failure) from None


@contextmanager
def interruptible() -> Iterator[None]:
    """Raises an interruption as one: DuckDB ends a statement by an error of its own, whatever the handler raised.

    Measured with DuckDB 2.0: SIGINT during a statement is a bare `RuntimeError`, without a cause.
    """
    try:
        yield
    except RuntimeError as failure:
        if str(failure) != "Query interrupted":
            raise
        raise KeyboardInterrupt from None


def is_held(failure: duckdb.Error) -> bool:
    """Says whether opening failed because another program, or another connection of this process, has the file."""
    return "Could not set lock on file" in str(failure) or "different configuration" in str(failure)


def busy(path: Path, failure: duckdb.Error, seconds: float) -> TemporaryError:
    """Returns the error that names who keeps the file."""
    found = _HOLDER.search(str(failure))
    if found:
        holder = f"process {found['process']} ({found['program']}) keeps it open"
    elif "different configuration" in str(failure):
        holder = "this very process keeps it open by a connection that does not go through the queue"
    else:
        holder = "another program keeps it open"
    return TemporaryError(
        "warehouse-busy",
        f"The DuckDB file {path} could not be opened for {seconds:g} seconds: {holder}.",
        "Close it there (a database browser, a notebook, a stock DuckDBResource), then try again.",
    )


def unreadable(path: Path, failure: duckdb.Error) -> RemoteSegmentsError:
    """Returns the error for a file that cannot be opened for another reason."""
    if "Permission denied" in str(failure):
        return ProjectError(
            "warehouse-refused",
            f"This user may not open the DuckDB file {path}.",
            "Run as the user who owns the file, or give this one the right to read and write it.",
        )
    if any(word in str(failure) for word in _FULL):
        return failed(failure)
    return ProjectError(
        "warehouse-unreadable",
        f"{path} cannot be opened as a DuckDB database: {first_line(failure)}",
        "Name a DuckDB file, or a path that does not exist yet, as warehouse.path in project.yaml.",
    )
