"""`remote-segments analyze`: questions about published segments, as tables for people or JSON for scripts."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from remote_segments.cli.frames import LEFT_OUT, frame_table, records
from remote_segments.cli.options import JsonOption, ProjectOption
from remote_segments.cli.output import count, out, print_json, say
from remote_segments.config.folder import project_folder
from remote_segments.config.loader import load_project
from remote_segments.config.project import Project
from remote_segments.sync import analysis
from remote_segments.sync.analysis.shown import unpublished

if TYPE_CHECKING:
    import pandas as pd

analyze = typer.Typer(
    no_args_is_help=True, help="Answer questions about published segments, in counts.", rich_markup_mode=None
)

NamesArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[SEGMENT]...", help="Segments; all of the project when left out.")
]
SmallestOption = Annotated[
    int | None,
    typer.Option(
        "--smallest", min=2, metavar="N", help="Leave out groups of fewer people, and what they can be computed from."
    ),
]

BAR = 24
"""Characters of the longest bar."""

WIDEST_MATRIX = 8
"""Segments that a matrix has room for at a terminal."""


@analyze.command("funnel", short_help="From fetched to sent, with the reasons of each loss.")
def funnel(
    names: NamesArgument = None,
    smallest: SmallestOption = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how many fetched members are people of the model and were sent, and where the others were lost."""
    loaded = load_project(project_folder(project))
    found = analysis.funnel(loaded, names or None, smallest=smallest)
    if as_json:
        print_json({"funnel": records(found)})
        return
    for name, rows in found.groupby("segment", sort=False):
        say(f"{name}")
        shown = rows.assign(step=rows.step.where(rows.reason.isna(), "  " + rows.reason.astype("string")))
        _print_bars(shown[rows.activation.isna()][["step", "members", "share"]], "share")
        for activation, sent in shown[rows.activation.notna()].groupby("activation"):
            say(f"{name}, sent by {activation}")
            _print_bars(sent[["step", "members", "share"]], "share")
    _tell_missing(loaded, names)


