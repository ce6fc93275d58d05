"""What commands print: tables for people, one JSON document for scripts, errors on standard error."""

import json
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from remote_segments.errors import InvalidProject, Problem, RemoteSegmentsError
from remote_segments.sync.status import REASONS, SegmentStatus

# `soft_wrap` where a line must stay whole: paths and codes are copied from here, and logs have no width.
out = Console()
err = Console(stderr=True)

STATE_COLOURS = {"published": "green", "empty": "green", "running": "cyan", "paused": "yellow", "skipped": "yellow"}
AGE_COLOURS = {"fresh": "green", "late": "yellow"}


def print_json(document: Any) -> None:
    """One JSON document on standard output, nothing else."""
    print(json.dumps(document, indent=2, ensure_ascii=False))  # noqa: T201 - rich would colour and wrap it


def problem_json(problem: Problem) -> dict[str, Any]:
    """A problem as scripts read it."""
    return {
        "code": problem.code,
        "found": problem.found,
        "fix": problem.fix,
        "where": str(problem.where) if problem.where else None,
    }


def print_problem(problem: Problem) -> None:
    """A problem in two lines: where and what, then what to do."""
    place = f"{problem.where}: " if problem.where else ""
    line = Text(place, style="bold").append(f"[{problem.code}] ", style="red").append(problem.found, style="not bold")
    err.print(line, soft_wrap=True)
    err.print(Text(f"    {problem.fix}"), soft_wrap=True)


def print_error(error: RemoteSegmentsError, as_json: bool) -> None:
    """An error with all its problems."""
    problems = error.problems if isinstance(error, InvalidProject) else [error.problem]
    if as_json:
        print_json({"problems": [problem_json(problem) for problem in problems]})
        return
    for problem in problems:
        print_problem(problem)


def count(number: int | None) -> str:
    """A count with separators; a dash where there is none."""
    return "-" if number is None else f"{number:,}"


def status_table(statuses: Sequence[SegmentStatus]) -> Table:
    """One row per segment: what is published, what was lost and why, how old it is."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("segment", no_wrap=True)
    table.add_column("state", no_wrap=True)
    for name in ("fetched", "mapped", *REASONS, "joined", "left", "seconds"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("snapshot (UTC)", no_wrap=True)
    table.add_column("age", no_wrap=True)
    for status in statuses:
        unmapped = status.unmapped or {}
        table.add_row(
            status.name,
            Text(status.state, style=STATE_COLOURS.get(status.state, "red")),
            count(status.fetched),
            count(status.mapped),
            *(count(unmapped.get(reason)) for reason in REASONS),
            count(status.joined),
            count(status.left),
            "-" if status.seconds is None else f"{status.seconds:.1f}",
            f"{status.snapshot_at:%Y-%m-%d %H:%M}" if status.snapshot_at else "-",
            Text(status.age.replace("_", " "), style=AGE_COLOURS.get(status.age, "red")),
        )
    return table
