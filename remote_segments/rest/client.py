"""The only place where bytes leave: one httpx client per platform, which drives the flows of the other modules.

It adds the credential below httpx's own log lines, follows no redirect, reads no more than the manifest allows, keeps
the limits, and tries again what is safe to repeat. All durations are in seconds.
"""

import hashlib
import re
from collections.abc import Callable, Generator
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import httpx

from remote_segments.errors import PlatformError, RemoteSegmentsError, TemporaryError
from remote_segments.rest.auth import Credential
from remote_segments.rest.limits import LONGEST_WAIT, Limiter, Limiters, Limits, too_long
from remote_segments.rest.manifest import Manifest
from remote_segments.rest.messages import Base, Request, Response
from remote_segments.rest.paths import find
from remote_segments.rest.refusals import RETRIED, Meaning, as_text, body, error, meaning
from remote_segments.rest.silence import unlogged
from remote_segments.rest.transport import Authenticated, certificates, proxy

Result = TypeVar("Result")

_PERSONAL = re.compile(r"\S*@\S*|\+?\d[\d\s().-]{5,}\d|\b(?=[\w-]*\d)[\w-]{6,}")
_LONGEST_DETAIL = 200

TRICKLE = 10
"""Times the time-out that one answer may take in all: a server that sends a byte now and then is given up, too."""


@dataclass(frozen=True)
class Surroundings:
    """What the world gives: replaced in tests, so that they neither wait nor roll dice."""

    clock: Callable[[], float]  # seconds, monotonic
    now: Callable[[], datetime]  # for Retry-After as a date
    sleep: Callable[[float], None]
    random: Callable[[], float]  # between 0 and 1


@dataclass
class Tally:
    """Calls made for one purpose, tries that failed included."""

    calls: int = 0