@analyze.command("breakdown", short_help="A segment by an attribute, beside the model or another segment.")
def breakdown(
    segment: Annotated[str, typer.Argument(metavar="SEGMENT", help="The segment's name.")],
    *,
    by: Annotated[str, typer.Option("--by", metavar="COLUMN", help="A column of its model.")],
    against: Annotated[
        str | None,
        typer.Option("--against", metavar="SEGMENT", help="Compare with this one; default: the whole model."),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Values shown one by one.")] = 20,
    smallest: SmallestOption = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how a segment's people are divided by an attribute; index 100: as often as in what it is compared with."""
    loaded = load_project(project_folder(project))
    found = analysis.breakdown(loaded, segment, by, against=against, limit=limit, smallest=smallest)
    if as_json:
        print_json({"segment": segment, "by": by, "against": against, "groups": records(found)})
        return
    other = against or "model"
    titles = {"value": by, "people": segment, "other_people": other, "other_share": f"share of {other}"}
    _print_bars(found, "share", titles)


@analyze.command("trend", short_help="The size over time, with joined and left.")
def trend(
    names: NamesArgument = None,
    every: Annotated[str, typer.Option("--every", help="snapshot, day, week or month, in UTC.")] = "day",
    smallest: SmallestOption = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how the size of segments went; `otherwise` is what the model, a file or an erasure changed."""
    loaded = load_project(project_folder(project))
    found = analysis.trend(loaded, names or None, every=every, smallest=smallest)
    if as_json:
        print_json({"every": every, "trend": records(found)})
        return
    shown = found.assign(instant=found.instant.dt.strftime("%Y-%m-%d" if every != "snapshot" else "%Y-%m-%d %H:%M:%S"))
    out.print(frame_table(shown))
    _tell_missing(loaded, names)


@analyze.command("overlap", short_help="Who is in several segments: pairs and exact combinations.")
def overlap(
    names: NamesArgument = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Pairs and combinations shown.")] = 20,
    smallest: SmallestOption = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how segments of one model share their people, on whatever platform they live."""
    loaded = load_project(project_folder(project))
    pairs, exact = analysis.overlaps(loaded, names or None, limit=limit, smallest=smallest)
    if as_json:
        print_json({"pairs": records(pairs), "exactly_in": records(exact)})
        return
    if len(pairs):
        say("Percent of the row's people who are also in the column:")
        out.print(_matrix(pairs) if len(set(pairs.segment)) < WIDEST_MATRIX else _largest(pairs, limit))
        say("")
    say("People who are in exactly these:")
    _print_bars(exact.assign(share=exact.people)[["people", "segments", "share"]], "share", hide=True)
    _tell_missing(loaded, names)


@analyze.command("pressure", short_help="How many people are in k or more segments.")
def pressure(
    names: NamesArgument = None,
    smallest: SmallestOption = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how many people are in one, two, three ... segments at once."""
    loaded = load_project(project_folder(project))
    found = analysis.pressure(loaded, names or None, smallest=smallest)
    if as_json:
        print_json({"pressure": records(found)})
        return
    _print_bars(found, "share", {"people": "people in exactly so many", "people_or_more": "in so many or more"})
    _tell_missing(loaded, names)


@analyze.command("coverage", short_help="Which identifiers members carry, and which of them find people.")
def coverage(
    names: NamesArgument = None,
    smallest: SmallestOption = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show which identifiers members carry, which found people, and how full the model's columns are."""
    loaded = load_project(project_folder(project))
    found = analysis.coverage(loaded, names or None, smallest=smallest)
    if as_json:
        print_json({"coverage": records(found)})
        return
    titles = {"carried": "have it", "carried_share": "share", "found": "found by it", "found_share": "share",
              "filled_share": "filled in model"}  # fmt: skip
    out.print(frame_table(found, titles))
    _tell_missing(loaded, names)


def _print_bars(frame: "pd.DataFrame", share: str, titles: dict[str, str] | None = None, *, hide: bool = False) -> None:
    """A frame with a bar for a column of percentages, drawn in proportion to the longest."""
    values = [float(value) for value in frame[share].astype("Float64").fillna(0)]
    longest = max(values, default=0.0) or 1.0
    drawn = frame.drop(columns=[share]) if hide else frame
    out.print(frame_table(drawn.assign(**{"": [_bar(value / longest) for value in values]}), titles))


def _bar(part: float) -> str:
    """A bar in eighths of a character."""
    eighths = round(part * BAR * 8)
    return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()


def _matrix(pairs: "pd.DataFrame") -> Table:
    """Shares of pairs as a square: the row's people who are also in the column."""
    names = list(dict.fromkeys([*pairs.segment, *pairs.other]))
    share = {(row["segment"], row["other"]): row["share_of_segment"] for row in records(pairs)}
    share |= {(row["other"], row["segment"]): row["share_of_other"] for row in records(pairs)}
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("", no_wrap=True)
    for name in names:
        table.add_column(name, justify="right")
    for name in names:
        table.add_row(name, *(_percent(share.get((name, other)), name == other) for other in names))
    return table


def _percent(value: object, own: bool) -> str:
    return "" if own else LEFT_OUT if value is None else f"{float(str(value)):.1f}"


def _largest(pairs: "pd.DataFrame", limit: int) -> Table:
    """The pairs that are most alike."""
    return frame_table(pairs.sort_values("similarity", ascending=False, na_position="last").head(limit))


def _tell_missing(project: Project, names: Sequence[str] | None) -> None:
    missing = unpublished(project, names or None)
    if missing:
        some = ", ".join(missing[:5]) + (" ..." if len(missing) > 5 else "")
        say(f"Nothing is published yet of {count(len(missing))}: {some}")
