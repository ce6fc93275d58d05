"""`remote-segments explain`: where one person is, since when, by what, and why not."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from remote_segments.cli.options import JsonOption, ProjectOption
from remote_segments.cli.output import out, print_json, say
from remote_segments.config.folder import project_folder
from remote_segments.config.loader import load_project
from remote_segments.sync.explaining import explain as explain_person
from remote_segments.sync.explaining.told import Entry, Explanation


def explain(
    identifier: Annotated[
        str, typer.Argument(metavar="IDENTIFIER", help="Name of an identifier, as `email`; or `key` for a model's key.")
    ],
    value: Annotated[
        str | None, typer.Argument(metavar="[VALUE]", help="Its value; asked for, unseen, when it is left out.")
    ] = None,
    *,
    model: Annotated[str | None, typer.Option("--model", help="The model of a key, where there are several.")] = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Explain of every segment and audience whether a person is in it: since when, by which identifier, or why not."""
    loaded = load_project(project_folder(project))
    asked = value if value is not None else typer.prompt(f"Value of {identifier}", hide_input=True, err=True)
    found = explain_person(loaded, identifier, asked, now=datetime.now(UTC), model=model)
    if as_json:
        print_json(found.as_json())
    else:
        _print(found)


def _print(found: Explanation) -> None:
    say(f"{found.identifier} {found.shown}")
    if not found.sections:
        say("  Nothing is stored yet.")
    elif found.unclear:
        say(f"  {found.unclear} Only entries with it are told; ask by the key of one of them.")
    elif found.models:
        say(f"  known by a key of {', '.join(found.models)}")
    else:
        say("  no row of a model is known to be theirs")
    width = max((len(one.name) for section in found.sections for one in section.entries), default=0)
    for section in found.sections:
        for one in section.entries:
            _print_entry(one, width)


def _print_entry(entry: Entry, width: int) -> None:
    mark = "[green]●[/green]" if entry.inside else "[dim]○[/dim]"
    out.print(f"{mark} {entry.name:<{width}}  ", end="", highlight=False)
    say(entry.sentence)
    for line in entry.history if len(entry.history) > entry.inside else ():
        say(f"  {'':<{width}}    {line}")
