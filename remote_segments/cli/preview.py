"""`remote-segments preview`: one page of a segment, mapped and shown, and nothing written anywhere."""

from remote_segments.cli.options import JsonOption, ProjectOption, SegmentArgument
from remote_segments.cli.output import count, of_members, out, print_json, print_left_out, say
from remote_segments.cli.simulating import simulated
from remote_segments.config.folder import project_folder
from remote_segments.config.partly import load_for
from remote_segments.membership.tables import REASONS
from remote_segments.sync.previewing import Preview
from remote_segments.sync.previewing import preview as look

EXPLAINED = {
    "unknown": "no row of the model has any of their identifiers",
    "ambiguous": "several rows of the model have it",
    "invalid": "they have no usable identifier",
    "duplicate": "they lead to a person who is there already",
}
"""Why a member does not map, for people."""


def preview(segment: SegmentArgument, project: ProjectOption = None, as_json: JsonOption = False) -> None:
    """Read one page of a segment and show how many of its members would map; writes nothing."""
    loaded, left_out = load_for(project_folder(project), [segment])
    print_left_out(left_out)
    loaded.segment(segment)
    with simulated(loaded, [loaded.segment(segment).source.connection]):
        seen = look(loaded, segment)
    if as_json:
        print_json(_json(seen))
    else:
        _print(seen)


def _json(seen: Preview) -> dict[str, object]:
    """Counts only: a document is kept and sent on, and examples are of persons."""
    counts = seen.counts
    return {
        "segment": seen.segment,
        "source_name": seen.source_name,
        "state": seen.state,
        "size": seen.size,
        "estimate": seen.estimate.as_json(),
        "read": counts.fetched,
        "mapped": counts.mapped,
        "matched": dict(seen.matched),
        "unmapped": {reason: getattr(counts, reason) for reason in REASONS},
    }


def _print(seen: Preview) -> None:
    counts = seen.counts
    page = of_members(counts.fetched) if seen.size is None else f"{count(counts.fetched)} of {of_members(seen.size)}"
    say(f"{seen.segment}: one page of `{seen.source_name}`, {page}; {seen.state}.")
    if not counts.fetched:
        out.print("  It has no members now.")
        return
    by = ", ".join(
        f"{count(number)} by {name}" for name, number in sorted(seen.matched.items(), key=lambda one: -one[1])
    )
    say(f"  {count(counts.mapped)} would map, {counts.match_rate:.1f} %{f' ({by})' if by else ''}")
    for reason in REASONS:
        number = getattr(counts, reason)
        if number:
            say(f"  {count(number)} {reason}: {EXPLAINED[reason]}")
            for shown in seen.examples.get(reason, ()):
                say(f"      {shown}")
    say(f"A refresh of {seen.estimate}.")
    out.print("Nothing was written.")
