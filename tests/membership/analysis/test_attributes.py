"""The ranges that numbers and times are divided into."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remote_segments.membership.analysis.attributes import (
    MOST_STRETCHES,
    attribute,
    midnight,
    number_edges,
    number_labels,
    time_edges,
)


@given(low=st.floats(-1e9, 1e9), width=st.floats(1e-3, 1e9))
def test_edges_of_numbers_are_few_in_order_and_inside(low: float, width: float) -> None:
    """Some ten round edges lie between the ends, each once, with a label for every range."""
    edges = number_edges(low, low + width)
    assert edges == sorted(set(edges))
    assert len(edges) <= 12
    slack = 1e-6 * (1 + abs(low) + width)
    assert all(low - slack <= edge <= low + width + slack for edge in edges)
    assert len(number_labels(edges)) == len(edges) + 1


def test_edges_of_numbers_are_round() -> None:
    """What a person would have chosen."""
    assert number_edges(0, 100) == [10, 20, 30, 40, 50, 60, 70, 80, 90]
    assert number_edges(3.2, 4.1) == [3.3, 3.4, 3.5, 3.6, 3.7, 3.8, 3.9, 4.0]
    assert number_edges(5, 5) == []
    assert number_labels([1000, 2000]) == ["below 1,000", "1,000 to 2,000", "2,000 and more"]


@given(low=st.dates(date(1, 1, 8), date(9990, 1, 1)), days=st.integers(0, 12_000))
def test_stretches_of_time_cover_all_days(low: date, days: int) -> None:
    """Every day is in one stretch, and only years may be many."""
    high = date.fromordinal(min(low.toordinal() + days, date(9998, 1, 1).toordinal()))
    edges, labels = time_edges(low, high)
    assert edges == sorted(set(edges))
    assert len(labels) == len(edges) + 1
    assert all(low < edge <= high for edge in edges)
    assert len(labels) <= MOST_STRETCHES or labels[0].isdigit()


@pytest.mark.parametrize(
    ("high", "labels"),
    [
        (date(2026, 1, 3), ["2026-01-01", "2026-01-02", "2026-01-03"]),
        (date(2026, 2, 1), ["week of 2025-12-29", "week of 2026-01-05", "week of 2026-01-12"]),
        (date(2026, 12, 5), ["2026-01", "2026-02", "2026-03"]),
        (date(2029, 12, 5), ["2026 Q1", "2026 Q2", "2026 Q3"]),
        (date(2056, 12, 5), ["2026", "2027", "2028"]),
    ],
)
def test_stretches_are_what_a_calendar_has(high: date, labels: list[str]) -> None:
    """Days, weeks, months, quarters, years, by how long the whole is."""
    assert time_edges(date(2026, 1, 1), high)[1][:3] == labels


def test_types_that_group_nobody_are_told_apart() -> None:
    """A list, a document or bytes are no attribute; a zone makes a day an instant of UTC."""
    for kind in ("JSON", "BLOB", "bytea", "INTEGER[]", "VARCHAR[]", "STRUCT(a INTEGER)", "INTERVAL", "interval"):
        assert attribute("x", kind) is None, kind
    day = date(2026, 1, 1)
    assert midnight(day, "DATE") == day
    assert midnight(day, "TIMESTAMP WITH TIME ZONE") == datetime(2026, 1, 1, tzinfo=UTC)
    assert midnight(day, "timestamp without time zone") == datetime(2026, 1, 1)
