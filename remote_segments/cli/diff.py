"""`remote-segments diff`: what a change of the files will do, for whoever reviews it."""

import math
from typing import Annotated

import typer

from remote_segments.cli.options import JsonOption, ProjectOption
from remote_segments.cli.output import count, print_json, say
from remote_segments.config.comparing import Comparison, compare
from remote_segments.config.folder import project_folder
from remote_segments.config.loader import load_project
from remote_segments.config.revision import folder_at
from remote_segments.errors import InvalidProject, ProjectError


def diff(
    base: Annotated[
        str, typer.Argument(metavar="BASE", help="A git revision (`main`, `HEAD~1`), or another folder of a project.")
    ],
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what changes against a git revision or a folder: segments, calls per day, and the effect on history."""
    folder = project_folder(project)
    loaded = load_project(folder)
    with folder_at(base, folder) as earlier:
        try:
            before = load_project(earlier)
        except InvalidProject as error:
            first = error.problems[0]
            raise ProjectError(
                "base-invalid",
                f"{base} is no sound project: {first.found}",
                "Name a base whose files are valid.",
                str(first.where).removeprefix(f"{earlier}/") if first.where else None,
            ) from None
        found = compare(before, loaded)
    if as_json:
        print_json(_json(found))
    else:
        _print(found, base)


def _print(found: Comparison, base: str) -> None:
    if not found:
        say(f"Nothing changes against {base}.")
        return
    for one in found.segments:
        former = f" from {one.former_name}" if one.former_name else ""
        say(f"{one.name}: {one.kind}{former}{f'; {one.effect}' if one.effect else ''}")
        for change in one.changes:
            say(f"  {change.setting}: {change.before} -> {change.after}")
            say(f"    {change.effect}")
    for calls in found.calls:
        if calls.before != calls.after:
            allowed = "no limit known" if math.isinf(calls.allowed) else f"of {calls.allowed:,.0f} allowed"
            say(f"{calls.connection}: at least {count(calls.before)} -> {count(calls.after)} calls a day, {allowed}")


def _json(found: Comparison) -> dict[str, object]:
    return {
        "changed": bool(found),
        "segments": [
            {
                "name": one.name,
                "kind": one.kind,
                "former_name": one.former_name,
                "effect": one.effect or None,
                "changes": [
                    {
                        "setting": change.setting,
                        "before": change.before,
                        "after": change.after,
                        "effect": change.effect,
                    }
                    for change in one.changes
                ],
            }
            for one in found.segments
        ],
        "calls_per_day": {
            one.connection: {
                "before": one.before,
                "after": one.after,
                "allowed": None if math.isinf(one.allowed) else one.allowed,
            }
            for one in found.calls
        },
    }
