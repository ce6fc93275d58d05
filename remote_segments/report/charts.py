"""Pictures as SVG, drawn by Vega-Lite without a browser (vl-convert); their colours follow the page's theme.

Each has the colours of `PALETTE` written on its marks, which the page's style maps to those of light and dark:
a picture needs no script, prints, and is read wherever the file is opened.
https://github.com/vega/vl-convert
"""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from remote_segments.errors import ProjectError
from remote_segments.report.rows import rows

if TYPE_CHECKING:
    import pandas as pd

PALETTE: Mapping[str, str] = {
    "text": "#23272e",
    "quiet": "#6b7280",
    "grid": "#e3e6ea",
    "main": "#2f6db3",
    "soft": "#a9c6e8",
    "loss": "#c2571a",
    "gain": "#2e8b57",
    "other": "#111827",
}
"""What a colour is for, and its shade on light."""

WIDTH = 190
"""Of a plot without its labels, so that a whole picture fits a phone (pixels)."""

ROW = 20
"""Height of a row of bars (pixels)."""

LONGEST_LABEL = 130
"""Of a label beside a bar; a longer one ends in dots (pixels)."""

CONFIG: Mapping[str, Any] = {
    "background": None,
    "padding": {"left": 10, "right": 26, "top": 2, "bottom": 2},
    "aria": False,
    "font": "sans-serif",
    "view": {"stroke": None},
    "axis": {
        "labelColor": PALETTE["text"], "titleColor": PALETTE["quiet"], "gridColor": PALETTE["grid"],
        "domain": False, "ticks": False, "labelFontSize": 11, "titleFontSize": 10, "titleFontWeight": "normal",
        "labelLimit": LONGEST_LABEL,
    },
    "text": {"color": PALETTE["text"], "fontSize": 11},
    "concat": {"spacing": 6},
}  # fmt: skip

Rows = Sequence[Mapping[str, Any]]


def svg(spec: Mapping[str, Any], label: str) -> str:
    """Draws a Vega-Lite specification; returns the SVG without what a page does not need.

    Raises:
        ProjectError: `report-extra-missing`.
    """
    try:
        import vl_convert
    except ImportError:
        raise ProjectError(
            "report-extra-missing",
            "Pictures are drawn by vl-convert, which is not installed.",
            "Install it: `pip install 'remote-segments[report]'`.",
        ) from None
    drawn = vl_convert.vegalite_to_svg({**spec, "config": CONFIG}, allowed_base_urls=[])
    return _slim(drawn, label)


_NEEDLESS = re.compile(
    r' (?:class|role|aria-\w+|pointer-events|stroke-miterlimit|xmlns:xlink|version|font-family)="[^"]*"'
    r'| opacity="1"| stroke-width="0"'
)
_EMPTY = re.compile(r'<path(?: [\w-]+="[^"]*")*? d=""[^>]*/>|<path[^>]* d="M0,0h0v0h0Z"[^>]*/>|<g></g>|<g/>')
_LONG_NUMBER = re.compile(r"(\d+\.\d{2})\d+")


def _slim(text: str, label: str) -> str:
    """The picture without attributes that say nothing here, with its label for those who cannot see it."""
    text = _LONG_NUMBER.sub(r"\1", _NEEDLESS.sub("", text))
    while (shorter := _EMPTY.sub("", text)) != text:
        text = shorter
    return text.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)


def _bars(field: str, order: Sequence[str]) -> dict[str, Any]:
    return {"field": field, "type": "nominal", "sort": list(order), "title": None, "axis": {"labelPadding": 6}}


def _values(rows: Rows) -> dict[str, Any]:
    return {"values": [dict(row) for row in rows]}


def _texts(**more: Any) -> dict[str, Any]:
    return {"type": "text", "align": "left", "dx": 4, **more}


