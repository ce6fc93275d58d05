"""Where a project's files are."""

import os
from pathlib import Path

PROJECT_VARIABLE = "REMOTE_SEGMENTS_PROJECT"
DEFAULT_FOLDER = "segment_configs"


def project_folder(path: str | Path | None = None) -> Path:
    """The folder that holds project.yaml: as given, else $REMOTE_SEGMENTS_PROJECT, else ./segment_configs."""
    return Path(path or os.environ.get(PROJECT_VARIABLE) or DEFAULT_FOLDER).resolve()
