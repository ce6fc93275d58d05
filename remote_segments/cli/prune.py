"""`remote-segments prune`: remove what is stored of segments whose file is gone."""

from datetime import UTC
from typing import Annotated

import typer

from remote_segments.cli.options import JsonOption, ProjectOption
from remote_segments.cli.output import count, print_json, say
from remote_segments.config.folder import project_folder
from remote_segments.config.loader import load_project
from remote_segments.sync.pruning import Leftover, leftovers
from remote_segments.sync.pruning import prune as remove


def prune(
    segment: Annotated[
        list[str] | None, typer.Argument(metavar="[SEGMENT]...", help="Only these; by default all without a file.")
    ] = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Remove without asking.")] = False,
    compact: Annotated[
        bool, typer.Option("--compact", help="Give the space on the disk back: what is left is written anew.")
    ] = False,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove everything that is stored of segments without a file: rows, history and published tables."""
    loaded = load_project(project_folder(project))
    found = leftovers(loaded)
    names = segment or [one.segment for one in found]
    if not as_json:
        for one in found:
            if one.segment in names:
                say(told(one))
    if not names:
        print_json({"pruned": {}}) if as_json else say("Every stored segment has its file.")
        return
    if not yes:
        typer.confirm("Remove all that is stored of them? It cannot be undone.", abort=True, err=True)
    gone = remove(loaded, names, compact=compact)
    if as_json:
        print_json({"pruned": gone})
        return
    for name, rows in gone.items():
        say(f"{name}: removed, {count(rows)} rows.")
    if not compact:
        say("Their space is used by what comes next; with --compact it is given back to the disk.")


def told(one: Leftover) -> str:
    """One line about a segment without a file."""
    when = f", last fetched {one.fetched_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if one.fetched_at else ""
    return f"{one.segment}: no file names it any more; {count(one.snapshots)} snapshots are stored{when}."
