"""`remote-segments unmapped`: who is not in a segment although the platform lists them, and why."""

from datetime import UTC
from typing import Annotated

import typer

from remote_segments.cli.options import JsonOption, ProjectOption, SegmentArgument
from remote_segments.cli.output import count, print_json, say
from remote_segments.cli.preview import EXPLAINED
from remote_segments.config.folder import project_folder
from remote_segments.config.loader import load_project
from remote_segments.membership.tables import REASONS
from remote_segments.sync.unmapped import Unmapped, read_unmapped


def unmapped(
    segment: SegmentArgument,
    reason: Annotated[
        str | None, typer.Option("--reason", metavar="REASON", help=f"Only one of {', '.join(REASONS)}.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=0, help="Members shown for each reason, masked.")] = 5,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show why members of the newest mapped snapshot are not in the segment, with some of them, masked."""
    found = read_unmapped(load_project(project_folder(project)), segment, reason, limit)
    if as_json:
        print_json({"segment": segment, **(_json(found) if found else {"snapshot": None})})
    elif found is None:
        say(f"Nothing of {segment} is mapped yet. Next: remote-segments run {segment}")
    else:
        _print(segment, found)


def _json(found: Unmapped) -> dict[str, object]:
    row = found.snapshot
    return {
        "snapshot": row.snapshot_id,
        "state": row.state,
        "fetched_at": row.fetched_at.isoformat() if row.fetched_at else None,
        "fetched": row.fetched,
        "mapped": row.mapped,
        "match_rate": round(_rate(found), 2),
        "unmapped": dict(found.counts),
        "same_row": row.same_row,
        "conflicting": row.conflicting,
        "examples": {reason: [dict(one) for one in some] for reason, some in found.examples.items()},
    }


def _rate(found: Unmapped) -> float:
    fetched, mapped = found.snapshot.fetched or 0, found.snapshot.mapped or 0
    return 100 * mapped / fetched if fetched else 100.0


def _print(segment: str, found: Unmapped) -> None:
    row = found.snapshot
    when = f" on {row.fetched_at.astimezone(UTC):%Y-%m-%d at %H:%M:%S} UTC" if row.fetched_at else ""
    say(
        f"{segment}: {count(row.fetched)} fetched{when}, {count(row.mapped)} mapped, {_rate(found):.1f} %; {row.state}."
    )
    for reason, number in found.counts.items():
        if not number:
            continue
        say(f"  {count(number)} {reason}: {EXPLAINED[reason]}")
        for example in found.examples.get(reason, ()):
            say(f"      {', '.join(f'{name} {shown}' for name, shown in example.items())}")
    if not any(found.counts.values()):
        say("  Nobody is lost." if len(found.counts) > 1 else f"  Nobody is {next(iter(found.counts))}.")
    if row.conflicting:
        say(f"  {count(row.conflicting)} of the mapped have identifiers that lead to other rows: the first decided.")
