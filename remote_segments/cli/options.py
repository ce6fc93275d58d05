"""Options that every command has."""

from pathlib import Path
from typing import Annotated

import typer

from remote_segments.config.folder import project_folder

_given: list[Path | None] = [None]
"""What this process's command was told of its project."""


def _remember(path: Path | None) -> Path | None:
    _given[0] = path
    return path


def project_of_command() -> Path:
    """The folder of the project that the command is about."""
    return project_folder(_given[0])


ProjectOption = Annotated[
    Path | None,
    typer.Option(
        "--project",
        metavar="DIR",
        callback=_remember,
        help="The folder that holds project.yaml; by default $REMOTE_SEGMENTS_PROJECT, else ./segment_configs.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")]
SegmentArgument = Annotated[str, typer.Argument(metavar="SEGMENT", help="The segment's name: its file's name.")]
