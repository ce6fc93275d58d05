"""A fake account made of documented exchanges: it answers with invented members, in the documented shape.

It never sees the manifest. A call that is not documented is refused and remembered: it is a fault of the manifest.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx

from remote_segments.conformance.asking import Known, looked_up, members_asked, refused_ids
from remote_segments.conformance.exchanges import (
    ASKED,
    MEMBERS,
    Answer,
    Call,
    Exchange,
    Exchanges,
    Lookups,
    Membership,
    Pages,
    Refused,
    Step,
    TellableState,
)
from remote_segments.conformance.marks import Asked, Wanted, fill, marks

Verb = Literal["describe", "members", "lookup", "job", "also"]
"""What a call is for."""

JOB = "job-1"
"""Id of the job that every submission gets."""

RULE = "an invented rule"
"""What decides who is a member, where a description tells it."""

EVERYTHING = 1_000_000_000
"""Members of a page where all come in one answer."""


@dataclass(frozen=True)
class Place:
    """Which call is being answered: the verb, the page from 1 on, and how often this page was asked for."""

    verb: Verb
    page: int
    tries: int


@dataclass(frozen=True)
class Draft:
    """What one page is about to hold; a trouble may change any of it."""

    number: int  # from 1
    members: tuple[int, ...]  # numbers of the members it holds
    next: int | None  # where the next page begins; None when this is the last
    total: int
    shapes: tuple[Any, ...]  # documented shapes of a member


@dataclass(frozen=True)
class Trouble:
    """What goes wrong in an account; each part is told the place and may change what comes of it, or raise."""

    draft: Callable[[Draft], Draft] = lambda draft: draft
    body: Callable[[int, Any], Any] = lambda _, body: body  # of page k, marks not filled in
    answer: Callable[[Place, httpx.Response], httpx.Response] = lambda _, response: response
    description: Callable[[dict[str, Any]], dict[str, Any]] = lambda values: values
    population: Callable[[int, list[int]], list[int]] = lambda _, members: members  # before page k is answered
    lookup: Callable[[Known], Known] = lambda known: known
    job: Literal["never-done", "failed"] | None = None  # what becomes of an export job
    state: TellableState | None = None  # in which the segment is, where its description tells
    content: Callable[[bytes], bytes] = lambda content: content  # of a file, packed


class Bytes(httpx.SyncByteStream):
    """A body as it comes over the wire; `failure` breaks it off."""

    def __init__(self, content: bytes, failure: Exception | None = None) -> None:
        self._content, self._failure = content, failure

    def __iter__(self) -> Iterator[bytes]:
        yield self._content
        if self._failure is not None:
            raise self._failure


def answered(answer: Answer, body: Any) -> httpx.Response:
    """Returns the response that a documented answer becomes, with this body."""
    content = body.encode() if isinstance(body, str) and answer.text is not None else json.dumps(body).encode()
    headers = {"content-type": answer.media_type, **{name.lower(): str(text) for name, text in answer.headers.items()}}
    return httpx.Response(answer.status, headers=headers, stream=Bytes(content))


def lines(items: Iterable[Any]) -> str:
    """Returns members as text, one a line: an object as JSON, a text as it is."""
    return "\n".join(item if isinstance(item, str) else json.dumps(item) for item in items)


_REFUSALS: Mapping[Refused, Answer] = {
    "key_refused": Answer(status=401, document={}),
    "throttled": Answer(status=429, document={}),
    "not_found": Answer(status=404, document={}),
    "expired": Answer(status=400, document={}),
    "unavailable": Answer(status=503, document={}),
}
"""Refusals as HTTP has them, for platforms whose documentation shows none."""


def refused(exchanges: Exchanges, name: Refused, **headers: str) -> httpx.Response:
    """Returns a refusal as the platform documents it, with more headers."""
    answer = exchanges.refusals.get(name, _REFUSALS[name])
    kept = {key: text for key, text in answer.headers.items() if key.lower() != "retry-after"}
    return answered(answer.model_copy(update={"headers": {**kept, **headers}}), answer.body)


def asked(request: httpx.Request) -> Asked:
    """Returns a request of httpx as documented ones are compared with."""
    return Asked(request.method, str(request.url), request.headers, request.read())


@dataclass
class Account:
    """Answers the calls to one membership.

    A cursor is the number of the last member that was read, as with platforms that keep one's place in a living list;
    offsets and numbers of pages count from its start, as they do there.
    """

    exchanges: Exchanges
    membership: Membership
    members: list[int]
    trouble: Trouble = field(default_factory=Trouble)
    differences: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)  # hosts that are not the platform's and were called
    name: str = "Invented segment"  # what its description tells
    page: int = 0  # pages asked for; the same page asked for again is a try of it
    calls: list[Verb] = field(default_factory=list)
    ever: set[int] = field(default_factory=set)  # who was a member at any time
    _last: Asked | None = None
    _tries: dict[tuple[Verb, int], int] = field(default_factory=dict)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answers a request."""
        self.ever |= set(self.members)
        if self._astray(request):
            self.foreign.append(request.url.host)
            return httpx.Response(200, stream=Bytes(b"{}"))
        sent = asked(request)
        for verb, calls in self._documented.items():
            if any(wanted.same_place(sent) for wanted, _ in calls):
                return self._meet(sent, verb, calls)
        every = [pair for calls in self._documented.values() for pair in calls]
        return self._undocumented(sent, self._nearest(sent, every))

    def expected(self) -> list[dict[str, str | None]]:
        """Returns the identifiers of the members, as the manifest must read them."""
        return [self.row(number) for number in self.kept()]

    def kept(self) -> list[int]:
        """Returns the numbers of the members, without those who are on pages and no members."""
        pages = self.membership.members
        if pages is None or not pages.left_out:
            return self.members
        kept = len(pages.shapes) - len(pages.left_out)
        return [number for number in self.members if number % len(pages.shapes) < kept]

    def row(self, number: int) -> dict[str, str | None]:
        """Returns the identifiers of one member; None where the documented shape of it holds none."""
        shown = self.membership.shown(self.membership.shapes[number % len(self.membership.shapes)])
        return {
            name: str(value) if name in shown else None
            for name, value in self._identifiers(number).items()
            if name != "joined_at"
        }

    def joined_at(self, number: int) -> datetime | None:
        """Returns when a member joined, None where the platform does not tell."""
        first = self.membership.joined_at
        if first is None:
            return None
        begin = datetime.fromtimestamp(first, UTC) if isinstance(first, int) else datetime.fromisoformat(first)
        return begin + timedelta(seconds=number)

    def _identifiers(self, number: int) -> dict[str, str | int]:
        found = {
            name: pattern + number if isinstance(pattern, int) else pattern.replace("{n}", str(number))
            for name, pattern in self.membership.identifiers.items()
        }
        first, joined = self.membership.joined_at, self.joined_at(number)
        if isinstance(first, int):
            found["joined_at"] = first + number
        elif first is not None and joined is not None:
            text = joined.isoformat()
            found["joined_at"] = text.replace("+00:00", "Z") if first.endswith("Z") else text
        return found

    @property
    def _pages(self) -> Pages:
        pages = self.membership.members
        if pages is None:
            raise TypeError("this membership comes as files")
        return pages

    def _known(self) -> dict[str, Any]:
        job = {"job": JOB} if self.membership.job else {}
        return {**self.membership.options, **self.membership.ids, **job}

    def _astray(self, request: httpx.Request) -> bool:
        """Whether a call goes to a host that is not the platform's, or that must not see its credential."""
        return request.url.host not in self._hosts()

    def _hosts(self) -> set[str | None]:
        return {urlsplit(wanted.url).hostname for calls in self._documented.values() for wanted, _ in calls}

    @cached_property
    def _documented(self) -> dict[Verb, list[tuple[Wanted, Exchange | None]]]:
        return self._calls()

    def _calls(self) -> dict[Verb, list[tuple[Wanted, Exchange | None]]]:
        kind = self.membership
        requests = kind.members.requests if kind.members else ()
        return {
            "members": [(self._wanted(call), None) for call in requests],
            "describe": [(self._wanted(exchange.request), exchange) for exchange in kind.describe],
            "job": [(self._wanted(step.request), step) for step in kind.job],
            "lookup": [(self._wanted(kind.lookup.request), None)] if kind.lookup else [],
            "also": [(self._wanted(exchange.request, own=True), exchange) for exchange in kind.also],
        }

    def _wanted(self, call: Call, *, own: bool = False) -> Wanted:
        headers = call.headers if own else {**self.exchanges.headers, **call.headers}
        known = self._known()
        return Wanted(call.method, fill(call.url, known), fill(headers, known), fill(call.body, known))

    def _meet(self, sent: Asked, verb: Verb, calls: list[tuple[Wanted, Exchange | None]]) -> httpx.Response:
        for wanted, exchange in calls:
            values, differences = wanted.read(sent)
            if not differences:
                wrong = self._refused_value(values)
                return self._undocumented(sent, [wrong]) if wrong else self._answer(sent, verb, values, exchange)
        return self._undocumented(sent, self._nearest(sent, calls))

    def _nearest(self, sent: Asked, calls: list[tuple[Wanted, Exchange | None]]) -> list[str]:
        """Returns how a call differs from the documented call that is nearest."""
        return min((wanted.read(sent)[1] for wanted, _ in calls), key=len, default=["nothing is documented"])

    def _refused_value(self, values: Mapping[str, Any]) -> str | None:
        """Returns what is wrong with a value at a mark, None where all are documented."""
        lookup = self.membership.lookup
        if lookup is not None and ASKED in values:
            return refused_ids(lookup, values[ASKED], self._everybody())
        pages = self.membership.members
        if pages is None:
            return None
        least = {"page": pages.first_page, "offset": 0, "page_size": 1}
        for name in values.keys() & least.keys():
            if not values[name].isdecimal() or int(values[name]) < least[name]:
                return f"{name.replace('_', ' ')} {values[name]} is none of the documented ones"
        largest = pages.page_size.largest if pages.page_size else None
        if largest is not None and int(values.get("page_size", 1)) > largest:
            return f"a page holds {largest:,} members at most"
        return None

    def _undocumented(self, sent: Asked, differences: list[str]) -> httpx.Response:
        """Refuses a call and remembers why."""
        self.differences.append(f"{sent.method} {httpx.URL(sent.url).path}: {', '.join(differences)}")
        return httpx.Response(400, stream=Bytes(b'{"refused": "not documented"}'))

    def _answer(self, sent: Asked, verb: Verb, values: dict[str, Any], exchange: Exchange | None) -> httpx.Response:
        place = self._place(sent, verb, exchange)
        self.calls.append(verb)
        if place.tries == 1 and verb == "members":
            self.members = self.trouble.population(place.page, self.members)
        lookup = self.membership.lookup if verb == "lookup" else None
        told = self._looked_up(lookup, values[ASKED]) if lookup else self._undisturbed(place, values, exchange)
        return self.trouble.answer(place, told)

    def _looked_up(self, lookup: Lookups, ids: Sequence[Any]) -> httpx.Response:
        """Returns the documented answer to a look-up."""
        asked_about = tuple(one for one in members_asked(lookup, ids, self._everybody()) if one is not None)
        answer, values = looked_up(lookup, self.trouble.lookup(Known(asked_about)), self._everybody())
        return answered(answer, fill(answer.body, {**self._known(), **values}))

    def _everybody(self) -> dict[int, dict[str, str | int]]:
        return {number: self._identifiers(number) for number in self.ever}

    def _undisturbed(self, place: Place, values: dict[str, str], exchange: Exchange | None) -> httpx.Response:
        """Returns the documented answer to a call."""
        if exchange is None:
            return self._page(place.page, values)
        answer = self._of_job(exchange, place.tries) if isinstance(exchange, Step) else self._of(exchange)
        told = self._told()
        return answered(answer.model_copy(update={"headers": fill(answer.headers, told)}), fill(answer.body, told))

    def _of(self, exchange: Exchange) -> Answer:
        """Returns the documented answer, or that of another state where the call tells it."""
        state = self.trouble.state
        if state is not None and self.membership.describe[:1] == (exchange,):
            return self.membership.states[state]
        return exchange.response

    def _told(self) -> dict[str, Any]:
        """Returns what answers beside pages and files tell."""
        told = self.trouble.description({"name": self.name, "size": len(self.members), "rule": RULE})
        return {**self._known(), **told, "total": told["size"]}

    def _of_job(self, step: Step, tries: int) -> Answer:
        if self.trouble.job == "failed" and step.failed is not None:
            return step.failed
        waits = step.pending is not None and (self.trouble.job == "never-done" or tries == 1)
        return step.pending if waits and step.pending is not None else step.response

    def _place(self, sent: Asked, verb: Verb, exchange: Exchange | None) -> Place:
        number = 0
        if isinstance(exchange, Step):
            number = self.membership.job.index(exchange) + 1
        elif verb == "lookup":
            number = 1  # tries are those of the first
        elif verb == "members":
            same = self._last is not None and (sent.url, sent.content) == (self._last.url, self._last.content)
            self.page, self._last = self.page + (0 if same else 1), sent
            number = self.page
        self._tries[verb, number] = self._tries.get((verb, number), 0) + 1
        return Place(verb, number, self._tries[verb, number])

    def _page(self, number: int, values: dict[str, str]) -> httpx.Response:
        pages = self._pages
        size = int(values.get("page_size", 0)) or (pages.page_size.fixed if pages.page_size else None) or EVERYTHING
        start = self._start(values, size)
        if start is None:
            return refused(self.exchanges, "expired")
        following = start + size if start + size < len(self.members) else None
        held = tuple(self.members[start : start + size])
        draft = self.trouble.draft(Draft(number, held, following, len(self.members), tuple(pages.shapes)))
        template = pages.page
        if draft.next is None:
            template = (None if self.members else pages.empty) or pages.last or pages.page
        told = {"page_size": size, "offset": start, "page": start // size + pages.first_page}
        filled = self._page_values(draft, told)
        answer = template.model_copy(update={"headers": fill(template.headers, filled)})
        body = self.trouble.body(number, template.body)
        return answered(answer, self._filled(body, filled, draft, text=template.text is not None))

    def _start(self, values: Mapping[str, str], size: int) -> int | None:
        """Returns the place in the membership that a call asks for, None for a cursor that was never given."""
        pages = self._pages
        if "cursor" in values:
            return self._behind(values["cursor"].removeprefix("c"))
        if "after" in values:
            named = [number for number in self.members if values["after"] in self.row(number).values()]
            return self._behind(str(named[0])) if named else None
        if "offset" in values:
            return int(values["offset"])
        if "page" in values:
            return (int(values["page"]) - pages.first_page) * size
        return 0

    def _behind(self, member: str) -> int | None:
        """Returns the place behind a member, who may have left meanwhile; None for what is no member's number."""
        if not member.lstrip("-").isdecimal():
            return None
        last = int(member)
        return next((place for place, number in enumerate(self.members) if number > last), len(self.members))

    def _page_values(self, draft: Draft, told: dict[str, int]) -> dict[str, Any]:
        size = told["page_size"]
        values: dict[str, Any] = {**self._known(), **told, "total": draft.total, "count": len(draft.members)}
        values |= {"pages": max(1, -(-draft.total // size))}
        if draft.next is not None:
            last = self.members[draft.next - 1] if draft.next else -1
            values |= {"next_offset": draft.next, "next_page": draft.next // size + self._pages.first_page}
            values |= {"cursor": f"c{last}"}
        return values

    def _items(self, members: Sequence[int], shapes: Sequence[Any]) -> list[Any]:
        """Returns members as their documentation shows them."""
        return [
            fill(shapes[number % len(shapes)], {**self._known(), **self._identifiers(number)}) for number in members
        ]

    def _filled(self, body: Any, values: dict[str, Any], draft: Draft, *, text: bool) -> Any:
        items = self._items(draft.members, draft.shapes)
        if text:
            return fill(body, {**values, MEMBERS: lines(items)})
        if all(isinstance(shape, dict) and marks(list(shape)) for shape in draft.shapes):  # objects keyed by id
            merged = {key: value for item in items for key, value in item.items()}
            return fill(body, {**values, MEMBERS: merged})
        return fill(body, {**values, MEMBERS: items})
