"""What starts a segment beside its schedule: a refreshed model maps the latest ids again, a refreshed source is read.

An asset that fetches follows what its source reads; the two behind it go along in the same run.
"""

from collections.abc import Collection
from functools import lru_cache
from typing import Any

import dagster as dg

from remote_segments.config.segment import Segment


@lru_cache(maxsize=256)
def _model_refreshed(model: dg.AssetKey) -> dg.AutomationCondition[Any]:
    """One condition per model: segments share it, and building a thousand of them takes its time."""
    return _once_updated([model], "the model was refreshed")


def _once_updated(keys: Collection[dg.AssetKey], label: str) -> dg.AutomationCondition[Any]:
    """True for the newest window once one of some assets was materialized after it was last handled."""
    updated = dg.AutomationCondition.any_deps_match(dg.AutomationCondition.newly_updated()).allow(
        dg.AssetSelection.assets(*keys)
    )
    return (
        dg.AutomationCondition.in_latest_time_window()
        & updated.since_last_handled()
        & ~dg.AutomationCondition.in_progress()
    ).with_label(label)


def refetch_condition(segment: Segment, read: Collection[dg.AssetKey]) -> dg.AutomationCondition[Any] | None:
    """True for the newest window of `raw_remote_ids` once something that the source reads was materialized since."""
    if not (segment.refresh_on_source_refresh and read):
        return None
    return _once_updated(read, "what the source reads was refreshed")


def remap_condition(
    segment: Segment, model: dg.AssetKey, before: dg.AssetKey, *, follows: bool
) -> dg.AutomationCondition[Any] | None:
    """True for the newest window once the model's asset was materialized after it was last handled.

    Both `mapped_keys` and `enriched_segment` carry it and look at the model only, so that a refresh of the segment
    itself starts nothing more, and both are asked for in the same run.

    Args:
        segment: the segment.
        model: its model's asset.
        before: the asset before it in its chain.
        follows: whether it goes along with that one when a refreshed source asks for it.
    """
    found = _model_refreshed(model) if segment.remap_on_model_refresh else None
    if not follows:
        return found
    along = (
        dg.AutomationCondition.in_latest_time_window()
        & dg.AutomationCondition.any_deps_match(dg.AutomationCondition.will_be_requested()).allow(
            dg.AssetSelection.assets(before)
        )
    ).with_label("the chain is refreshed")
    return along if found is None else found | along
