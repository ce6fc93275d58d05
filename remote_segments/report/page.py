"""The page: what is known of each segment and of all together, each picture with its table."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any

from remote_segments.report import charts
from remote_segments.report.content import Content
from remote_segments.report.rows import missing, rows
from remote_segments.report.style import style
from remote_segments.report.tables import LEFT_OUT, matrix, table
from remote_segments.sync.status import SegmentStatus

if TYPE_CHECKING:
    import pandas as pd

WIDEST_MATRIX = 16
"""Segments that a matrix has room for; of more the most similar pairs are listed."""

MOST_PAIRS = 15
"""Pairs listed."""

PARTNERS = 5
"""Segments named beside one, with which it shares most people."""

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""Nothing is loaded from anywhere, and no script runs."""


def page(content: Content, title: str = "Segments") -> str:
    """The report as one file of HTML.

    Raises:
        ProjectError: `report-extra-missing`.
    """
    body = "".join((_head(content, title), _overview(content), _together(content), *_segments(content)))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex">'
        f"<title>{escape(title)}</title><style>{style()}</style></head><body>{body}</body></html>\n"
    )


def _head(content: Content, title: str) -> str:
    small = ""
    if content.smallest:
        small = f" Groups of fewer than {content.smallest} people, and what would tell them, are left out."
    made = f"{content.made_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return (
        f'<header><h1>{escape(title)}</h1><p class="quiet">Made on {made} by remote_segments, from published '
        f"snapshots. Counts only, nobody is named.{small}</p></header>"
    )


def _overview(content: Content) -> str:
    heads = ("segment", "state", "fetched", "mapped", "match rate", "joined", "left", "data of")
    plain = ("segment", "state", "data of")
    head = "".join(f"<th>{one}</th>" if one in plain else f'<th class="n">{one}</th>' for one in heads)
    body = "".join(_overview_row(content, name) for name in content.names)
    return (
        f'<section class="card" style="margin-top:16px"><div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div></section>"
    )


def _overview_row(content: Content, name: str) -> str:
    status = content.statuses.get(name)
    known = name in content.funnels
    named = f'<a href="#{name}">{name}</a>' if known else name
    if status is None:
        return f"<tr><td>{named}</td>" + f"<td>{LEFT_OUT}</td>" * 7 + "</tr>"
    steps = content.funnels[name] if known else None
    fetched, mapped = (_step(steps, step) for step in ("fetched", "mapped"))
    rate = f"{100 * mapped / fetched:.1f}&nbsp;%" if fetched and mapped is not None else LEFT_OUT
    last = content.trends[name].iloc[-1] if known else None
    moves = [_number(None if last is None else last[way]) for way in ("joined", "left")]
    numbers = "".join(f'<td class="n">{one}</td>' for one in (_number(fetched), _number(mapped), rate, *moves))
    return f"<tr><td>{named}</td><td>{_state(status)}</td>{numbers}<td>{_when(status.snapshot_at)}</td></tr>"


def _state(status: SegmentStatus) -> str:
    good = status.state in ("published", "empty") and status.age == "fresh"
    words = status.state.replace("_", " ") + ("" if status.age in ("fresh", "never") else f", {status.age}")
    return f'<span class="state {"good" if good else "bad"}">{escape(words)}</span>'


def _step(frame: "pd.DataFrame | None", step: str) -> int | None:
    if frame is None:
        return None
    value = frame[(frame.step == step) & frame.reason.isna()].members.iloc[0]
    return None if missing(value) else int(value)


def _number(value: Any) -> str:
    return LEFT_OUT if missing(value) else f"{int(value):,}"


def _when(instant: datetime | None) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if instant else LEFT_OUT


def _figure(title: str, note: str, picture: Mapping[str, Any], behind: str) -> str:
    drawn = charts.svg(picture, escape(title))
    return (
        f"<figure><figcaption>{escape(title)}<span>{escape(note)}</span></figcaption>{drawn}"
        f"<details><summary>As a table</summary>{behind}</details></figure>"
    )


