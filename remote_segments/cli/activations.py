"""`remote-segments plan`, `apply`, `adopt` and `settle`: what is sent to a destination, seen before it is done."""

import json
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from remote_segments.cli.options import JsonOption, ProjectOption
from remote_segments.cli.output import count, err, out, print_json, say
from remote_segments.cli.output import say as say_to
from remote_segments.cli.run import quiet_dagster
from remote_segments.cli.simulating import simulated
from remote_segments.config.duration import duration_text
from remote_segments.config.folder import project_folder
from remote_segments.config.loader import load_project
from remote_segments.config.project import Project
from remote_segments.sync.activation import adopting
from remote_segments.sync.activation.adopting import Adoption
from remote_segments.sync.activation.planning import Plan
from remote_segments.sync.activation.planning import plan as make_plan
from remote_segments.sync.activation.settling import settle_by_hand
from remote_segments.sync.activation.status import ActivationStatus, read_activations

ActivationArgument = Annotated[
    str, typer.Argument(metavar="ACTIVATION", help="The activation's name: its file's name.")
]


def plan(activation: ActivationArgument, *, project: ProjectOption = None, as_json: JsonOption = False) -> None:
    """Show what sending an activation would do now; writes nothing, here or there."""
    loaded = load_project(project_folder(project))
    found = make_plan(loaded, activation, datetime.now(UTC))
    if as_json:
        print_json(found.as_json())
    else:
        print_plan(found, loaded)