def funnel(frame: "pd.DataFrame") -> dict[str, Any]:
    """A waterfall: what is left at each step, and before it what was lost and why."""
    bars = _waterfall(rows(frame))
    x = {"field": "low", "type": "quantitative", "title": None, "axis": None}
    colour = _two_colours("sort", ["kept", "lost"], ["main", "loss"])
    return {
        "data": _values(bars),
        "width": WIDTH,
        "height": {"step": ROW},
        "encoding": {"y": _bars("name", [bar["name"] for bar in bars])},
        "layer": [
            {
                "mark": {"type": "bar", "height": ROW - 6},
                "encoding": {"x": x, "x2": {"field": "high"}, "color": colour},
            },
            {"mark": _texts(), "encoding": {"x": {"field": "high", "type": "quantitative"}, "text": {"field": "text"}}},
        ],
    }


def _waterfall(steps: Rows) -> list[dict[str, Any]]:
    """Bars of the steps, each after its losses, which lie where the bar before them ends."""
    found: list[dict[str, Any]] = []
    high = 0
    for step in (row for row in steps if row["reason"] is None):
        for row in (one for one in steps if one["step"] == step["step"] and one["reason"] and one["members"] != 0):
            low = high - (row["members"] or 0)
            text = _count(row["members"], "-")
            found.append({"name": row["reason"], "low": low, "high": high, "sort": "lost", "text": text})
            high = low
        high = high if step["members"] is None else step["members"]
        shown = 0 if step["members"] is None else high
        text = _count(step["members"])
        found.append({"name": step["step"], "low": 0, "high": shown, "sort": "kept", "text": text})
    return found


def _count(number: Any, sign: str = "") -> str:
    return "not shown" if number is None else f"{sign}{int(number):,}"


def _two_colours(field: str, values: Sequence[str], colours: Sequence[str]) -> dict[str, Any]:
    scale = {"domain": list(values), "range": [PALETTE[one] for one in colours]}
    return {"field": field, "type": "nominal", "scale": scale, "legend": None}


