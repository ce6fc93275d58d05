"""Frames as plain rows: what pictures and tables are made of."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def rows(frame: "pd.DataFrame") -> list[dict[str, Any]]:
    """The rows by column name, with None for nothing."""
    return [
        {str(name): None if missing(value) else value for name, value in row.items()}
        for row in frame.astype(object).to_dict("records")
    ]


def missing(value: Any) -> bool:
    """Whether a value is nothing, or left out."""
    import pandas as pd

    return not isinstance(value, tuple) and bool(pd.isna(value))
