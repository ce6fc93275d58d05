"""When a plan is held instead of sent: numbers that a person should look at first."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from remote_segments.membership.guards import Verdict

FEW_REMOVED, FEW_ADDED = 50, 500
"""People; as many may be removed or added without being looked at, however many percent they are."""

SMALL, SMALL_REMOVED, SMALL_SHARE = 100, 10, 50.0
"""Of fewer people shares say little: 10 may go in any case, and half of them."""

FEW_SENT = 100
"""Rejections are counted once so many were sent."""


@dataclass(frozen=True)
class SendLimits:
    """What an activation's file says about holding, in percent; None for no limit."""

    allow_empty: bool = False
    max_adds: float = 100.0
    max_removes: float = 20.0
    max_add_count: int | None = None
    max_remove_count: int | None = None
    max_rejects: float = 20.0

    def widened(self, limits: Mapping[str, float]) -> "SendLimits":
        """The same with limits that somebody raised: of both, the one that lets more through."""
        wider: dict[str, float | bool] = {}
        for name, value in limits.items():
            if name == "allow_empty":
                wider[name] = bool(value)
            elif getattr(self, name, None) is not None:
                wider[name] = max(getattr(self, name), value)
        return replace(self, **wider)  # type: ignore[arg-type]


@dataclass(frozen=True)
class SendCase:
    """What is judged: who is there by our doing, who would come and go, who would be there afterwards."""

    present: int
    adds: int
    updates: int
    removes: int
    listed: int
    """People of the audience, whether or not they may be sent."""
    addressable: int
    limits: SendLimits
    first: bool = False
    """Whether it is the first plan, and the file wants a person to look at it."""

    @property
    def numbers(self) -> dict[str, object]:
        """What was compared, for the record."""
        return {"present": self.present, "adds": self.adds, "removes": self.removes, "listed": self.listed,
                "addressable": self.addressable}  # fmt: skip


def judge_send(case: SendCase) -> tuple[Verdict, ...]:
    """Judges a plan before it is sent; empty when it may be, else all guards that it is beyond."""
    if not case.adds + case.updates + case.removes:
        return ()
    rules = (_first, _emptied, _many_removed, _many_added)
    return tuple(found for rule in rules if (found := rule(case)) is not None)


def _first(case: SendCase) -> Verdict | None:
    if not case.first:
        return None
    return Verdict(
        "first-plan",
        f"It is the first plan: {case.adds:,} to add, {case.updates:,} to update, {case.removes:,} to remove.",
        "Look at it, and approve it: from then on the activation runs by itself.",
        {},
    )


def _emptied(case: SendCase) -> Verdict | None:
    if case.removes < case.present or case.adds or not case.present or case.limits.allow_empty:
        return None
    return Verdict(
        "destination-emptied",
        f"All {case.present:,} people who are there by our doing would be removed, and nobody added.",
        "If nobody shall be left, set guards: {allow_empty: true} in the activation's file; else mend the audience.",
        {"allow_empty": 1},
    )


def _many_removed(case: SendCase) -> Verdict | None:
    few, share = (FEW_REMOVED, case.limits.max_removes) if case.present >= SMALL else (SMALL_REMOVED, SMALL_SHARE)
    share = max(share, case.limits.max_removes)
    most = case.limits.max_remove_count
    if most is not None and case.removes > most:
        found = f"{case.removes:,} people would be removed; the limit is {most:,}."
        return Verdict(
            "many-removed", found, _fix("max_remove_count", case.removes), {"max_remove_count": case.removes}
        )
    if case.removes <= few or 100 * case.removes <= share * case.present:
        return None
    percent = math.ceil(100 * case.removes / case.present)
    found = (
        f"{case.removes:,} of the {case.present:,} people who are there by our doing would be removed, {percent} %; "
        f"the limit is {share:g} %."
    )
    return Verdict("many-removed", found, _fix("max_removes", f"{percent}%"), {"max_removes": percent})


def _many_added(case: SendCase) -> Verdict | None:
    most, share = case.limits.max_add_count, case.limits.max_adds
    if most is not None and case.adds > most:
        found = f"{case.adds:,} people would be added; the limit is {most:,}."
        return Verdict("many-added", found, _fix("max_add_count", case.adds), {"max_add_count": case.adds})
    if not case.present or case.adds <= FEW_ADDED or 100 * case.adds <= share * case.present:
        return None
    percent = math.ceil(100 * case.adds / case.present)
    found = (
        f"{case.adds:,} people would be added to the {case.present:,} who are there by our doing, {percent:,} %; the "
        f"limit is {share:g} %."
    )
    return Verdict("many-added", found, _fix("max_adds", f"{percent}%"), {"max_adds": percent})


def _fix(name: str, value: object) -> str:
    return f"If that is right, set guards: {{{name}: {value}}} in the activation's file; else mend the audience."


def many_rejected(sent: int, rejected: int, limits: SendLimits) -> Verdict | None:
    """Whether so many of those sent were rejected that the sending must stop."""
    if sent < FEW_SENT or 100 * rejected <= limits.max_rejects * sent:
        return None
    percent = math.ceil(100 * rejected / sent)
    return Verdict(
        "many-rejected",
        f"The destination rejected {rejected:,} of {sent:,} people, {percent} %; the limit is "
        f"{limits.max_rejects:g} %. The rest was not sent.",
        "Look at the reasons in the table `ledger`, and mend the columns that are sent or the list.",
        {"max_rejects": percent},
    )
