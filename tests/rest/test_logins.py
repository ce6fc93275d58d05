"""A token that a login gives: asked for in time, renewed once when it is refused, sent nowhere else, never shown."""

import base64
import hashlib
import hmac
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, ClassVar
from urllib.parse import parse_qsl

import httpx
import pytest
from pydantic import ValidationError

from remote_segments.conformance.world import World
from remote_segments.errors import PlatformError, ProjectError, RemoteSegmentsError, TemporaryError
from remote_segments.rest.platform import Platform
from tests.support.invented_platform import DIALECTS, HOST, MEMBERS, Server, manifest, read

SECRETS = {"client": "id-canary", "key": "s3cret-canary"}
CONNECTION = {"secrets": {"client": "Id.", "key": "Key."}, "options": {"user": "Name.", "host": "Host."}}
OPTIONS = {"user": "ada", "host": "login"}
OAUTH = {"kind": "oauth2", "token_url": "/token", "client_id": "client", "client_secret": "key"}
LOGIN = {
    "kind": "login",
    "url": "/login",
    "secrets": ["key"],
    "body": '{"user": "{user}", "pass": "{key}", "remember": true}',
    "token": {"path": "data.token"},
}

Answer = Callable[[int], httpx.Response]
"""What a login answers the nth time."""


def granted(number: int) -> httpx.Response:
    """A token for ten minutes, as OAuth2 gives it."""
    return httpx.Response(200, json={"access_token": f"t{number}-canary", "token_type": "bearer", "expires_in": 600})


@dataclass
class Door:
    """A platform behind a login: it lets in the token that it gave last, in the header it expects."""

    answer: Answer = granted
    carried: Callable[[int], tuple[str, str]] = lambda number: ("authorization", f"Bearer t{number}-canary")
    server: Server = field(default_factory=lambda: Server(DIALECTS["cursor"]))
    paths: tuple[str, ...] = ("/token", "/login")
    refused_at: set[int] = field(default_factory=set)  # calls behind the login at which the token's time is over
    logins: list[httpx.Request] = field(default_factory=list)
    calls: int = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path in self.paths:
            self.logins.append(request)
            return self.answer(len(self.logins))
        self.calls += 1
        name, value = self.carried(len(self.logins))
        if self.calls in self.refused_at or request.headers.get(name) != value:
            return httpx.Response(401, json={"message": f"not {value}"})
        return self.server(request)


def connect(auth: dict[str, Any], door: Door, world: World, **more: Any) -> Platform:
    """Returns a platform with a login, in a world without time."""
    changes = {"auth": auth, "connection": CONNECTION, "error_detail": "message", **more.pop("changes", {})}
    return Platform(
        manifest(DIALECTS["cursor"], **changes),
        connection="test",
        secrets=SECRETS,
        options=OPTIONS,
        transport=httpx.MockTransport(door),
        clock=world.clock,
        sleep=world.sleep,
        now=world.now,
        random=lambda: 0.5,
        **more,
    )


def fetched(platform: Platform) -> list[str | None]:
    """Reads a membership to its end."""
    return read(platform.fetch("segment", {"segment_id": "s1"}))


@pytest.mark.parametrize("send", ["form", "json"])
@pytest.mark.parametrize("client_in", ["body", "basic"])
def test_a_client_is_exchanged_for_a_token(send: str, client_in: str, world: World) -> None:
    """One login for all calls of a fetch; id and secret in the body or as basic authentication."""
    door = Door()
    auth = {**OAUTH, "send": send, "client_in": client_in, "scope": "read", "fields": {"audience": "https://{host}"}}
    platform = connect(auth, door, world)
    assert fetched(platform) == list(MEMBERS)
    (login,) = door.logins
    sent = json.loads(login.content) if send == "json" else dict(parse_qsl(login.content.decode()))
    client = {"client_id": "id-canary", "client_secret": "s3cret-canary"} if client_in == "body" else {}
    assert sent == {"grant_type": "client_credentials", "scope": "read", "audience": "https://login", **client}
    basic = "Basic " + base64.b64encode(b"id-canary:s3cret-canary").decode()
    assert login.headers.get("authorization") == (basic if client_in == "basic" else None)
    assert login.headers["content-type"] == f"application/{'json' if send == 'json' else 'x-www-form-urlencoded'}"
    assert login.headers["content-length"] == str(len(login.content))
    assert platform.estimate_calls("segment", 5) == 5