def _together(content: Content) -> str:
    pairs, exact, burden = content.pairs, content.intersections, content.pressure
    if pairs is None or exact is None or burden is None or not len(pairs):
        return ""
    few = len({*pairs.segment, *pairs.other}) <= WIDEST_MATRIX
    if few:
        shown, note = matrix(pairs), "Percent of the row's people who are also in the column."
    else:
        alike = pairs.sort_values("similarity", ascending=False, na_position="last").head(MOST_PAIRS)
        shown, note = table(alike), f"The {MOST_PAIRS} pairs that are most alike, by people in both of those in either."
    parts = [f'<div class="card"><h3>Shared people</h3><p class="quiet">{note}</p>{shown}</div>']
    pictures = []
    if len(exact):
        letters = "".join(f"<li><b>{a}</b> {escape(name)}</li>" for a, name in charts.letters(exact).items())
        figure = _figure(
            "Who is in exactly which",
            "The largest combinations of segments.",
            charts.intersections(exact),
            table(exact),
        )
        pictures.append(figure.replace("<details>", f'<ol class="letters">{letters}</ol><details>', 1))
    known = burden[burden.people_or_more.notna()]
    if len(known):
        note = "People who are in so many segments at once, or in more."
        pictures.append(_figure("Pressure", note, charts.pressure(known), table(burden)))
    return f'<h2>All together</h2>{"".join(parts)}<div class="grid" style="margin-top:14px">{"".join(pictures)}</div>'


def _segments(content: Content) -> Iterator[str]:
    for name in content.names:
        if name in content.funnels:
            status = content.statuses.get(name)
            state = f"{_state(status)} · {escape(status.age_message)}" if status else ""
            said = f"<p>{escape(status.message)}</p>" if status and status.message else ""
            figures = "".join(_figures(content, name))
            yield (
                f'<section id="{name}"><h2>{name}</h2><p class="quiet">{state}</p>{said}{_partners(content, name)}'
                f'<div class="grid">{figures}</div></section>'
            )


def _figures(content: Content, name: str) -> Iterator[str]:
    import pandas as pd

    steps = content.funnels[name]
    way = steps[steps.activation.isna()].drop(columns="activation")
    yield _figure("From fetched to enriched", "What was lost, and why.", charts.funnel(way), table(way))
    for activation, sent in steps[steps.activation.notna()].groupby("activation"):
        end = pd.concat([way[(way.step == "enriched") & way.reason.isna()], sent.drop(columns="activation")])
        note = "Who may be sent, and of them who is there by our doing."
        yield _figure(f"Sent by {activation}", note, charts.funnel(end), table(end))
    sizes = content.trends[name]
    yield _figure(
        "Size", "Members in UTC; below who joined and, downwards, who left.", charts.trend(sizes), table(sizes)
    )
    for column, frame in content.profiles.get(name, {}).items():
        note = "Share of the segment; the mark is the whole model. Index 100: as frequent as there."
        titles = {"other_people": "in the model", "other_share": "share of the model"}
        yield _figure(f"By {column}", note, charts.breakdown(frame), table(frame, titles))
    coverage = content.coverages.get(name)
    if coverage is not None:
        titles = {"carried_share": "share", "found_share": "share of mapped", "filled_share": "filled in model"}
        yield f'<div class="card"><h3>Identifiers</h3>{table(coverage.drop(columns="members"), titles)}</div>'


def _partners(content: Content, name: str) -> str:
    """With which others it shares most of its people."""
    pairs = content.pairs
    if pairs is None or not len(pairs):
        return ""
    mine = [(row["share_of_segment"], row["other"]) for row in rows(pairs[pairs.segment == name])]
    mine += [(row["share_of_other"], row["segment"]) for row in rows(pairs[pairs.other == name])]
    known = sorted(((share, other) for share, other in mine if share is not None), reverse=True)
    some = ", ".join(f"{other} ({share:.1f} %)" for share, other in known[:PARTNERS] if share)
    return f'<p class="quiet">Its people are also in: {escape(some)}</p>' if some else ""
