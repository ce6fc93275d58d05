"""A Python asset that combines two segments of different tools: paying customers who open VIP campaigns."""

from pathlib import Path

import dagster as dg
import pandas as pd

from remote_segments.orchestration import build_definitions, segment_input

RESULTS = Path("results")


@dg.asset(
    ins={"openers": segment_input("vip_openers"), "customers": segment_input("paying_customers")},
    automation_condition=dg.AutomationCondition.eager(),
)
def paying_openers(openers: pd.DataFrame, customers: pd.DataFrame) -> dg.MaterializeResult:
    """Members of both segments; both inputs are their latest published snapshots."""
    both = customers[customers["contact_id"].isin(openers["contact_id"])]
    RESULTS.mkdir(exist_ok=True)
    both.to_parquet(RESULTS / "paying_openers.parquet", index=False)
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": len(both),
            # As fresh as the older of the two inputs, not as this run.
            "oldest input": dg.MetadataValue.timestamp(
                min(openers["snapshot_at"].min(), customers["snapshot_at"].min()).to_pydatetime()
            ),
        }
    )


defs = dg.Definitions.merge(build_definitions(), dg.Definitions(assets=[paying_openers]))
