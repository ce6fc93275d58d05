"""What a fault of the simulator does to a documented account."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from remote_segments.conformance.account import Draft, Place, Trouble
from remote_segments.conformance.exchanges import MEMBERS, Membership
from remote_segments.conformance.marks import fill, marks
from remote_segments.conformance.troubles import counting, foreign_headers, foreign_links, shortened
from remote_segments.simulator.faults import Fault

LEADING = frozenset(("cursor", "next_offset", "next_page"))
"""Marks by which a page leads to the next one; without one the caller counts."""


def trouble(fault: Fault, membership: Membership, start: int, size: int) -> Trouble:
    """Returns what goes wrong with one answer.

    Args:
        fault: the fault that strikes.
        membership: whose members are asked for.
        start: place of the first member of the page, from 0 on.
        size: members of a page.

    Raises:
        ValueError: this platform has no such thing to change.
    """
    pages = membership.members
    led = pages is not None and bool(marks([pages.page.body, pages.page.headers]) & LEADING)
    simple: dict[str, Callable[[], Trouble]] = {
        "wrong-total": lambda: counting(fault.delta),
        "job-failed": lambda: Trouble(job="failed"),
        "job-pending": lambda: Trouble(job="never-done"),
        "moving-members": lambda: Trouble(population=lambda _, members: moved(members, fault.delta * (start // size))),
    }
    if fault.kind in simple:
        return simple[fault.kind]()
    if fault.kind == "cut-file" and membership.files is not None:
        return shortened(2)
    if pages is None or (fault.kind in {"early-end", "foreign-link"} and not led):
        raise ValueError(f"there is nothing that {fault.kind} could change")
    paged: dict[str, Callable[[], Trouble]] = {
        "null-page": lambda: Trouble(body=lambda _, body: fill(body, {MEMBERS: None})),
        "empty-page": lambda: _drafting(lambda draft: replace(draft, members=())),
        "early-end": lambda: _drafting(lambda draft: replace(draft, next=None)),
        "null-id": lambda: _drafting(lambda draft: _without_id(draft, next(iter(membership.identifiers)))),
        "repeat-cursor": lambda: _repeating(fault.back, start, size, led=led),
        "foreign-link": lambda: Trouble(body=lambda _, body: foreign_links(body), answer=_foreign),
    }
    if fault.kind not in paged:
        raise ValueError(f"there is nothing that {fault.kind} could change")
    return paged[fault.kind]()


def moved(members: list[int], number: int) -> list[int]:
    """Returns the members after so many more came before them, or (negative) so many of the first left."""
    if number < 0:
        return members[-number:]
    first = members[0] if members else 0
    return [*range(max(0, first - number), first), *members]


def _drafting(change: Callable[[Draft], Draft]) -> Trouble:
    return Trouble(draft=change)


def _without_id(draft: Draft, name: str) -> Draft:
    return replace(draft, shapes=tuple(fill(shape, {name: None}) for shape in draft.shapes))


def _repeating(back: int, start: int, size: int, *, led: bool) -> Trouble:
    """The next page is one from so many pages ago; where the caller counts, this page holds members of an earlier one.

    Raises:
        ValueError: there is no earlier page.
    """
    if led:
        return _drafting(lambda draft: replace(draft, next=max(0, start - (back - 1) * size)))
    if start < back * size:
        raise ValueError("there is no earlier page that could come again")
    return _drafting(lambda draft: replace(draft, members=tuple(one - back * size for one in draft.members)))


def _foreign(_: Place, response: Any) -> Any:
    return foreign_headers(response)
