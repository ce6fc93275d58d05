"""Options that every command has."""

from pathlib import Path
from typing import Annotated

import typer

ProjectOption = Annotated[
    Path | None,
    typer.Option(
        "--project",
        metavar="DIR",
        help="The folder that holds project.yaml; by default $REMOTE_SEGMENTS_PROJECT, else ./segment_configs.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")]
SegmentArgument = Annotated[str, typer.Argument(metavar="SEGMENT", help="The segment's name: its file's name.")]
