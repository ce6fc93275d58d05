"""A sensor that refreshes a segment as soon as a campaign was sent, without waiting for its schedule."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from remote_segments.orchestration import build_definitions, refresh_request, segment_assets

SENT = Path("campaigns_sent")
"""Where another system leaves a file per campaign that it sent; its name is the campaign's id."""


@dg.sensor(target=segment_assets("vip_openers"), minimum_interval_seconds=30)
def campaign_sent() -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One refresh per campaign: Dagster starts one run per run key, however often the sensor looks."""
    campaigns = sorted(file.name for file in SENT.glob("*")) if SENT.is_dir() else []
    if not campaigns:
        yield dg.SkipReason(f"No campaign in {SENT}.")
    for campaign in campaigns:
        yield refresh_request("vip_openers", run_key=f"campaign-{campaign}-sent")


defs = dg.Definitions.merge(build_definitions(), dg.Definitions(sensors=[campaign_sent]))
