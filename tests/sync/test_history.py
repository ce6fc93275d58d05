"""Who was a member when, and why that changed: sequences of refreshes, against plain Python sets."""

import itertools
from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.reference.history import Moment, history
from tests.support.memberships import Segment, plan_of

counter = itertools.count()

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["fetch", "fetch", "model", "definition"]),
        st.frozensets(st.integers(1, 6), max_size=5),
        st.frozensets(st.integers(1, 6), min_size=1, max_size=6),
    ),
    min_size=1,
    max_size=5,
)
QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


def people(numbers):
    """Rows of the model; number 1 is always in it."""
    return [{"contact_id": n, "email": f"p{n}@example.com", "city": "Lyon"} for n in {1, *numbers}]


def check(warehouse, steps):
    """Takes the steps in a warehouse and in Python; compares events, every as-of, and what is published."""
    segment = Segment(warehouse, plan_of(segment=f"vip_{next(counter)}"))
    fetched, moments, snapshots = {1}, [], []
    for number, (what, numbers, known) in enumerate(steps):
        segment.model(people(known))
        if what == "definition":
            segment.plan = replace(segment.plan, definition_hash=f"definition {number}")
        if what == "model" and snapshots:
            published = segment.remap()
        else:
            fetched = {1, *numbers}
            rows = [{"id": f"m{n}", "external_id": str(n)} for n in sorted(fetched)]
            published = segment.refresh(rows)
        snapshots.append(published.snapshot_id)
        moments.append(
            Moment(
                {str(n): f"m{n}" for n in fetched & {1, *known}},
                frozenset(f"m{n}" for n in fetched),
                segment.plan.definition_hash,
                hash(published.members_id),
            )
        )
    expected = history(moments).events
    assert [segment.events(one) for one in snapshots] == expected
    for snapshot, moment, events in zip(snapshots, moments, expected, strict=True):
        row = segment.row(snapshot)
        assert segment.at(row.effective_at) == set(moment.keys)
        assert segment.at(row.effective_at - timedelta(microseconds=1)) != set(moment.keys) or not events
        remote = [event for _, event, cause in events if cause == "remote"]
        assert (row.joined_count, row.left_count) == (remote.count("joined"), remote.count("left"))
    assert segment.published() == sorted(map(int, moments[-1].keys))


@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=QUIET)
@given(steps=STEPS)
def test_duckdb_keeps_the_history_of_plain_python(duckdb_warehouse, steps):
    """Promise 12: joined and left rebuild snapshot(t) from snapshot(t-1), and as-of(t) equals snapshot(t)."""
    check(duckdb_warehouse, steps)


@settings(max_examples=5, deadline=None, derandomize=True, suppress_health_check=QUIET)
@given(steps=STEPS)
def test_postgres_keeps_the_history_of_plain_python(postgres_warehouse, steps):
    """Promise 12: joined and left rebuild snapshot(t) from snapshot(t-1), and as-of(t) equals snapshot(t)."""
    check(postgres_warehouse, steps)
