"""`remote-segments simulator`: the bundled fake platforms, until interrupted."""

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from remote_segments.cli.options import JsonOption
from remote_segments.cli.output import out, print_json
from remote_segments.errors import ProjectError

if TYPE_CHECKING:
    from remote_segments.simulator.server import Simulator

PORT = 8765
"""Where the example project's demo environment looks for it."""

FIRST_REFRESH_AT = datetime(2026, 11, 1, tzinfo=UTC)
SECONDS_PER_REFRESH = 900


def address(platform: str) -> str:
    """Where the account of a platform is, while the simulator runs on its own port."""
    return f"http://127.0.0.1:{PORT}/{platform}"


def address_of(platform: str) -> str | None:
    """The same, for a platform that the simulator has; None for others."""
    from remote_segments.simulator.membership import SEGMENTS

    return address(platform) if platform in SEGMENTS else None


def simulate(
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port on the loopback address.")] = PORT,
    as_json: JsonOption = False,
) -> None:
    """Serve fake accounts of several platforms on this machine; members change at each refresh."""
    with new_simulator(port) as simulator:
        addresses = {platform: simulator.url(platform) for platform in sorted(simulator.state.accounts)}
        if as_json:
            print_json({"platforms": addresses})
        else:
            for platform, url in addresses.items():
                out.print(f"{platform:12} {url}", markup=False, highlight=False)
            out.print("Stop with Ctrl-C.", markup=False)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            out.print("Stopped.")


def new_simulator(port: int) -> "Simulator":
    """A simulator whose members are those of the present quarter of an hour: started again, it goes on from there.

    Raises:
        ProjectError: `port-taken`.
    """
    from remote_segments.simulator.membership import SEGMENTS
    from remote_segments.simulator.server import Simulator

    try:
        simulator = Simulator(port)
    except OSError as error:
        raise ProjectError(
            "port-taken",
            f"Port {port} is in use: {error.strerror}.",
            "Stop what listens there, perhaps a simulator that `make ui` started.",
        ) from error
    done = int((datetime.now(UTC) - FIRST_REFRESH_AT).total_seconds() // SECONDS_PER_REFRESH)
    for platform, segments in SEGMENTS.items():
        for segment in segments:
            simulator.state.refreshes.set(platform, segment, done)
    return simulator
