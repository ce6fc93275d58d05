"""Which identifiers members carry, by which they were found, and how full the model's columns are."""

from collections.abc import Sequence
from typing import Any

from remote_segments.membership.compile import Scope
from remote_segments.membership.models import Model


def carried(scope: Scope, members_id: str, identifiers: Sequence[str]) -> Any:
    """How many fetched members have each identifier, one row: `members`, then a column per identifier."""
    rows = scope.rows("members", members_id, tuple(identifiers))
    counts = {f"carried_{place}": (rows[name] != "").sum() for place, name in enumerate(identifiers)}
    return rows.aggregate(
        members=rows.count(), **{name: value.fill_null(0).cast("int64") for name, value in counts.items()}
    )


def matched(scope: Scope, snapshot_id: str) -> Any:
    """How many mapped members were found by each entry of the segment's file: `matched, people`."""
    rows = scope.rows("keys", snapshot_id)
    return rows.group_by("matched").aggregate(people=rows.count())


def filled(model: Model, columns: Sequence[str]) -> Any:
    """How many rows the model has, and in how many of them each column is filled: `everybody`, then one per column."""
    counts = {f"filled_{place}": (model.text(name) != "").sum() for place, name in enumerate(columns)}
    return model.table.aggregate(
        everybody=model.table.count(), **{name: value.fill_null(0).cast("int64") for name, value in counts.items()}
    )
