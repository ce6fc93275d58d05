"""When a snapshot is held, from its counts alone."""

import re
from dataclasses import replace

import pytest

from remote_segments.membership.guards import Case, Counts, Guards, Moved, Shown
from remote_segments.membership.judging import judge


def counts(fetched, mapped, **lost):
    """Counts whose missing members are unknown."""
    lost = {"unknown": fetched - mapped - sum(lost.values()), "ambiguous": 0, "invalid": 0, "duplicate": 0, **lost}
    return Counts(fetched=fetched, mapped=mapped, **lost)


@pytest.mark.parametrize(
    ("found", "previously", "guards", "code"),
    [
        (counts(10, 9), None, Guards(), None),
        (counts(10, 0), None, Guards(), "none-mapped"),
        (counts(10, 0), 10, Guards(allow_empty=True), "none-mapped"),
        (counts(0, 0), None, Guards(), None),
        (counts(0, 0), 0, Guards(), None),
        (counts(0, 0), 10, Guards(), "emptied"),
        (counts(0, 0), 10, Guards(allow_empty=True), None),
        (counts(0, 0), 10, Guards(allow_empty=True, minimum_match_rate=90), None),
        (counts(10, 8), 10, Guards(minimum_match_rate=80), None),
        (counts(10, 7), 10, Guards(minimum_match_rate=80), "match-rate-low"),
    ],
)
def test_what_would_empty_a_segment_by_mistake_is_held(found, previously, guards, code):
    """Promise 4: zero is published when it is proven and allowed, or the first; otherwise the last good one stays."""
    shown = None if previously is None else Shown(previously, previously)
    assert code_of(Case(found, shown, guards)) == code


def code_of(case):
    """The first guard that a case is beyond; None when it passes."""
    return next((verdict.code for verdict in judge(case)), None)


def moved(left=0, joined=0):
    """People who leave and join, half of each by the model's doing."""
    return Moved(
        left_remote=left - left // 2, left_model=left // 2, joined_remote=joined - joined // 2, joined_model=joined // 2
    )


@pytest.mark.parametrize(
    ("before", "left", "joined", "guards", "code"),
    [
        (1000, 200, 0, Guards(), None),
        (1000, 201, 0, Guards(), "many-left"),
        (1000, 201, 201, Guards(), "many-left"),
        (1000, 201, 0, Guards(max_left=21), None),
        (1000, 100, 0, Guards(max_left=5), "many-left"),
        (100, 50, 0, Guards(), None),
        (100, 51, 0, Guards(), "many-left"),
        (99, 49, 0, Guards(), None),
        (99, 50, 0, Guards(), "many-left"),
        (99, 50, 1, Guards(), None),
        (99, 60, 0, Guards(max_left=100), None),
        (20, 10, 0, Guards(), None),
        (20, 11, 0, Guards(), "many-left"),
        (10, 9, 0, Guards(), None),
        (1000, 0, 1000, Guards(), None),
        (1000, 0, 1001, Guards(), "many-joined"),
        (1000, 0, 1001, Guards(max_joined=101), None),
        (400, 0, 500, Guards(), None),
        (400, 0, 501, Guards(), "many-joined"),
        (99, 0, 100_000, Guards(), None),
        (None, 0, 100_000, Guards(), None),
        (0, 0, 100_000, Guards(), None),
    ],
)
def test_what_would_change_too_much_at_once_is_held(before, left, joined, guards, code):
    """Promise 4: a model or a platform that is half there does not take people out, or in, without a person's word."""
    after = (before or 0) - left + joined
    shown = None if before is None else Shown(before, before)
    assert code_of(Case(counts(after, after), shown, guards, moved(left, joined))) == code


def test_a_segment_that_may_be_empty_may_lose_everybody():
    """Who allowed an empty segment is not asked again."""
    assert judge(Case(counts(0, 0), Shown(1000, 1000), Guards(allow_empty=True), moved(1000))) == ()


@pytest.mark.parametrize(("before", "left", "joined"), [(1000, 357, 0), (99, 77, 0), (1000, 0, 2345), (30, 29, 0)])
def test_the_limit_that_a_verdict_names_lets_the_snapshot_through(before, left, joined):
    """The sentence says what to write, and that is enough."""
    after = before - left + joined
    case = Case(counts(after, after), Shown(before, before), Guards(), moved(left, joined))
    [verdict] = judge(case)
    name, percent = re.findall(r"guards: {(\w+): (\d+)%}", verdict.fix)[0]
    raised = Guards(**{name: float(percent)})
    assert judge(replace(case, guards=raised)) == ()
    assert judge(replace(case, guards=Guards().widened(verdict.needed))) == ()
    assert f"{max(left, joined):,}" in verdict.found
    assert f"{before:,}" in verdict.found


def test_a_verdict_has_numbers():
    """The sentence says how many of how many, and why the others are lost."""
    [verdict] = judge(Case(counts(12_000, 0, invalid=2000)))
    assert "12,000" in verdict.found
    assert "10,000 unknown, 0 ambiguous, 2,000 invalid, 0 duplicate" in verdict.found


def test_counts_that_do_not_add_up_do_not_exist():
    """Promise 11: fetched is the sum of the outcomes, or there are no counts."""
    with pytest.raises(ValueError, match="add up"):
        Counts(fetched=3, mapped=1, unknown=1, ambiguous=0, invalid=0, duplicate=0)
