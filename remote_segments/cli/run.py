"""`remote-segments run`: refreshes segments through Dagster, in this process, with a progress bar."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

from remote_segments.cli.options import JsonOption, ProjectOption
from remote_segments.cli.output import (
    err,
    out,
    print_error,
    print_json,
    print_left_out,
    print_messages,
    problem_json,
    say,
    status_table,
)
from remote_segments.cli.simulating import simulated
from remote_segments.config.estimate import Estimate
from remote_segments.config.folder import project_folder
from remote_segments.config.partly import load_for
from remote_segments.config.project import Project
from remote_segments.errors import RemoteSegmentsError, unexpected
from remote_segments.sync.estimating import estimates
from remote_segments.sync.status import read_status


@contextmanager
def progress_bars(shown: bool) -> Iterator[None]:
    """Draws members and pages of each fetch while the block runs."""
    if not shown:
        yield
        return
    from remote_segments.orchestration.progress import reporter

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f} members, {task.fields[pages]:,} pages"),
    )
    with Progress(*columns, console=err, transient=True) as progress:
        tasks: dict[str, object] = {}

        def draw(segment: str, pages: int, members: int, expected: int | None) -> None:
            if segment not in tasks:
                tasks[segment] = progress.add_task(segment, total=expected, pages=0)
            progress.update(tasks[segment], completed=members, total=expected, pages=pages)  # type: ignore[arg-type]

        token = reporter.set(draw)
        try:
            yield
        finally:
            reporter.reset(token)


def expected(project: Project, segments: Sequence[str]) -> list[Estimate]:
    """What each refresh will ask of its account; nothing while the warehouse cannot be read: the refresh tells that."""
    try:
        return [*estimates(project, segments).values()]
    except RemoteSegmentsError:
        return []


@contextmanager
def quiet_dagster() -> Iterator[None]:
    """Keeps Dagster's own warnings off the terminal while the block runs; what matters is said by us."""
    logger = logging.getLogger("dagster._core")  # Dagster resets the level of `dagster` itself
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


def run(
    segments: Annotated[
        list[str], typer.Argument(metavar="SEGMENT", help="The segments and audiences to refresh now.")
    ],
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fetch, map and publish segments now, combine audiences; the same assets that the schedule materializes."""
    folder = project_folder(project)
    loaded, left_out = load_for(folder, segments)
    print_left_out(left_out)
    segments = loaded.in_order(segments)
    before = expected(loaded, [name for name in segments if name not in loaded.audiences])
    if not as_json:
        for one in before:
            say(str(one), to=err)
    from remote_segments.orchestration.project import taking

    used = {loaded.segments[name].source.connection for name in segments if name in loaded.segments}
    with simulated(loaded, used), taking(loaded, folder):
        failed = refresh_all(folder, segments, as_json)
    statuses = [one for one in read_status(loaded, datetime.now(UTC)) if one.name in segments]
    if as_json:
        problems = [problem_json(error.problem) for error in failed]
        shown = [one.as_json() for one in statuses]
        told = [problem_json(problem) for problem in left_out]
        print_json({"segments": shown, "estimates": [one.as_json() for one in before], "problems": problems,
                    "left_out": told})  # fmt: skip
    else:
        out.print(status_table(statuses))
        print_messages([one for one in statuses if one.state in SPOKEN_OF or one.drift])
    if failed:
        raise typer.Exit(exit_code(failed))


SPOKEN_OF = ("paused", "skipped", "missed", "frozen")
"""States that a run may end in without an error, of which the table says too little."""

INTERRUPTED = 130
"""The exit code of a command that a person stopped, as shells have it: 128 and the number of SIGINT."""

WAIT = 3
"""The exit code that says: try again. It counts only where nothing else went wrong."""


def exit_code(failed: Sequence[RemoteSegmentsError]) -> int:
    """The code of several failures: what a person must mend goes before what waiting may heal."""
    codes = sorted({error.exit_code for error in failed})
    return next((code for code in codes if code != WAIT), WAIT)


@contextmanager
def _kept(what: str, failed: list[RemoteSegmentsError]) -> Iterator[None]:
    """Keeps what goes wrong in the block for later; a person who stops it stops everything.

    Raises:
        typer.Exit: after Ctrl-C.
    """
    try:
        yield
    except KeyboardInterrupt:
        err.print(f"Interrupted while {what} refreshed; what was published stays.")
        raise typer.Exit(INTERRUPTED) from None
    except RemoteSegmentsError as error:
        failed.append(error)
    except Exception as error:  # a bug, of which only kind and place are told
        failed.append(unexpected(error))


def refresh_all(
    folder: Path, segments: Sequence[str], as_json: bool, *, previous_window: bool = False
) -> list[RemoteSegmentsError]:
    """Refreshes one segment after the other, fetched side by side, then audiences; a failure does not stop others."""
    from remote_segments.orchestration.project import loaded_project
    from remote_segments.orchestration.running import refresh, refresh_audiences, side_by_side

    project = loaded_project(folder)
    audiences = [name for name in segments if name in project.audiences]
    failed: list[RemoteSegmentsError] = []
    fetching = side_by_side(folder, segments, previous_window=previous_window)
    with quiet_dagster(), progress_bars(shown=err.is_terminal and not as_json), fetching:
        for name in (name for name in segments if name not in audiences):
            with _kept(f"{name} was", failed):
                refresh(folder, name, previous_window=previous_window)
        with _kept("audiences were", failed):
            failed += refresh_audiences(folder, audiences)
    for one in failed:
        print_error(one, as_json=False)
    return failed
