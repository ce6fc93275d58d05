"""The only place where bytes leave: one httpx client per platform, which drives the flows of the other modules.

It adds the credential below httpx's own log lines, follows no redirect, reads no more than the manifest allows, keeps
the limits, and tries again what is safe to repeat. All durations are in seconds.
"""

import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any, TypeVar

import httpx

from remote_segments.destinations.failures import BatchRefused
from remote_segments.errors import PlatformError, RemoteSegmentsError, TemporaryError
from remote_segments.rest.auth.session import Session
from remote_segments.rest.buckets import Bucket, Shelf, Taking, attended
from remote_segments.rest.credentials import Credential
from remote_segments.rest.downloading import LARGEST_REFUSAL, Download
from remote_segments.rest.limits import Limits
from remote_segments.rest.manifest import Manifest
from remote_segments.rest.messages import Base, Downloaded, Pause, Request, Response
from remote_segments.rest.paths import find
from remote_segments.rest.quotas.limiter import LONGEST_WAIT, Limiter, Limiters, too_long
from remote_segments.rest.refusals import RETRIED, Meaning, as_text, body, error, meaning, media_type
from remote_segments.rest.silence import unlogged
from remote_segments.rest.transport import CREDENTIAL, Authenticated, certificates, proxy
from remote_segments.rest.wording import LONGEST, without_people
from remote_segments.rest.writing.doubts import batch_refused, unknown

Result = TypeVar("Result")

ABOUT_MEMBERS: frozenset[Meaning] = frozenset({"refused", "not-found"})
"""Meanings of a refusal that may be about the member of a call, and not about the call, the key or the account."""

TRICKLE = 10
"""Times the time-out that one answer may take in all: a server that sends a byte now and then is given up, too."""


@dataclass(frozen=True)
class Surroundings:
    """What the world gives: replaced in tests, so that they neither wait nor roll dice."""

    clock: Callable[[], float]  # seconds, monotonic
    now: Callable[[], datetime]  # for Retry-After as a date
    sleep: Callable[[float], None]
    random: Callable[[], float]  # between 0 and 1


@dataclass(frozen=True)
class _Failed:
    """A try without an answer, and whether the call may have arrived nonetheless."""

    error: TemporaryError
    arrived: bool


@dataclass
class Tally:
    """Calls made for one purpose, tries that failed included."""

    calls: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def count(self) -> None:
        """One call more, by any thread."""
        with self._lock:
            self.calls += 1