def apply(
    activation: ActivationArgument,
    *,
    plan_id: Annotated[
        str | None, typer.Option("--plan", metavar="ID", help="The plan that you looked at; refused if it is another.")
    ] = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send an activation now, through Dagster: exactly what `plan` shows."""
    folder = project_folder(project)
    loaded = load_project(folder)
    loaded.activation(activation)
    from remote_segments.orchestration.running import send_now  # Dagster takes a second to import

    before = _status(loaded, activation)
    with simulated(loaded), quiet_dagster():
        send_now(folder, activation, plan_id)
    status = _status(loaded, activation)
    nothing = status.sent_at == before.sent_at
    if as_json:
        print_json({"activation": status.as_json(), "calls": 0 if nothing else status.calls})
        return
    if nothing:
        say(f"{activation}: nothing has changed since the last send; no call was made.")
        return
    out.print(activation_table([status]))
    print_activation_messages([status])


def _status(project: Project, name: str) -> ActivationStatus:
    return next(one for one in read_activations(project) if one.name == name)


def adopt(
    activation: ActivationArgument,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Take it over without asking.")] = False,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take over the list of an activation: show who is in it, and make those who are known ours to remove."""
    loaded = load_project(project_folder(project))
    now = datetime.now(UTC)
    with simulated(loaded):
        found = adopting.look(loaded, activation, now)
        if not as_json:
            _print_adoption(found)
        if not yes:
            typer.confirm("Take these people over?", abort=True, err=True)
        found = adopting.adopt(loaded, activation, now)
    if as_json:
        print_json(vars(found))
    else:
        say(f"{count(found.adopted)} people are ours now. `remote-segments plan {activation}` shows what is sent next.")


def settle(
    activation: ActivationArgument,
    *,
    arrived: Annotated[
        bool, typer.Option("--arrived/--not-arrived", help="Whether what was sent without an answer arrived.")
    ],
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who says so; kept in the table `ledger`.")],
    project: ProjectOption = None,
) -> None:
    """Say what became of people whose send was never answered, where the list cannot be read."""
    loaded = load_project(project_folder(project))
    number = settle_by_hand(loaded, activation, arrived=arrived, by=by, now=datetime.now(UTC))
    say(f"{count(number)} people of {activation} are settled as {'arrived' if arrived else 'not arrived'}.")


def print_plan(found: Plan, project: Project, to: Console = out) -> None:
    """A plan in lines that a person reads from top to bottom."""
    counts = found.counts

    def say(text: str) -> None:
        say_to(text, to)

    target = ", ".join(f"{name} {value}" for name, value in json.loads(found.destination).items())
    at = f" of {found.snapshot_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if found.snapshot_at else ""
    say(f"{found.activation}: {found.source} ({count(found.listed)} people{at}) to {target}; mode {found.mode}")
    say(f"  there already {count(found.present)}: unchanged {count(counts['unchanged'])}")
    moves = (("add", "adds"), ("update", "updates"), ("remove", "removes"))
    say("  " + ", ".join(f"{word} {count(counts[name])}" for word, name in moves))
    later, gone = counts["later_adds"], counts["later_removes"]
    if later or gone:
        say(f"  left for later runs by the limits: add {count(later)}, remove {count(gone)}")
    if found.reasons:
        say("  left out: " + ", ".join(f"{count(number)} {why}" for why, number in sorted(found.reasons.items())))
    for name, words in (
        ("waiting", "were rejected and are tried again later"),
        ("refused", "were rejected for good"),
        ("unknown", f"may or may not be there: look, then `remote-segments settle {found.activation}`"),
    ):
        if counts[name]:
            say(f"  {count(counts[name])} {words}")
    if found.unfinished:
        say("  an interrupted send is closed first, and the plan made anew from what was acknowledged")
    if found.moves:
        seconds = round(found.seconds or 0)
        least = f", at least {duration_text(timedelta(seconds=seconds))}" if seconds else ""
        say(f"  {count(found.calls)} call{'' if found.calls == 1 else 's'}{least}")
    for verb, who in found.sample:
        say(f"  for example: {verb} {who}")
    _print_verdict(found, project, to)


def _print_verdict(found: Plan, project: Project, to: Console) -> None:
    name = found.activation

    def say(text: str) -> None:
        say_to(text, to)

    for one in found.verdicts:
        to.print(Text(f"  [{one.code}] ", style="red").append(one.found, style="default"), soft_wrap=True)
    if not found.moves:
        say(f"plan {found.plan_id}: nothing to send")
    elif found.held:
        why = "a first plan waits for a person" if found.first else "a guard holds it"
        say(f"plan {found.plan_id}: {why}. `remote-segments apply {name}` records it; then")
        say(f"    remote-segments approve {name} --by NAME --reason WHY --snapshot {found.plan_id}")
    else:
        approved = f", approved by {found.approved_by}" if found.approved_by else ""
        say(f"plan {found.plan_id}{approved}: `remote-segments apply {name} --plan {found.plan_id}` sends exactly this")
    if found.moves and not project.environment.activations:
        say_to(f"Nothing is sent from the environment {project.environment.name}.", err)


def _print_adoption(found: Adoption) -> None:
    say(f"{found.activation}: the list has {count(found.in_list)} people")
    say(f"  {count(found.ours)} are there by our doing already")
    say(f"  {count(found.adopted)} are in the model, and would be taken over:")
    say(f"    {count(found.wanted)} are in the audience, and stay")
    say(f"    {count(found.leaving)} are not, and would be removed by the next send")
    say(f"  {count(found.strangers)} are not in the model, and stay for ever")


_COLOURS = {"applied": "green", "never sent": "yellow", "approved": "cyan", "sending": "cyan"}


def activation_table(statuses: list[ActivationStatus]) -> Table:
    """One row per activation: who is there, what was sent last."""
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("activation", "sends", "to", "state"):
        table.add_column(name, no_wrap=True)
    for name in ("there", "added", "updated", "removed", "rejected", "unknown"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in statuses:
        state = one.state.replace("_", " ")
        table.add_row(
            one.name, one.source, one.connection, Text(state, style=_COLOURS.get(state, "red")), count(one.present),
            count(one.counts.get("adds")), count(one.counts.get("updates")), count(one.counts.get("removes")),
            count(one.rejected), count(one.unknown),
        )  # fmt: skip
    return table


def print_activation_messages(statuses: list[ActivationStatus]) -> None:
    """What the table has no room for."""
    for one in statuses:
        if one.message and one.state not in ("applied", "approved"):
            say(f"{one.name}: {one.message}")
        if one.unknown:
            say(f"{one.name}: of {count(one.unknown)} people it is not known whether they are there.")