def test_a_token_may_be_asked_for_in_a_query(world: World) -> None:
    """Marketo documents its token call so: the secret is part of no body, and of no message."""
    door = Door()
    assert fetched(connect({**OAUTH, "send": "query"}, door, world)) == list(MEMBERS)
    (login,) = door.logins
    client = {"client_id": "id-canary", "client_secret": "s3cret-canary"}
    assert dict(login.url.params) == {"grant_type": "client_credentials", **client}
    assert login.content == b""


def test_a_token_is_renewed_before_it_ends(world: World) -> None:
    """Nine minutes of ten are over: the next call logs in first, and no call is refused."""
    door = Door()
    platform = connect(OAUTH, door, world)
    pages = iter(platform.fetch("segment", {"segment_id": "s1"}))
    next(pages)
    world.seconds += 539
    next(pages)
    assert len(door.logins) == 1
    world.seconds += 2
    next(pages)
    assert len(door.logins) == 2


def test_a_token_that_is_refused_in_the_middle_is_renewed_once(world: World) -> None:
    """A 401 in mid-fetch costs one login and one call more, and the membership is whole; both are counted."""
    door = Door(refused_at={3})
    fetch = connect(OAUTH, door, world).fetch("segment", {"segment_id": "s1"})
    assert read(fetch) == list(MEMBERS)
    assert len(door.logins) == 2
    assert fetch.proof.calls == door.calls + len(door.logins) == 7


def test_a_token_that_is_refused_within_http_200_is_renewed_too(world: World) -> None:
    """Marketo answers 200 with code 602 once a token is over: a rule of the manifest says what that means."""
    refusals = [{"status": 200, "path": "errors.0.code", "values": ["601", "602"], "means": "key-refused"}]

    def expire(page: int, _: httpx.Request, answer: httpx.Response) -> httpx.Response:
        return httpx.Response(200, json={"success": False, "errors": [{"code": "602"}]}) if page == 2 else answer

    door = Door(server=Server(DIALECTS["cursor"], change=expire))
    assert fetched(connect(OAUTH, door, world, changes={"refusals": refusals})) == list(MEMBERS)
    assert len(door.logins) == 2


def test_two_threads_renew_a_token_once(world: World) -> None:
    """Both are refused with the old token; whoever comes second takes the one that the first got."""
    platform = connect(OAUTH, Door(), world)
    session, ask = platform._client.session, platform._client.run
    old, fresh = session.credential(ask)
    assert fresh
    assert session.forget(old)
    new, fresh = session.credential(ask)
    assert (new is old, fresh) == (False, True)
    assert session.forget(old)
    assert session.credential(ask) == (new, False)


def test_a_fixed_secret_cannot_be_renewed(world: World) -> None:
    """A key that is refused is told at once: there is no other."""
    door = Door(carried=lambda _: ("authorization", "Bearer another"))
    with pytest.raises(ProjectError, match="key-refused"):
        fetched(connect({"kind": "bearer", "secret": "key"}, door, world))
    assert (door.calls, door.logins) == (1, [])


def test_a_token_without_a_told_end_holds_until_it_is_refused(world: World) -> None:
    """Some platforms tell no lifetime: their token is kept however long it takes."""
    door = Door(lambda number: httpx.Response(200, json={"access_token": f"t{number}-canary"}), refused_at={4})
    platform = connect(OAUTH, door, world)
    platform.describe("segment", {"segment_id": "s1"})
    world.seconds += 10**6
    assert fetched(platform) == list(MEMBERS)
    assert len(door.logins) == 2


@pytest.mark.parametrize("refused", [{1}, {3, 4}])
def test_a_new_token_that_is_refused_is_an_error(refused: set[int], world: World) -> None:
    """Nobody logs in again and again: a token that was given just now and is refused ends the refresh."""
    door = Door(refused_at=refused)
    with pytest.raises(ProjectError, match="key-refused"):
        fetched(connect(OAUTH, door, world))
    assert len(door.logins) == len(refused)
    assert door.calls == max(refused)


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_login_that_is_refused_is_not_tried_again(status: int, world: World) -> None:
    """Promise 29: a wrong secret is told once, without the secret, and locks no account."""
    told = {"error": "invalid_client", "error_description": "client s3cret-canary is unknown"}
    door = Door(lambda _: httpx.Response(status, json=told))
    with pytest.raises(ProjectError, match="key-refused") as caught:
        fetched(connect(OAUTH, door, world))
    assert len(door.logins) == 1
    assert door.calls == 0
    assert "client [secret] is unknown" in str(caught.value)


