"""Running the command line: in this process for most tests, in one of its own where streams and exit codes count."""

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from remote_segments.cli import main
from remote_segments.config.project import Project
from remote_segments.orchestration import project as loaded
from tests.support.projects import table_rows


@dataclass(frozen=True)
class Result:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on standard output."""
        return json.loads(self.out)


def command(*words: str | Path) -> Result:
    """Runs a command in this process, as `main` does in its own: files are read anew."""
    loaded._loaded.cache_clear()
    out, err = io.StringIO(), io.StringIO()
    with _arguments(words), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
            code: Any = 0
        except SystemExit as stop:
            code = stop.code or 0
    return Result(code, out.getvalue(), err.getvalue())


@contextlib.contextmanager
def _arguments(words: tuple[str | Path, ...]) -> Iterator[None]:
    before = sys.argv
    sys.argv = ["remote-segments", *map(str, words)]
    try:
        yield
    finally:
        sys.argv = before


def process(*words: str | Path, folder: Path, **environment: str) -> Result:
    """Runs a command in a process of its own, in a folder; `environment` is added to this process's."""
    names = ("REMOTE_SEGMENTS_ENV", "REMOTE_SEGMENTS_PROJECT", "DAGSTER_HOME")
    inherited = {name: value for name, value in os.environ.items() if name not in names}
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-m", "remote_segments.cli", *map(str, words)],
        cwd=folder,
        check=False,
        env={**inherited, "PYTHONPATH": root, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    return Result(done.returncode, done.stdout, done.stderr)


def edit(file: Path, **keys: Any) -> None:
    """Changes top keys of a YAML file; None removes one."""
    content = {**yaml.safe_load(file.read_text()), **keys}
    kept = {name: value for name, value in content.items() if value is not None}
    file.write_text(yaml.safe_dump(kept, sort_keys=False))


def published(project: Project, segment: str = "vip") -> list[tuple[Any, ...]]:
    """The rows that readers of a segment see, as its reader in SQL gets them."""
    return table_rows(project, segment)
