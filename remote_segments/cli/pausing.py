"""`remote-segments pause` and `resume`: stop refreshing a segment without a deploy."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from remote_segments.cli.options import JsonOption, ProjectOption, SegmentArgument
from remote_segments.cli.output import out, print_json
from remote_segments.config.folder import project_folder
from remote_segments.config.loader import load_project
from remote_segments.config.moments import moment_to_come
from remote_segments.sync.pausing import pause, resume


def pause_segment(
    segment: SegmentArgument,
    reason: Annotated[
        str, typer.Option("--reason", help="Why, for whoever finds the segment not refreshed.")
    ] = "no reason given",
    until: Annotated[
        str | None, typer.Option("--until", metavar="DATE", help="When to go on by itself, in the segment's time zone.")
    ] = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Skip the refreshes of a segment, visibly, until a date or until it is resumed."""
    loaded = load_project(project_folder(project))
    now = datetime.now(UTC)
    timezone = loaded.timezone_of(loaded.named(segment))
    end = moment_to_come(until, timezone, now, "--until") if until else None
    written = pause(loaded, segment, reason=reason, until=end, now=now)
    if as_json:
        print_json({"segment": segment, "paused": True, "until": written.until and written.until.isoformat()})
    else:
        out.print(f"{segment} is {written}.", markup=False, soft_wrap=True)


def resume_segment(segment: SegmentArgument, project: ProjectOption = None, as_json: JsonOption = False) -> None:
    """Refresh a paused segment again."""
    loaded = load_project(project_folder(project))
    was_paused = resume(loaded, segment)
    if as_json:
        print_json({"segment": segment, "paused": False, "was_paused": was_paused})
    else:
        out.print(f"{segment} is refreshed again." if was_paused else f"{segment} was not paused.", markup=False)
