"""Rows about failures on the way, and about answers that are not what they should be."""

from collections.abc import Callable, Iterable

import httpx

from remote_segments.conformance.account import Trouble
from remote_segments.conformance.exchanges import MEMBERS, PAGE_MARKS
from remote_segments.conformance.lab import Lab
from remote_segments.conformance.marks import marks
from remote_segments.conformance.memberships import ONE_ANSWER
from remote_segments.conformance.troubles import (
    Change,
    body,
    cut,
    cut_gzip,
    everywhere,
    lacking,
    null_page,
    on_page,
    raising,
    refusing,
    showing,
    status,
)
from remote_segments.conformance.verdicts import MISLED, Judgement, failed, inapplicable, must_end, must_heal, passed
from remote_segments.errors import Problem

WAIT = 3
"""Seconds that the platform asks to wait."""

EXPIRED = frozenset(("request-refused", "cursor-expired", "link-expired", "version-retired", "segment-not-found"))
"""Codes of a cursor or a link that is no longer accepted: what the platform's refusal means."""


def _each_page(lab: Lab, change: Change) -> list[Trouble]:
    return [on_page(page, change) for page in range(1, min(lab.pages, 3) + 1)]


def _heals_and_ends(lab: Lab, change: Change, code: str, what: str) -> Judgement:
    """Once, a failure is healed at every page; for ever, it ends in its code."""
    for page in range(1, min(lab.pages, 3) + 1):
        _, verdict = must_heal(lab, on_page(page, change, times=1), what)
        if verdict is not None:
            return verdict
    return must_end(lab, _each_page(lab, change), {code}, what)


def throttled(lab: Lab) -> Judgement:
    """A 429 that says how long to wait: obeyed, then read to the end."""
    change = refusing(lab.exchanges, "throttled", Retry_After=str(WAIT))
    outcome, verdict = must_heal(lab, on_page(lab.pages, change, times=1), "a 429 with Retry-After")
    if verdict is not None:
        return verdict
    if not any(seconds >= WAIT for seconds in outcome.slept):
        found = f"The platform asked to wait {WAIT} seconds; the longest wait was {max(outcome.slept, default=0):g}."
        return failed(Problem("wait-ignored", found, "Report this bug.", lab.where))
    return _heals_and_ends(lab, change, "rate-limited", "a 429 with Retry-After")


def throttled_silently(lab: Lab) -> Judgement:
    """A 429 that does not say how long to wait."""
    return _heals_and_ends(lab, refusing(lab.exchanges, "throttled"), "rate-limited", "a 429 without Retry-After")


def server_error(lab: Lab) -> Judgement:
    """500, 502, 503, 504, and what the platform documents."""
    what = "a server error"
    for change in map(status, (500, 502, 504)):
        _, verdict = must_heal(lab, on_page(1, change, times=1), what)
        if verdict is not None:
            return verdict
    return _heals_and_ends(lab, refusing(lab.exchanges, "unavailable"), "platform-unavailable", what)


def timeout(lab: Lab) -> Judgement:
    """Nothing comes for longer than the time-out."""
    return _heals_and_ends(lab, raising(httpx.ReadTimeout("nothing came")), "timeout", "a time-out")


def cut_body(lab: Lab) -> Judgement:
    """Half of an answer, then the connection closes; or it ends as if that were all."""
    broken = cut(httpx.RemoteProtocolError("closed"))
    verdict = _heals_and_ends(lab, broken, "answer-cut", "a cut body")
    if verdict.result == "failed" or lab.textual:
        return verdict
    return _heals_and_ends(lab, cut(None), "answer-cut", "a body that ends too early")


def cut_compressed(lab: Lab) -> Judgement:
    """A compressed answer that lacks its end."""
    return _heals_and_ends(lab, cut_gzip, "answer-cut", "a compressed answer without its end")


def invalid_json(lab: Lab) -> Judgement:
    """Success with something that is not JSON."""
    if lab.textual:
        return inapplicable("pages are not JSON")
    return must_end(lab, _each_page(lab, body(b'{"data": [nonsense]}')), {"not-json"}, "an answer that is not JSON")


