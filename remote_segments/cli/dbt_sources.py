"""`remote-segments dbt-sources`: a sources file, so that dbt models stand on segments."""

from pathlib import Path
from typing import Annotated

import typer
import yaml

from remote_segments.cli.options import ProjectOption
from remote_segments.cli.output import out, say
from remote_segments.config.folder import project_folder
from remote_segments.config.loader import load_project
from remote_segments.sync.dbt import dbt_sources

FIRST_LINE = "# Written by `remote-segments dbt-sources`; write it anew after segments came or went.\n"


def sources(
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write this file, replacing one that was written before."),
    ] = None,
    name: Annotated[str, typer.Option("--name", help="The name of the source in dbt.")] = "remote_segments",
    project: ProjectOption = None,
) -> None:
    """Print a sources file for dbt: every segment with owner, freshness and columns, and the shared tables."""
    document = dbt_sources(load_project(project_folder(project)), name)
    text = FIRST_LINE + yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)
    if output is None:
        out.print(text, markup=False, highlight=False, soft_wrap=True, end="")
        return
    output.write_text(text, encoding="utf-8")
    say(f"{output}: {len(document['sources'][0]['tables'])} tables of the source {name}.")
