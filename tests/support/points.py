"""Operations killed with `kill -9` at every point at which they write, by name, each in a process of its own.

    python -m tests.support.points FOLDER OPERATION

FOLDER/start holds a project's state: a DuckDB file, and what lies beside it. The operation runs once in a copy, and the
points that it passes are listed: `delete from keys`, `commit 2`, `rename .rewritten`. Then it runs once for each
of them in a copy named by a number, and dies just before it, or for a commit just after it. The list is written to
FOLDER/names.json. This process never opens a database itself.
"""

import json
import os
import re
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ibis  # noqa: F401 - imported before the processes part, so that not each of them does it

from remote_segments.warehouses.duckdb import DuckDBWarehouse
from remote_segments.warehouses.duckdb_session import DuckDBSession
from tests.support import operations

_WRITES = re.compile(
    r"^\s*(DELETE FROM|INSERT INTO|UPDATE|ALTER TABLE|DROP TABLE|CREATE TABLE|CREATE OR REPLACE TABLE|"
    r"CREATE OR REPLACE VIEW|CREATE VIEW)\b.*?\"?segments\"?\.\"?(\w+)",
    re.IGNORECASE | re.DOTALL,
)
_FILES = {"os.rename": "rename", "os.remove": "remove"}


def watch(passed: Callable[[str], None], folder: Path) -> None:
    """Calls `passed` with the name of each point of writing, in this process."""
    commits = 0

    def named(method: Callable[..., Any], name: Callable[..., str | None]) -> Callable[..., Any]:
        def watched(self: DuckDBSession, *arguments: Any) -> Any:
            point = name(*arguments)
            if point is not None:
                passed(point)
            return method(self, *arguments)

        return watched

    def statement(sql: str) -> str | None:
        found = _WRITES.match(sql)
        return f"{found[1].lower()} {found[2]}" if found else None

    def committed(self: DuckDBWarehouse) -> None:
        nonlocal commits
        commits += 1
        passed(f"commit {commits}")
        hidden(self)

    def audited(event: str, arguments: tuple[Any, ...]) -> None:
        path = str(arguments[0]) if arguments else ""
        if event in _FILES and path.startswith(str(folder)) and ".locks" not in path:
            passed(f"{_FILES[event]} {Path(path).suffix}")
        elif event == "open" and path.endswith(".json") and path.startswith(str(folder)) and arguments[2] & os.O_WRONLY:
            passed("write .json")

    hidden = DuckDBWarehouse._hide_log
    DuckDBWarehouse._hide_log = committed  # type: ignore[method-assign]
    for method in ("append", "insert"):
        original = getattr(DuckDBSession, method)
        setattr(DuckDBSession, method, named(original, lambda table, *_, verb=method: f"{verb} {table}"))
    DuckDBSession.execute = named(DuckDBSession.execute, statement)  # type: ignore[method-assign]
    sys.addaudithook(audited)


def dying_at(name: str) -> Callable[[str], None]:
    """What kills this process at its first point of a name."""

    def passed(point: str) -> None:
        if point == name:
            os.kill(os.getpid(), signal.SIGKILL)

    return passed


def attempt(folder: Path, copy: str, operation: str, passed: Callable[[str], None]) -> bool:
    """Runs an operation in a copy, in a process of its own; returns whether it was killed."""
    place = folder / copy
    shutil.copytree(folder / "start", place)
    child = os.fork()
    if child == 0:
        try:
            watch(passed, place)
            getattr(operations, operation)(place)
        except BaseException as error:  # whatever it is, this process must not go on as its parent
            sys.stderr.write(f"{error}\n")
            os._exit(1)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if not os.WIFSIGNALED(status) and os.WEXITSTATUS(status):
        raise SystemExit(f"{operation} failed in {place}")
    return os.WIFSIGNALED(status)


def main(folder: Path, operation: str) -> None:
    """Lists the points of an operation, and dies at each of them in turn."""
    listed = folder / "points"
    attempt(folder, "whole", operation, lambda point: _note(listed, point))
    names = list(dict.fromkeys(listed.read_text().splitlines()))
    for number, name in enumerate(names):
        if not attempt(folder, str(number), operation, dying_at(name)):
            raise SystemExit(f"{operation} never came to {name}")
    (folder / "names.json").write_text(json.dumps(names))


def _note(file: Path, point: str) -> None:
    with file.open("a") as opened:
        opened.write(f"{point}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
