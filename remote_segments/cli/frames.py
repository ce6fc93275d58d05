"""Frames as commands print them: a table for people, plain values for scripts."""

from collections.abc import Mapping
from datetime import datetime
from numbers import Integral
from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    import pandas as pd

LEFT_OUT = "-"
"""What a table shows for nothing."""


def records(frame: "pd.DataFrame") -> list[dict[str, object]]:
    """The rows as JSON has them: instants as text, nothing for null."""
    return [
        {name: plain(value) for name, value in zip(frame.columns, row, strict=True)}
        for row in frame.itertuples(index=False)
    ]


def plain(value: object) -> object:
    """One value as JSON has it."""
    import pandas as pd

    if isinstance(value, tuple):
        return list(value)
    if pd.isna(value):  # type: ignore[call-overload]
        return None
    if isinstance(value, datetime):
        return value.isoformat()
    return int(value) if isinstance(value, Integral) else value


def frame_table(frame: "pd.DataFrame", titles: Mapping[str, str] | None = None) -> Table:
    """A frame as a table without lines: numbers to the right, with separators; percentages end in `%`.

    Args:
        frame: the frame.
        titles: headings of columns; others have their name, with blanks. A name with `share` is a percentage.
    """
    import pandas as pd

    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for name in frame.columns:
        numeric = pd.api.types.is_numeric_dtype(frame[name])
        title = (titles or {}).get(str(name), str(name).replace("_", " "))
        table.add_column(title, no_wrap=True, justify="right" if numeric else "left")
    for record in records(frame):
        table.add_row(*(_shown(name, value) for name, value in record.items()))
    return table


def _shown(name: str, value: object) -> str:
    if value is None:
        return LEFT_OUT
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, float):
        return f"{value:,.1f} %" if "share" in name or name == "similarity" else f"{value:,.1f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
