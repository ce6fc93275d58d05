"""Whatever goes wrong at whatever page, a fetch ends with the right error and without a proof."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from remote_segments.conformance.world import World
from remote_segments.errors import EngineError, PlatformError, ProjectError, RemoteSegmentsError, TemporaryError
from remote_segments.rest.platform import Fetch, Platform
from tests.support.invented_platform import DIALECTS, HOST, MEMBERS, Change, Server, connect, manifest, read

PAGES = [1, 2, 3]
CURSOR = DIALECTS["cursor"]
Answer = Callable[[httpx.Request, httpx.Response], httpx.Response]


def timeout(request: httpx.Request, _: httpx.Response) -> httpx.Response:
    raise httpx.ReadTimeout("", request=request)


def cut(request: httpx.Request, _: httpx.Response) -> httpx.Response:
    raise httpx.RemoteProtocolError("peer closed connection", request=request)


def broken(request: httpx.Request, _: httpx.Response) -> httpx.Response:
    raise httpx.ConnectError("", request=request)


def reset(request: httpx.Request, _: httpx.Response) -> httpx.Response:
    raise httpx.ReadError("", request=request)


def answering(status: int, **content: Any) -> Answer:
    return lambda request, answer: httpx.Response(status, **content)


FAILURES: dict[str, tuple[Answer, type[RemoteSegmentsError], str]] = {
    "too many calls": (answering(429), TemporaryError, "rate-limited"),
    "too many calls, wait named": (answering(429, headers={"retry-after": "2"}), TemporaryError, "rate-limited"),
    "server error": (answering(500), TemporaryError, "platform-unavailable"),
    "maintenance": (answering(503, text="<html>"), TemporaryError, "platform-unavailable"),
    "nothing comes": (timeout, TemporaryError, "timeout"),
    "closed early": (cut, TemporaryError, "answer-cut"),
    "reset": (reset, TemporaryError, "answer-cut"),
    "no way": (broken, TemporaryError, "connection-failed"),
    "broken compression": (
        answering(200, stream=httpx.ByteStream(b"nonsense"), headers={"content-encoding": "gzip"}),
        TemporaryError,
        "answer-cut",
    ),
    "half of the JSON": (
        lambda _, answer: httpx.Response(200, content=answer.content[: len(answer.content) // 2]),
        TemporaryError,
        "answer-cut",
    ),
    "no JSON": (answering(200, content=b'{"data": nonsense}'), PlatformError, "not-json"),
    "nothing": (answering(200, content=b""), PlatformError, "not-json"),
    "web page": (answering(200, html="<!doctype html><p>Log in</p>"), PlatformError, "not-json"),
    "broken text": (answering(200, content=b'{"data": {"members": [{"id": "\xff"}]}}'), PlatformError, "not-json"),
    "key revoked": (answering(401), ProjectError, "key-refused"),
    "no right": (answering(403), ProjectError, "access-denied"),
    "deleted": (answering(404), ProjectError, "segment-not-found"),
    "retired": (answering(410), PlatformError, "version-retired"),
    "bad request": (answering(400), PlatformError, "request-refused"),
    "redirect here": (answering(302, headers={"location": f"{HOST}/elsewhere"}), PlatformError, "redirected"),
    "redirect away": (answering(302, headers={"location": "https://evil.test/"}), PlatformError, "foreign-link"),
    "redirect nowhere": (answering(302), PlatformError, "redirected"),
}


def at(wanted: int, failing: Answer) -> Change:
    """Returns the change that lets every answer from page k on fail."""
    return lambda page, request, answer: failing(request, answer) if page >= wanted else answer


def fetching(server: Server, world: World, **changes: Any) -> Fetch:
    return connect(manifest(CURSOR, **changes), server, world).fetch("segment", {"segment_id": "s1"})


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_at_any_page_is_an_error(name: str, page: int, world: World) -> None:
    """Promise 2: a fetch that does not reach its end never has a proof, at every page, for every failure."""
    failing, expected, code = FAILURES[name]
    fetch = fetching(Server(CURSOR, change=at(page, failing)), world)
    with pytest.raises(expected) as caught:
        read(fetch)
    assert caught.value.code == code
    assert "s3cret-canary" not in str(caught.value)
    with pytest.raises(EngineError):
        _ = fetch.proof


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("name", [name for name, (_, kind, _) in FAILURES.items() if kind is TemporaryError])
def test_a_failure_that_passes_is_healed(name: str, page: int, world: World) -> None:
    """What fails once is asked again, and nothing is lost or doubled."""
    failing = FAILURES[name][0]
    failed: list[int] = []

    def once(number: int, request: httpx.Request, answer: httpx.Response) -> httpx.Response:
        if number == page and not failed:
            failed.append(number)
            return failing(request, answer)
        return answer

    fetch = fetching(Server(CURSOR, change=once), world)
    assert read(fetch) == list(MEMBERS)
    assert fetch.proof.calls == 1 + len(PAGES) + 1


def test_what_a_person_must_mend_is_asked_once(world: World) -> None:
    """A refused key, a missing right and an unknown segment are not tried again."""
    for status in (400, 401, 403, 404, 410):
        server = Server(CURSOR, change=at(1, answering(status)))
        with pytest.raises(RemoteSegmentsError):
            read(fetching(server, world))
        assert server.pages == 1
    assert world.slept == []


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("Tue, 24 Nov 2026 10:01:40 GMT", 100.0),
        ("Tue, 24 Nov 2026 09:00:00 GMT", 0.0),
        ("Tue, 24 Nov 2026 10:00:20 -0000", 20.0),
    ],
)
def test_the_wait_that_a_platform_names_is_kept(header: str, seconds: float, world: World) -> None:
    """Promise 9: Retry-After is obeyed, in seconds and as a date."""

    def once(page: int, _: httpx.Request, answer: httpx.Response) -> httpx.Response:
        return httpx.Response(429, headers={"retry-after": header}) if page == 1 else answer

    read(fetching(Server(CURSOR, change=once), world))
    assert world.seconds >= seconds
    assert world.slept[0] == pytest.approx(seconds + 0.5)


def test_a_wait_that_is_too_long_ends_the_fetch(world: World) -> None:
    """An hour's wait is left to the next refresh, which is told when to come."""
    with pytest.raises(TemporaryError) as caught:
        read(fetching(Server(CURSOR, change=at(1, answering(429, headers={"retry-after": "3600"}))), world))
    assert caught.value.retry_after == 3600
    assert world.slept == []


