"""Frames as tables of HTML: what is behind each picture, and what needs no picture."""

from collections.abc import Mapping
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Any

from remote_segments.report.rows import rows

if TYPE_CHECKING:
    import pandas as pd

LEFT_OUT = "-"
"""Nothing, or left out."""


def table(frame: "pd.DataFrame", titles: Mapping[str, str] | None = None) -> str:
    """A frame as a table; `titles` are headings, others are the columns' names with blanks."""
    import pandas as pd

    numeric = [pd.api.types.is_numeric_dtype(frame[name]) for name in frame.columns]
    heads = [(titles or {}).get(str(name), str(name).replace("_", " ")) for name in frame.columns]
    head = "".join(f"<th{_right(number)}>{escape(text)}</th>" for number, text in zip(numeric, heads, strict=True))
    body = "".join(
        "<tr>"
        + "".join(
            f"<td{_right(number)}>{_cell(name, value)}</td>"
            for number, (name, value) in zip(numeric, row.items(), strict=True)
        )
        + "</tr>"
        for row in rows(frame)
    )
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _right(numeric: bool) -> str:
    return ' class="n"' if numeric else ""


def _cell(name: str, value: Any) -> str:
    if isinstance(value, tuple):
        return escape(", ".join(value))
    if value is None:
        return LEFT_OUT
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}" if value.hour or value.minute else f"{value:%Y-%m-%d}"
    if isinstance(value, float):
        return f"{value:,.1f}&nbsp;%" if "share" in name or name == "similarity" else f"{value:,.1f}"
    return f"{value:,}" if isinstance(value, int) else escape(str(value))


def matrix(pairs: "pd.DataFrame") -> str:
    """Pairs as a square: the percentage of the row's people who are also in the column, the darker the more."""
    names = list(dict.fromkeys([*pairs.segment, *pairs.other]))
    share: dict[tuple[str, str], Any] = {}
    for row in rows(pairs):
        share[row["segment"], row["other"]] = row["share_of_segment"]
        share[row["other"], row["segment"]] = row["share_of_other"]
    head = "".join(f'<th class="n">{escape(name)}</th>' for name in names)
    body = "".join(
        f"<tr><th>{escape(name)}</th>" + "".join(_heat(share, name, other) for other in names) + "</tr>"
        for name in names
    )
    return f'<div class="scroll"><table><thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _heat(share: Mapping[tuple[str, str], Any], name: str, other: str) -> str:
    value = share.get((name, other))
    if name == other:
        return "<td></td>"
    if value is None:
        return f'<td class="n">{LEFT_OUT}</td>'
    return f'<td class="heat" style="--v:{float(value):.0f}">{float(value):.1f}</td>'
