"""How segments share their people: pairs, exact combinations, and who is in many of them at once.

A person is a key of a model: segments of different platforms are compared when they are mapped to the same model.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from remote_segments.config.project import Project
from remote_segments.membership.analysis.suppression import small, tail_hidden
from remote_segments.sync.analysis.patterns import Combinations, combinations
from remote_segments.sync.analysis.shown import asking, joined_frames, shares, whole

if TYPE_CHECKING:
    import pandas as pd

MOST_SHOWN = 20
"""Combinations shown, the largest first."""


def overlap(project: Project, names: Sequence[str] | None = None, *, smallest: int | None = None) -> "pd.DataFrame":
    """How many people are in both of two segments, for every pair of segments of one model.

    Args:
        project: the loaded project.
        names: segments; None for all.
        smallest: the size below which pairs are left out: those with few people in both, or in only one of them.

    Returns:
        `segment, other, both, share_of_segment, share_of_other, similarity`, each pair once, in the order of the names:
        shares in percent of each; `similarity` in percent of the people in either (Jaccard).

    Raises:
        ProjectError: `unknown-segment`, `segment-never-published`.
    """
    with asking(project, names) as (session, shown):
        found = combinations(session, project, shown)
    return joined_frames([pair_frame(one, smallest or 0) for one in found])


def overlaps(
    project: Project, names: Sequence[str] | None = None, *, limit: int = MOST_SHOWN, smallest: int | None = None
) -> "tuple[pd.DataFrame, pd.DataFrame]":
    """What `overlap` and `intersections` return, of one look at the keys."""
    with asking(project, names) as (session, shown):
        found = combinations(session, project, shown)
    pairs = [pair_frame(one, smallest or 0) for one in found]
    return joined_frames(pairs), joined_frames([intersection_frame(one, limit, smallest or 0) for one in found])


def intersections(
    project: Project, names: Sequence[str] | None = None, *, limit: int = MOST_SHOWN, smallest: int | None = None
) -> "pd.DataFrame":
    """How many people are in exactly which segments: the bars of an UpSet picture.

    Args:
        project: the loaded project.
        names: segments; None for all.
        limit: combinations, the largest first.
        smallest: the size below which combinations are left out.

    Returns:
        `model, segments, degree, people`: the names of a combination (a tuple) and their number.

    Raises:
        ProjectError: `unknown-segment`, `segment-never-published`.
    """
    with asking(project, names) as (session, shown):
        found = combinations(session, project, shown)
    return joined_frames([intersection_frame(one, limit, smallest or 0) for one in found])


def pressure(project: Project, names: Sequence[str] | None = None, *, smallest: int | None = None) -> "pd.DataFrame":
    """How many people are in one, two, three ... segments at once.

    Args:
        project: the loaded project.
        names: segments; None for all.
        smallest: the size below which groups are left out, with all that are in more segments.

    Returns:
        `model, segments, people, people_or_more, share`: people in exactly so many segments, in so many or more, and
        these in percent of all people who are in any.

    Raises:
        ProjectError: `unknown-segment`, `segment-never-published`.
    """
    with asking(project, names) as (session, shown):
        found = combinations(session, project, shown)
    return joined_frames([pressure_frame(one, smallest or 0) for one in found])


def pair_frame(found: Combinations, smallest: int = 0) -> "pd.DataFrame":
    """The pairs of one model, as `overlap` returns them."""
    import numpy as np
    import pandas as pd

    pairs = found.pairs()
    sizes = pairs.diagonal()
    first, second = np.triu_indices(len(found.names), k=1)
    both, one, other = pairs[first, second], sizes[first], sizes[second]
    parts = np.stack([both, one - both, other - both])
    gone = ((parts > 0) & (parts < smallest)).any(axis=0)
    names = np.array(found.names, dtype=object)
    frame = pd.DataFrame({"segment": names[first], "other": names[second], "both": pd.array(both, dtype="Int64")})
    ratios = {"share_of_segment": one, "share_of_other": other, "similarity": one + other - both}
    for name, base in ratios.items():
        percent = np.round(100 * both / np.maximum(base, 1), 2)
        frame[name] = pd.array(percent, dtype="Float64")
    frame.loc[gone, ["both", *ratios]] = pd.NA
    return frame


def intersection_frame(found: Combinations, limit: int = MOST_SHOWN, smallest: int = 0) -> "pd.DataFrame":
    """The largest combinations of one model, as `intersections` returns them."""
    import numpy as np
    import pandas as pd

    order = np.lexsort((*found.words.T, -found.people))[:limit]
    kept = [(found.members(place), int(found.people[place])) for place in order]
    kept = _safe(found, [one for one in kept if not small(one[1], smallest)], smallest)
    return pd.DataFrame(
        {
            "model": [found.space[0]] * len(kept),
            "segments": [members for members, _ in kept],
            "degree": whole([len(members) for members, _ in kept]),
            "people": whole([people for _, people in kept]),
        }
    )


def _safe(
    found: Combinations, kept: list[tuple[tuple[str, ...], int]], smallest: int
) -> list[tuple[tuple[str, ...], int]]:
    """Leaves out more of the combinations, until of no segment so few people are missing that they are known.

    The size of each segment is known, so that what is missing of it must be of two combinations and not be small.
    """
    sizes = dict(zip(found.names, map(int, found.pairs().diagonal()), strict=True)) if smallest else {}
    number = dict.fromkeys(found.names, 0)
    for place in range(len(found.people)) if smallest else ():
        for name in found.members(place):
            number[name] += 1
    for name, size in sizes.items():
        while True:
            mine = [one for one in kept if name in one[0]]
            missing = size - sum(people for _, people in mine)
            if not missing or not mine or (missing >= smallest and number[name] - len(mine) >= 2):
                break
            kept = [one for one in kept if one is not mine[-1]]
    return kept


def pressure_frame(found: Combinations, smallest: int = 0) -> "pd.DataFrame":
    """The pressure of one model, as `pressure` returns it; no row for numbers that nobody reaches."""
    import pandas as pd

    counts = found.by_number()
    while counts and not counts[-1]:
        counts.pop()
    more = [sum(counts[place:]) for place in range(len(counts))]
    start = tail_hidden(counts, smallest)
    unknown = start == 0 and small(sum(counts), smallest)
    kept_more = [None if place > start or unknown else one for place, one in enumerate(more)]
    return pd.DataFrame(
        {
            "model": [found.space[0]] * len(counts),
            "segments": whole([place + 1 for place in range(len(counts))]),
            "people": whole([None if place >= start else one for place, one in enumerate(counts)]),
            "people_or_more": whole(kept_more),
            "share": shares(kept_more, sum(counts)),
        }
    )
