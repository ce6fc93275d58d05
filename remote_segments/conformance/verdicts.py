"""What a row of the kit comes to."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from remote_segments.conformance.account import Trouble
from remote_segments.conformance.lab import Lab, Outcome
from remote_segments.errors import Problem

Result = Literal["ok", "failed", "not applicable"]

MISLED = frozenset(
    ("total-mismatch", "membership-moved", "end-unproven", "page-short", "path-missing", "cursor-repeated")
)
"""Codes of an answer that says something else than it holds: whichever is seen first."""


BY_CODE = frozenset(("code-failed", "answer-unexpected"))
"""Codes in which a platform in Python may end as well, where an answer is not what it should be."""

MISREAD = MISLED | {"wrong-type", "member-without-id", "not-json"}
"""Codes of an answer that is not what it should be."""


@dataclass(frozen=True)
class Judgement:
    """What one row came to: the code it rightly ended in or wrongly failed with, and why."""

    result: Result
    code: str | None = None
    note: str = ""
    problems: tuple[Problem, ...] = ()


def passed(code: str | None = None, note: str = "") -> Judgement:
    """Returns a row that is as it must be; `code` is that of the error it rightly ends in."""
    return Judgement("ok", code, note)


def inapplicable(reason: str) -> Judgement:
    """Returns a row that says nothing about this platform."""
    return Judgement("not applicable", None, reason)


def failed(*problems: Problem) -> Judgement:
    """Returns a row that shows a fault of the manifest, or of the engine."""
    return Judgement("failed", problems[0].code, "", problems)


def judged(problems: Iterable[Problem], note: str = "") -> Judgement:
    """Returns `ok` when there is no problem."""
    found = tuple(problems)
    return failed(*found) if found else passed(note=note)


def whole(lab: Lab, outcome: Outcome) -> bool:
    """Tells whether a fetch read exactly the members there are, whatever went wrong on the way."""
    names = list(lab.source.identifiers)
    expected = [{name: row.get(name) for name in names} for row in outcome.account.expected()]
    return outcome.error is None and outcome.rows == expected


def must_end(
    lab: Lab, troubles: Iterable[Trouble], codes: Collection[str], what: str, *, may_be_whole: bool = False
) -> Judgement:
    """Reads an account with each trouble in turn; each must end in one of the codes.

    Args:
        lab: the source under test.
        troubles: what goes wrong, one per reading.
        codes: codes of the right errors.
        what: what went wrong, for the message: `a page whose array is null`.
        may_be_whole: whether all members may also be read in spite of it.
    """
    seen: list[str] = []
    codes = {*codes, *(BY_CODE if lab.by_code and MISREAD & set(codes) else ())}
    for trouble in troubles:
        outcome = lab.read(lab.many, trouble)
        if outcome.account.foreign:
            found = f"After {what} a call went to another host, {outcome.account.foreign[0]}."
            fix = "Report this bug: no credential may go there."
            return failed(Problem("credential-sent", found, fix, lab.where))
        if outcome.code in codes:
            seen.append(outcome.code or "")
        elif outcome.error is not None:
            found = f"{what[:1].upper()}{what[1:]} must end in {' or '.join(sorted(codes))}, but ended otherwise."
            fix = "Compare the manifest with the documented exchanges."
            return failed(Problem(outcome.code or "", f"{found} {outcome.error.problem.found}", fix, lab.where))
        elif not (may_be_whole and whole(lab, outcome)):
            found = f"{what[:1].upper()}{what[1:]} was taken for a whole membership of {len(outcome.rows):,} members."
            fix = "Say in the manifest how the last page is known, and where the platform's count of members is."
            return failed(Problem("fault-unnoticed", found, fix, lab.locate("members")))
    return passed(seen[0] if seen else None)


def must_heal(lab: Lab, trouble: Trouble, what: str) -> tuple[Outcome, Judgement | None]:
    """Reads an account whose trouble passes; a verdict only when not all members were read."""
    outcome = lab.read(lab.many, trouble)
    if whole(lab, outcome):
        return outcome, None
    why = outcome.error.problem.found if outcome.error else "Members are missing."
    found = f"{what[:1].upper()}{what[1:]} that passes was not healed. {why}"
    fix = "See `retries` and `refusals` of the manifest."
    return outcome, failed(Problem(outcome.code or "members-differ", found, fix, lab.where))
