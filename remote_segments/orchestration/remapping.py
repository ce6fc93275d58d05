"""A refreshed model maps the latest snapshot again, without calling the platform."""

from functools import lru_cache
from typing import Any

import dagster as dg

from remote_segments.config.segment import Segment


@lru_cache(maxsize=256)
def _model_refreshed(model: dg.AssetKey) -> dg.AutomationCondition[Any]:
    """One condition per model: segments share it, and building a thousand of them takes its time."""
    updated = dg.AutomationCondition.any_deps_match(dg.AutomationCondition.newly_updated()).allow(
        dg.AssetSelection.assets(model)
    )
    return (
        dg.AutomationCondition.in_latest_time_window()
        & updated.since_last_handled()
        & ~dg.AutomationCondition.in_progress()
    ).with_label("the model was refreshed")


def remap_condition(segment: Segment, model: dg.AssetKey) -> dg.AutomationCondition[Any] | None:
    """True for the newest window once the model's asset was materialized after it was last handled.

    Both `mapped_keys` and `enriched_segment` carry it and look at the model only, so that a refresh of the segment
    itself starts nothing more, and both are asked for in the same run.
    """
    return _model_refreshed(model) if segment.remap_on_model_refresh else None
