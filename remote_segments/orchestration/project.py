"""Where the project's files are, and one loaded project per process."""

import os
from functools import lru_cache
from pathlib import Path

from remote_segments.config.loader import load_project
from remote_segments.config.project import Project

PROJECT_VARIABLE = "REMOTE_SEGMENTS_PROJECT"
DEFAULT_FOLDER = "segment_configs"


def project_folder(path: str | Path | None = None) -> Path:
    """The folder that holds project.yaml: as given, else $REMOTE_SEGMENTS_PROJECT, else ./segment_configs."""
    return Path(path or os.environ.get(PROJECT_VARIABLE) or DEFAULT_FOLDER).resolve()


@lru_cache(maxsize=8)
def _loaded(folder: Path, environment: str | None) -> Project:
    return load_project(folder, environment)


def loaded_project(path: str | Path | None = None, environment: str | None = None) -> Project:
    """The project, read once per process: a code location sees edited files when it is reloaded.

    Raises:
        InvalidProject: with everything that is wrong with its files.
    """
    return _loaded(project_folder(path), environment)
