"""Who was a member when, and why that changed: sequences of refreshes, against plain Python sets."""

import itertools
from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remote_segments.membership.literals import literal
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
        assert in_view(segment, row.effective_at) == set(moment.keys)
    assert segment.published() == sorted(map(int, moments[-1].keys))


def in_view(segment, when):
    """The keys that the view `memberships` shows at an instant; a key that is there twice is an error."""
    found = segment.rows(
        f"SELECT key FROM {{s}}.memberships WHERE segment = {literal(segment.plan.segment)} "
        f"AND since <= {literal(when)} AND (until IS NULL OR until > {literal(when)})"
    )
    assert len(found) == len(set(found))
    return {row[0] for row in found}


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


def stays(segment, columns="key, since, until, cause, left_cause"):
    """All rows of the view, in the order of key and time."""
    return segment.rows(f"SELECT {columns} FROM {{s}}.memberships ORDER BY key, since")


def test_leaving_and_coming_back_is_two_stays(warehouse):
    """Promise 14: a leave followed by a rejoin gives two intervals, each with the instants of its events."""
    segment = Segment(warehouse, plan_of())
    segment.model(people({1, 2}))
    one, both = [{"id": "m1", "external_id": "1"}], [{"id": f"m{n}", "external_id": str(n)} for n in (1, 2)]
    instants = [segment.row(segment.refresh(rows).snapshot_id).effective_at for rows in (both, one, both)]
    assert stays(segment) == [
        ("1", instants[0], None, "baseline", None),
        ("2", instants[0], instants[1], "baseline", "remote"),
        ("2", instants[2], None, "remote", None),
    ]


def test_another_key_of_the_model_ends_all_stays(warehouse):
    """Keys of two generations are not comparable: the first snapshot of the new one ends what lasted until then."""
    segment = Segment(warehouse, plan_of())
    segment.model(people({1}))
    member = [{"id": "m1", "external_id": "1"}]
    first = segment.row(segment.refresh(member).snapshot_id).effective_at
    segment.plan = replace(segment.plan, key=("email",), definition_hash="another key")
    second = segment.row(segment.refresh(member).snapshot_id).effective_at
    assert stays(segment, "generation, key, since, until, left_cause") == [
        (1, "1", first, second, None),
        (2, "p1@example.com", second, None, None),
    ]


def test_what_is_not_published_is_in_no_stay(warehouse):
    """Promise 12: a snapshot that is mapped and not published has written its events already; they count later."""
    segment = Segment(warehouse, plan_of())
    segment.model(people({1, 2}))
    segment.refresh([{"id": "m1", "external_id": "1"}])
    segment.map(segment.fetch([{"id": f"m{n}", "external_id": str(n)} for n in (1, 2)]))
    assert stays(segment, "key") == [("1",)]