def test_a_wait_in_words_is_kept(world: World) -> None:
    """A platform that forgets Retry-After may name the wait in its sentence."""

    def once(page: int, _: httpx.Request, answer: httpx.Response) -> httpx.Response:
        return httpx.Response(429, json={"detail": "Slow down. Try in 12 seconds."}) if page == 1 else answer

    read(fetching(Server(CURSOR, change=once), world, retries={"wait_sentence": "Try in {seconds} second"}))
    assert world.slept == [12.5]


def test_waits_of_our_own_grow_and_are_jittered(world: World) -> None:
    """Without a named wait each is a random share of a doubled limit."""
    with pytest.raises(TemporaryError):
        read(fetching(Server(CURSOR, change=at(1, answering(500))), world, retries={"attempts": 5, "longest_wait": 3}))
    assert world.slept == [0.5, 1.0, 1.5, 1.5]


def test_an_unreadable_wait_is_ignored(world: World) -> None:
    """A Retry-After that is neither number nor date does not stop the fetch."""

    def once(page: int, _: httpx.Request, answer: httpx.Response) -> httpx.Response:
        return httpx.Response(429, headers={"retry-after": "soon"}) if page == 1 else answer

    assert read(fetching(Server(CURSOR, change=once), world)) == list(MEMBERS)


