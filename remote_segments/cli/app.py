"""The commands, and what happens to an error: its message on standard error, its exit code by who must act."""

import os
import sys
from pathlib import Path

import typer

from remote_segments.cli import demo, pausing, run, simulator, status, ui, validate
from remote_segments.cli.output import print_error
from remote_segments.errors import RemoteSegmentsError

app = typer.Typer(
    name="remote-segments",
    help="Audiences held by marketing tools, as fresh, complete, enriched segments in your own warehouse.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a traceback with local variables could show a secret or a person
    rich_markup_mode=None,
)
app.command("validate")(validate.validate)
app.command("run")(run.run)
app.command("status")(status.status)
app.command("pause")(pausing.pause_segment)
app.command("resume")(pausing.resume_segment)
app.command("simulator")(simulator.simulate)
app.command("demo")(demo.demo)
app.command("ui")(ui.ui)


def main() -> None:
    """Runs a command; errors of ours end in a message and an exit code, never in a traceback."""
    load_env_file(Path(".env"))
    try:
        app()
    except RemoteSegmentsError as error:
        print_error(error, as_json="--json" in sys.argv)
        sys.exit(error.exit_code)


def load_env_file(file: Path) -> None:
    """Sets what ./.env names and the environment lacks, as `dagster dev` does: both then see the same project."""
    if not file.is_file():
        return
    from dotenv import dotenv_values  # comes with dagster

    for name, value in dotenv_values(file).items():
        if value is not None:
            os.environ.setdefault(name, value)
