"""Rows about failures on the way, and about answers that are not what they should be."""

from collections.abc import Callable, Collection, Iterable

import httpx

from remote_segments.conformance.account import Trouble
from remote_segments.conformance.exchanges import MEMBERS, PAGE_MARKS
from remote_segments.conformance.lab import Lab
from remote_segments.conformance.marks import marks
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
    shortened,
    showing,
    status,
    without_last_line,
)
from remote_segments.conformance.verdicts import MISLED, Judgement, failed, inapplicable, must_end, must_heal, passed
from remote_segments.errors import Problem

WAIT = 3
"""Seconds that the platform asks to wait."""

CUT = frozenset(("answer-cut", "file-damaged"))
"""Codes of what did not come whole."""

UNREADABLE = frozenset(("not-json", "wrong-format", "row-width", "path-missing", "file-missing", "not-a-file"))
"""Codes of something else in place of the members."""

EXPIRED = frozenset(("request-refused", "cursor-expired", "link-expired", "version-retired", "segment-not-found"))
"""Codes of a cursor or a link that is no longer accepted: what the platform's refusal means."""


def _each_page(lab: Lab, change: Change) -> list[Trouble]:
    return [on_page(page, change) for page in range(1, min(lab.pages, 3) + 1)]


def _heals_and_ends(lab: Lab, change: Change, codes: Collection[str], what: str) -> Judgement:
    """Once, a failure is healed at every page; for ever, it ends in one of the codes."""
    for page in range(1, min(lab.pages, 3) + 1):
        _, verdict = must_heal(lab, on_page(page, change, times=1), what)
        if verdict is not None:
            return verdict
    return must_end(lab, _each_page(lab, change), codes, what)


def throttled(lab: Lab) -> Judgement:
    """A 429 that says how long to wait: obeyed, then read to the end."""
    change = refusing(lab.exchanges, "throttled", Retry_After=str(WAIT))
    outcome, verdict = must_heal(lab, on_page(lab.pages, change, times=1), "a 429 with Retry-After")
    if verdict is not None:
        return verdict
    if not any(seconds >= WAIT for seconds in outcome.slept):
        found = f"The platform asked to wait {WAIT} seconds; the longest wait was {max(outcome.slept, default=0):g}."
        return failed(Problem("wait-ignored", found, "Report this bug.", lab.where))
    return _heals_and_ends(lab, change, {"rate-limited"}, "a 429 with Retry-After")


def throttled_silently(lab: Lab) -> Judgement:
    """A 429 that does not say how long to wait."""
    return _heals_and_ends(lab, refusing(lab.exchanges, "throttled"), {"rate-limited"}, "a 429 without Retry-After")


def server_error(lab: Lab) -> Judgement:
    """500, 502, 503, 504, and what the platform documents."""
    what = "a server error"
    for change in map(status, (500, 502, 504)):
        _, verdict = must_heal(lab, on_page(1, change, times=1), what)
        if verdict is not None:
            return verdict
    return _heals_and_ends(lab, refusing(lab.exchanges, "unavailable"), {"platform-unavailable"}, what)


def timeout(lab: Lab) -> Judgement:
    """Nothing comes for longer than the time-out."""
    return _heals_and_ends(lab, raising(httpx.ReadTimeout("nothing came")), {"timeout"}, "a time-out")


def cut_body(lab: Lab) -> Judgement:
    """Half of an answer, then the connection closes; or it ends as if that were all."""
    broken = cut(httpx.RemoteProtocolError("closed"))
    verdict = _heals_and_ends(lab, broken, CUT, "a cut body")
    if verdict.result == "failed" or lab.textual:
        return verdict
    return _heals_and_ends(lab, cut(None), CUT, "a body that ends too early")


def cut_compressed(lab: Lab) -> Judgement:
    """A compressed answer that lacks its end."""
    return _heals_and_ends(lab, cut_gzip, CUT, "a compressed answer without its end")


def invalid_json(lab: Lab) -> Judgement:
    """Success with something that is not JSON."""
    if lab.textual:
        return inapplicable("pages are not JSON")
    return must_end(lab, _each_page(lab, body(b"nonsense")), {"not-json"}, "an answer that is not JSON")


def web_page(lab: Lab) -> Judgement:
    """Success with a web page."""
    page = body(b"<!DOCTYPE html><html><title>Sign in</title></html>", "text/html")
    return must_end(lab, _each_page(lab, page), UNREADABLE, "a web page instead of data")


def _own(lab: Lab) -> bool:
    """Whether members come from the platform itself, not from another host that keeps its files."""
    return lab.membership.files is None or lab.membership.files.download is not None


def key_refused(lab: Lab) -> Judgement:
    """The key is refused, from the start or in the middle."""
    change = refusing(lab.exchanges, "key_refused")
    troubles = [everywhere(change), *(_each_page(lab, change) if _own(lab) else ())]
    return must_end(lab, troubles, {"key-refused"}, "a key that is refused")


