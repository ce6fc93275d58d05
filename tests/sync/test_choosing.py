"""Which snapshot a window means when runs did not end in the order of their windows."""

from datetime import timedelta

import pytest

from tests.support.memberships import Segment


def people(*numbers):
    """Rows of the model."""
    return [{"contact_id": n, "email": f"p{n}@example.com", "city": "Lyon"} for n in numbers]


def members(*numbers):
    """Fetched members that are in the model under their number."""
    return [{"id": f"m{n}", "external_id": str(n)} for n in numbers]


@pytest.fixture
def segment(warehouse):
    """A segment whose window of 11:00 was published before the run of 10:00, which had waited, fetched newer ids."""
    segment = Segment(warehouse)
    segment.model(people(*range(1, 10)))
    segment.refresh(members(1, 2), "11:00")
    segment.refresh(members(1, 2, 3), "10:00")
    return segment


def test_a_refreshed_model_reaches_the_segment_after_runs_out_of_order(segment):
    """Promise 15: the newest window stands for the ids that are shown, whichever window they are filed under."""
    shown = segment.row(segment.map(partition_key="10:00", run_id="any").members_id)
    segment.model(people(1, 3, 4))
    segment.now += timedelta(minutes=10)
    mapped = segment.map(partition_key="11:00", run_id="automation")
    assert (mapped.action, mapped.members_id, mapped.partition_key) == ("remap", shown.snapshot_id, "11:00")
    found = segment.publish(partition_key="11:00", run_id="automation")
    assert (found.snapshot_id, found.replaced) == (mapped.snapshot_id, True)
    assert segment.published() == [1, 3]


def test_a_run_still_means_its_own_fetch(segment):
    """A run that fetched for the newest window maps what it fetched, into history if it is late."""
    first = segment.rows("SELECT run_id, snapshot_id FROM {s}.snapshots ORDER BY snapshot_id")[0]
    found = segment.map(partition_key="11:00", run_id=first[0])
    assert (found.snapshot_id, found.action) == (first[1], "rebuild")


def test_an_older_window_still_means_what_was_fetched_for_it(segment):
    """Once a later window has ids, the window of 11:00 is history."""
    old = segment.rows("SELECT snapshot_id FROM {s}.snapshots ORDER BY snapshot_id")[0][0]
    segment.refresh(members(1, 4), "12:00")
    segment.refresh(members(1, 5), "10:00")
    found = segment.map(partition_key="11:00", run_id="a person")
    assert (found.snapshot_id, found.action) == (old, "rebuild")
