"""`remote-segments validate`: reads every file of a project; with `--live` also asks warehouse and platforms."""

import math
from collections.abc import Sized
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from remote_segments.cli.options import JsonOption, ProjectOption
from remote_segments.cli.output import (
    of_members,
    out,
    print_annotations,
    print_json,
    print_problem,
    print_warning,
    problem_json,
    say,
)
from remote_segments.cli.simulating import simulated
from remote_segments.config.cases import load_cases
from remote_segments.config.estimate import estimate
from remote_segments.config.folder import project_folder
from remote_segments.config.loader import load_project
from remote_segments.config.project import Project
from remote_segments.config.quota import Budget, budgets
from remote_segments.errors import InvalidProject
from remote_segments.sync.checking import Checked, check_live
from remote_segments.sync.forewarning import forewarnings


class Format(StrEnum):
    """How problems are printed."""

    TEXT = "text"
    GITHUB = "github"


def validate(
    project: ProjectOption = None,
    live: Annotated[
        bool, typer.Option("--live", help="Also ask the warehouse and the platforms; needs secrets, changes nothing.")
    ] = False,
    annotate: Annotated[
        Format, typer.Option("--format", help="How problems are printed: for people, or as annotations of GitHub.")
    ] = Format.TEXT,
    as_json: JsonOption = False,
) -> None:
    """Check all files of a project; print every problem with its file, line and what to do."""
    folder = project_folder(project)
    try:
        loaded = load_project(folder)
    except InvalidProject as error:
        if annotate is Format.GITHUB:
            print_annotations(error.problems)
        raise
    load_cases(loaded)
    found = None
    if live:
        with simulated(loaded):
            found = check_live(loaded)
    spent = found.budgets if found else budgets(loaded)
    warnings = list(forewarnings(loaded, datetime.now(UTC)))
    if as_json:
        print_json({**_json(loaded, spent, found), "warnings": [problem_json(problem) for problem in warnings]})
    else:
        _print(loaded, spent, found)
        for problem in warnings:
            print_warning(problem)
    if found and found.problems:
        if annotate is Format.GITHUB:
            print_annotations(found.problems)
        raise typer.Exit(found.exit_code)


def _json(project: Project, spent: dict[str, Budget], found: Checked | None) -> dict[str, object]:
    document: dict[str, object] = {
        "valid": not (found and found.problems),
        "environment": project.environment.name,
        "segments": len(project.segments),
        "audiences": len(project.audiences),
        "connections": len(project.connections),
        "models": len(project.models),
        "calls_per_day": {name: _calls(budget, found is not None) for name, budget in spent.items()},
        "problems": [problem_json(problem) for problem in found.problems] if found else [],
    }
    if found:
        document["sizes"] = {name: one.size for name, one in found.descriptions.items()}
        document["notes"] = found.notes
    return document


def _print(project: Project, spent: dict[str, Budget], found: Checked | None) -> None:
    for problem in found.problems if found else ():
        print_problem(problem)
    counted: list[tuple[str, Sized]] = [
        ("segment", project.segments),
        *([("audience", project.audiences)] if project.audiences else []),
        ("model", project.models),
        ("connection", project.connections),
    ]
    words = ", ".join(f"{len(one)} {word}{'' if len(one) == 1 else 's'}" for word, one in counted)
    verdict = "is valid"
    if found:
        number = len(found.problems)
        verdict = f"has {number} problem{'' if number == 1 else 's'}" if number else "fits warehouse and platforms"
    out.print(
        f"{project.folder.name} {verdict}: {words}; environment {project.environment.name}.",
        markup=False,
        soft_wrap=True,
    )
    for name, budget in spent.items():
        allowed = "no limit known" if math.isinf(budget.allowed) else f"of {budget.allowed:,.0f} allowed"
        known = bool(found) and all(demand.size is not None for demand in budget.demands)
        # Without --live sizes are not known: they are the warehouse's and the platform's, and neither is asked.
        out.print(f"  {name}: {'' if known else 'at least '}{budget.calls:,} calls a day, {allowed}",
                  markup=False, highlight=False)  # fmt: skip
    if found:
        for segment, described in found.descriptions.items():
            say(f"  {segment}: `{described.name}`, {of_members(described.size)}, {described.state}")
            say(f"    a refresh of {estimate(project, project.segments[segment], described.size)}")
        for note in found.notes:
            say(f"  {note}")


def _calls(budget: Budget, live: bool) -> dict[str, float | None]:
    calls: dict[str, float | None] = {
        "at_least": budget.calls,
        "allowed": None if math.isinf(budget.allowed) else budget.allowed,
    }
    if live:
        known = all(demand.size is not None for demand in budget.demands)
        calls["expected"] = budget.calls if known else None
    return calls
