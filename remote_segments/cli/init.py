"""`remote-segments init`: a new project that runs against the simulator at once."""

import os
import shlex
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import typer

from remote_segments.cli import simulator
from remote_segments.cli.demo import contacts
from remote_segments.cli.options import JsonOption
from remote_segments.cli.output import out, print_json, say
from remote_segments.config.folder import DEFAULT_FOLDER, PROJECT_VARIABLE, project_folder
from remote_segments.config.loader import load_project
from remote_segments.config.moments import check_zone
from remote_segments.config.project import PLATFORMS_FOLDER
from remote_segments.config.project_file import DEFAULT_ENVIRONMENT
from remote_segments.config.starting import Account, NewProject
from remote_segments.errors import ProjectError
from remote_segments.rest.catalog import load_platforms
from remote_segments.rest.manifest import Manifest
from remote_segments.suggestions import choose
from remote_segments.sync.seeding import seed_model

SCHEMA, TABLE = "analytics", "contacts"


def init(
    directory: Annotated[
        Path | None,
        typer.Argument(
            metavar="DIR", help=f"The project's folder; by default ${PROJECT_VARIABLE}, else ./{DEFAULT_FOLDER}."
        ),
    ] = None,
    *,
    platform: Annotated[
        list[str] | None, typer.Option("--platform", metavar="NAME", help="A platform to connect; may be given again.")
    ] = None,
    timezone: Annotated[str | None, typer.Option("--timezone", help="Zone of all times of day: Europe/Paris.")] = None,
    warehouse: Annotated[
        Literal["duckdb", "postgres"], typer.Option("--warehouse", help="Where production keeps its tables.")
    ] = "duckdb",
    seed: Annotated[
        bool, typer.Option("--seed/--no-seed", help="Fill the development warehouse with 20,000 simulated people.")
    ] = True,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Take the defaults instead of asking.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Write a new project; asks at a terminal for what no option says, and overwrites nothing."""
    folder = project_folder(directory)
    manifests = load_platforms(folder / PLATFORMS_FOLDER)
    asking = sys.stdin.isatty() and not yes and not as_json
    chosen = _platforms(platform, manifests, asking)
    zone = check_zone(timezone or (_ask("Time zone of your schedules", _own_zone()) if asking else _own_zone()))
    exchanges = simulator.served_exchanges(folder / PLATFORMS_FOLDER)
    new = NewProject(
        accounts=[_account(manifests[name], asking, exchanges) for name in chosen],
        start=datetime.now(ZoneInfo(zone)).date(),
        timezone=zone,
        warehouse=warehouse,
        table=f"{SCHEMA}.{TABLE}",
    )
    here = Path.cwd()
    written = new.write(folder, here if folder.is_relative_to(here) else folder)
    seeded = seed and any(account.simulated_url for account in new.accounts)
    if seeded:
        seed_model(load_project(folder, DEFAULT_ENVIRONMENT), SCHEMA, TABLE, contacts())
    if as_json:
        print_json(
            {"project": str(folder), "files": [str(file) for file in written], "platforms": chosen, "seeded": seeded}
        )
        return
    _print(folder, written, new, seeded)


def _ask(question: str, default: str) -> str:
    answer: str = typer.prompt(question, default=default)
    return answer.strip()


def _platforms(given: list[str] | None, manifests: Mapping[str, Manifest], asking: bool) -> list[str]:
    """The platforms to connect, each once."""
    names = given or []
    if not names and asking:
        say(f"Platforms: {', '.join(sorted(manifests))}")
        names = _ask("Which do you use? Several with commas", "klaviyo").replace(" ", "").split(",")
    for name in names:
        if name not in manifests:
            fix = f"{choose(name, sorted(manifests))} Another one is written as a manifest in platforms/."
            raise ProjectError("unknown-platform", f"There is no platform `{name[:60]}`.", fix)
    return list(dict.fromkeys(names)) or ["klaviyo"]


def _account(manifest: Manifest, asking: bool, exchanges: Mapping[str, Path]) -> Account:
    """The connection to a platform, simulated in development where the simulator has one of its kind."""
    from remote_segments.cli.examples import example_of, key_of, simulated_options  # imports what speaks HTTP

    options = {}
    for name, option in manifest.connection.options.items():
        if option.default is None:
            known = option.values[0] if option.values else f"my_{name}"
            options[name] = _ask(f"{manifest.title}: {option.description}", known) if asking else known
    url = simulator.address_of(manifest.name, exchanges)
    if url is None:
        return Account(manifest, options=options)
    shown, example = simulated_options(manifest, exchanges), example_of(manifest.name, exchanges)
    return Account(manifest, url, options, example, shown, key_of(manifest))


def _own_zone() -> str:
    """The zone of this machine where it has a name of the IANA database, else UTC."""
    link = os.path.realpath("/etc/localtime")
    name = os.environ.get("TZ") or (link.partition("/zoneinfo/")[2] if "/zoneinfo/" in link else "")
    try:
        return check_zone(name.removeprefix("Etc/"))
    except ProjectError:
        return "UTC"


def _print(folder: Path, written: list[Path], new: NewProject, seeded: bool) -> None:
    here = Path.cwd()
    out.print("Wrote:")
    for file in written:
        shown = file.relative_to(here) if file.is_relative_to(here) else file
        say(f"  {shown}")
    if seeded:
        say(f"  and 20,000 simulated people into {SCHEMA}.{TABLE} of development.duckdb")
    out.print("\nNext:")
    option = "" if folder == project_folder() else f" --project {folder}"
    for command in _next(new, seeded=seeded):
        say(f"  {command}{option}" if command.startswith("remote-segments ") else f"  {command}")
    secrets = [
        f"{one.manifest.name.upper()}_{name.upper()}"
        for one in new.accounts
        for name in one.manifest.connection.secrets
    ]
    keys = f"set {', '.join(secrets)}, " if secrets else ""
    say(
        f"\nFor your own account: {keys}name your own table under `models:` in project.yaml, and set "
        "REMOTE_SEGMENTS_ENV=production."
    )
    for one in new.accounts:
        say(f"  {' '.join(one.manifest.key_help.split())}")


def _next(new: NewProject, *, seeded: bool) -> list[str]:
    """The steps to go on with; they work as they are where an account is simulated and there are people."""
    account = next((one for one in new.accounts if one.example), new.accounts[0])
    connection, example = account.manifest.name, account.example
    name, another = (example.name, example.another) if example else ("NAME", "SEGMENT")
    adding = [f"add {shlex.quote(f'{connection}/{another}')}"] if another else []
    table = [] if seeded else ["name your own table under `models:` in project.yaml; there are no people here yet"]
    commands = [f"segments {connection}", *adding, f"preview {name}", f"run {name}"]
    first, *others = (f"remote-segments {command}" for command in commands)
    return [first, *table, *others]
