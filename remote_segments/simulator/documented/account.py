"""One account made of documented exchanges: what it holds, and how it answers."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from remote_segments.conformance.account import Trouble, refused
from remote_segments.conformance.exchanges import Answer as DocumentedAnswer
from remote_segments.conformance.exchanges import Case, Exchange, Exchanges, Refused
from remote_segments.conformance.marks import Asked, Wanted, fill
from remote_segments.simulator.accounts.account import Refreshes
from remote_segments.simulator.alterations import put, remove
from remote_segments.simulator.documented.addresses import fit, linked, opened, revoked, rooted
from remote_segments.simulator.documented.faults import trouble
from remote_segments.simulator.documented.holding import Held, held, listings, resized
from remote_segments.simulator.documented.reading import Found, Open, OpenFiles
from remote_segments.simulator.documented.sending import Inboxes, Letter
from remote_segments.simulator.faults import Fault
from remote_segments.simulator.messages import Answer, Request, Target

_REFUSALS: dict[str, Refused] = {
    "rate-limited": "throttled",
    "server-error": "unavailable",
    "key-refused": "key_refused",
    "not-found": "not_found",
    "cursor-expired": "expired",
}
"""For faults that refuse, the refusal that the documentation shows."""

_PATHS = ("missing-key", "null-key")


@dataclass(frozen=True)
class _Listed:
    """One documented call of a listing and its answer."""

    wanted: Wanted
    answer: DocumentedAnswer
    case: Case


class Documented:
    """An account of a platform, in the shape that its documentation shows."""

    def __init__(self, platform: str, exchanges: Exchanges, refreshes: Refreshes, people: int) -> None:
        """Makes the account.

        Args:
            platform: its name.
            exchanges: what is documented.
            refreshes: how often each segment was fetched.
            people: the size of the population.
        """
        self.platform, self._exchanges, self._refreshes, self._people = platform, exchanges, refreshes, people
        self.segments = held(platform, exchanges, people)
        self.inboxes = Inboxes(exchanges)
        self._readers: dict[tuple[str, int], Open] = {}
        memberships = exchanges.memberships.values()
        logins = {fill(one.request.url, kind.options) for kind in memberships for one in kind.also}
        self._listings = [
            _Listed(opened(self._call(one)), one.response, case)
            for case in listings(exchanges)
            for one in case.exchanges
            if one.request.url not in logins
        ]

    def _call(self, one: Exchange) -> Wanted:
        headers = {**self._exchanges.headers, **one.request.headers}
        return Wanted(one.request.method, one.request.url, headers, one.request.body)

    def begin(self, refresh: int) -> None:
        """Says how often each segment was fetched before."""
        for crowd in {one.crowd for one in self.segments}:
            self._refreshes.set(self.platform, crowd, refresh)

    def rows(self, segment: str, refresh: int, kind: str | None = None) -> list[dict[str, str | None]]:
        """Returns the identifiers of the members at a refresh, as a fetch must read them."""
        number = next(
            number for number, one in enumerate(self.segments) if one.key == segment and kind in (None, one.kind)
        )
        reader = self._reader(number, "http://127.0.0.1:0/x")
        reader.members = self.segments[number].members(refresh, self._people)
        return reader.expected()

    def authorised(self, request: Request) -> bool:
        """Tells whether a call carries a credential: one of the headers that the documentation has for it."""
        return any(name.lower() in request.headers for name in self._secret_headers())

    def resolve(self, request: Request) -> Target | Answer:
        """Says what a request is about, or refuses it."""
        sent = Asked(request.method, request.below, request.headers, request.body)
        listed = self._listed(sent, request.root)
        if listed is not None:
            return listed
        differences: list[str] | None = None
        for number in range(len(self.segments)):
            found = self._reader(number, request.root).find(sent)
            if isinstance(found, Found) and self._knows(number, found, request.root):
                return self._refused("key_refused") if revoked(found.values) else self._target(number, found, request)
            if isinstance(found, list):
                differences = found if differences is None else min(differences, found, key=len)
        letter = self.inboxes.find(sent)
        if letter is not None:
            return self._refused("key_refused") if letter.revoked else self._sent(letter)
        if differences == []:
            return self._refused("expired")  # a documented call for a place that nobody was given
        return self._unknown(sent, differences)

    def sent(self, request: Request) -> Target | None:
        """Returns what a call sends to a list; None for one that is about something else."""
        letter = self.inboxes.find(Asked(request.method, request.below, request.headers, request.body))
        return None if letter is None or letter.revoked else self._sent(letter)

    def _sent(self, letter: Letter) -> Target:
        """What is sent to a list, and what belongs to it."""
        verb = {"also": "login"}.get(letter.doing, letter.doing)
        return Target(verb, lambda fault: _answer(self.inboxes.reply(letter, fault)), letter.key)

    def _knows(self, number: int, found: Found, root: str) -> bool:
        """Whether a look-up asks about members of a segment; any other call names its segment itself."""
        one = self.segments[number]
        members = one.members(self._refreshes.current(self.platform, one.crowd), self._people)
        return found.verb != "lookup" or self._reader(number, root).knows(found, members)

    def error(self, status: int, code: str, detail: str) -> Answer:
        """Returns a refusal as the platform documents it."""
        name = _REFUSALS.get(code)
        return self._refused(name) if name else Answer(status, {"error": detail})

    def alter(self, answer: Answer, fault: Fault) -> None:
        """Changes a document at a path; what else a fault does was done when the answer was made."""
        if fault.kind not in _PATHS:
            return
        document, path = json.loads(answer.encoded()), tuple(fault.path.split("."))
        if fault.kind == "missing-key":
            remove(document, path)
        else:
            put(document, path, None)
        answer.document, answer.body = document, None

    def _reader(self, number: int, root: str) -> Open:
        """The reader of a segment, for calls that come by this address."""
        if (root, number) not in self._readers:
            one = self.segments[number]
            membership = rooted(one.membership, root, mark := f"s{number + 1}-")
            kind = Open if membership.files is None else OpenFiles
            self._readers[root, number] = kind(self._exchanges, membership, [], name=one.name, mark=mark)
        return self._readers[root, number]

    def _target(self, number: int, found: Found, request: Request) -> Target:
        one, reader = self.segments[number], self._reader(number, request.root)
        members = one.members(self._refreshes.current(self.platform, one.crowd), self._people)
        page, start, last = reader.place(found, members)
        size = reader.page_size(found.values)

        def answer(fault: Fault | None) -> Answer:
            now = one.members(self._refresh(one, reader, found, page, last=last), self._people)
            wrong = trouble(fault, reader.membership, start, size) if fault and fault.kind not in _PATHS else Trouble()
            return _answer(reader.reply(found, now, wrong))

        verb = {"also": "login"}.get(found.verb, found.verb)
        return Target(verb, answer, one.key, page)

    def _refresh(self, one: Held, reader: Open, found: Found, page: int, *, last: bool) -> int:
        """Returns the refresh that a call is about; the first page, or the first step of a job, begins one."""
        key = (self.platform, one.crowd)
        beginning = {"members"} if reader.membership.files is None or not reader.membership.job else set[str]()
        begins = found.verb in beginning | {"job"} and page == 1  # a second beginning of the same fetch counts as none
        if found.verb not in {"members", "job", "lookup"}:
            return self._refreshes.counted(*key)
        if begins:
            refresh = self._refreshes.advance(*key)
        elif found.verb == "members":
            self._refreshes.go_on(*key)
            refresh = self._refreshes.current(*key)
        else:
            refresh = self._refreshes.current(*key)
        if last:
            self._refreshes.end(*key)
        return refresh

    def _listed(self, sent: Asked, root: str) -> Target | None:
        """The documented answer to a call that lists segments, with the sizes that these have here."""
        sizes = {one.key: one.size for one in self.segments}
        for listed in self._listings:
            read = fit(listed.wanted, sent)
            if read is not None and not read[1]:
                if revoked(read[0]):
                    return Target("list", lambda _: self._refused("key_refused"))
                urls = [urlsplit(one.request.url) for one in listed.case.exchanges]
                paths = {urlunsplit(("", "", url.path, url.query, "")) for url in urls}
                body = linked(listed.answer.document, paths.__contains__, urlsplit(root).path)
                told = resized(body, listed.case.gives, sizes)
                answer = Answer(listed.answer.status, told, headers=dict(listed.answer.headers))
                return Target("list", lambda _, answer=answer: answer)
        return None

    def _unknown(self, sent: Asked, differences: list[str] | None) -> Answer:
        """Refuses a call: its key, a segment that is not there, or anything else that is not documented."""
        secret = [f"the header {name} is missing or differs" for name in self._secret_headers()]
        if differences and set(differences) <= set(secret):
            return self._refused("key_refused")
        for membership in self._exchanges.memberships.values():
            anywhere = membership.model_copy(update={"ids": {}})
            if isinstance(Open(self._exchanges, anywhere, []).find(sent), Found):
                return self._refused("not_found")
        return Answer(400, {"error": f"This is not documented: {'; '.join(differences or ['no such address'])}."})

    def _secret_headers(self) -> list[str]:
        plain = self._exchanges.headers
        return [
            name
            for name, text in plain.items()
            if opened(Wanted("GET", "", {name: text})).headers[name] != text
            or "token" in text
            or name == "authorization"
        ]

    def _refused(self, name: Refused) -> Answer:
        return _answer(refused(self._exchanges, name))


def _answer(response: Any) -> Answer:
    """An answer of the fake account as the server sends it."""
    content = response.read()
    kept: dict[str, str] = dict(response.headers)
    kind = kept.pop("content-type", "application/json")
    kept.pop("content-length", None)
    return Answer(response.status_code, body=content, headers=kept, content_type=kind)
