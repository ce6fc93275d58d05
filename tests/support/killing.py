"""Refreshes that are killed with `kill -9`: run as a script, so that each dies in a process of its own.

    python -m tests.support.killing statements FOLDER   dies before its 1st, 2nd, 3rd ... statement, until none is left
    python -m tests.support.killing moments FOLDER N    dies at N moments spread over the time it takes

FOLDER/start holds a DuckDB file with a published and a newly fetched snapshot of the segment `vip`. Every try works
on a copy of its own, FOLDER/1, FOLDER/2, ..., left as the kill left it. This process never opens a file itself.
"""

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import ibis  # noqa: F401 - imported before the processes part, so that not each of them does it

from remote_segments.warehouses.duckdb_session import DuckDBSession
from tests.support.memberships import Segment
from tests.support.warehouses import duckdb_warehouse


def refresh(folder: Path) -> None:
    """Maps and publishes the newest fetch."""
    segment = Segment(duckdb_warehouse(folder))
    now = max(row[0] for row in segment.rows("SELECT fetched_at FROM {s}.snapshots"))
    segment.map(now=now)
    segment.publish(now=now)


def dying_before(number: int, methods: Sequence[str] = ("execute", "rows", "append")) -> None:
    """Makes this process kill itself before its statement of that number, of those that certain methods run."""
    left = number

    def counted(method: Callable[..., Any]) -> Callable[..., Any]:
        def statement(self: DuckDBSession, *arguments: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return method(self, *arguments)

        return statement

    for name in methods:
        setattr(DuckDBSession, name, counted(getattr(DuckDBSession, name)))


def attempt(folder: Path, number: int, prepare: Callable[[], None]) -> int:
    """Starts a refresh of a copy in a forked process; returns its id."""
    shutil.copytree(folder / "start", folder / str(number))
    child = os.fork()
    if child == 0:
        prepare()
        refresh(folder / str(number))
        os._exit(0)
    return child


def killed(child: int) -> bool:
    """Waits for a process; whether it was killed."""
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def at_statements(folder: Path) -> None:
    """Kills before every statement in turn."""
    for number in count(1):
        if not killed(attempt(folder, number, partial(dying_before, number))):
            return


def at_moments(folder: Path, tries: int) -> None:
    """Kills at moments spread evenly over the time that a whole refresh takes."""
    began = time.monotonic()
    killed(attempt(folder, tries + 1, lambda: None))
    whole = time.monotonic() - began
    for number in range(1, tries + 1):
        child = attempt(folder, number, lambda: None)
        time.sleep(whole * number / (tries + 1))
        os.kill(child, signal.SIGKILL)
        killed(child)


if __name__ == "__main__":
    if sys.argv[1] == "statements":
        at_statements(Path(sys.argv[2]))
    else:
        at_moments(Path(sys.argv[2]), int(sys.argv[3]))
