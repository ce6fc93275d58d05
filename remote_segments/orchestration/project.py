"""One loaded project per process."""

from functools import lru_cache
from pathlib import Path

from remote_segments.config.folder import project_folder
from remote_segments.config.loader import load_project
from remote_segments.config.project import Project


@lru_cache(maxsize=8)
def _loaded(folder: Path, environment: str | None) -> Project:
    return load_project(folder, environment)


def loaded_project(path: str | Path | None = None, environment: str | None = None) -> Project:
    """The project, read once per process: a code location sees edited files when it is reloaded.

    Raises:
        InvalidProject: with everything that is wrong with its files.
    """
    return _loaded(project_folder(path), environment)