@dataclass
class Client:
    """Sends requests of one connection; may be shared between threads."""

    manifest: Manifest
    connection: str
    base: Base
    credential: Credential
    headers: dict[str, str]
    limits: Limits
    surroundings: Surroundings
    transport: httpx.BaseTransport | None = None
    limiters: Limiters = field(default_factory=Limiters)
    total: Tally = field(default_factory=Tally)

    def __post_init__(self) -> None:
        inner = self.transport or httpx.HTTPTransport(verify=certificates(), proxy=proxy(self.base.url))
        self._limiter = self._limiter_of(self.limits, "")
        self._http = httpx.Client(
            transport=Authenticated(inner, self.credential, self.base.url),
            timeout=httpx.Timeout(self.manifest.timeout_seconds, connect=min(20.0, self.manifest.timeout_seconds)),
            headers={"user-agent": "remote-segments", "accept": "application/json", **self.headers},
            follow_redirects=False,
            trust_env=False,  # a .netrc file would add a credential of its own
        )

    def close(self) -> None:
        """Closes the connections to the platform."""
        self._http.close()

    def run(self, flow: Generator[Request, Response, Result]) -> Result:
        """Drives a flow that only makes calls, and returns its result."""
        try:
            request = next(flow)
            while True:
                request = flow.send(self.send(request))
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]

    def stream(self, flow: Generator[Any, Response | None, Result], tally: Tally) -> Generator[Any, None, Result]:
        """Drives a flow that also yields other things, which are passed on; returns its result."""
        try:
            step = next(flow)
            while True:
                if isinstance(step, Request):
                    step = flow.send(self.send(step, tally))
                else:
                    yield step
                    step = next(flow)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]

    def send(self, request: Request, tally: Tally | None = None) -> Response:
        """Sends a request until it succeeds, is refused for good, or was tried often enough.

        Raises:
            TemporaryError: `rate-limited`, `platform-unavailable`, `connection-failed`, `answer-cut`, `timeout`.
            ProjectError: `key-refused`, `access-denied`, `segment-not-found`, `address-not-found`.
            PlatformError: `request-refused`, `foreign-link`, `redirected`, `answer-too-large`, `version-retired`.
        """
        retries = self.manifest.retries
        attempts = retries.attempts if request.repeatable else 1
        for tries in range(1, attempts + 1):
            outcome = self._try(request, tally or self.total)
            if isinstance(outcome, Response):
                means = meaning(outcome, self.manifest.refusals)
                if means == "success":
                    return outcome
                named = retries.named_wait(outcome, self.surroundings.now())
                failure = self._refused(means, request, outcome, named)
                retried = means in RETRIED
            else:
                named, failure, retried = None, outcome, True
            if not retried or tries == attempts:
                raise failure
            self._wait(tries, named, self._own_limiter(request) or self._limiter)
        raise AssertionError("unreachable")

    def _wait(self, tries: int, named: float | None, limiter: Limiter) -> None:
        random = self.surroundings.random()
        if named is None:
            self.surroundings.sleep(self.manifest.retries.wait(tries, random))
            return
        if named > LONGEST_WAIT:
            raise too_long(named, f"connection {self.connection}")
        limiter.block(named)  # for every thread of this account
        self.surroundings.sleep(named + random * self.manifest.retries.first_wait)  # not all of them at once

    def _try(self, request: Request, tally: Tally) -> Response | RemoteSegmentsError:
        with ExitStack() as turns:
            for limiter in (self._own_limiter(request), self._limiter):
                turns.enter_context(limiter.turn() if limiter else nullcontext())
            try:
                tally.calls += 1
                response = self._read(request)
            except httpx.TimeoutException:
                found = f"The platform sent nothing for {self.manifest.timeout_seconds:g} seconds, or much too slowly."
                return self._failed("timeout", found)
            except httpx.RemoteProtocolError:
                return self._failed("answer-cut", "The connection closed before the whole answer had come.")
            except httpx.DecodingError:
                return self._failed("answer-cut", "The compressed answer could not be unpacked.")
            except httpx.TransportError as failure:
                code = "answer-cut" if isinstance(failure, httpx.ReadError) else "connection-failed"
                reason = f"{type(failure).__name__}: {failure}"[:_LONGEST_DETAIL]
                return self._failed(code, f"The connection to {httpx.URL(request.url).host} failed ({reason}).")
        self._heed_quota(response, self._own_limiter(request) or self._limiter)
        return response

    def _own_limiter(self, request: Request) -> Limiter | None:
        """Returns the limiter of an address that the platform limits by itself; its quota says nothing about others."""
        return self._limiter_of(request.limits, request.where) if request.limits else None

    def _limiter_of(self, limits: Limits, address: str) -> Limiter:
        return self.limiters.of(self.account() + address, limits, self.surroundings.clock, self.surroundings.sleep)

    def account(self) -> str:
        """Returns what tells this account from others, without telling its secret."""
        secret = repr((sorted(self.credential.headers.items()), self.credential.query))
        return f"{self.base.url} {hashlib.sha256(secret.encode()).hexdigest()} "

    def _read(self, request: Request) -> Response:
        headers = {"content-type": "application/json"} if request.body is not None else {}
        pieces: list[bytes] = []
        size, started = 0, self.surroundings.clock()
        calling = self._http.stream(request.method, request.url, content=request.body, headers=headers)
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
            return Response(answer.status_code, dict(answer.headers), b"".join(pieces))

    def _heed_quota(self, response: Response, limiter: Limiter) -> None:
        if self.manifest.quota is not None and response.status != 429:
            wait = self.manifest.quota.wait(response.headers, self.surroundings.now())
            if wait > 0:
                limiter.block(wait)

    def _failed(self, code: str, found: str) -> TemporaryError:
        fix = "The next refresh tries again. If it lasts, check base_url of the connection and the way to it."
        return TemporaryError(code, found, fix, f"connection {self.connection}")

    def _refused(self, means: Meaning, request: Request, response: Response, wait: float | None) -> RemoteSegmentsError:
        if means == "moved":
            self.base.follow(
                response.header("location") or "", request.url, request.where
            )  # raises foreign-link for another host
        detail = self._detail(response)
        return error(means, request, response, connection=self.connection, detail=detail, wait=wait)

    def _detail(self, response: Response) -> str:
        """Returns the platform's own words without what could be a person's identifier or a secret."""
        path = self.manifest.error_detail
        text = as_text(find(body(response), path)) if path else None
        for secret in (*self.credential.headers.values(), self.credential.query.partition("=")[2]):
            for piece in secret.split():
                text = text.replace(piece, "[secret]") if text else text
        return _PERSONAL.sub("[removed]", text)[:_LONGEST_DETAIL].strip() if text else ""
