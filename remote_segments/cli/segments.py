"""`remote-segments segments`: the segments of an account, with their ids, for whoever wants to add one."""

import shlex
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from remote_segments.cli.options import JsonOption, ProjectOption
from remote_segments.cli.output import count, out, print_json, problem_json, say
from remote_segments.cli.simulating import simulated
from remote_segments.config.folder import project_folder
from remote_segments.config.loader import load_project
from remote_segments.files.platform import FILES
from remote_segments.files.source import ENDINGS
from remote_segments.sync.connecting import connect
from remote_segments.sync.finding import Listing, Row, described, list_segments, platform_of, split


def segments(
    connection: Annotated[
        str, typer.Argument(metavar="CONNECTION", help="A connection; `NAME/LIST_ID` where a list holds the segments.")
    ],
    *,
    filter_: Annotated[
        str | None, typer.Option("--filter", metavar="TEXT", help="Only those with this text in name or id.")
    ] = None,
    details: Annotated[
        bool, typer.Option("--details", help="Ask for the size and state of each, too: a call or two for each.")
    ] = False,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the segments that a platform holds: ids, names, sizes and states, as far as its listing tells."""
    loaded = load_project(project_folder(project))
    name, outer = split(loaded, connection)
    with simulated(loaded, [name]), connect(loaded, name) as platform:
        found = list_segments(loaded, platform, name, outer)
        rows = [row for row in found.rows if _has(row, filter_)]
        rows = described(platform, rows) if details else rows
    if as_json:
        left_out = [problem_json(problem) for problem in found.left_out]
        print_json({"connection": name, "segments": [_json(row) for row in rows], "not_listed": left_out})
        return
    files = platform_of(loaded, name) is FILES
    _print(name, Listing(rows, found.left_out), filter_, how=" --completeness atomic" if files else "")


def _has(row: Row, text: str | None) -> bool:
    wanted = (text or "").casefold()
    return any(wanted in one.casefold() for one in (row.listed.name, *row.listed.ids.values()))


def _json(row: Row) -> dict[str, object]:
    one = row.listed
    return {"kind": row.kind, "ids": one.ids, "name": one.name, "size": one.size, "state": one.state,
            "lacking": list(row.lacking), "files": list(row.files)}  # fmt: skip


def _print(connection: str, found: Listing, text: str | None, *, how: str) -> None:
    if found.rows:
        table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
        for title in ("id", "name", "kind"):
            table.add_column(title, overflow="fold")
        table.add_column("members", justify="right")
        for title in ("state", "file"):
            table.add_column(title, overflow="fold")
        for row in found.rows:
            one = row.listed
            cells = [row.path, one.name, row.title.lower(), count(one.size), one.state or "-"]
            table.add_row(*map(Text, [*cells, ", ".join(row.files) or "-"]))
        out.print(table)
    elif not found.left_out:
        say(f"No segment has `{text}` in its name or id." if text else "There is none.")
    for problem in found.left_out:
        say(f"{problem.found} {problem.fix}")
    example = _example(connection, found.rows)
    if example:
        say(f"\nTo add one: remote-segments add {example}{how}")


def _is_rows(row: Row) -> bool:
    """Whether it is a file of members by its name; true of what is no file."""
    path = row.listed.ids.get("path")
    return path is None or path.lower().removesuffix(".gz").endswith((*ENDINGS,))


def _example(connection: str, rows: list[Row]) -> str | None:
    """One that can be added: not in the project yet, and usable if the listing tells so; None where all are there."""
    new = [row for row in rows if not row.files and not row.lacking]
    fitting = [row for row in new if row.listed.state in (None, "ready") and row.listed.size != 0]
    fitting = [row for row in fitting if _is_rows(row)] or fitting
    if not new:
        return None
    one = (fitting or new)[0]
    ids = one.listed.ids
    # another kind may have the same id, or take two
    alone = len(ids) == 1 and sum(row.path == one.path for row in rows) == 1
    named = ids.values() if alone else [f"{key}={value}" for key, value in ids.items()]
    return shlex.quote("/".join([connection, *named]))
