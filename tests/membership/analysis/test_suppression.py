"""Small groups are not shown, nor can they be computed."""

from hypothesis import given
from hypothesis import strategies as st

from remote_segments.membership.analysis.suppression import hidden, tail_hidden, total_hidden
from tests.reference.analysis import may_be_shown

COUNTS = st.lists(st.integers(0, 30), min_size=1, max_size=8)
SMALLEST = st.integers(1, 15)


@given(counts=COUNTS, smallest=SMALLEST)
def test_what_is_left_out_cannot_be_computed_from_the_sum(counts: list[int], smallest: int) -> None:
    """No small group is shown; what is missing is of two groups and not small, or no sum is shown either."""
    gone = hidden(counts, smallest)
    shown = [None if place in gone else count for place, count in enumerate(counts)]
    assert not any(seen is not None and 0 < seen < smallest for seen in shown)
    assert may_be_shown(shown, counts, smallest) or total_hidden(counts, smallest)


@given(counts=COUNTS, smallest=SMALLEST)
def test_nothing_is_left_out_without_need(counts: list[int], smallest: int) -> None:
    """Where no group is small, everything is shown, and a group of nobody always is."""
    gone = hidden(counts, smallest)
    assert bool(gone) == any(0 < count < smallest for count in counts)
    assert all(counts[place] for place in gone)


@given(counts=COUNTS, smallest=SMALLEST)
def test_of_a_series_with_sums_of_what_follows_only_the_end_is_left_out(counts: list[int], smallest: int) -> None:
    """From the first small group on only one sum is shown, which is of two groups and not small, or is of all."""
    start = tail_hidden(counts, smallest)
    assert not any(0 < count < smallest for count in counts[:start])
    if 0 < start < len(counts):
        assert len(counts) - start >= 2
        assert sum(counts[start:]) >= smallest


def test_a_lone_small_group_takes_the_next_one_with_it() -> None:
    """The complement of one group is another: the smallest that is large enough."""
    assert hidden([100, 3, 20, 50], 5) == {1, 2}
    assert hidden([100, 1, 1, 50], 5) == {1, 2, 3}
    assert hidden([100, 3, 4], 5) == {1, 2}
    assert hidden([3], 5) == {0}
    assert total_hidden([3], 5)