def test_a_login_waits_and_counts_like_any_call(world: World) -> None:
    """A login obeys Retry-After, is tried again after a failure of the server, and counts against the limits."""
    answers = {1: httpx.Response(429, headers={"retry-after": "7"}), 2: httpx.Response(503)}
    door = Door(lambda number: answers.get(number) or granted(number))
    platform = connect(OAUTH, door, world, changes={"limits": {"per_minute": 4}})
    fetch = platform.fetch("segment", {"segment_id": "s1"})
    assert read(fetch) == list(MEMBERS)
    assert world.slept[0] == 7.5
    assert world.seconds > 60
    assert fetch.proof.calls == 7


def test_a_login_that_is_never_answered_is_temporary(world: World) -> None:
    """A login server that is down ends like any other server that is down."""
    door = Door(lambda _: httpx.Response(503))
    with pytest.raises(TemporaryError, match="platform-unavailable"):
        fetched(connect(OAUTH, door, world))


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (httpx.Response(200, json={"token": "x"}), "path-missing"),
        (httpx.Response(200, json={"access_token": ""}), "wrong-type"),
        (httpx.Response(200, json={"access_token": 5}), "wrong-type"),
        (httpx.Response(200, json={"access_token": "two\nlines"}), "wrong-type"),
        (httpx.Response(200, html="<html>Sign in</html>"), "not-json"),
        (httpx.Response(302, headers={"location": "/sign-in"}), "redirected"),
        (httpx.Response(302, headers={"location": "https://evil.test/"}), "foreign-link"),
        (httpx.Response(404), "address-not-found"),
    ],
)
def test_a_login_without_a_token_is_an_error(answer: httpx.Response, code: str, world: World) -> None:
    """What is no token is never sent as one."""
    door = Door(lambda _: answer)
    with pytest.raises(RemoteSegmentsError) as caught:
        fetched(connect(OAUTH, door, world))
    assert caught.value.code == code
    assert "canary" not in str(caught.value)
    assert door.calls == 0


WAYS: dict[str, tuple[dict[str, Any], Answer, tuple[str, str]]] = {
    "path": (LOGIN, lambda n: httpx.Response(200, json={"data": {"token": f"t{n}"}}), ("authorization", "Bearer t{}")),
    "header": (
        {**LOGIN, "token": {"header": "X-Token"}, "header": "X-Auth", "value": "{token}"},
        lambda n: httpx.Response(204, headers={"x-token": f"t{n}"}),
        ("x-auth", "t{}"),
    ),
    "cookie": (
        {**LOGIN, "token": {"cookie": "session"}, "header": "Cookie", "value": "session={token}"},
        lambda n: httpx.Response(
            200,
            headers=[
                ("set-cookie", "other=1; expires=Wed, 25 Nov 2026 10:00:00 GMT"),
                ("set-cookie", f"session=t{n}; Path=/; HttpOnly"),
            ],
        ),
        ("cookie", "session=t{}"),
    ),
    "composed": (
        {**LOGIN, "value": 'Token token="{token}"', "lifetime": "ttl"},
        lambda n: httpx.Response(200, json={"data": {"token": f"t{n}"}, "ttl": "90"}),
        ("authorization", 'Token token="t{}"'),
    ),
}


@pytest.mark.parametrize("name", WAYS)
def test_a_login_gives_a_token(name: str, world: World) -> None:
    """The token is found where the manifest says, and composed into the header that the platform wants."""
    auth, answer, (header, value) = WAYS[name]
    door = Door(answer, lambda number: (header, value.format(number)), refused_at={3})
    assert fetched(connect(auth, door, world)) == list(MEMBERS)
    assert len(door.logins) == 2
    assert json.loads(door.logins[0].content) == {"user": "ada", "pass": "s3cret-canary", "remember": True}
    assert "authorization" not in door.logins[1].headers
    assert "cookie" not in door.logins[1].headers


@pytest.mark.parametrize("name", ["header", "cookie"])
def test_a_login_without_its_header_or_cookie_is_an_error(name: str, world: World) -> None:
    """An answer that lacks the token is told with the place that it was looked for."""
    door = Door(lambda _: httpx.Response(200, json={}))
    with pytest.raises(PlatformError, match="path-missing") as caught:
        fetched(connect(WAYS[name][0], door, world))
    assert name in str(caught.value)


