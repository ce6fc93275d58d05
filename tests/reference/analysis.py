"""The answers of the analysis in plain Python sets and loops."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

Sets = Mapping[str, frozenset[str]]


def pairs(segments: Sets) -> dict[tuple[str, str], int]:
    """How many are in both of two segments, in the order of their names."""
    return {(one, other): len(segments[one] & segments[other]) for one, other in combinations(segments, 2)}


def exactly(segments: Sets) -> dict[tuple[str, ...], int]:
    """How many are in exactly which segments."""
    everybody = frozenset().union(*segments.values())
    return dict(Counter(tuple(name for name in segments if key in segments[name]) for key in everybody))


def pressure(segments: Sets) -> dict[int, tuple[int, int]]:
    """How many are in exactly so many segments, and in so many or more."""
    numbers = [sum(key in keys for keys in segments.values()) for key in frozenset().union(*segments.values())]
    found = range(1, max(numbers, default=0) + 1)
    return {k: (numbers.count(k), sum(number >= k for number in numbers)) for k in found}


def by_value(people: Mapping[str, Any], keys: Iterable[str]) -> dict[Any, int]:
    """How many of the keys have each value; who is not among the people any more is not counted."""
    return dict(Counter(people[key] for key in keys if key in people))


def by_range(people: Mapping[str, Any], keys: Iterable[str], edges: Sequence[Any]) -> dict[int | None, int]:
    """How many of the keys are in each range; None for those without a value."""
    found: Counter[int | None] = Counter()
    for key in keys:
        if key in people:
            value = people[key]
            found[None if value is None else sum(edge <= value for edge in edges)] += 1
    return dict(found)


def may_be_shown(shown: Sequence[int | None], counts: Sequence[int], smallest: int) -> bool:
    """Whether nothing small is shown of groups whose sum is known, nor can be computed from it.

    What is missing must be of two groups at least, and not be few people together: of few, all are nearly known.
    """
    missing = [count for seen, count in zip(shown, counts, strict=True) if seen is None]
    if any(seen is not None and 0 < seen < smallest for seen in shown):
        return False
    return not missing or (len(missing) >= 2 and sum(missing) >= smallest)


def on_the_way(
    keys: Iterable[str],
    addresses: Mapping[str, str | None],
    lists: Sequence[tuple[str, frozenset[str], bool]],
    known: Mapping[str, tuple[str, str]],
) -> tuple[dict[str, int], dict[str, int]]:
    """Why people may not be sent, and where the others are.

    Args:
        keys: the membership.
        addresses: by key of the model, None for whoever has none.
        lists: in their order the reason, the keys on the list, and whether these are the ones who may be sent.
        known: whether each person is there, and what became of the last send.
    """
    withheld, places = Counter[str](), Counter[str]()
    for key in keys:
        if key not in addresses:
            continue
        reason = next((why for why, listed, allows in lists if (key in listed) != allows), None)
        if reason is None and addresses[key] is None:
            reason = "not addressable"
        if reason is not None:
            withheld[reason] += 1
            continue
        present, outcome = known.get(key, ("never", ""))
        rejected = "rejected" if outcome == "rejected" else "not sent"
        places[{"yes": "there", "unknown": "unknown"}.get(present, rejected)] += 1
    return dict(withheld), dict(places)
