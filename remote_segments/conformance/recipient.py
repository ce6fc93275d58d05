"""A fake account that members are sent to, made of documented exchanges: it holds a list, and answers as documented.

It never sees the manifest. A call that is not documented is refused and remembered, and changes nothing.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx

from remote_segments.conformance.account import Bytes, answered, asked, refused
from remote_segments.conformance.calls import Answer, Call, Exchange
from remote_segments.conformance.deliveries import REJECTED, RESULTS, TAKEN, Deliveries, Delivery
from remote_segments.conformance.exchanges import Exchanges
from remote_segments.conformance.marks import Wanted, compare, fill, marks

JOB = "job-1"
"""Id of the first job."""

PEOPLE = 200
"""People whom the platform knows: numbers from 1 on."""

Doing = Literal["describe", "create", "resolve", "add", "remove", "upsert", "job", "also"]


@dataclass(frozen=True)
class Received:
    """One call that was understood: what it does, and which of its kind it is."""

    doing: Doing
    tries: int


@dataclass
class Recipient:
    """Answers the calls to one list."""

    exchanges: Exchanges
    deliveries: Deliveries
    rejecting: set[int] = field(default_factory=set)  # people whom it does not take
    disturb: Callable[[Received, httpx.Response], httpx.Response] = lambda _, response: response
    before: Callable[[Received], httpx.Response | None] = lambda _: None  # answers before anything is changed
    refusing: bool = False  # whether calls with members are refused as a whole
    suitable: bool = True
    job_fails: bool = False
    held: set[int] = field(default_factory=set)
    updated: set[int] = field(default_factory=set)
    differences: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    calls: list[Doing] = field(default_factory=list)
    entries: list[int] = field(default_factory=list)  # members of each call that adds or removes
    _jobs: dict[str, tuple[Delivery, list[int], list[int]]] = field(default_factory=dict)
    _asked: dict[str, int] = field(default_factory=dict)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answers a request."""
        if request.url.host not in self._hosts:
            self.foreign.append(request.url.host)
            return httpx.Response(200, stream=Bytes(b"{}"))
        sent = asked(request)
        nearest: list[str] | None = None
        for doing, wanted, source in self.documented():
            if not wanted.same_place(sent):
                continue
            values, differences = wanted.read(sent)
            wrong = differences or self.misfit(doing, source, values)
            if not wrong:
                return self._answer(doing, source, values)
            nearest = wrong if nearest is None else min(nearest, wrong, key=len)
        self.differences.append(
            f"{sent.method} {httpx.URL(sent.url).path}: {', '.join(nearest or ['no such address'])}"
        )
        return httpx.Response(400, stream=Bytes(b'{"refused": "not documented"}'))

    def people(self, number: int) -> dict[str, Any]:
        """Returns the identifiers of one person, as JSON has them."""
        return {
            name: pattern + number
            if isinstance(pattern, int)
            else pattern.replace("{n}", str(number)).replace("{nnn}", f"{number:03}")
            for name, pattern in self.deliveries.identifiers.items()
        }

    @property
    def _known(self) -> dict[str, str]:
        return {**self.deliveries.options, **self.deliveries.ids, **self.deliveries.outer}

    @cached_property
    def _hosts(self) -> set[str | None]:
        return {urlsplit(wanted.url).hostname for _, wanted, _ in self.documented()}

    def documented(self) -> list[tuple[Doing, Wanted, Any]]:
        """Returns every documented call, what it does, and where it is documented."""
        return self._calls

    @cached_property
    def _calls(self) -> list[tuple[Doing, Wanted, Any]]:
        kind = self.deliveries
        found: list[tuple[Doing, Wanted, Any]] = [
            ("also", self._wanted(one.request, own=True), one) for one in kind.also
        ]
        found += [("describe", self._wanted(one.request), one) for one in kind.describe]
        found += [("create", self._wanted(kind.create.request), kind.create)] if kind.create else []
        found += [("resolve", self._wanted(one.request), one) for one in kind.resolve.values()]
        for name, verb in kind.verbs().items():
            found += [(name, self._wanted(one.request), one) for one in verb.variants()]  # type: ignore[misc]
            if verb.job is not None:
                found.append(("job", self._wanted(verb.job.request), verb))
        return found

    def _wanted(self, call: Call, *, own: bool = False) -> Wanted:
        headers = call.headers if own else {**self.exchanges.headers, **call.headers}
        known = self._known
        return Wanted(call.method, fill(call.url, known), fill(headers, known), fill(call.body, known))

    @cached_property
    def _everybody(self) -> dict[str, int]:
        """The number of each person by each identifier, also of people whom the platform does not know."""
        return {str(value): number for number in range(1, 2 * PEOPLE) for value in self.people(number).values()}

    def misfit(self, doing: Doing, source: Any, values: Mapping[str, Any]) -> list[str]:
        """Returns what is wrong with the members of a call, nothing where they are as documented."""
        if doing == "job":
            return [] if values.get("job") in self._jobs else ["no such job"]
        if doing == "resolve":
            members, shapes, joined = values.get("asked"), [source.asked], source.joined
        elif isinstance(source, Delivery) and source.member is not None:
            members, shapes, joined = values.get("members"), source.shapes, source.joined
        else:
            return []
        listed = _listed(members, joined)
        if not 0 < len(listed) <= source.largest:
            return [f"a call holds {source.largest:,} members at most, and one at least"]
        texts = joined is not None or not isinstance(members, list)
        numbers = [self._number(one, shapes, texts=texts) for one in listed]
        return ["a member is in another shape than the documented one"] if None in numbers else []

    def _number(self, entry: Any, shapes: Sequence[Any], *, texts: bool = False) -> int | None:
        """Returns the number of the person whom an entry is about; None where it is in no documented shape."""
        for shape in shapes:
            values: dict[str, Any] = {}
            wrong: list[str] = []
            template = fill(shape, self._known)
            compare(template, entry, "member", values, wrong)
            named = [self._everybody[str(value)] for name, value in values.items() if str(value) in self._everybody]
            if wrong or not named or len(set(named)) != 1:
                continue
            filled = fill(template, {**self.people(named[0]), **self.deliveries.attributes})
            if filled == entry or (texts and str(filled) == entry):
                return named[0]
        return None

    def _answer(self, doing: Doing, source: Any, values: Mapping[str, Any]) -> httpx.Response:
        self.calls.append(doing)
        received = Received(doing, self.calls.count(doing))
        early = self.before(received)
        if early is not None:
            return early
        return self.disturb(received, self.carried_out(doing, source, values))

    def carried_out(self, doing: Doing, source: Any, values: Mapping[str, Any]) -> httpx.Response:
        """Does what a documented call asks, and returns the documented answer."""
        if doing == "resolve":
            return self._resolved(source, _listed(values["asked"], source.joined))
        if doing == "job":
            return self._job(*self._jobs[values["job"]], job=values["job"])
        if isinstance(source, Delivery):
            return self._delivered(doing, source, values)
        return self._told(source, values)

    def _told(self, exchange: Exchange, values: Mapping[str, Any]) -> httpx.Response:
        answer = exchange.response
        if not self.suitable and exchange in self.deliveries.describe[:1] and self.deliveries.unsuitable:
            answer = self.deliveries.unsuitable
        told = {**self._known, "name": "Invented list", "size": len(self.held), **values}
        headers = fill(answer.headers, told)
        return answered(answer.model_copy(update={"headers": headers}), fill(answer.body, told))

    def _resolved(self, source: Any, listed: Sequence[Any]) -> httpx.Response:
        numbers = [self._number(one, [source.asked], texts=True) or 0 for one in listed]
        known = [number for number in numbers if number <= PEOPLE]
        unknown = [number for number in numbers if number > PEOPLE]
        entries = [fill(source.found, self.people(number)) for number in known]
        entries += [fill(source.unknown, self.people(number)) for number in unknown] if source.unknown else []
        answer = source.none if not known and source.none is not None else source.response
        return answered(answer, fill(answer.body, {**self._known, "found": _merged(source.found, entries)}))

    def _delivered(self, doing: Doing, verb: Delivery, values: Mapping[str, Any]) -> httpx.Response:
        numbers = self.numbers(verb, values)
        if not numbers:
            return httpx.Response(404, stream=Bytes(b"{}"))
        self.entries.append(len(numbers))
        wrong = [number for number in numbers if number in self.rejecting]
        if self.refusing and verb.refusal is not None:
            return answered(verb.refusal, verb.refusal.body)
        if wrong and (verb.largest == 1 or not (verb.told_each or verb.told_some)):
            return answered(verb.refusal, verb.refusal.body) if verb.refusal else refused(self.exchanges, "expired")
        right = [number for number in numbers if number not in self.rejecting]
        if verb.job is not None:
            job = f"job-{len(self._jobs) + 1}"
            self._jobs[job] = (verb, right, wrong)
            answer = verb.response
            return answered(answer, fill(answer.body, {**self._known, "job": job, "count": len(numbers)}))
        self._apply(doing, right)
        answer = verb.partly if wrong and verb.partly is not None else verb.response
        return self._outcome(verb, answer, numbers, wrong)

    def numbers(self, source: Any, values: Mapping[str, Any]) -> list[int]:
        """Returns the members that a call is about; none where it holds none whom this account could know."""
        if not isinstance(source, Delivery):
            return []
        if source.member is None:
            named = [str(values[name]) for name in self.deliveries.identifiers if name in values]
            return [self._everybody[one] for one in named[:1] if one in self._everybody]
        members = values["members"]
        texts = source.joined is not None or not isinstance(members, list)
        return [self._number(one, source.shapes, texts=texts) or 0 for one in _listed(members, source.joined)]

    def _apply(self, doing: str, numbers: Sequence[int]) -> None:
        if doing == "add":
            self.held |= set(numbers)
        elif doing == "remove":
            self.held -= set(numbers)
        else:
            self.updated |= set(numbers)

    def _outcome(
        self, verb: Delivery, answer: Answer, numbers: Sequence[int], rejected: Sequence[int]
    ) -> httpx.Response:
        """Returns an answer with what it says of each member."""
        wrong = [place for place, number in enumerate(numbers) if number in rejected]
        entries = [
            fill(
                verb.rejected if place in wrong else verb.taken,
                {**self._known, **self.people(number), "place": place},
            )
            for place, number in enumerate(numbers)
        ]
        told: dict[str, Any] = {"count": len(numbers), "taken": len(numbers) - len(wrong), "refused": len(wrong)}
        taken = [entry for place, entry in enumerate(entries) if place not in wrong]
        told |= {RESULTS: _merged(verb.taken, entries), TAKEN: _merged(verb.taken, taken)}
        told |= {REJECTED: _merged(verb.rejected, [entries[place] for place in wrong])}
        return answered(answer, fill(answer.body, {**self._known, **told}))

    def _job(self, verb: Delivery, right: list[int], wrong: list[int], *, job: str) -> httpx.Response:
        step, tries = verb.job, self._asked.get(job, 0)
        self._asked[job] = tries + 1
        if step is None or (step.pending is not None and tries == 0):
            pending = step.pending if step is not None and step.pending is not None else Answer()
            return answered(pending, fill(pending.body, {**self._known, "job": job}))
        if self.job_fails and step.failed is not None:
            return answered(step.failed, fill(step.failed.body, {**self._known, "job": job}))
        self._apply(next(name for name, one in self.deliveries.verbs().items() if one is verb), right)
        answer = verb.partly_done if wrong and verb.partly_done is not None else step.response
        answer = answer.model_copy(update={"document": fill(answer.document, {"job": job})})
        return self._outcome(verb, answer, [*right, *wrong], wrong)


def _listed(members: Any, joined: str | None) -> list[Any]:
    if isinstance(members, list) and (joined is None or len(members) != 1):
        return members
    members = members[0] if isinstance(members, list) else members
    if members is None:
        return []
    if joined is not None:
        return str(members).split(joined)
    if isinstance(members, str) and members[:1] == "[":
        decoded = json.loads(members)
        return decoded if isinstance(decoded, list) else [members]
    return [members]


def _merged(template: Any, entries: list[Any]) -> Any:
    """Returns entries as an array; as one object where each is an object keyed by its member."""
    if isinstance(template, dict) and marks(list(template)):
        return {key: value for entry in entries for key, value in entry.items()}
    return entries
