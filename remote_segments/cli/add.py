"""`remote-segments add`: writes the file of a segment that the platform holds, with measured columns."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from remote_segments.cli.options import JsonOption, ProjectOption
from remote_segments.cli.output import count, of_members, out, print_json, say
from remote_segments.cli.simulating import simulated
from remote_segments.config.folder import project_folder
from remote_segments.config.loader import load_project
from remote_segments.config.writing import Match
from remote_segments.errors import ProjectError
from remote_segments.identifiers import HASHES
from remote_segments.sync.adding import Draft, Wishes, draft
from remote_segments.sync.adding_rows import Stated
from remote_segments.sync.finding import split
from remote_segments.sync.proposing import Fit, Proposal

SHOWN = 12
"""Pairs in the table of match rates."""


def add(
    segment: Annotated[
        str,
        typer.Argument(
            metavar="CONNECTION/SEGMENT",
            help="The segment's id or name behind its connection: klaviyo/XkR2fP; of files the path, of the warehouse "
            "the table.",
        ),
    ],
    *,
    name: Annotated[str | None, typer.Option("--name", help="The segment's name; by default made of its own.")] = None,
    model: Annotated[str | None, typer.Option("--model", help="The model; needed where there are several.")] = None,
    frequency: Annotated[str, typer.Option("--frequency", help="How often it is refreshed.")] = "1 hour",
    identifier: Annotated[
        list[str] | None,
        typer.Option(
            "--identifier",
            metavar="ID=COLUMN",
            help="Use this column (ID=COLUMN:sha256 if hashed); nothing is measured.",
        ),
    ] = None,
    completeness: Annotated[
        str | None,
        typer.Option(
            "--completeness", metavar="HOW", help="Of files: atomic, marker=FILE, manifest=FILE or count=FILE."
        ),
    ] = None,
    sql: Annotated[
        str | None, typer.Option("--sql", metavar="SELECT", help="Of the warehouse: a query instead of a table.")
    ] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="With --identifier: do not look whether the model has these columns.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Write without asking.")] = False,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the file of a segment; its columns are those that match best on one page of its members."""
    loaded = load_project(project_folder(project))
    connection, rest = split(loaded, segment)
    if offline and not identifier:
        raise ProjectError("bad-value", "--offline measures nothing.", "Name the columns: --identifier email=email.")
    wishes = Wishes(name, model, frequency, tuple(map(_match, identifier or ())), Stated(completeness, sql), offline)
    with simulated(loaded, [connection]):
        found = draft(loaded, connection, rest, wishes, now=datetime.now(UTC))
    if not as_json:
        _print(found)
        if not yes and sys.stdin.isatty() and not typer.confirm(f"Write {_short(found)}?", default=True):
            out.print("Nothing was written.")
            raise typer.Exit(0)
    found.write()
    if as_json:
        print_json(_json(found))
        return
    say(f"Wrote {_short(found)}.")
    say(f"Next: remote-segments preview {found.name}")


def _match(text: str) -> Match:
    identifier, equals, column = text.partition("=")
    if not (identifier and equals and column):
        raise ProjectError("bad-value", f"--identifier {text[:60]} names no column.", "Write --identifier email=email.")
    name, _, hashed = column.rpartition(":")
    return Match(identifier, name, hashed) if hashed in HASHES and name else Match(identifier, column)


def _short(found: Draft) -> str:
    here = Path.cwd()
    return str(found.file.relative_to(here) if found.file.is_relative_to(here) else found.file)


def _print(found: Draft) -> None:
    described = found.target.description
    size = "" if described.size is None else f", {of_members(described.size)}"
    say(f"`{described.name}`{size}; {described.state}.")
    if described.warning:
        say(f"Look at this: {described.warning}")
    if found.proposal is not None:
        out.print(_table(found.proposal, found.model))
        for doubt in found.proposal.doubts:
            say(f"Look at this: {doubt}")
        share = 100 * found.proposal.together / found.proposal.members
        say(
            f"Together the chosen columns find {count(found.proposal.together)} of {count(found.proposal.members)} "
            f"members of one page, {share:.1f} %.\n"
        )
    say(found.text)


def _table(proposal: Proposal, model: str) -> Table:
    """The measured match rates, the best first."""
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for title in ("identifier", f"column of {model}"):
        table.add_column(title, overflow="fold")
    for title in ("have it", "match", "rate", "several rows"):
        table.add_column(title, justify="right")
    table.add_column("")
    for fit in proposal.fits[:SHOWN]:
        column = f"{fit.column} ({fit.hashed})" if fit.hashed else fit.column
        cells = [fit.identifier, column, count(fit.having), count(fit.matched), f"{fit.share:.1f} %"]
        table.add_row(*map(Text, [*cells, count(fit.ambiguous), "chosen" if fit in proposal.chosen else ""]))
    return table


def _json(found: Draft) -> dict[str, object]:
    proposal = found.proposal
    return {
        "segment": found.name,
        "file": str(found.file),
        "connection": found.target.connection,
        "kind": found.target.kind,
        "ids": found.target.ids,
        "source_name": found.target.description.name,
        "size": found.target.description.size,
        "measured": None
        if proposal is None
        else {
            "members": proposal.members,
            "together": proposal.together,
            "doubts": list(proposal.doubts),
            "columns": [_fit_json(fit, fit in proposal.chosen) for fit in proposal.fits],
        },
    }


def _fit_json(fit: Fit, chosen: bool) -> dict[str, object]:
    return {
        "identifier": fit.identifier,
        "column": fit.column,
        "hashed": fit.hashed,
        "having": fit.having,
        "matched": fit.matched,
        "ambiguous": fit.ambiguous,
        "chosen": chosen,
    }