def expired(lab: Lab) -> Judgement:
    """A cursor or link that is no longer accepted in the middle."""
    if lab.membership.files is not None:
        return _expired_link(lab)
    if lab.unpaged:
        return inapplicable(lab.unpaged)
    troubles = _each_page(lab, refusing(lab.exchanges, "expired"))[1:]
    return must_end(lab, troubles, EXPIRED, "a cursor that has expired")


def _expired_link(lab: Lab) -> Judgement:
    """The address of a file holds no longer: asked for again, or an error."""
    if _own(lab):
        return inapplicable("files have addresses that hold")
    change = status(403)
    _, verdict = must_heal(lab, on_page(lab.pages, change, times=1), "an expired link")
    polled = any(step.pending for step in lab.membership.job)
    codes = EXPIRED if polled else {*EXPIRED, "export-not-ready"}  # an address that waits and one that ended look alike
    return verdict or must_end(lab, _each_page(lab, change), codes, "a link that has expired")


def job_never_done(lab: Lab) -> Judgement:
    """An export that is not ready after all the time it is given."""
    if not any(step.pending for step in lab.membership.job):
        return inapplicable("there is no job to wait for")
    return must_end(lab, [Trouble(job="never-done")], {"export-not-ready"}, "a job that is never done")


def job_failed(lab: Lab) -> Judgement:
    """An export that the platform gives up."""
    if not any(step.failed for step in lab.membership.job):
        return inapplicable("no failure of a job is documented")
    return must_end(lab, [Trouble(job="failed")], {"export-failed"}, "a job that has failed")


def truncated_file(lab: Lab) -> Judgement:
    """A file that lacks its end though all announced bytes came: gzip and zip tell, plain text only by a count."""
    files = lab.membership.files
    if files is None:
        return inapplicable("members come on pages")
    if files.compression == "none" and lab.membership.total is None:
        return inapplicable("nothing in plain text tells, and the platform gives no count")
    bare = files.compression == "none" and all(isinstance(shape, str) and "," not in shape for shape in files.shapes)
    troubles = [shortened(2), without_last_line() if bare else shortened(20)]
    verdict = must_end(lab, troubles, {*CUT, *MISLED, *UNREADABLE}, "a file without its end")
    if bare and verdict.result == "ok":
        return passed(verdict.code, "a cut within the last line looks like another identifier, which no count tells")
    return verdict


def deleted_segment(lab: Lab) -> Judgement:
    """The segment is not there, or vanishes while it is read."""
    change = refusing(lab.exchanges, "not_found")
    troubles = [everywhere(change), *(_each_page(lab, change) if lab.membership.members else ())]
    return must_end(lab, troubles, {"segment-not-found"}, "a deleted segment")


def null_members(lab: Lab) -> Judgement:
    """Null where the members would be."""
    if lab.textual:
        return inapplicable("pages are not JSON")
    troubles = [null_page(page) for page in range(1, min(lab.pages, 3) + 1)]
    return must_end(lab, troubles, {"wrong-type", *MISLED}, "null in place of the members")


def missing_key(lab: Lab) -> Judgement:
    """A key of a page is not there: the members, the cursor, the count."""
    pages, troubles, undecided = lab.membership.members, [], []
    if lab.textual or pages is None:
        return inapplicable("pages are not JSON")
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
    if not lab.typed:
        return inapplicable("identifiers are always text in such a format")
    primary = lab.source.primary
    if _is_key(lab, primary):
        return inapplicable(f"`{primary}` is the key of each member, which JSON always writes as text")
    other: object = "text" if isinstance(lab.membership.identifiers.get(primary), int) else 12
    others: list[object] = [{"a": 1}, True]
    if lab.source.identifiers[primary].type != "either":
        others.append(other)
    return must_end(lab, _shown(lab, primary, others), {"wrong-type"}, f"`{primary}` of another type")


def null_id(lab: Lab) -> Judgement:
    """A member without the platform's own identifier."""
    if not lab.typed:
        return inapplicable("there is no null in such a format")
    codes, primary = {"member-without-id", "wrong-type"}, lab.source.primary
    nothing = ("",) if _is_key(lab, primary) else (None, "")
    return must_end(lab, _shown(lab, primary, nothing), codes, f"a member without `{primary}`")


def _is_key(lab: Lab, name: str) -> bool:
    """Tells whether an identifier is the key under which a member stands."""
    return any(isinstance(shape, dict) and name in marks(list(shape)) for shape in lab.membership.shapes)


def _shown(lab: Lab, name: str, values: Iterable[object]) -> list[Trouble]:
    return [showing(name, value, page) for value in values for page in range(1, min(lab.pages, 2) + 1)]


Row = Callable[[Lab], Judgement]
