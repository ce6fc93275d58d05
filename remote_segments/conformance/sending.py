"""Rows of the kit about sending: nothing may be told as accepted that was not taken, nothing repeated blindly."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import httpx

from remote_segments.conformance.account import Bytes, refused
from remote_segments.conformance.delivering import Desk, Result
from remote_segments.conformance.recipient import PEOPLE, Received, Recipient
from remote_segments.conformance.troubles import FOREIGN
from remote_segments.conformance.verdicts import Judgement, failed, inapplicable, judged, passed
from remote_segments.destinations.failures import UNSETTLED
from remote_segments.errors import Problem
from remote_segments.rest.writing.entries import MEMBERS

SendingRow = Callable[[Desk], Judgement]

WRITING = frozenset(("add", "remove", "upsert"))


def sent(desk: Desk) -> Judgement:
    """Members sent by each identifier arrive, all of them and nobody else."""
    return judged(desk.differences(), note=f"{desk.ability.tells} by {len(desk.identifiers())} sets of identifiers")


def one_member(desk: Desk) -> Judgement:
    """A batch of one member."""
    return judged(desk.arrived(desk.send([1]), [1]))


def full_batch(desk: Desk) -> Judgement:
    """As many members as a call takes go in one call; one more is never sent along."""
    size = min(desk.ability.batch_size, PEOPLE)
    if size < 2:
        return inapplicable("each member has a call of its own")
    result = desk.send(range(1, size + 1))
    largest = max(result.recipient.entries, default=0)
    calls = -(-size // desk.documented.largest)
    if result.error is None and len(result.recipient.entries) != calls:
        found = f"{size:,} members took {len(result.recipient.entries)} calls, where {calls} suffice."
        return failed(Problem("calls-too-many", found, "Raise `most` in the manifest.", desk.locate("most")))
    return judged(desk.arrived(result, range(1, size + 1)), note=f"{largest:,} members a call")


def rejected_member(desk: Desk) -> Judgement:
    """One bad member: rejected alone where the platform tells who, else the batch is refused so that it is halved."""
    return judged(desk.rejections())


def unknown_person(desk: Desk) -> Judgement:
    """A person whom a look-up does not know is rejected; the others are sent."""
    lookups = desk.ability.lookups
    if not lookups:
        return inapplicable("no identifier is looked up")
    problems: list[Problem] = []
    for name in lookups:
        result = desk.send([1, PEOPLE + 1, 2], names=[name])
        problems += [*desk.undocumented(result.recipient), *_told(desk, result, ["accepted", "rejected", "accepted"])]
        nobody = desk.send([PEOPLE + 1], names=[name])
        problems += _told(desk, nobody, ["rejected"])
    return judged(problems)


def throttled(desk: Desk) -> Judgement:
    """A 429 with Retry-After is waited for, and the batch is carried out once."""

    def before(received: Received) -> httpx.Response | None:
        first = received.doing == desk.verb and received.tries == 1
        return refused(desk.exchanges, "throttled", **{"retry-after": "7"}) if first else None

    account = desk.recipient()
    account.before = before
    result = desk.send([1], account)
    problems = list(desk.arrived(result, [1]))
    if not problems and not any(wait >= 7 for wait in result.slept):
        problems = [Problem("retry-after-ignored", "Retry-After was not waited for.", _RETRIES, desk.where)]
    if not problems and len(account.entries) != 1:
        problems = [Problem("sent-twice", "The batch was carried out twice.", _RETRIES, desk.where)]
    return judged(problems)


def cut_after(desk: Desk) -> Judgement:
    """The connection is cut after the platform took the batch: repeated only where that is harmless, else unknown."""

    def cut(_: httpx.Response) -> httpx.Response:
        raise httpx.ReadError("cut")

    return _doubtful(desk, cut)


def error_after(desk: Desk) -> Judgement:
    """The platform takes the batch and answers with an error of its server: the same."""
    return _doubtful(desk, lambda _: httpx.Response(502, stream=Bytes(b"")))


def silent_for_ever(desk: Desk) -> Judgement:
    """No answer to any try: the outcome is unknown, never accepted, never rejected."""

    def silent(received: Received, response: httpx.Response) -> httpx.Response:
        if received.doing == desk.verb:
            raise httpx.ReadTimeout("nothing")
        return response

    account = desk.recipient()
    account.disturb = silent
    result = desk.send([1], account)
    if not _unknown(result):
        return failed(_guessed(desk, "a batch without an answer", result))
    return passed(result.code or "outcome-unknown")


def key_expired(desk: Desk) -> Judgement:
    """The credential expires in mid-send: renewed where it can be, else an error; nothing is told as accepted."""
    calls: list[int] = []

    def before(received: Received) -> httpx.Response | None:
        calls.append(received.doing == desk.verb)
        return refused(desk.exchanges, "key_refused") if received.doing == desk.verb and sum(calls) == 1 else None

    account = desk.recipient()
    account.before = before
    result = desk.send([1], account)
    if result.code == "key-refused":
        return passed("key-refused") if not account.entries else failed(_guessed(desk, "a refused key", result))
    return judged(desk.arrived(result, [1]), note="renewed")


def unreadable(desk: Desk) -> Judgement:
    """A successful answer that is cut, empty, null or a web page: unknown where outcomes are in it, never accepted."""
    if not desk.written.answer.needs_document() and desk.written.job is None:
        return inapplicable("the status of HTTP says it all")
    problems: list[Problem] = []
    bodies = (b"", b"null", b"{}", b"[]", b'{"data": [', b"<html></html>")
    for content in bodies:
        account = desk.recipient()
        account.disturb = _answering(desk, content)
        result = desk.send(range(1, desk.size + 1), account)
        if not _unknown(result) and result.code != "batch-partly-refused":
            problems.append(_guessed(desk, f"an answer of {len(content)} bytes that says nothing", result))
    return judged(problems)


def _answering(desk: Desk, content: bytes) -> Callable[[Received, httpx.Response], httpx.Response]:
    def answer(received: Received, response: httpx.Response) -> httpx.Response:
        if received.doing != desk.verb:
            return response
        return httpx.Response(response.status_code, headers=_JSON, stream=Bytes(content))

    return answer


def breaking_out(desk: Desk) -> Judgement:
    """A value that would change what the text around it means is never sent, not even one that the platform gave."""
    members = desk.written.members
    if members is None or members.within is None or members.by is None:
        return inapplicable("members stand in no longer text")
    own, after = desk.deliveries.identifiers[members.by], members.within.partition(f"{{{MEMBERS}}}")[2]
    pattern = own if isinstance(own, str) else "{n}"
    problems: list[Problem] = []
    for piece in (after or "]", f"{members.joined}1"):
        changed = {**desk.deliveries.identifiers, members.by: f"{pattern}{piece}"}
        account = Recipient(desk.exchanges, desk.deliveries.model_copy(update={"identifiers": changed}))
        for names in desk.identifiers():
            result = desk.send([1], account, names)
            if account.entries or account.differences or result.outcomes != ["rejected"]:
                found = "A member is sent whose value changes what the text around it means."
                fix = "Let `form` of members fit nothing but ids."
                problems.append(Problem("member-unsafe", found, fix, desk.locate("members", "form")))
    return judged(problems)


def job_failed(desk: Desk) -> Judgement:
    """A job that fails later: its members are rejected for now, and tried again."""
    step = desk.documented.job
    if step is None or step.failed is None:
        return inapplicable("no job decides" if step is None else "no failed job is documented")
    account = desk.recipient()
    account.job_fails = True
    result = desk.send(range(1, desk.size + 1), account)
    return judged(_told(desk, result, ["rejected"] * desk.size))


def redirected(desk: Desk) -> Judgement:
    """A redirect to another host is never followed: neither the credential nor the members go there."""
    account = desk.recipient()

    def away(received: Received, response: httpx.Response) -> httpx.Response:
        if received.doing != desk.verb:
            return response
        return httpx.Response(307, headers={"location": f"https://{FOREIGN}/"}, stream=Bytes(b""))

    account.disturb = away
    result = desk.send([1], account)
    if account.foreign:
        return failed(Problem("credential-sent", "A call went to another host.", "Report this bug.", desk.where))
    if result.error is None:
        return failed(_guessed(desk, "a redirect", result))
    return passed(result.code)


ROWS: Mapping[str, SendingRow] = {
    "sent": sent,
    "one-member": one_member,
    "full-batch": full_batch,
    "rejected-member": rejected_member,
    "unknown-person": unknown_person,
    "retry-after": throttled,
    "cut-after": cut_after,
    "error-after": error_after,
    "no-answer": silent_for_ever,
    "key-expired": key_expired,
    "unreadable-answer": unreadable,
    "breaking-out": breaking_out,
    "job-failed": job_failed,
    "foreign-redirect": redirected,
}
"""Every row about one verb, by its stable name."""


def described(desk: Desk) -> Judgement:
    """The list is looked at before anything is sent; one whose members a rule decides is refused."""
    if desk.block.describe is None:
        return inapplicable("the platform has no call that describes it")
    account = desk.recipient()
    problem = desk.check(account)
    problems = [*desk.undocumented(account), *([problem.problem] if problem is not None else [])]
    if desk.block.describe.expect and not problems:
        ruled = desk.recipient()
        ruled.suitable = False
        refusal = desk.check(ruled)
        if refusal is None or refusal.code != "segment-unsuitable":
            found = "A list whose members a rule decides is not refused."
            fix = "Write its answer as `unsuitable` in the exchanges, and `expect` in the manifest."
            problems.append(Problem("outcomes-differ", found, fix, desk.where))
    return judged(problems)


def created(desk: Desk) -> Judgement:
    """A new list is made, and its ids are read."""
    if desk.block.create is None:
        return inapplicable("the platform has no call that makes one")
    account = desk.recipient()
    made = desk.create(account)
    if isinstance(made, Exception):
        return failed(*desk.undocumented(account), made.problem)
    wrong = {name for name, value in desk.deliveries.ids.items() if made.get(name) != value}
    found = f"The new list's {', '.join(sorted(wrong))} is not that of the documented answer."
    fix = "Compare `create.ids` with the documented answer."
    return judged([Problem("outcomes-differ", found, fix, desk.where)] if wrong else [])


KIND_ROWS: Mapping[str, SendingRow] = {"described": described, "created": created}
"""Every row about a destination as a whole."""

_RETRIES = "See `retries` and `refusals` of the manifest."
_JSON = {"content-type": "application/json"}


def differences(desk: Desk) -> Iterator[Problem]:
    """Yields what shows that the block of a verb is wrong; the first suffices."""
    for row in (described, created, sent, rejected_member, unknown_person, job_failed):
        yield from row(desk).problems


def _doubtful(desk: Desk, change: Callable[[httpx.Response], httpx.Response]) -> Judgement:
    account = desk.recipient()

    def disturb(received: Received, response: httpx.Response) -> httpx.Response:
        return change(response) if received.doing == desk.verb and received.tries == 1 else response

    account.disturb = disturb
    result = desk.send([1], account)
    if desk.written.idempotent:
        return judged(desk.arrived(result, [1]), note="repeated, which is harmless")
    if len(account.entries) != 1 or not _unknown(result):
        return failed(_guessed(desk, "a batch whose outcome nobody knows", result))
    return passed(result.code or "outcome-unknown")


def _unknown(result: Result) -> bool:
    if result.error is not None:
        return isinstance(result.error, UNSETTLED)
    return set(result.outcomes) == {"unknown"}


def _told(desk: Desk, result: Result, wanted: Sequence[str]) -> list[Problem]:
    if result.error is not None:
        return [result.error.problem]
    if result.outcomes == list(wanted):
        return []
    right = list(wanted).count("accepted")
    found = f"{result.outcomes.count('accepted')} of {len(wanted)} are told as accepted, not {right}."
    return [Problem("outcomes-differ", found, "Compare the manifest with the documented answers.", desk.where)]


def _guessed(desk: Desk, what: str, result: Result) -> Problem:
    told = result.code or ", ".join(sorted(set(result.outcomes)))
    found = f"{what[:1].upper()}{what[1:]} came to {told}, after {len(result.recipient.entries)} calls."
    return Problem("outcome-guessed", found, "Its outcome is unknown: say in `answer` what proves it.", desk.where)
