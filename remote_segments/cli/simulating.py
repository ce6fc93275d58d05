"""Lets commands of a project that points at the simulator work without a second terminal."""

import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from remote_segments.cli import simulator
from remote_segments.cli.output import err
from remote_segments.config.project import PLATFORMS_FOLDER, Project
from remote_segments.simulator.messages import NAME

if TYPE_CHECKING:
    from remote_segments.sync.proving import Findings


def is_simulated(project: Project, connection: str) -> bool:
    """Whether a connection points at the bundled simulator's own address."""
    written = project.connections[connection]
    return written.base_url == simulator.address(written.platform)


def answered_by_simulator(findings: "Findings") -> bool:
    """Whether it was a simulator that answered, on whatever address."""
    return any(one.headers.get("server") == NAME for reading in findings.readings for one in reading.heard)


@contextmanager
def simulated(project: Project, connections: Iterable[str] | None = None) -> Iterator[None]:
    """Serves the simulated accounts while the block runs, where one of these connections is to one and nobody does yet.

    Args:
        project: the loaded project.
        connections: those that the command uses; all of the project when left out.
    """
    used = project.connections if connections is None else connections
    if not any(is_simulated(project, name) for name in used) or _served():
        yield
        return
    err.print("The simulated accounts are served while this command runs.", style="dim", soft_wrap=True)
    exchanges = simulator.served_exchanges(project.folder / PLATFORMS_FOLDER)
    with simulator.new_simulator(simulator.PORT, exchanges):
        yield


def _served() -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", simulator.PORT)) == 0
