"""The rows of a published segment: the keys of a snapshot with the model's columns, written wide once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from remote_segments.membership.compile import Scope
from remote_segments.membership.models import Model


def enriched(scope: Scope, snapshot_id: str, model: Model, columns: Sequence[str], snapshot_at: datetime) -> Any:
    """One row per key of a snapshot: the model's chosen columns, `joined_at`, `snapshot_at`.

    Whole-number keys are compared as numbers, so that a key's index on the model can be used; they were written as
    text from the same column, so casting them back is exact.

    Args:
        scope: the segment.
        snapshot_id: the snapshot to show.
        model: the model.
        columns: the model's columns to keep.
        snapshot_at: the time of the ids.
    """
    rows = scope.rows("keys", snapshot_id)
    offered = model.keys()
    sought = {
        f"segment_{name}": rows[name].cast("int64") if value.type().is_integer() else rows[name]
        for name, value in offered.items()
    }
    found = rows.select(segment_joined_at=rows.joined_at, **sought)
    keyed = model.table.select(**{f"model_{name}": value for name, value in offered.items()}, **_kept(model, columns))
    equal = [(f"segment_{name}", f"model_{name}") for name in offered]
    both = found.inner_join(keyed, equal)
    chosen = {name: both[f"column_{number}"] for number, name in enumerate(columns)}
    return both.select(**chosen, joined_at=both.segment_joined_at, snapshot_at=scope.instant(snapshot_at))


def _kept(model: Model, columns: Sequence[str]) -> dict[str, Any]:
    """The chosen columns under names that no other column of the join can have."""
    return {f"column_{number}": model.table[name] for number, name in enumerate(columns)}
