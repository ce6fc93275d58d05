"""The simulator's HTTP server: threads of the standard library on loopback, one path prefix per account."""

import socket
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from remote_segments.simulator.control import control
from remote_segments.simulator.faults import ALTERING, CUTTING, MAKING, MOVING, REPLACING, Fault
from remote_segments.simulator.membership import Member, membership
from remote_segments.simulator.messages import NAME, Answer, Request, Speaker, Target
from remote_segments.simulator.population import PEOPLE, SEED
from remote_segments.simulator.state import Call, State

HOST = "127.0.0.1"
LONGEST_HANG = 120.0  # seconds after which a hanging answer is given up, so that no thread stays for ever
HTML = b"<!doctype html><html><head><title>Just a moment</title></head><body>Checking your browser.</body></html>"
CANARY = "ada.canary@example.test"
"""Stands in every simulated error: real platforms name people in theirs, and no log or message may repeat it."""

REASONS = {200: "OK", 302: "Found", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 429: "Too Many Requests"}


def replaced(fault: Fault, request: Request, account: Speaker) -> Answer:
    """Returns the answer that a fault gives in place of the right one."""
    headers = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
    statuses = {"rate-limited": 429, "server-error": 500, "key-refused": 401, "access-denied": 403}
    statuses |= {"not-found": 404, "cursor-expired": 400, "html": 200, "refuse-batch": 400, "too-large": 413}
    status = fault.status or statuses.get(fault.kind, 200)
    if fault.kind == "html":
        return Answer(status, body=HTML, content_type="text/html", headers=headers)
    if fault.kind == "invalid-json":
        return Answer(200, body=b'{"data": [{"id": "x"')
    if fault.kind == "redirect":
        prefix = urlsplit(request.root).path
        return Answer(302, body=b"", headers={"Location": f"{fault.host}{prefix}{request.path}"})
    answer = account.error(status, fault.kind, f"Simulated: {fault.kind}, while reading {CANARY}.")
    answer.headers |= headers
    return answer


