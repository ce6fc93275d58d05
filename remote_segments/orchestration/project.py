"""One loaded project per process."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from remote_segments.config.folder import PROJECT_VARIABLE, project_folder
from remote_segments.config.loader import load_project
from remote_segments.config.project import Project

_built: list[Path] = []
"""The folder of the project that this process built definitions of, last."""


def remember(folder: Path) -> None:
    """Says which project is meant where none is named: a sensor beside `build_definitions("proj")` means that one."""
    _built[:] = [folder]


_taken: dict[tuple[Path, str | None], Project] = {}
"""Projects that are taken for those of their folders for a while."""


@contextmanager
def taking(project: Project, folder: Path, environment: str | None = None) -> Iterator[None]:
    """Takes a project for that of its folder while the block runs, in all threads of this process."""
    _taken[folder, environment] = project
    try:
        yield
    finally:
        del _taken[folder, environment]


@lru_cache(maxsize=8)
def _loaded(folder: Path, environment: str | None) -> Project:
    return load_project(folder, environment)


def loaded_project(path: str | Path | None = None, environment: str | None = None) -> Project:
    """The project, read once per process: a code location sees edited files when it is reloaded.

    Raises:
        InvalidProject: with everything that is wrong with its files.
    """
    if path is None and PROJECT_VARIABLE not in os.environ and _built:
        path = _built[0]
    folder = project_folder(path)
    return _taken.get((folder, environment)) or _loaded(folder, environment)