@pytest.mark.parametrize(
    ("lifetime", "logins"), [({"lifetime": "ttl"}, 2), ({"lifetime_seconds": 90}, 2), ({}, 1)], ids=str
)
def test_a_login_holds_as_long_as_it_says(lifetime: dict[str, Any], logins: int, world: World) -> None:
    """The answer tells the lifetime, or the manifest does, or nobody."""
    door = Door(WAYS["composed"][1], lambda number: ("authorization", f"Bearer t{number}"))
    platform = connect({**LOGIN, **lifetime}, door, world)
    platform.describe("segment", {"segment_id": "s1"})
    world.seconds += 80
    platform.describe("segment", {"segment_id": "s1"})
    assert len(door.logins) == 1
    world.seconds += 2
    platform.describe("segment", {"segment_id": "s1"})
    assert len(door.logins) == logins


def test_a_token_goes_to_no_other_host(world: World) -> None:
    """Promise 30: a next link to another host is refused, and nobody logs in for it."""
    server = Server(DIALECTS["next-link"], change=lambda _, __, answer: _leading_away(answer))
    door = Door(server=server)
    linked = {"paging": DIALECTS["next-link"].paging}
    with pytest.raises(PlatformError, match="foreign-link"):
        fetched(connect(OAUTH, door, world, changes=linked))
    assert {request.url.host for request in [*door.logins, *server.requests]} == {"api.example.test"}


def _leading_away(answer: httpx.Response) -> httpx.Response:
    return httpx.Response(200, json={**answer.json(), "links": {"next": "https://evil.test/token"}})


def test_a_token_may_come_from_a_host_of_its_own(world: World) -> None:
    """Promise 30: the secret goes to the manifest's token host alone, the token to the platform's alone."""
    door = Door()
    assert fetched(connect({**OAUTH, "token_url": "https://{host}.example.test/token"}, door, world)) == list(MEMBERS)
    assert str(door.logins[0].url) == "https://login.example.test/token"
    assert "s3cret-canary" not in str([request.headers for request in door.server.requests])


@pytest.mark.parametrize(
    ("token_url", "asked"),
    [
        ("/token", "http://127.0.0.1:9/invented/token"),
        (f"{HOST}/token", "http://127.0.0.1:9/invented/token"),
        ("https://login.example.test/token", "http://127.0.0.1:9/invented/token"),
    ],
)
def test_a_base_address_of_the_connection_stands_for_the_login_too(token_url: str, asked: str, world: World) -> None:
    """Promise 30: a secret that was meant for a proxy or the simulator does not leave for the real platform."""
    door = Door(paths=("/invented/token",))
    platform = connect({**OAUTH, "token_url": token_url}, door, world, base_url="http://127.0.0.1:9/invented")
    assert fetched(platform) == list(MEMBERS)
    assert str(door.logins[0].url) == asked