@dataclass
class Client:
    """Sends requests of one connection; may be shared between threads."""

    manifest: Manifest
    connection: str
    base: Base
    session: Session
    headers: dict[str, str]
    limits: Limits
    surroundings: Surroundings
    transport: httpx.BaseTransport | None = None
    limiters: Limiters = field(default_factory=Limiters)
    total: Tally = field(default_factory=Tally)
    scratch: Path | None = None  # folder of downloaded files; the system's own for temporary files when None
    bucket: Bucket | None = None  # to which the platform exports, where the connection names one

    def __post_init__(self) -> None:
        inner = self.transport or httpx.HTTPTransport(verify=certificates(), proxy=proxy(self.base.url))
        self._limiter = self._limiter_of(self.limits, "")
        self._http = httpx.Client(
            transport=Authenticated(inner, self.base.url),
            timeout=httpx.Timeout(self.manifest.timeout_seconds, connect=min(20.0, self.manifest.timeout_seconds)),
            headers={"user-agent": "remote-segments", "accept": "application/json", **self.headers},
            follow_redirects=False,
            trust_env=False,  # a .netrc file would add a credential of its own
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # one that lets in is part of the credential
        )
        self.limiters.enter()

    def close(self) -> None:
        """Closes the connections to the platform, and lets go of the account's limits."""
        if not self._http.is_closed:
            self._http.close()
            self.limiters.leave()
        if self.bucket is not None:
            self.bucket.close()

    def run(self, flow: Generator[Any, Any, Result], tally: Tally | None = None) -> Result:
        """Drives a flow that only makes calls and waits, and returns its result."""
        driving = self.stream(flow, tally or self.total)
        try:
            while True:
                next(driving)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]

    def stream(self, flow: Generator[Any, Any, Result], tally: Tally) -> Generator[Any, None, Result]:
        """Drives a flow that also yields other things, which are passed on; returns its result.

        An error of a call is raised within the flow, which may know what to do.
        """
        try:
            step = next(flow)
            while True:
                if not isinstance(step, Request | Pause | Shelf | Taking):
                    yield step
                    step = next(flow)
                    continue
                try:
                    answer = self._answered(step, tally)
                except RemoteSegmentsError as error:
                    step = flow.throw(error)
                else:
                    step = flow.send(answer)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]
        finally:
            flow.close()

    def _answered(self, step: Request | Pause | Shelf | Taking, tally: Tally) -> Any:
        if isinstance(step, Request):
            return self.send(step, tally)
        return self._paused(step) if isinstance(step, Pause) else attended(self.bucket, step, self.scratch)

    def _paused(self, pause: Pause) -> float:
        if pause.seconds > 0:
            self.surroundings.sleep(pause.seconds)
        return self.surroundings.clock()

    def send(self, request: Request, tally: Tally | None = None) -> Response:
        """Sends a request until it succeeds, is refused for good, or was tried often enough.

        Raises:
            TemporaryError: `rate-limited`, `platform-unavailable`, `connection-failed`, `answer-cut`, `timeout`.
            ProjectError: `key-refused`, `access-denied`, `segment-not-found`, `address-not-found`.
            PlatformError: `request-refused`, `foreign-link`, `redirected`, `answer-too-large`, `version-retired`.
            BatchRefused: of a call that changes something, in place of `request-refused`.
            OutcomeUnknown: a call that changes something may have been carried out.
        """
        doubts: list[RemoteSegmentsError] = []
        try:
            with self._reader(request) as read:
                return self._sent(request, tally or self.total, read, doubts)
        except RemoteSegmentsError as failure:
            if not doubts or isinstance(failure, BatchRefused):
                raise
            raise unknown(doubts[0]) from failure

    @contextmanager
    def _reader(self, request: Request) -> Iterator[Callable[[Request, Credential], Response]]:
        """Gives what makes one try; what came of a file before it was cut is kept for the next."""
        if request.wish is None:
            yield self._read
            return
        download = Download(
            request,
            request.wish,
            self._http,
            self.base,
            clock=self.surroundings.clock,
            folder=self.scratch,
            transport=self.transport,
        )
        with closing(download):
            yield download.read

    def _sent(
        self,
        request: Request,
        tally: Tally,
        read: Callable[[Request, Credential], Response],
        doubts: list[RemoteSegmentsError],
    ) -> Response:
        """Makes tries; each that may have changed something without our knowing adds to `doubts`."""
        retries, renewed, tries = self.manifest.retries, False, 1
        attempts = request.wish.tries if request.wish is not None else retries.attempts
        while True:
            credential, fresh = self._credential(request, tally)
            outcome = self._try(request, credential, tally, read)
            if isinstance(outcome, Response):
                outcome = self._unmasked(outcome)
                means = self._meaning(request, outcome)
                if means == "success" or (outcome.status in request.accepted and not request.effect):
                    return outcome
                if outcome.status in request.accepted and means in ABOUT_MEMBERS:
                    return replace(outcome, refused=True)
                if means == "key-refused" and not (renewed or fresh) and self.session.forget(credential):
                    renewed = True  # its time was over: the call was not carried out, and is made once more
                    continue
                named = retries.named_wait(outcome, self.surroundings.now())
                failure = self._refused(means, request, outcome, named)
                retried, arrived = means in RETRIED, means == "unavailable"
            else:
                named, failure, retried, arrived = None, outcome.error, True, outcome.arrived
            if request.effect and arrived:
                doubts.append(failure)
            again = request.repeatable or (request.effect and not arrived)  # what surely did not arrive harms nobody
            if not (retried and again) or tries == attempts:
                raise failure
            self._wait(tries, named, self._limiters(request))
            tries += 1

    def _unmasked(self, answer: Response) -> Response:
        """Returns a refusal that came as a success in place of a file as what it is, anything else unchanged."""
        told = any(rule.status == answer.status for rule in self.manifest.refusals)
        if not isinstance(answer, Downloaded) or not told or answer.size > LARGEST_REFUSAL:
            return answer
        if media_type(answer) != "application/json":
            return answer
        said = Response(answer.status, answer.headers, answer.file.read())
        answer.file.seek(0)
        if meaning(said, self.manifest.refusals) == "success":
            return answer
        answer.file.close()
        return said

    def _credential(self, request: Request, tally: Tally) -> tuple[Credential, bool]:
        """Returns what a call carries, after a login where one is due, and whether it was granted just now."""
        if request.login is not None:
            return request.login, True
        return self.session.credential(lambda flow: self.run(flow, tally))

    def _meaning(self, request: Request, response: Response) -> Meaning:
        means = meaning(response, () if isinstance(response, Downloaded) else self.manifest.refusals)
        # RFC 6749, 5.2: a wrong client id or secret may be answered with 400.
        return "key-refused" if request.login is not None and means in {"refused", "access-denied"} else means

    def _wait(self, tries: int, named: float | None, limiters: list[Limiter]) -> None:
        random = self.surroundings.random()
        if named is None:
            self.surroundings.sleep(self.manifest.retries.wait(tries, random))
            return
        for limiter in limiters[:1]:
            limiter.block(named)  # for every thread and process of this account
        if named > LONGEST_WAIT:
            raise too_long(named, f"connection {self.connection}")
        self.surroundings.sleep(named + random * self.manifest.retries.first_wait)  # not all of them at once

    def _try(
        self, request: Request, credential: Credential, tally: Tally, read: Callable[[Request, Credential], Response]
    ) -> Response | _Failed:
        limiters = self._limiters(request)
        with ExitStack() as turns:
            for limiter in limiters:
                turns.enter_context(limiter.turn(self.surroundings.clock, self.surroundings.sleep))
            try:
                tally.count()
                response = read(request, credential)
            except httpx.TimeoutException as failure:
                seconds = (request.wish and request.wish.timeout) or self.manifest.timeout_seconds
                found = f"The platform sent nothing for {seconds:g} seconds, or much too slowly."
                arrived = not isinstance(failure, httpx.ConnectTimeout | httpx.PoolTimeout)
                return self._failed("timeout", found, arrived=arrived)
            except httpx.RemoteProtocolError:
                return self._failed("answer-cut", "The connection closed before the whole answer had come.")
            except httpx.DecodingError:
                return self._failed("answer-cut", "The compressed answer could not be unpacked.")
            except httpx.TransportError as failure:
                code = "answer-cut" if isinstance(failure, httpx.ReadError) else "connection-failed"
                reason = f"{type(failure).__name__}: {failure}"[:LONGEST]
                found = f"The connection to {httpx.URL(request.url).host} failed ({reason})."
                return self._failed(code, found, arrived=not isinstance(failure, httpx.ConnectError | httpx.ProxyError))
        for limiter in limiters[:1]:
            self._heed_quota(response, limiter)
        return response

    def _limiters(self, request: Request) -> list[Limiter]:
        """Returns the limiters of a call: first that of its address, whose quota says nothing about others."""
        if request.wish is not None and request.wish.outside:
            return []  # a storage knows nothing of the platform's limits
        return [*([self._limiter_of(request.limits, request.where)] if request.limits else []), self._limiter]

    def _limiter_of(self, limits: Limits, address: str) -> Limiter:
        return self.limiters.of(self.account() + address, limits)

    def account(self) -> str:
        """Returns what tells this account from others, without telling its secret."""
        return self.session.account()

    def _read(self, request: Request, credential: Credential) -> Response:
        headers = {**request.headers, **({"content-type": request.media_type} if request.body is not None else {})}
        pieces: list[bytes] = []
        size, started = 0, self.surroundings.clock()
        more = {CREDENTIAL: credential}
        calling = self._http.stream(request.method, request.url, content=request.body, headers=headers, extensions=more)
        with unlogged(), calling as answer:
            for piece in answer.iter_bytes():
                size += len(piece)
                if self.surroundings.clock() - started > TRICKLE * self.manifest.timeout_seconds:
                    raise httpx.ReadTimeout("the answer comes too slowly")
                if size > self.manifest.largest_answer:
                    found = f"The answer is larger than {self.manifest.largest_answer:,} bytes."
                    fix = "Ask for smaller pages, or raise largest_answer in the manifest."
                    raise PlatformError("answer-too-large", found, fix, request.where)
                pieces.append(piece)
            return Response(answer.status_code, dict(answer.headers), b"".join(pieces), _cookies(answer))

    def _heed_quota(self, response: Response, limiter: Limiter) -> None:
        if self.manifest.quota is not None and response.status != 429:
            wait = self.manifest.quota.wait(response.headers, self.surroundings.now())
            if wait > 0:
                limiter.block(wait)

    def _failed(self, code: str, found: str, *, arrived: bool = True) -> _Failed:
        fix = "The next refresh tries again. If it lasts, check base_url of the connection and the way to it."
        return _Failed(TemporaryError(code, found, fix, f"connection {self.connection}"), arrived)

    def _refused(self, means: Meaning, request: Request, response: Response, wait: float | None) -> RemoteSegmentsError:
        if means == "moved":
            self.base.follow(
                response.header("location") or "", request.url, request.where
            )  # raises foreign-link for another host
        detail = self._detail(request, response)
        told = error(means, request, response, connection=self.connection, detail=detail, wait=wait)
        return batch_refused(told, response.status) if request.effect and means == "refused" else told

    def _detail(self, request: Request, response: Response) -> str:
        """Returns the platform's own words without what could be a person's identifier or a secret."""
        path = self.manifest.error_detail if request.login is None else "error_description"  # RFC 6749, 5.2
        text = as_text(find(body(response), path)) if path else None
        for piece in self.session.hidden():
            text = text.replace(piece, "[secret]") if text else text
        return without_people(text) if text else ""


def _cookies(answer: httpx.Response) -> dict[str, str]:
    """Returns the cookies that an answer sets, without their attributes (RFC 6265, 4.1)."""
    found: dict[str, str] = {}
    for line in answer.headers.get_list("set-cookie"):
        name, sign, value = line.partition(";")[0].partition("=")
        if sign:
            found[name.strip()] = value.strip()
    return found
