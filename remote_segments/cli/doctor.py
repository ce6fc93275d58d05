"""`remote-segments doctor`: why it does not work here, line by line."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime

import typer
from rich.text import Text

from remote_segments.cli.options import JsonOption, ProjectOption
from remote_segments.cli.output import out, print_json
from remote_segments.cli.simulating import simulated
from remote_segments.config.folder import project_folder
from remote_segments.config.loader import load_project
from remote_segments.errors import InvalidProject
from remote_segments.sync.examining import examine_project
from remote_segments.sync.machine import Finding, bad, examine_machine

COLOURS = {"ok": "green", "warn": "yellow", "bad": "red"}


def doctor(project: ProjectOption = None, as_json: JsonOption = False) -> None:
    """Look at environment, secrets, network, warehouse and segments; say what is wrong and what to do."""
    now = datetime.now(UTC)
    found = list(examine_machine(now, os.environ.get("DAGSTER_HOME")))
    try:
        loaded = load_project(project_folder(project))
    except InvalidProject as error:
        found += [bad("project", str(problem), "See `remote-segments validate`.") for problem in error.problems]
    else:
        with simulated(loaded):
            found += examine_project(loaded, now)
    worst = max((one.exit_code for one in found if one.verdict == "bad"), default=0)
    if as_json:
        print_json({"well": worst == 0, "findings": [vars(one) for one in found]})
    else:
        _print(found)
    raise typer.Exit(worst)


def _print(found: Sequence[Finding]) -> None:
    width = max(len(one.topic) for one in found)
    for one in found:
        line = Text(f"{one.verdict:4}", style=COLOURS[one.verdict]).append(f"  {one.topic:{width}}  ", style="bold")
        out.print(line.append(one.found, style="not bold"), soft_wrap=True)
        if one.fix:
            out.print(Text(f"{'':{width + 8}}{one.fix}"), soft_wrap=True)
    counted = {verdict: sum(one.verdict == verdict for one in found) for verdict in COLOURS}
    out.print(Text(", ".join(f"{number} {verdict}" for verdict, number in counted.items())))
