"""The commands, and what happens to an error: its message on standard error, its exit code by who must act."""

import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from remote_segments.cli import (
    activations,
    add,
    analyze,
    cases,
    dbt_sources,
    deciding,
    demo,
    diff,
    doctor,
    erase,
    explain,
    init,
    members,
    pausing,
    platforms,
    preview,
    prune,
    report,
    run,
    segments,
    simulator,
    status,
    ui,
    unmapped,
    validate,
)
from remote_segments.cli.output import err, out, print_error
from remote_segments.config.loader import ENVIRONMENT_VARIABLE
from remote_segments.errors import RemoteSegmentsError, unexpected

app = typer.Typer(
    name="remote-segments",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a traceback with local variables could show a secret or a person
    rich_markup_mode=None,
)
app.command("init", short_help="Write a new project, which runs at once.")(init.init)
app.command("segments", short_help="List the segments that a platform holds.")(segments.segments)
app.command("add", short_help="Write the file of one of them.")(add.add)
app.command("preview", short_help="Map one page of a segment, write nothing.")(preview.preview)
app.command("validate", short_help="Check all files of a project.")(validate.validate)
app.command("diff", short_help="Show what a change of the files will do.")(diff.diff)
app.command("doctor", short_help="Find out why it does not work here.")(doctor.doctor)
app.command("test", short_help="Run your own cases, with made-up people.")(cases.run_tests)
app.command("run", short_help="Fetch, map and publish segments now.")(run.run)
app.command("status", short_help="Show what is published and how old it is.")(status.status)
app.command("unmapped", short_help="Show who is not mapped, and why.")(unmapped.unmapped)
app.command("members", short_help="Show who was a member at an instant.")(members.members)
app.command("history", short_help="Show how a segment, or a person's membership, came about.")(members.history)
app.command("explain", short_help="Tell where one person is, and why not.")(explain.explain)
app.command("report", short_help="Write a page of pictures about segments.")(report.report)
app.add_typer(analyze.analyze, name="analyze", short_help="Answer questions about published segments.")
app.command("plan", short_help="Show what sending it would do.")(activations.plan)
app.command("apply", short_help="Send an activation now.")(activations.apply)
app.command("adopt", short_help="Take over a list that exists.")(activations.adopt)
app.command("settle", short_help="Say what became of an unanswered send.")(activations.settle)
app.command("approve", short_help="Publish what is held, or let it be sent.")(deciding.approve)
app.command("reject", short_help="Drop what is held.")(deciding.reject)
app.command("pause", short_help="Skip the refreshes of a segment for a while.")(pausing.pause_segment)
app.command("resume", short_help="Refresh a paused segment again.")(pausing.resume_segment)
app.command("erase", short_help="Remove one person from everything that is kept.")(erase.erase)
app.command("prune", short_help="Remove what is stored of segments without a file.")(prune.prune)
app.command("dbt-sources", short_help="Print a sources file for dbt.")(dbt_sources.sources)
app.command("platforms", short_help="List the platforms, to read and to send to.")(platforms.platforms)
app.add_typer(platforms.platform, name="platform", short_help="Check the manifest of a platform.")
app.command("simulator", short_help="Serve fake platforms on this machine.")(simulator.simulate)
app.command("demo", short_help="Refresh the example segments from the simulator.")(demo.demo)
app.command("ui", short_help="Open the Dagster UI on what the demo made.")(ui.ui)


def print_version(wanted: bool) -> None:
    """Prints the installed release and ends."""
    if wanted:
        out.print(f"remote-segments {version('remote-segments')}", highlight=False)
        raise typer.Exit


@app.callback()
def common(
    show: Annotated[
        bool, typer.Option("--version", callback=print_version, is_eager=True, help="Print the installed release.")
    ] = False,
) -> None:
    """Audiences held by marketing tools, as fresh, complete, enriched segments in your own warehouse."""


def main() -> None:
    """Runs a command; errors of ours end in a message and an exit code, never in a traceback."""
    taken = load_env_file(Path(".env"))
    try:
        app()
    except RemoteSegmentsError as error:
        print_error(error, as_json="--json" in sys.argv)
        if error.code == "unknown-environment" and ENVIRONMENT_VARIABLE in taken:
            err.print(f"    {ENVIRONMENT_VARIABLE} was set by the file .env of this folder.")
        sys.exit(error.exit_code)
    except Exception as error:  # its text may name a person or a secret
        bug = unexpected(error)
        print_error(bug, as_json="--json" in sys.argv)
        sys.exit(bug.exit_code)


def load_env_file(file: Path) -> set[str]:
    """Sets what ./.env names and the environment lacks, as `dagster dev` does; returns the names that it set."""
    if not file.is_file():
        return set()
    from dotenv import dotenv_values  # comes with dagster

    found = {name: value for name, value in dotenv_values(file).items() if value is not None and name not in os.environ}
    os.environ.update(found)
    return set(found)