def test_an_answer_that_is_too_large_is_an_error(world: World) -> None:
    """An answer is not read beyond the manifest's limit."""
    with pytest.raises(PlatformError, match="answer-too-large"):
        read(fetching(Server(CURSOR, change=at(2, answering(200, content=b"x" * 2000))), world, largest_answer=1000))


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.test/segments/s1/members",
        "http://api.example.test/segments/s1/members",
        "https://api.example.test:8443/segments/s1/members",
        "https://api.example.test@evil.test/x",
        "https://key@api.example.test/x",
        "//evil.test/x",
        "ftp://api.example.test/x",
        "https://api.example.test:port/x",
        "https://[api.example.test/x",
        "https://api.example.test/x\x00y",
    ],
)
@pytest.mark.parametrize("name", ["next-link", "link-header", "own-header-address"])
def test_a_link_to_another_host_is_never_followed(name: str, link: str, world: World) -> None:
    """Promise 30: a next link to another scheme, host or port is an error, and nobody is called."""

    def lead_away(page: int, _: httpx.Request, answer: httpx.Response) -> httpx.Response:
        if isinstance(answer.json(), list):
            return httpx.Response(200, json=answer.json(), headers={"link": f'<{link}>; rel="next"', "x-next": link})
        return httpx.Response(200, json={**answer.json(), "links": {"next": link}})

    server = Server(DIALECTS[name], change=lead_away)
    fetch = connect(manifest(DIALECTS[name]), server, world).fetch("segment", {"segment_id": "s1"})
    with pytest.raises(PlatformError, match="foreign-link"):
        read(fetch)
    assert {request.url.host for request in server.requests} == {"api.example.test"}
    assert server.pages == 1


@pytest.mark.parametrize(
    "link",
    [
        "/px/segments/s1/members?at=2",
        "members?at=2",
        "?at=2",
        "https://api.example.test/segments/s1/members?at=2",
        "http://proxy.test:81/px/segments/s1/members?at=2",
    ],
)
def test_a_proxy_is_used_for_links_to_the_platform_itself(link: str, world: World) -> None:
    """With another base URL, links to the platform's own host and to the proxy go through the proxy."""
    requests: list[httpx.Request] = []

    def serve(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        if "members" not in request.url.path:
            return httpx.Response(200, json={"name": "VIP"})
        members = [{"id": request.url.params.get("at", "1")}]
        following = None if "at" in request.url.params else link
        return httpx.Response(200, json={"data": {"members": members}, "links": {"next": following}})

    platform = connect(manifest(DIALECTS["next-link"]), serve, world, base_url="http://proxy.test:81/px/")
    assert read(platform.fetch("segment", {"segment_id": "s1"})) == ["1", "2"]
    assert str(requests[-1].url) == "http://proxy.test:81/px/segments/s1/members?at=2"


def test_a_server_that_trickles_is_given_up(world: World) -> None:
    """A byte now and then resets every time-out of the connection, but not that of the whole answer."""

    class Trickle(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            while True:
                world.seconds += 59
                yield b" "

    server = Server(CURSOR, change=at(2, lambda request, answer: httpx.Response(200, stream=Trickle())))
    with pytest.raises(TemporaryError, match="timeout"):
        read(fetching(server, world))


def test_a_segment_that_is_still_computed_waits(world: World) -> None:
    """A membership that is not ready is a temporary failure before any member is read."""
    describe = {
        "path": "/segments/{segment_id}",
        "name": "name",
        "computing": {"path": "busy", "values": "true", "message": "The platform says busy."},
    }

    def serve(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"name": "VIP", "busy": True})

    platform: Platform = connect(manifest(CURSOR, describe=describe), serve, world)
    with pytest.raises(TemporaryError, match="segment-computing"):
        read(platform.fetch("segment", {"segment_id": "s1"}))
    assert platform.describe("segment", {"segment_id": "s1"}).state == "computing"


def test_what_the_platform_says_is_told_without_people_or_secrets(world: World) -> None:
    """Promise 29: the platform's own sentence is cleaned before it is shown."""
    said = "No access for ada@example.test, +1 555 000 0001, key s3cret-canary, scope crm.lists.read"

    def refuse(page: int, _: httpx.Request, answer: httpx.Response) -> httpx.Response:
        return httpx.Response(403, json={"message": said})

    with pytest.raises(ProjectError) as caught:
        read(fetching(Server(CURSOR, change=refuse), world, error_detail="message"))
    assert "scope crm.lists.read" in str(caught.value)
    for secret in ("ada@", "555", "s3cret-canary"):
        assert secret not in str(caught.value)
