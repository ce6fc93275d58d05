"""When a snapshot is held, from its counts alone."""

import pytest

from remote_segments.membership.guards import Counts, Guards, judge


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
    verdict = judge(found, previously, guards)
    assert (verdict.code if verdict else None) == code


def test_a_verdict_has_numbers():
    """The sentence says how many of how many, and why the others are lost."""
    verdict = judge(counts(12_000, 0, invalid=2000), None, Guards())
    assert verdict is not None
    assert "12,000" in verdict.found
    assert "10,000 unknown, 0 ambiguous, 2,000 invalid, 0 duplicate" in verdict.found


def test_counts_that_do_not_add_up_do_not_exist():
    """Promise 11: fetched is the sum of the outcomes, or there are no counts."""
    with pytest.raises(ValueError, match="add up"):
        Counts(fetched=3, mapped=1, unknown=1, ambiguous=0, invalid=0, duplicate=0)
