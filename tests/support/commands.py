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
from remote_segments.rest.catalog import bundled
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


def process(*words: str | Path, folder: Path, patience: float = 120, **environment: str) -> Result:
    """Runs a command in a process of its own, in a folder, for so many seconds at most.

    `environment` is added to this process's.
    """
    done = subprocess.run(
        _started(words),
        cwd=folder,
        check=False,
        env=_environment(environment),
        capture_output=True,
        text=True,
        timeout=patience,
    )
    return Result(done.returncode, done.stdout, done.stderr)


def started(*words: str | Path, folder: Path) -> subprocess.Popen[str]:
    """Starts a command in a process of its own, to be stopped by the test."""
    pipe = subprocess.PIPE
    return subprocess.Popen(_started(words), cwd=folder, env=_environment({}), stdout=pipe, stderr=pipe, text=True)


def on_terminal(*words: str | Path, folder: Path) -> str:
    """What a person sees of a command at a terminal of 80 columns, control characters included."""
    ours, theirs = os.openpty()
    environment = _environment({"TERM": "xterm", "COLUMNS": "80"})
    with subprocess.Popen(_started(words), cwd=folder, env=environment, stdout=theirs, stderr=theirs) as running:
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # Linux reports the end of a terminal as an error
            while piece := os.read(ours, 65_536):
                shown += piece
        os.close(ours)
        assert running.wait(timeout=120) == 0
    return shown.decode()


def _started(words: tuple[str | Path, ...]) -> list[str]:
    return [sys.executable, "-m", "remote_segments.cli", *map(str, words)]


def _environment(more: dict[str, str]) -> dict[str, str]:
    """This process's, without what a developer may have set, with the package importable."""
    names = ("REMOTE_SEGMENTS_ENV", "REMOTE_SEGMENTS_PROJECT", "DAGSTER_HOME", "COLUMNS")
    inherited = {name: value for name, value in os.environ.items() if name not in names}
    return {**inherited, "PYTHONPATH": str(Path(__file__).parents[2]), **more}


def edit(file: Path, **keys: Any) -> None:
    """Changes top keys of a YAML file; None removes one."""
    content = {**yaml.safe_load(file.read_text()), **keys}
    kept = {name: value for name, value in content.items() if value is not None}
    file.write_text(yaml.safe_dump(kept, sort_keys=False))


def small_pages(folder: Path, **misspelt: str) -> Path:
    """Writes a platform of the project's own: Klaviyo with pages of 20, one retry and no limit of its own.

    `misspelt` replaces texts by others.
    """
    text = next(path for path in bundled() if path.stem == "klaviyo").read_text()
    text = text.replace("page_size: 100", "page_size: 20").replace(
        "retries:", "retries:\n  attempts: 2\n  first_wait: 0.01"
    )
    text = text.replace("limits: {per_second: 1, per_minute: 15}", "limits: {}")
    for right, wrong in misspelt.items():
        text = text.replace(right, wrong)
    (folder / "platforms").mkdir(exist_ok=True)
    (folder / "platforms" / "klaviyo.yaml").write_text(text)
    return folder / "platforms" / "klaviyo.yaml"


def set_connection(folder: Path, **keys: object) -> None:
    """Changes keys of the connection `klaviyo`."""
    file = folder / "project.yaml"
    connections = yaml.safe_load(file.read_text())["connections"]
    edit(file, connections={**connections, "klaviyo": {**connections["klaviyo"], **keys}})


def published(project: Project, segment: str = "vip") -> list[tuple[Any, ...]]:
    """The rows that readers of a segment see, as its reader in SQL gets them."""
    return table_rows(project, segment)