def web_page(lab: Lab) -> Judgement:
    """Success with a web page."""
    page = body(b"<!DOCTYPE html><html><title>Sign in</title></html>", "text/html")
    return must_end(lab, _each_page(lab, page), {"not-json"}, "a web page instead of data")


def key_refused(lab: Lab) -> Judgement:
    """The key is refused, from the start or in the middle."""
    change = refusing(lab.exchanges, "key_refused")
    troubles = [everywhere(change), *_each_page(lab, change)]
    return must_end(lab, troubles, {"key-refused"}, "a key that is refused")


def expired(lab: Lab) -> Judgement:
    """A cursor or link that is no longer accepted in the middle."""
    if lab.pages == 1:
        return inapplicable(ONE_ANSWER)
    troubles = _each_page(lab, refusing(lab.exchanges, "expired"))[1:]
    return must_end(lab, troubles, EXPIRED, "a cursor that has expired")


def deleted_segment(lab: Lab) -> Judgement:
    """The segment is not there, or vanishes while it is read."""
    change = refusing(lab.exchanges, "not_found")
    troubles = [everywhere(change), *_each_page(lab, change)]
    return must_end(lab, troubles, {"segment-not-found"}, "a deleted segment")


def null_members(lab: Lab) -> Judgement:
    """Null where the members would be."""
    if lab.textual:
        return inapplicable("pages are not JSON")
    troubles = [null_page(page) for page in range(1, min(lab.pages, 3) + 1)]
    return must_end(lab, troubles, {"wrong-type"}, "null in place of the members")


def missing_key(lab: Lab) -> Judgement:
    """A key of a page is not there: the members, the cursor, the count."""
    if lab.textual:
        return inapplicable("pages are not JSON")
    pages = lab.membership.members
    troubles, undecided = [], []
    for name in sorted(marks(pages.page.body) & PAGE_MARKS):
        if name == MEMBERS and isinstance(pages.page.body, str):
            continue  # the answer itself is the array: there is no key
        if name != MEMBERS and pages.last is not None and not _at(pages.page.body, pages.last.body, name):
            undecided.append(name)  # documented: without it, a page is the last
        else:
            troubles += [lacking(page, name) for page in range(1, min(lab.pages, 2) + 1)]
    if not troubles:
        return inapplicable("a page has no keys")
    verdict = must_end(lab, troubles, MISLED, "a page that lacks a key", may_be_whole=True)
    if verdict.result == "ok" and undecided:
        return passed(verdict.code, f"a page without {undecided[0]} is the documented end")
    return verdict


def _at(template: object, other: object, name: str) -> bool:
    """Tells whether the key that holds a mark is in another body, too."""
    if not isinstance(template, dict) or not isinstance(other, dict):
        return False
    return any(
        key in other if isinstance(value, str) and f"{{{name}}}" in value else _at(value, other.get(key), name)
        for key, value in template.items()
        if name in marks(value)
    )


def wrong_id(lab: Lab) -> Judgement:
    """An identifier of another JSON type than documented."""
    if lab.textual:
        return inapplicable("identifiers are always text in such a format")
    primary = lab.source.primary
    other: object = "text" if isinstance(lab.membership.identifiers.get(primary), int) else 12
    others: list[object] = [{"a": 1}, True]
    if lab.source.identifiers[primary].type != "either":
        others.append(other)
    return must_end(lab, _shown(lab, primary, others), {"wrong-type"}, f"`{primary}` of another type")


def null_id(lab: Lab) -> Judgement:
    """A member without the platform's own identifier."""
    if lab.textual:
        return inapplicable("there is no null in such a format")
    codes = {"member-without-id", "wrong-type"}
    return must_end(lab, _shown(lab, lab.source.primary, (None, "")), codes, f"a member without `{lab.source.primary}`")


def _shown(lab: Lab, name: str, values: Iterable[object]) -> list[Trouble]:
    return [showing(name, value, page) for value in values for page in range(1, min(lab.pages, 2) + 1)]


Row = Callable[[Lab], Judgement]
