"""`remote-segments erase`: one person, removed from everything this project keeps."""

import getpass
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from remote_segments.cli.options import JsonOption, ProjectOption
from remote_segments.cli.output import count, print_json, say
from remote_segments.config.folder import project_folder
from remote_segments.config.loader import load_project
from remote_segments.sync.erasing import Receipt, look
from remote_segments.sync.erasing import erase as erase_person


def erase(
    identifier: Annotated[
        str, typer.Argument(metavar="IDENTIFIER", help="Name of an identifier, as `email`; or `key` for a model's key.")
    ],
    value: Annotated[
        str | None, typer.Argument(metavar="[VALUE]", help="Its value; asked for, unseen, when it is left out.")
    ] = None,
    *,
    by: Annotated[str, typer.Option("--by", help="Who asks, for the receipt.")] = "",
    reason: Annotated[
        str, typer.Option("--reason", help="Why, for the receipt; do not name the person.")
    ] = "no reason given",
    model: Annotated[str | None, typer.Option("--model", help="The model of a key, where there are several.")] = None,
    tombstone: Annotated[
        bool,
        typer.Option(
            "--tombstone/--no-tombstone",
            help="Keep salted digests, so that the next fetch does not bring the person back.",
        ),
    ] = True,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Erase without asking.")] = False,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Erase one person from every table, kept fetch and file of this project, and prove it."""
    loaded = load_project(project_folder(project))
    sought = value if value is not None else typer.prompt(f"Value of {identifier}", hide_input=True, err=True)
    if not yes:
        _ask(look(loaded, identifier, sought, model), as_json)
    receipt = erase_person(
        loaded,
        identifier,
        sought,
        by=by or getpass.getuser(),
        reason=reason,
        now=datetime.now(UTC),
        model=model,
        tombstone=tombstone,
    )
    if as_json:
        print_json(asdict(receipt))
    else:
        _print(receipt, str(loaded.state / "receipts" / f"{receipt.receipt_id}.json"))


def _ask(found: dict[str, int], as_json: bool) -> None:
    if not as_json:
        for segment, rows in found.items():
            say(f"{segment}: {count(rows)} fetched rows of this person")
        if not found:
            say("No fetched row of this person is stored.")
    typer.confirm("Erase this person? It cannot be undone.", abort=True, err=True)


def _print(receipt: Receipt, file: str) -> None:
    rows = ", ".join(f"{count(number)} of {table}" for table, number in receipt.rows.items() if number)
    say(f"Erased: {rows or 'no stored row'}. A search afterwards found nothing.")
    if receipt.spools:
        say(f"{count(receipt.spools)} kept fetches were deleted; the next refresh fetches anew.")
    if receipt.tombstones:
        say(f"{count(receipt.tombstones)} salted digests keep the person away from the next fetches.")
    if receipt.destinations:
        sent = ", ".join(receipt.destinations)
        say(f"The person may still be where {sent} sent them: erase them there, too; nobody here can any more.")
    if receipt.models:
        say(f"The team's own tables are not touched: erase the person in {', '.join(receipt.models)}, too.")
    say(f"Receipt, without the person: {file}")
