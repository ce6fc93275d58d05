"""Dagster's own freshness policy of a segment, beside our verdict on the age of its data.

Dagster looks at the last materialization of any partition, so rebuilding January makes a segment look fresh there.
The check `data_age` looks at the instant the ids were fetched, and is judged by a sensor, because a check emitted by
the refresh itself can never be late.
"""

import dagster as dg

from remote_segments.config.audience import Audience
from remote_segments.config.segment import Segment
from remote_segments.sync.freshness import limits_of


def policy_of(segment: Segment | Audience) -> dg.FreshnessPolicy | None:
    """The policy shown by Dagster for the enriched segment; none where it may freeze, of which Dagster knows nothing.

    A frozen segment is never materialized again, and would be overdue there for ever.
    """
    if isinstance(segment, Segment) and (segment.expires is not None or segment.on_deleted == "freeze"):
        return None
    warn, fail = limits_of(segment)
    return dg.FreshnessPolicy.time_window(fail_window=fail, warn_window=warn if warn < fail else None)
