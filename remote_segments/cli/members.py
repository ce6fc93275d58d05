"""`remote-segments members` and `history`: who was in a segment at an instant, and how that came about."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from remote_segments.cli.frames import frame_table, records
from remote_segments.cli.options import JsonOption, ProjectOption, SegmentArgument
from remote_segments.cli.output import count, of_members, out, print_json, say
from remote_segments.config.folder import project_folder
from remote_segments.config.loader import load_project
from remote_segments.config.moments import moment
from remote_segments.config.project import Project
from remote_segments.errors import ProjectError
from remote_segments.sync.history import Stay, members_at, sizes, stays

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 20


def members(
    segment: SegmentArgument,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="INSTANT", help="As 2026-11-24T08:00, in the segment's time zone; default: now."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write all of them to a .csv or .parquet file."),
    ] = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show who was a member of a segment at an instant: keys of the model, and since when."""
    loaded = load_project(project_folder(project))
    when = instant(at, loaded, segment)
    found = members_at(loaded, segment, when)
    if output is not None:
        write_members(found, output)
    if as_json:
        print_json({"segment": segment, "instant": when.isoformat(), "members": len(found)})
        return
    say(f"{segment} had {of_members(len(found))} at {when.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC.")
    if output is not None:
        say(f"They are in {output}.")
    elif len(found):
        out.print(frame_table(found.head(SHOWN)))
        if len(found) > SHOWN:
            say(f"... and {count(len(found) - SHOWN)} more: --output FILE writes them all.")


def history(
    segment: SegmentArgument,
    key: Annotated[
        list[str] | None,
        typer.Option("--key", help="A person's key in the model; several times for a key of several columns."),
    ] = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how a segment grew and shrank; with a key, when that person was a member, and by which identifier."""
    loaded = load_project(project_folder(project))
    if key:
        _print_stays(segment, stays(loaded, segment, key), as_json)
        return
    found = sizes(loaded, segment)
    if as_json:
        print_json({"segment": segment, "snapshots": records(found)})
    else:
        out.print(frame_table(found.rename(columns={"joined_count": "joined", "left_count": "left"})))


def instant(text: str | None, project: Project, segment: str) -> datetime:
    """Reads an instant as it is given on the command line; without a zone, in the segment's.

    Raises:
        ProjectError: `bad-value`.
    """
    timezone = project.timezone_of(project.named(segment))
    now = datetime.now(UTC)
    try:
        when = now if text is None else moment(text, timezone)
    except ValueError:
        fix = "Write 2026-11-24, 2026-11-24T08:00 or 2026-11-24T08:00+01:00."
        raise ProjectError("bad-value", "--at is not an instant.", fix) from None
    if when > now:
        found = f"--at lies in the future; it is read in {timezone} unless it says otherwise."
        raise ProjectError("bad-value", found, "Name an instant that has passed, or leave --at out for now.")
    return when


def write_members(frame: "pd.DataFrame", file: Path) -> None:
    """Writes a frame to a file that only its owner reads: it holds people.

    Raises:
        ProjectError: `bad-value` for another kind of file, `file-exists`.
    """
    if file.suffix not in (".csv", ".parquet"):
        raise ProjectError("bad-value", f"--output {file} is neither .csv nor .parquet.", "Name one of these.")
    try:
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        raise ProjectError("file-exists", f"{file} exists.", "Name another file, or remove it first.") from None
    if file.suffix == ".csv":
        frame.to_csv(file, index=False)
    else:
        frame.to_parquet(file, index=False)


def _print_stays(segment: str, found: list[Stay], as_json: bool) -> None:
    if as_json:
        print_json({"segment": segment, "stays": [_stay_json(one) for one in found]})
    elif not found:
        say(f"This person never was a member of {segment}.")
    for one in () if as_json else found:
        end = f"until {one.until.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if one.until else "until now"
        ended = f", left by {one.left_cause}" if one.left_cause else ""
        by = f" by {one.matched}" if one.matched else ""
        say(f"since {one.since.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC ({one.cause}{by}) {end}{ended}")


def _stay_json(stay: Stay) -> dict[str, object]:
    return {
        "since": stay.since.isoformat(),
        "until": stay.until.isoformat() if stay.until else None,
        "cause": stay.cause,
        "left_cause": stay.left_cause,
        "matched": stay.matched,
    }
