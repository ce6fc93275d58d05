"""What commands print: tables for people, one JSON document for scripts, errors on standard error."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from remote_segments.cli.options import project_of_command
from remote_segments.errors import InvalidProject, Location, Problem, RemoteSegmentsError
from remote_segments.membership.tables import REASONS
from remote_segments.sync.status import SegmentStatus

# A log has no width of its own, and what is cut off in one cannot be scrolled to. `soft_wrap` is given where a line
# must stay whole: paths and codes are copied from here.
out = Console(width=None if sys.stdout.isatty() else 160)
err = Console(stderr=True)

STATE_COLOURS = {"published": "green", "empty": "green", "running": "cyan", "frozen": "blue"}
STATE_COLOURS |= dict.fromkeys(("paused", "skipped"), "yellow")
AGE_COLOURS = {"fresh": "green", "late": "yellow", "frozen": "blue"}


def say(text: str, to: Console = out) -> None:
    """A line as it is: never coloured, never broken, whatever it holds."""
    to.print(text, markup=False, highlight=False, soft_wrap=True)


def print_json(document: Any) -> None:
    """One JSON document on standard output, nothing else."""
    print(json.dumps(document, indent=2, ensure_ascii=False))  # noqa: T201 - rich would colour and wrap it


def problem_json(problem: Problem) -> dict[str, Any]:
    """A problem as scripts read it."""
    return {
        "code": problem.code,
        "found": problem.found,
        "fix": problem.fix,
        "where": str(_from_here(problem.where)) if problem.where else None,
    }


def _from_here(where: Location | str) -> Location | str:
    """A place as a path from the current folder, where the file is below it: terminals open what they can find."""
    here = Path.cwd()
    if isinstance(where, Location):
        return Location(where.file.relative_to(here), where.line) if where.file.is_relative_to(here) else where
    name = where.partition(":")[0].partition(",")[0]
    file = project_of_command() / name
    if not name.endswith(".yaml") or not file.is_file():
        return where
    return f"{file.relative_to(here) if file.is_relative_to(here) else file}{where[len(name) :]}"


def print_annotations(problems: Sequence[Problem]) -> None:
    """Problems as GitHub marks lines of a pull request by.

    https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions
    """
    for problem in problems:
        where = _from_here(problem.where) if problem.where else None
        places = {}
        if isinstance(where, Location):
            places = {"file": str(where.file), **({"line": str(where.line)} if where.line else {})}
        properties = ",".join(
            f"{name}={_escaped(value, ':,')}" for name, value in {**places, "title": problem.code}.items()
        )
        sys.stdout.write(f"::error {properties}::{_escaped(f'{problem.found} {problem.fix}')}\n")


def _escaped(text: str, more: str = "") -> str:
    for character in f"%\r\n{more}":
        text = text.replace(character, f"%{ord(character):02X}")
    return text


def print_warning(problem: Problem) -> None:
    """What is no problem yet, in the same two lines."""
    print_problem(problem, "yellow")


def print_left_out(problems: Sequence[Problem]) -> None:
    """What is wrong with files that this command does not need; schedules do not start until it is mended."""
    for problem in problems:
        print_warning(problem)
    if problems:
        told = "These files were left out; `remote-segments validate` and schedules need them mended."
        err.print(told, style="yellow", soft_wrap=True)


def print_problem(problem: Problem, colour: str = "red") -> None:
    """A problem in two lines: where and what, then what to do."""
    place = f"{_from_here(problem.where)}: " if problem.where else ""
    line = Text(place, style="bold").append(f"[{problem.code}] ", style=colour).append(problem.found, style="not bold")
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


def of_members(number: int | None) -> str:
    """How many members: `1 member`, `24,310 members`."""
    return f"{count(number)} member{'' if number == 1 else 's'}"


def status_table(statuses: Sequence[SegmentStatus]) -> Table:
    """One row per segment: what is published, what was lost and why, how old it is."""
    gap = 2 if out.width >= 100 else 1  # all columns fit into a terminal of 80
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, gap, 0, 0))
    for name in ("segment", "state"):
        table.add_column(name, no_wrap=True)
    for name in ("fetched", "mapped"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("unmapped by reason", min_width=12)
    for name in ("joined", "left", "seconds"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("age", no_wrap=True)
    for status in statuses:
        table.add_row(
            status.name,
            Text(status.state.replace("_", " "), style=STATE_COLOURS.get(status.state, "red")),
            count(status.fetched),
            count(status.mapped),
            _reasons(status),
            count(status.joined),
            count(status.left),
            "-" if status.seconds is None else f"{status.seconds:.1f}",
            Text(status.age.replace("_", " "), style=AGE_COLOURS.get(status.age, "red")),
        )
    return table


def print_messages(statuses: Sequence[SegmentStatus]) -> None:
    """What a table has no room for: lines of the segments that have something to say."""
    for status in statuses:
        said = [status.message] if status.message else []
        if status.held and status.state != "held":
            said.append(f"Held since before: {status.held.message}")
        said += [f"{one}." for one in status.raised]
        for one in said:
            out.print(f"{status.name}: {one}", soft_wrap=True, markup=False, highlight=False)


def _reasons(status: SegmentStatus) -> str:
    """`617 unknown, 42 duplicate`: only the reasons that occurred."""
    if status.unmapped is None:
        return "-"
    found = [f"{count(status.unmapped[reason])} {reason}" for reason in REASONS if status.unmapped[reason]]
    return ", ".join(found) or "none"
