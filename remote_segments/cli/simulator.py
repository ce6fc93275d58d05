"""`remote-segments simulator`: the bundled fake platforms, until interrupted."""

import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from remote_segments.cli.options import JsonOption, ProjectOption
from remote_segments.cli.output import out, print_json, say
from remote_segments.config.folder import project_folder
from remote_segments.config.project import PLATFORMS_FOLDER
from remote_segments.errors import ProjectError
from remote_segments.platforms import exchanges_files
from remote_segments.rest.catalog import installed_files, manifest_files
from remote_segments.suggestions import choose

if TYPE_CHECKING:
    from remote_segments.simulator.server import Simulator

PORT = 8765
"""Where the example project's demo environment looks for it."""

FIRST_REFRESH_AT = datetime(2026, 11, 1, tzinfo=UTC)
SECONDS_PER_REFRESH = 900


def address(platform: str) -> str:
    """Where the account of a platform is, while the simulator runs on its own port."""
    return f"http://127.0.0.1:{PORT}/{platform}"


def served_exchanges(platforms: Path | None = None) -> dict[str, Path]:
    """The documented exchanges that accounts are made of, by platform; those further on replace others of their name.

    First those that come along, then those of installed packages, then a project's own.

    Raises:
        InvalidProject: `code-unloadable`, `code-wrong` of an installed package.
    """
    from remote_segments.conformance.reading import exchanges_file

    files = [*installed_files(), *(manifest_files(platforms) if platforms else ())]
    own = {file.stem: exchanges_file(file) for file in files}
    return {**exchanges_files(), **{name: file for name, file in own.items() if file.is_file()}}


def address_of(platform: str, exchanges: Mapping[str, Path]) -> str | None:
    """Where the account of a platform is, None where the simulator can have none."""
    from remote_segments.simulator.membership import SEGMENTS

    return address(platform) if platform in SEGMENTS or platform in exchanges else None


def simulate(
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port on the loopback address.")] = PORT,
    platform: Annotated[
        list[str] | None,
        typer.Option("--platform", metavar="NAME", help="Show the segments of this account; may be given again."),
    ] = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Serve a fake account of every platform on this machine; members change at each refresh.

    They are made of the platforms' documented exchanges, those of installed ones and of the project's own included, and
    take every key.
    """
    exchanges = served_exchanges(project_folder(project) / PLATFORMS_FOLDER)
    known = sorted({*served_by_hand(), *exchanges})
    for name in platform or ():
        if name not in known:
            raise ProjectError("unknown-platform", f"The simulator has no platform `{name[:60]}`.", choose(name, known))
    with new_simulator(port, exchanges) as simulator:
        addresses = {name: simulator.url(name) for name in platform or known}
        if as_json:
            print_json({"platforms": addresses})
        else:
            for name, url in addresses.items():
                say(f"{name:15} {url}")
                for line in _segments(simulator, name) if platform else ():
                    say(f"    {line}")
            say("Set it as base_url of a connection; any key will do. Stop with Ctrl-C.")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            if not as_json:
                out.print("Stopped.")


def served_by_hand() -> list[str]:
    """The platforms whose accounts were written by hand."""
    from remote_segments.simulator.membership import SEGMENTS

    return list(SEGMENTS)


def _segments(simulator: "Simulator", platform: str) -> Iterator[str]:
    """The segments of an account, and the options that a connection to it has."""
    from remote_segments.simulator.membership import SEGMENTS

    if platform in SEGMENTS:
        yield from (f"{name:40} {one.name}" for name, one in SEGMENTS[platform].items())
        return
    account = simulator.state.documented(platform)
    for held in account.segments:
        yield f"{held.key:40} {held.name}, {held.kind.replace('_', ' ')}, {held.size:,} members"
    options = account.segments[0].membership.options
    if options:
        yield f"with the options {', '.join(f'{name}: {value}' for name, value in options.items())}"


def new_simulator(port: int, exchanges: Mapping[str, Path] | None = None) -> "Simulator":
    """A simulator whose members are those of the present quarter of an hour: started again, it goes on from there.

    Raises:
        ProjectError: `port-taken`.
    """
    from remote_segments.simulator.membership import SEGMENTS
    from remote_segments.simulator.server import Simulator

    try:
        simulator = Simulator(port, exchanges=exchanges)
    except OSError as error:
        raise ProjectError(
            "port-taken",
            f"Port {port} is in use: {error.strerror}.",
            "Stop what listens there, perhaps a simulator that `make ui` started.",
        ) from error
    done = int((datetime.now(UTC) - FIRST_REFRESH_AT).total_seconds() // SECONDS_PER_REFRESH)
    simulator.state.done = done
    for platform, segments in SEGMENTS.items():
        for segment in segments:
            simulator.state.refreshes.set(platform, segment, done)
    return simulator
