"""Leaving out small groups of people, so that none of them can be computed from what is still shown.

The rule is that of official statistics: beside each group below the threshold others are left out until at least two
are missing whose sum is not small either. A group of nobody is shown.
"""

from collections.abc import Sequence


def small(count: int, smallest: int) -> bool:
    """Whether a group has people, and fewer than the threshold."""
    return 0 < count < smallest


def hidden(counts: Sequence[int], smallest: int) -> frozenset[int]:
    """The places of the groups to leave out, of groups that add up to a number that is shown.

    Where even all of them together are too few, all are left out, and their sum must be, too: see `total_hidden`.
    """
    gone = {place for place, count in enumerate(counts) if small(count, smallest)}
    others = sorted((place for place, count in enumerate(counts) if count >= smallest), key=lambda place: counts[place])
    while gone and not _safe(counts, gone, smallest) and others:
        gone.add(others.pop(0))
    return frozenset(gone)


def total_hidden(counts: Sequence[int], smallest: int) -> bool:
    """Whether the sum of the groups must be left out, because it would tell the one that is missing."""
    gone = hidden(counts, smallest)
    return bool(gone) and not _safe(counts, gone, smallest)


def _safe(counts: Sequence[int], gone: frozenset[int] | set[int], smallest: int) -> bool:
    return len(gone) >= 2 and sum(counts[place] for place in gone) >= smallest


def tail_hidden(counts: Sequence[int], smallest: int) -> int:
    """From which place on the groups of a series are left out and only their sum is shown; its length for none.

    For a series whose sums of all later groups are shown as well: one group in its middle could be computed.
    """
    gone = [place for place, count in enumerate(counts) if small(count, smallest)]
    if not gone:
        return len(counts)
    start = gone[0]
    while start > 0 and (len(counts) - start < 2 or sum(counts[start:]) < smallest):
        start -= 1
    return start
