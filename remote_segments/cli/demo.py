"""`remote-segments demo`: a model of 20,000 contacts and the simulator, refreshed twice through Dagster."""

import os
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from remote_segments.cli.activations import print_plan
from remote_segments.cli.options import JsonOption, ProjectOption
from remote_segments.cli.output import err, out, print_json, status_table
from remote_segments.cli.report import write_report
from remote_segments.cli.run import exit_code, refresh_all
from remote_segments.cli.simulator import PORT, new_simulator
from remote_segments.config.folder import project_folder
from remote_segments.config.loader import load_project
from remote_segments.sync.activation.applying import apply, propose
from remote_segments.sync.activation.deciding import decide
from remote_segments.sync.deciding import Choice
from remote_segments.sync.seeding import seed_model
from remote_segments.sync.status import read_status

if TYPE_CHECKING:
    from rich.console import Console

    from remote_segments.config.project import Project

ENVIRONMENT = "demo"
HOST = "127.0.0.1"
SECRETS = {"KLAVIYO_API_KEY": "pk_simulated", "HUBSPOT_TOKEN": "pat_simulated"}  # keys of nobody's account


def demo(
    project: ProjectOption = None,
    as_json: JsonOption = False,
    refreshes: Annotated[int, typer.Option("--refreshes", min=1, help="How often to refresh each segment.")] = 2,
) -> None:
    """Seed a model, start the bundled simulator, refresh every segment twice through Dagster, show the result."""
    folder = project_folder(project)
    settings = demo_settings(Path.cwd())
    loaded = load_project(folder, ENVIRONMENT)
    told = err if as_json else out
    told.print("Seeding the model analytics.contacts with 20,000 contacts ...")
    seed_model(loaded, "analytics", "contacts", contacts())
    write_env_file(Path(".env"), settings)
    names = loaded.in_order(sorted(loaded.published))
    with new_simulator(simulator_port(loaded)):
        for number in range(1, refreshes + 1):
            told.print(f"Refresh {number} of {refreshes} of {len(names)} segments and audiences through Dagster ...")
            # The first is filed under the window before the present one, so that there are two to look at.
            failed = refresh_all(folder, names, as_json, previous_window=number == 1 < refreshes)
            if failed:
                raise typer.Exit(exit_code(failed))
            statuses = read_status(loaded, datetime.now(UTC))
            told.print(status_table(statuses))
        sent = [send_twice(loaded, name, told) for name in sorted(loaded.activations)]
    if as_json:
        print_json({"segments": [one.as_json() for one in statuses], "activations": sent})
        return
    _report(loaded)
    out.print(
        "\nTo see it in Dagster: `make ui`. To see it in SQL: `select * from segments.vip_openers`.", markup=False
    )


def _report(project: "Project") -> None:
    """Writes the report of all segments beside the warehouse, where the extra for it is installed."""
    file = Path("report.html")
    if find_spec("vl_convert") is None:
        out.print("For a report to look at: pip install 'remote-segments[report]'", markup=False)
        return
    write_report(project, None, file)
    out.print(f"\nA report to look at: {file.absolute()}", markup=False, soft_wrap=True)


def send_twice(project: "Project", name: str, told: "Console") -> dict[str, object]:
    """Plans an activation, approves its first plan, sends it, and sends it again, which finds nothing to do."""
    found, held = propose(project, name)
    told.print(f"\nPlanning {name} ...")
    print_plan(found, project, told)
    if held is not None:
        told.print(f"Approving plan {found.plan_id}, as a person would who looked at it ...")
        choice = Choice(approve=True, by="the demo", reason="It is made up.", snapshot_id=found.plan_id)
        decide(project, name, choice, now=datetime.now(UTC))
    first, again = apply(project, name), apply(project, name)
    accepted = (first.send.accepted or 0) if first.send else 0
    if first.calls:
        told.print(f"Sent: {accepted:,} accepted. Sent again: nothing has changed, {again.calls} calls were made.")
    else:
        told.print("Nothing was sent: nothing has changed since the last run, and 0 calls were made.")
    return {"name": name, "accepted": accepted, "calls": first.calls, "calls_again": again.calls}


def demo_settings(here: Path) -> dict[str, str]:
    """Prepares the Dagster home beside the project, and sets what demo and UI share, in this process too."""
    from remote_segments.orchestration.home import prepare_home

    home = prepare_home(here / ".dagster_home")
    settings = {"DAGSTER_HOME": str(home), "REMOTE_SEGMENTS_ENV": ENVIRONMENT, **SECRETS}
    os.environ.update(settings)
    return settings


def simulator_port(project: "Project") -> int:
    """Where the connections of the demo's environment expect the simulator."""
    urls = (one.base_url for one in project.connections.values() if one.base_url)
    return next((parts.port for parts in map(urlsplit, urls) if parts.hostname == HOST and parts.port), PORT)


def contacts(count: int = 20_000) -> dict[str, list[object]]:
    """The first people behind the simulated accounts, all by default, as columns of a data model."""
    from remote_segments.simulator.population import people

    found = list(people(count))
    names = ("contact_id", "email", "phone", "hubspot_id", "first_name", "last_name", "country", "plan",
             "lifetime_value", "signed_up_at")  # fmt: skip
    return {name: [getattr(one, name) for one in found] for name in names}


def write_env_file(file: Path, settings: dict[str, str]) -> None:
    """Writes ./.env, which `dagster dev` and this command read, unless a person has one that says something else."""
    text = "# Written by `remote-segments demo`; read by `dagster dev` and `remote-segments`.\n"
    text += "".join(f"{name}={value}\n" for name, value in settings.items())
    if file.exists() and not file.read_text().startswith(text.splitlines()[0]):
        out.print(f"{file} is yours and stays as it is; the UI needs DAGSTER_HOME={settings['DAGSTER_HOME']}.")
        return
    file.write_text(text)
    file.chmod(0o600)