def trend(frame: "pd.DataFrame") -> dict[str, Any]:
    """The size as a line, above who joined and, downwards, who left."""
    found = [{**row, "instant": row["instant"].isoformat()} for row in rows(frame)]
    moves = [
        {"instant": row["instant"], "people": sign * (row[way] or 0), "way": way}
        for way, sign in (("joined", 1), ("left", -1))
        for row in found
    ]
    sizes = [{"instant": row["instant"], "members": row["members"]} for row in found]
    time = {"field": "instant", "type": "temporal", "title": None, "scale": {"type": "utc", "padding": 10}}
    line = {"type": "line", "color": PALETTE["main"], "point": {"color": PALETTE["main"], "size": 22}}
    bars = {"type": "bar", "width": max(2, min(14, WIDTH // (len(found) + 1)))}
    members: dict[str, Any] = {"field": "members", "type": "quantitative", "title": None}
    members |= {"scale": {"zero": False, "nice": True}, "axis": {"tickCount": 4, "format": ",d"}}
    people: dict[str, Any] = {"field": "people", "type": "quantitative", "title": None}
    people |= {"axis": {"tickCount": 3, "format": ",d"}}
    hours = (frame.instant.max() - frame.instant.min()).total_seconds() / 3600
    shown = "%b %d" if hours > 48 else "%H:%M" if hours > 1 else "%H:%M:%S"
    axis = {"labelOverlap": True, "tickCount": 3, "grid": False, "format": shown}
    colour = _two_colours("way", ["joined", "left"], ["gain", "loss"])
    shape = {"width": WIDTH + 60}
    return {
        "vconcat": [
            {
                **shape, "data": _values(sizes), "height": 90, "mark": line,
                "encoding": {"x": {**time, "axis": None}, "y": members},
            },
            {
                **shape, "data": _values(moves), "height": 50, "mark": bars,
                "encoding": {"x": {**time, "axis": axis}, "y": people, "color": colour},
            },
        ],
        "resolve": {"scale": {"x": "shared"}},
    }  # fmt: skip


def breakdown(frame: "pd.DataFrame") -> dict[str, Any]:
    """The share of each group in the segment as a bar, with a mark where the whole model is."""
    groups = [{"value": row["value"], "share": row["share"], "other": row["other_share"]} for row in rows(frame)]
    x = {"type": "quantitative", "title": None, "axis": {"tickCount": 3, "labelExpr": "datum.label + ' %'"}}
    return {
        "data": _values(groups),
        "width": WIDTH,
        "height": {"step": ROW - 3},
        "encoding": {"y": _bars("value", [row["value"] for row in groups])},
        "layer": [
            {
                "mark": {"type": "bar", "color": PALETTE["main"], "height": ROW - 9},
                "encoding": {"x": {**x, "field": "share"}},
            },
            {
                "mark": {"type": "tick", "color": PALETTE["other"], "thickness": 2, "size": ROW - 5},
                "encoding": {"x": {**x, "field": "other"}},
            },
        ],
    }


def pressure(frame: "pd.DataFrame") -> dict[str, Any]:
    """How many people are in so many segments or more."""
    bars = [
        {"name": f"{row['segments']} or more", "people": row["people_or_more"], "text": _count(row["people_or_more"])}
        for row in rows(frame)
        if row["people_or_more"] is not None
    ]
    return {
        "data": _values(bars),
        "width": WIDTH,
        "height": {"step": ROW},
        "encoding": {
            "y": _bars("name", [bar["name"] for bar in bars]),
            "x": {"field": "people", "type": "quantitative", "title": None, "axis": None},
        },
        "layer": [
            {"mark": {"type": "bar", "color": PALETTE["main"], "height": ROW - 6}},
            {"mark": _texts(), "encoding": {"text": {"field": "text"}}},
        ],
    }


def intersections(frame: "pd.DataFrame") -> dict[str, Any]:
    """An UpSet picture lying on its side: a row per combination, dots for its segments, a bar for its people.

    https://upset.app
    """
    combinations, names = rows(frame), letters(frame)
    dots = [
        {"row": place, "segment": letter, "inside": name in row["segments"]}
        for place, row in enumerate(combinations)
        for letter, name in names.items()
    ]
    bars = [
        {"row": place, "people": row["people"], "text": _count(row["people"])} for place, row in enumerate(combinations)
    ]
    y = {"field": "row", "type": "ordinal", "axis": None}
    return {
        "hconcat": [
            {
                "data": _values(dots),
                "width": {"step": 14},
                "height": {"step": ROW - 3},
                "mark": {"type": "circle", "size": 70, "opacity": 1},
                "encoding": {
                    "y": y,
                    "x": {"field": "segment", "type": "nominal", "title": None, "sort": list(names),
                          "axis": {"orient": "top", "labelAngle": 0}},
                    "color": {
                        "field": "inside", "type": "nominal", "legend": None,
                        "scale": {"domain": [True, False], "range": [PALETTE["main"], PALETTE["grid"]]},
                    },
                },
            },
            {
                "data": _values(bars),
                "width": max(90, 260 - 14 * len(names)),
                "height": {"step": ROW - 3},
                "encoding": {"y": y, "x": {"field": "people", "type": "quantitative", "axis": None}},
                "layer": [
                    {"mark": {"type": "bar", "color": PALETTE["main"], "height": ROW - 9}},
                    {"mark": _texts(), "encoding": {"text": {"field": "text"}}},
                ],
            },
        ]
    }  # fmt: skip


def letters(frame: "pd.DataFrame") -> dict[str, str]:
    """What the columns of an UpSet picture are called, and the segments that they stand for."""
    names = sorted({name for row in rows(frame) for name in row["segments"]})
    return {chr(ord("A") + place) if place < 26 else str(place + 1): name for place, name in enumerate(names)}
