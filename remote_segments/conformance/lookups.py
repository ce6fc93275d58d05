"""Rows about identifiers that are looked up: every member is answered, named as missing, or an error."""

from collections.abc import Mapping
from dataclasses import replace

from remote_segments.conformance.account import Trouble
from remote_segments.conformance.asking import Known
from remote_segments.conformance.failures import UNREADABLE, Row
from remote_segments.conformance.lab import Lab, Outcome
from remote_segments.conformance.troubles import Change, body, refusing
from remote_segments.conformance.verdicts import Judgement, failed, inapplicable, judged, must_end, must_heal, passed
from remote_segments.errors import Problem

_NONE = "all identifiers come with the members"


def size(lab: Lab) -> Judgement:
    """A call asks about as many ids as documented, not more; one member more takes another call."""
    if lab.source.lookup is None or lab.membership.lookup is None:
        return inapplicable(_NONE)
    return judged(lab.differences(lab.read(lab.source.lookup.most + 1, shrink=False)))


def missing(lab: Lab) -> Judgement:
    """Members whom the platform does not know any more: kept, without these identifiers, and counted."""
    lookup = lab.membership.lookup
    if lookup is None:
        return inapplicable(_NONE)
    if lookup.partly is None:
        return inapplicable("no answer about a missing member is documented")
    outcomes = [
        lab.read(lab.many, Trouble(lookup=lambda known: Known(known.found[1:], known.found[:1]))),
        lab.read(1, Trouble(lookup=lambda known: Known((), known.found))),  # nobody is known
    ]
    for outcome in outcomes:
        gone = sum(all(row[name] is None for name in _asked(lab)) for row in outcome.rows)
        told = outcome.proof.missing if outcome.proof else -1
        if outcome.error is not None:
            return failed(outcome.error.problem)
        if len(outcome.rows) != len(outcome.account.kept()) or not gone == told == _calls(outcome):
            found = f"Of {len(outcome.rows):,} members {gone:,} lack what was looked up, but {told:,} are counted."
            return failed(Problem("fault-unnoticed", found, "Correct lookup.missing.", lab.locate("lookup")))
    return passed(note="counted, and kept without these identifiers")


def _asked(lab: Lab) -> list[str]:
    return [name for name, field in lab.source.identifiers.items() if field.looked_up]


def _calls(outcome: Outcome) -> int:
    """Returns the number of look-ups, each of which lacked one member."""
    return sum(verb == "lookup" for verb in outcome.account.calls)


def unanswered(lab: Lab) -> Judgement:
    """A member who is neither answered nor named as missing, or answered twice."""
    lookup = lab.membership.lookup
    if lookup is None or lab.source.lookup is None:
        return inapplicable(_NONE)
    twice = Trouble(lookup=lambda known: replace(known, found=(*known.found, known.found[0])))
    codes = {"lookup-unanswered", "lookup-foreign"}
    verdict = must_end(lab, [twice], codes, "a look-up that answers twice")
    if verdict.result == "failed":
        return verdict
    if lab.source.lookup.left_out == "missing":
        return passed(verdict.code, "whom the answer leaves out counts as missing, as its own count confirms")
    silent = Trouble(lookup=lambda known: replace(known, found=known.found[1:]))
    return must_end(lab, [silent], codes, "a look-up that leaves a member out")


def _on_lookup(change: Change, times: int | None = None) -> Trouble:
    return Trouble(
        answer=lambda place, response: (
            change(response) if place.verb == "lookup" and (times is None or place.tries <= times) else response
        )
    )


def refused(lab: Lab) -> Judgement:
    """A look-up that is throttled, refused, or answered by a web page."""
    if lab.membership.lookup is None:
        return inapplicable(_NONE)
    busy = refusing(lab.exchanges, "throttled")
    _, verdict = must_heal(lab, _on_lookup(busy, times=1), "a throttled look-up")
    if verdict is not None:
        return verdict
    page = body(b"<!DOCTYPE html><html><title>Sign in</title></html>", "text/html")
    for change, codes in (
        (busy, {"rate-limited"}),
        (refusing(lab.exchanges, "key_refused"), {"key-refused"}),
        (page, UNREADABLE),
        (body(b"{}"), {"path-missing", "lookup-unanswered"}),
    ):
        verdict = must_end(lab, [_on_lookup(change)], codes, "a look-up that is refused")
        if verdict.result == "failed":
            return verdict
    return passed()


ROWS: Mapping[str, Row] = {
    "lookup-size": size,
    "lookup-missing": missing,
    "lookup-unanswered": unanswered,
    "lookup-refused": refused,
}
"""Rows about look-ups, by their stable names."""
