"""`remote-segments ui`: the Dagster UI on what the demo made, with the simulator running beside it."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from remote_segments.cli.demo import ENVIRONMENT, demo_settings, simulator_port
from remote_segments.cli.options import ProjectOption
from remote_segments.cli.output import out
from remote_segments.cli.simulator import new_simulator
from remote_segments.config.folder import PROJECT_VARIABLE, project_folder
from remote_segments.config.loader import load_project

SECONDS_TO_END = 20


def ui(
    project: ProjectOption = None,
    port: Annotated[int, typer.Option("--port", help="Port of the Dagster UI.")] = 3000,
) -> None:
    """Open the Dagster UI of the demo, its schedules running against the simulator, until interrupted."""
    folder = project_folder(project)
    demo_settings(Path.cwd())
    os.environ[PROJECT_VARIABLE] = str(folder)
    with new_simulator(simulator_port(load_project(folder, ENVIRONMENT))):
        out.print(f"Dagster at http://127.0.0.1:{port}; stop with Ctrl-C.", markup=False)
        command = [sys.executable, "-m", "dagster", "dev", "--module-name", "remote_segments.definitions"]
        signal.signal(signal.SIGTERM, _interrupted)
        # In a group of its own, which is ended as a whole: Dagster's servers outlive the process that started them.
        dagster = subprocess.Popen([*command, "--port", str(port)], start_new_session=True)  # noqa: S603 - our own words
        try:
            code = dagster.wait()
        except KeyboardInterrupt:
            code = _ended(dagster)
    raise typer.Exit(code)


def _interrupted(number: int, frame: object) -> None:  # noqa: ARG001 - the signature of a handler
    raise KeyboardInterrupt


def _ended(dagster: "subprocess.Popen[bytes]") -> int:
    """Asks Dagster and its servers to end; what does not is killed."""
    os.killpg(dagster.pid, signal.SIGTERM)
    try:
        dagster.wait(SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        dagster.kill()
        dagster.wait()
    with suppress(ProcessLookupError):
        os.killpg(dagster.pid, signal.SIGKILL)
    return 0