def test_nothing_of_a_login_is_shown(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Promise 29: neither secret nor token is in a log line, in the parts of the client, or in an error."""
    door = Door(refused_at={3, 4})
    platform = connect(OAUTH, door, world)
    with caplog.at_level(logging.DEBUG), pytest.raises(ProjectError) as caught:
        fetched(platform)
    shown = [repr(platform._client), repr(platform._client.session), repr(platform._client.session.keys)]
    assert "canary" not in caplog.text + str(caught.value) + "".join(shown) + platform._client.account()


def test_a_signed_token_is_made_for_every_call(world: World) -> None:
    """Ghost's form: the secret is `id:hex`, the id becomes kid, and each call has a token of its own time."""
    key = "6a1b"
    seen: list[str] = []

    def ghost(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["authorization"])
        world.seconds += 60
        return httpx.Response(200, json={"name": "VIP", "size": 1})

    auth = {
        "kind": "jwt",
        "secret": "key",
        "form": "hex",
        "id_before": ":",
        "audience": "/admin/",
        "lifetime_seconds": 300,
        "word": "Ghost",
    }
    platform = Platform(
        manifest(DIALECTS["cursor"], auth=auth),
        connection="test",
        secrets={"key": f"k1:{key}"},
        transport=httpx.MockTransport(ghost),
        clock=world.clock,
        sleep=world.sleep,
        now=world.now,
    )
    for _ in range(2):
        platform.describe("segment", {"segment_id": "s1"})
    for number, carried in enumerate(seen):
        word, token = carried.split()
        signed, _, signature = token.rpartition(".")
        header, claims = (json.loads(_decoded(part)) for part in signed.split("."))
        issued = int((world.start + timedelta(seconds=60 * number)).timestamp())
        assert (word, header) == ("Ghost", {"alg": "HS256", "typ": "JWT", "kid": "k1"})
        assert claims == {"iat": issued, "exp": issued + 300, "aud": "/admin/"}
        assert _decoded(signature) == hmac.digest(bytes.fromhex(key), signed.encode(), hashlib.sha256)
    assert len(set(seen)) == 2


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


@pytest.mark.parametrize("secret", ["6a1b", "k1:not-hex-canary", ":6a1b"])
def test_a_key_that_cannot_sign_is_refused_unseen(secret: str) -> None:
    """Half of a key is told when the connection is made, before any call."""
    auth = {"kind": "jwt", "secret": "key", "form": "hex", "id_before": ":", "audience": "/admin/"}
    with pytest.raises(ProjectError, match="secret-unreadable") as caught:
        Platform(manifest(DIALECTS["cursor"], auth=auth), connection="c", secrets={"key": secret})
    assert secret not in str(caught.value)


REFUSED: dict[str, dict[str, Any]] = {
    "the field scope is written by oauth2 itself": {**OAUTH, "fields": {"scope": "x"}},
    "auth uses the secret nobody": {**OAUTH, "client_id": "nobody"},
    "{region} is not an option": {**OAUTH, "token_url": "https://{region}.example.test/token"},
    "match pattern": {**OAUTH, "token_url": "http://login.example.test/token"},
    "write one of the three": {**LOGIN, "token": {"path": "a", "header": "b"}},
    "value holds {token} once": {**LOGIN, "value": "Bearer"},
    "the body uses every one of the secrets": {**LOGIN, "secrets": ["key", "client"]},
    "not both": {**LOGIN, "lifetime": "ttl", "lifetime_seconds": 60},
    "{client} is not an option": {**LOGIN, "body": '{"user": "{client}", "pass": "{key}"}'},
    "a signed token says something": {"kind": "jwt", "secret": "key"},
    "a header is named once": {"kind": "headers", "headers": {"Api-Key": "key", "api-key": "client"}},
    "the user name or the password is a secret": {"kind": "basic", "username": "{user}"},
    "user name and password are each written once": {"kind": "basic", "username": "x", "username_secret": "key"},
}


@pytest.mark.parametrize("reason", REFUSED)
def test_a_login_that_cannot_work_is_refused_when_loaded(reason: str) -> None:
    """A secret that is not declared, a token in two places: told without a network."""
    with pytest.raises(ValidationError) as caught:
        manifest(DIALECTS["cursor"], auth=REFUSED[reason], connection=CONNECTION)
    assert reason in str(caught.value)


class OverHttp(BaseHTTPRequestHandler):
    """Gives a token for a form with the secret, and a description for the token."""

    protocol_version = "HTTP/1.1"
    seen: ClassVar[list[tuple[str, str | None, str | None, bytes]]] = []

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["content-length"]))
        self._note(sent)
        self._answer(granted(1).content)

    def do_GET(self) -> None:
        self._note(b"")
        self._answer(b'{"name": "VIP", "size": 5}')

    def _note(self, sent: bytes) -> None:
        self.seen.append((self.path, self.headers.get("authorization"), self.headers.get("cookie"), sent))

    def _answer(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.send_header("set-cookie", "sticky=1; Path=/")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Writes nothing."""


def test_a_login_goes_over_a_real_connection() -> None:
    """Promise 30: the form arrives whole, the token is carried, and no cookie that was set comes back."""
    OverHttp.seen.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), OverHttp)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        address = f"http://127.0.0.1:{server.server_address[1]}/px"
        auth = {**OAUTH, "token_url": "https://login.example.test/oauth/token"}
        with Platform(
            manifest(DIALECTS["cursor"], auth=auth, connection=CONNECTION),
            connection="test",
            secrets=SECRETS,
            options=OPTIONS,
            base_url=address,
        ) as platform:
            assert platform.describe("segment", {"segment_id": "s1"}).size == 5
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    form = b"grant_type=client_credentials&client_id=id-canary&client_secret=s3cret-canary"
    assert OverHttp.seen == [
        ("/px/oauth/token", None, None, form),
        ("/px/segments/s1", "Bearer t1-canary", None, b""),
    ]
