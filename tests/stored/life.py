"""The life that is stored: refreshes, somebody who leaves and comes back, a remap, a rebuild, a failure, a hold."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from remote_segments.errors import HeldError
from remote_segments.membership.guards import Guards
from remote_segments.sync.deciding import Choice, decide_with
from remote_segments.sync.snapshots import record
from tests.support.memberships import Segment, members, people, plan_of

SETTINGS: Mapping[str, str] = {"connection": "klaviyo", "model": "contacts", "table": "crm.contacts"}


def segment_in(warehouse: Any) -> Segment:
    """The segment of this life; its guards hold only what is empty."""
    plan = plan_of(model_name="contacts", settings=SETTINGS, guards=Guards(max_left=1.0, max_joined=10.0))
    return Segment(warehouse, plan)


def live(segment: Segment) -> None:
    """Lives it, in an empty warehouse."""
    segment.model(people(range(1, 9)))
    segment.refresh([*members([1, 2, 3, 4]), {"id": "m90", "email": "p1@example.com"}, {"id": "m91"}])
    second = segment.refresh(members([1, 2, 5]))
    segment.refresh(members([1, 3, 5, 6]))
    segment.model(people([1, 2, 3, 6, 7, 8]))
    segment.remap()
    segment.map(second.snapshot_id)
    with segment.warehouse.write() as session:
        record(
            session,
            "vip",
            state="failed",
            reason="answer-cut",
            message="The answer was cut.",
            partition_key=None,
            run_id=None,
            now=segment.now,
        )
    empty = segment.fetch([])
    segment.map(empty)
    try:
        segment.publish(empty)
    except HeldError:
        choice = Choice(approve=False, by="anna", reason="somebody emptied it")
        decide_with(segment.warehouse, segment.plan, choice, now=segment.now + timedelta(minutes=5))
    segment.refresh(members([1, 2, 3, 7]))