class Handler(BaseHTTPRequestHandler):
    """Answers one connection; it stays open between requests."""

    protocol_version = "HTTP/1.1"
    server: "Server"

    def handle_any(self) -> None:
        """Reads the request, finds its account, and sends the answer."""
        self.arrived = time.monotonic()
        request, account = self._read()
        if account is None:
            known = request.path.startswith("/_control/")
            below = Request(request.method, request.path[9:], request.query, request.headers, request.body, "")
            answer = control(self.server.state, below) if known else Answer(404, {"error": "no such account"})
            return self._send(answer)
        target = account.resolve(request)
        if isinstance(target, Answer):
            target = self.server.state.sent(account.platform, request) or target
        if isinstance(target, Answer):
            self._log(request, account, Target("other", Answer), target.status, None)
            return self._send(target)
        fault = self.server.state.faults.strike(account.platform, target.verb, target.segment, target.page)
        return self._answer(request, account, target, fault)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = handle_any  # noqa: N815 - names of the standard library

    def _answer(self, request: Request, account: Speaker, target: Target, fault: Fault | None) -> None:
        if fault and fault.kind == "disconnect":
            self._log(request, account, target, 0, fault)
            return self._hang_up()
        if fault and fault.kind == "accepted-then-cut":
            self._altered(account, target, None)
            self._log(request, account, target, 0, fault)
            return self._hang_up()
        if fault and fault.kind in REPLACING:
            answer = replaced(fault, request, account)
        else:
            answer = self._altered(account, target, fault)
        self._log(request, account, target, answer.status, fault)
        return self._send(answer, fault)

    def _altered(self, account: Speaker, target: Target, fault: Fault | None) -> Answer:
        """Returns the answer of an account; 501 where a fault has nothing to change in it."""
        altering = fault if fault and fault.kind in ALTERING | MOVING | MAKING else None
        try:
            answer: Answer = target.answer(altering)
            if fault and fault.kind in ALTERING:
                account.alter(answer, fault)
        except (KeyError, IndexError, TypeError, ValueError) as problem:
            if altering is None:
                raise
            return Answer(501, {"error": f"the fault {altering.kind} does not fit: {problem!r}"})
        return answer

    def _read(self) -> tuple[Request, Speaker | None]:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else b""
        address = urlsplit(self.path)
        prefix, _, rest = address.path.lstrip("/").partition("/")
        account = self.server.state.account(prefix)
        headers = {name.lower(): value for name, value in self.headers.items()}
        path = f"/{unquote(rest)}" if account else address.path
        root = f"http://{headers.get('host', HOST)}/{prefix}"
        query = dict(parse_qsl(address.query, keep_blank_values=True))
        below = self.path.removeprefix(f"/{prefix}")
        return Request(self.command, path, query, headers, body, root, below), account

    def _send(self, answer: Answer, fault: Fault | None = None) -> None:
        body = answer.encoded()
        reason = REASONS.get(answer.status, "Simulated")
        lines = [f"HTTP/1.1 {answer.status} {reason}", f"Server: {NAME}", f"Content-Type: {answer.content_type}"]
        lines += [f"Content-Length: {len(body)}", *(f"{name}: {value}" for name, value in answer.headers.items())]
        head = "\r\n".join([*lines, "", ""]).encode()
        cut = fault is not None and fault.kind == "cut-body"
        if fault and fault.kind in CUTTING and not cut:
            self.server.state.faults.wait(fault.seconds if fault.kind == "slow" else LONGEST_HANG)
        try:
            self.wfile.write(head + (body[: len(body) // 2] if cut else body))
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the other side gave up waiting
        if cut:
            self._hang_up()

    def _hang_up(self) -> None:
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # it is closed already

    def _log(self, request: Request, account: Speaker, target: Target, status: int, fault: Fault | None) -> None:
        self.server.state.log(
            platform=account.platform,
            method=request.method,
            path=request.path,
            verb=target.verb,
            segment=target.segment,
            page=target.page,
            status=status,
            fault=fault.kind if fault else None,
            authorised=account.authorised(request),
            at=self.arrived,
        )

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in the standard library
        """Writes nothing: calls are kept in the state, without their credentials."""


class Server(ThreadingHTTPServer):
    """Listens on loopback only; its threads end with the process."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, port: int, state: State) -> None:
        self.state = state
        super().__init__((HOST, port), Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stays silent when a client went away, which is what half of the faults are about."""


class Simulator:
    """A simulator in this process, for tests and the demo.

    >>> with Simulator() as simulator:  # doctest: +SKIP
    ...     simulator.fault("rate-limited", page=3, retry_after="0")
    ...     fetch_from(simulator.url("klaviyo"))
    """

    def __init__(
        self, port: int = 0, *, seed: int = SEED, people: int = PEOPLE, exchanges: Mapping[str, Path] | None = None
    ) -> None:
        """Opens the port; it answers once it is started.

        Args:
            port: on loopback; any free one when 0.
            seed: of the population.
            people: its size.
            exchanges: files of documented exchanges by platform, which take the place of those that come along.
        """
        self.state = State(seed, people, exchanges)
        self._server = Server(port, self.state)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="simulator", daemon=True)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    def url(self, platform: str) -> str:
        """The address of an account: what a connection's `base_url` is set to."""
        return f"http://{HOST}:{self.port}/{platform}"

    def start(self) -> Self:
        """Begins to answer."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Lets hanging answers go and closes the port."""
        self.state.faults.clear()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def fault(self, kind: str, **what: Any) -> Fault:
        """Sets a fault; `what` are the fields of `Fault`."""
        return self.state.faults.add(Fault(kind, **what))

    def change(self, platform: str, segment: str, **what: Any) -> None:
        """Does to a segment what people do in the tool: `name`, `rule`, `active`, `computing`, `deleted`.

        Raises:
            ValueError: there is no such segment, or the platform tells nobody of such a change.
        """
        self.state.accounts[platform].segments.change(segment, **what)

    def calls(self, **which: str) -> list[Call]:
        """Returns the log of calls, or those of a `platform`, `verb` or `segment`."""
        return self.state.calls(**which)

    def expected(self, platform: str, segment: str, refresh: int) -> tuple[Member, ...]:
        """Returns who is a member at a refresh, counted from 1."""
        found = self.state.accounts[platform].segments.current().get(segment)
        share = found.share if found else None
        return membership(platform, segment, refresh, self.state.seed, self.state.people, share=share)

    def held(self, platform: str, segment: str) -> set[str]:
        """Returns the ids of who is in a list of an account that was written by hand, what was sent to it included."""
        return self.state.accounts[platform].held(segment)

    def rows(self, platform: str, segment: str, refresh: int, kind: str | None = None) -> list[dict[str, str | None]]:
        """Returns the identifiers of who is a member at a refresh of an account that is made of exchanges."""
        return self.state.documented(platform).rows(segment, refresh, kind)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def serve(port: int, *, seed: int = SEED, people: int = PEOPLE) -> None:
    """Answers on `port` until interrupted; what the command line calls."""
    server = Server(port, State(seed, people))
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()
