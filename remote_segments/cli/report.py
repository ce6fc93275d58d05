"""`remote-segments report`: one file of HTML about segments, to look at and to pass on."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from remote_segments.cli.options import JsonOption, ProjectOption
from remote_segments.cli.output import count, print_json, say
from remote_segments.config.folder import project_folder
from remote_segments.config.loader import load_project
from remote_segments.config.project import Project
from remote_segments.errors import ProjectError


def report(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[SEGMENT]...", help="Segments; all of the project when left out.")
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="The file, which is written anew.")
    ] = Path("report.html"),
    every: Annotated[bool, typer.Option("--all", help="All segments of the project, as when none is named.")] = False,
    *,
    by: Annotated[
        list[str] | None,
        typer.Option("--by", metavar="COLUMN", help="Attributes to show; default: what names nobody."),
    ] = None,
    smallest: Annotated[
        int | None,
        typer.Option(
            "--smallest",
            min=2,
            metavar="N",
            help="Leave out groups of fewer people, and what they can be computed from.",
        ),
    ] = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a report: where members were lost, how sizes went, who is in it, what segments share. Nobody is named."""
    if names and every:
        raise ProjectError("bad-value", "Both segments and --all were given.", "Give one of the two.")
    loaded = load_project(project_folder(project))
    size = write_report(loaded, names or None, output, by=by or None, smallest=smallest)
    if as_json:
        print_json({"file": str(output), "bytes": size})
    else:
        say(f"{output} ({count(-(-size // 1024))} KB) has everything in it: open it in a browser, or pass it on.")


def write_report(
    project: Project,
    names: list[str] | None,
    output: Path,
    *,
    by: list[str] | None = None,
    smallest: int | None = None,
) -> int:
    """Writes the report of some segments, or of all; returns its size in bytes.

    Raises:
        ProjectError: `unknown-segment`, `report-extra-missing`, `missing-folder`; what is wrong with a model.
    """
    from remote_segments.report import page, read_content

    if not output.parent.is_dir():
        raise ProjectError("missing-folder", f"There is no folder {output.parent}.", "Make it, or name another file.")
    title = names[0] if names and len(names) == 1 else "Segments"
    text = page(read_content(project, names, now=datetime.now(UTC), by=by, smallest=smallest), title).encode()
    part = output.with_name(f".{output.name}.part")
    part.write_bytes(text)
    os.replace(part, output)
    return len(text)
