"""Look-ups of a fake account: which members a call asks about, and what the documented answer to it is."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from remote_segments.conformance.exchanges import FOUND, MISSING, Answer, Lookups
from remote_segments.conformance.marks import LIST, fill

Identifiers = Mapping[int, Mapping[str, Any]]
"""The identifiers of everybody who ever was a member, by number."""


@dataclass(frozen=True)
class Known:
    """What the answer to one look-up is about to hold: numbers of members; a trouble may change any of it."""

    found: tuple[int, ...]
    missing: tuple[int, ...] = ()


def members_asked(lookup: Lookups, ids: Sequence[Any], everybody: Identifiers) -> list[int | None]:
    """Returns the numbers of the members that are asked about; None for what is no member's id as documented."""
    shapes = {number: fill(lookup.asked, identifiers) for number, identifiers in everybody.items()}
    if LIST in lookup.request.url:  # all values of a query are texts
        shapes = {number: str(shape) for number, shape in shapes.items()}
    known = {json.dumps(shape): number for number, shape in shapes.items()}
    return [known.get(json.dumps(one)) for one in ids]


def refused_ids(lookup: Lookups, ids: Sequence[Any], everybody: Identifiers) -> str | None:
    """Returns what is wrong with the ids of a call, None where all are documented."""
    if len(ids) > lookup.largest:
        return f"a look-up asks about {lookup.largest:,} ids at most"
    return "it asks about ids in another shape" if None in members_asked(lookup, ids, everybody) else None


def looked_up(lookup: Lookups, known: Known, everybody: Identifiers) -> tuple[Answer, dict[str, Any]]:
    """Returns the documented answer, and what stands at its marks."""
    values: dict[str, Any] = {"count": len(known.found)}
    for name, shape, numbers in ((FOUND, lookup.found, known.found), (MISSING, lookup.missing, known.missing)):
        values[name] = [fill(shape, everybody[number]) for number in numbers]
    return (lookup.partly if known.missing and lookup.partly else lookup.response), values
