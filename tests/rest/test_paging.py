"""Every way of paging reads everything, and takes nothing but its own sign for the end."""

from typing import Any

import httpx
import pytest

from remote_segments.conformance.world import World
from remote_segments.errors import EngineError, PlatformError
from remote_segments.rest.paging.sessions import SessionPage
from tests.support.invented_platform import DIALECTS, MEMBERS, Server, connect, manifest, read

ANY = pytest.mark.parametrize("name", DIALECTS)
IN_BODY = pytest.mark.parametrize(
    "name", [name for name, dialect in DIALECTS.items() if dialect.format["kind"] == "json"]
)


def failure(name: str, world: World, server: Server, **changes: Any) -> PlatformError:
    """Fetches, expects an error of the platform, and makes sure that there is no proof."""
    fetch = connect(manifest(DIALECTS[name], **changes), server, world).fetch("segment", {"segment_id": "s1"})
    with pytest.raises(PlatformError) as caught:
        read(fetch)
    with pytest.raises(EngineError):
        _ = fetch.proof
    return caught.value


@ANY
def test_all_pages_are_read_in_order(name: str, world: World) -> None:
    """Three pages give all members once, and a proof that says so."""
    server = Server(DIALECTS[name])
    fetch = connect(manifest(DIALECTS[name]), server, world).fetch("segment", {"segment_id": "s1"})
    assert read(fetch) == list(MEMBERS)
    assert fetch.proof.members == len(MEMBERS)
    assert fetch.proof.calls == len(server.requests)
    assert fetch.expected == len(MEMBERS)


@ANY
@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_any_number_of_members_is_read(name: str, count: int, world: World) -> None:
    """One member, a full page, one more than a page: the end is found at each, or refused where it is not provable."""
    server = Server(DIALECTS[name], members=MEMBERS[:count])
    fetch = connect(manifest(DIALECTS[name]), server, world).fetch("segment", {"segment_id": "s1"})
    unprovable = {"next-link-absent", "link-header", "own-header-cursor", "own-header-address", "continue"}
    if count == 2 and name in unprovable:
        with pytest.raises(PlatformError, match="end-unproven"):
            read(fetch)
    else:
        assert read(fetch) == list(MEMBERS[:count])


@ANY
def test_an_empty_membership_is_proven_empty(name: str, world: World) -> None:
    """Zero members with the sign of the end is a proof of zero members."""
    fetch = connect(manifest(DIALECTS[name]), Server(DIALECTS[name], members=()), world).fetch(
        "segment", {"segment_id": "s"}
    )
    assert read(fetch) == []
    assert fetch.proof.members == 0


@ANY
def test_a_cursor_that_names_its_own_page_is_an_error(name: str, world: World) -> None:
    """Promise 5: page 2 leads to page 2 again (A-A), or is page 1 again where the place is counted."""
    server = (
        Server(DIALECTS[name], places={2: 0}) if DIALECTS[name].counted else Server(DIALECTS[name], cursors={2: "2"})
    )
    assert failure(name, world, server).code == "cursor-repeated"


@ANY
def test_a_cursor_that_leads_back_is_an_error(name: str, world: World) -> None:
    """Promise 5: page 3 leads back to page 2 (A-B-A), or is page 1 again where the place is counted."""
    server = (
        Server(DIALECTS[name], places={3: 0}) if DIALECTS[name].counted else Server(DIALECTS[name], cursors={3: "2"})
    )
    assert failure(name, world, server).code == "cursor-repeated"


@ANY
def test_new_cursors_to_the_same_members_are_an_error(name: str, world: World) -> None:
    """Promise 5: a server that ignores the place answers page 1 for ever, with or without fresh cursors."""
    server = Server(
        DIALECTS[name], places=dict.fromkeys(range(1, 9), 0), cursors={page: f"1{page}" for page in range(1, 9)}
    )
    assert failure(name, world, server).code == "cursor-repeated"


@ANY
def test_more_pages_than_allowed_are_an_error(name: str, world: World) -> None:
    """Promise 5: the cap on pages is an error, never an end."""
    assert failure(name, world, Server(DIALECTS[name]), max_pages=2).code == "page-limit"


@ANY
def test_a_page_without_the_members_is_an_error(name: str, world: World) -> None:
    """Promise 5: page 2 lacks the array of members."""

    def drop(page: int, _: httpx.Request, answer: httpx.Response) -> httpx.Response:
        return (
            httpx.Response(200, json={**_document(answer), "data": {}}, headers=_headers(answer))
            if page == 2
            else answer
        )

    expected = "wrong-type" if DIALECTS[name].format["kind"] == "array" else "path-missing"
    assert failure(name, world, Server(DIALECTS[name], change=drop)).code == expected


@ANY
def test_a_null_page_is_an_error(name: str, world: World) -> None:
    """Promise 5: page 2 holds null where the members should be."""

    def empty(page: int, _: httpx.Request, answer: httpx.Response) -> httpx.Response:
        if page != 2:
            return answer
        if isinstance(answer.json(), list):
            return httpx.Response(200, content=b"null", headers=_headers(answer))
        return httpx.Response(200, json={**_document(answer), "data": {"members": None}})

    assert failure(name, world, Server(DIALECTS[name], change=empty)).code == "wrong-type"


@IN_BODY
def test_a_misspelt_path_of_members_is_an_error(name: str, world: World) -> None:
    """Promise 5: the manifest names the array wrongly."""
    wrong = failure(name, world, Server(DIALECTS[name]), format={"kind": "json", "items": "data.membres"})
    assert wrong.code == "path-missing"
    assert "`data.membres`" in str(wrong)


@pytest.mark.parametrize("name", ["next-link", "next-link-absent", "cursor", "cursor-more", "cursor-in-body"])
@pytest.mark.parametrize("depth", ["parent", "last"])
def test_a_misspelt_path_of_the_cursor_is_an_error(name: str, depth: str, world: World) -> None:
    """Promise 5: the manifest names the cursor wrongly; the first page would look like the last."""
    paging = dict(DIALECTS[name].paging)
    parent, last = paging["path"].split(".")
    paging["path"] = f"{parent}x.{last}" if depth == "parent" else f"{parent}.{last}x"
    expected = "end-unproven" if name == "next-link-absent" else "path-missing"
    assert failure(name, world, Server(DIALECTS[name]), paging=paging).code == expected


@pytest.mark.parametrize("name", ["link-header", "own-header-cursor", "own-header-address"])
def test_a_misspelt_header_is_an_error(name: str, world: World) -> None:
    """Promise 5: the manifest names the header or relation wrongly."""
    paging = {**DIALECTS[name].paging, **({"relation": "nxt"} if name == "link-header" else {"name": "X-Typo"})}
    assert failure(name, world, Server(DIALECTS[name]), paging=paging).code == "end-unproven"


@IN_BODY
def test_a_misspelt_path_of_the_total_is_an_error(name: str, world: World) -> None:
    """Promise 5: the manifest names the total wrongly."""
    total = {"certainty": "exact", "source": "page", "path": "meta.totl"}
    assert failure(name, world, Server(DIALECTS[name]), total=total).code == "path-missing"


@pytest.mark.parametrize("name", ["offset-total", "page-total", "start-index", "session-total"])
def test_a_short_page_before_the_end_is_an_error(name: str, world: World) -> None:
    """A server that gives fewer members than asked would make counted pages skip the rest."""

    def shorten(page: int, _: httpx.Request, answer: httpx.Response) -> httpx.Response:
        document = answer.json()
        document["data"]["members"] = document["data"]["members"][:1]
        return httpx.Response(200, json=document)

    assert failure(name, world, Server(DIALECTS[name], change=shorten)).code == "page-short"


@pytest.mark.parametrize("name", ["offset-total", "page-total", "page-short", "keyset-short", "session-total"])
def test_a_total_that_is_capped_is_found(name: str, world: World) -> None:
    """A total that stops counting at some number ends nothing while pages are full."""

    def cap(page: int, _: httpx.Request, answer: httpx.Response) -> httpx.Response:
        return httpx.Response(200, json={**answer.json(), "meta": {"total": 4}})

    assert failure(name, world, Server(DIALECTS[name], change=cap)).code == "total-mismatch"


@pytest.mark.parametrize(
    "name",
    ["offset-total", "offset-empty", "page-total", "page-short", "keyset-empty", "session-empty", "session-short"],
)
def test_a_page_that_is_too_long_is_an_error(name: str, world: World) -> None:
    """More members than asked for: the next page would begin in the wrong place."""

    def lengthen(page: int, _: httpx.Request, answer: httpx.Response) -> httpx.Response:
        document = answer.json()
        document["data"]["members"] += [{"id": "z-more"}]
        return httpx.Response(200, json=document)

    assert failure(name, world, Server(DIALECTS[name], change=lengthen)).code == "page-long"


def test_an_empty_page_before_the_total_is_an_error(world: World) -> None:
    """The pages end, but the platform counts more members: nobody has left."""

    def empty(page: int, _: httpx.Request, answer: httpx.Response) -> httpx.Response:
        document = answer.json()
        document["data"]["members"] = [] if page == 2 else document["data"]["members"]
        return httpx.Response(200, json=document)

    assert failure("offset-total", world, Server(DIALECTS["offset-total"], change=empty)).code == "total-mismatch"


def test_more_without_a_cursor_is_an_error(world: World) -> None:
    """A page that announces another and does not say where it is ends nothing."""
    server = Server(DIALECTS["cursor-more"])

    def forget(page: int, _: httpx.Request, answer: httpx.Response) -> httpx.Response:
        return httpx.Response(200, json={**answer.json(), "paging": {"after": "", "more": True}})

    server.change = forget
    assert failure("cursor-more", world, server).code == "path-missing"


@pytest.mark.parametrize("name", ["keyset-empty", "keyset-short"])
def test_members_that_are_not_sorted_are_an_error(name: str, world: World) -> None:
    """The next page begins after the last identifier: what stands in the wrong order would be skipped."""
    for page in (1, 2):

        def turn(number: int, _: httpx.Request, answer: httpx.Response, page: int = page) -> httpx.Response:
            document = answer.json()
            members = document["data"]["members"]
            document["data"]["members"] = members[::-1] if number == page else members
            return httpx.Response(200, json=document)

        assert failure(name, world, Server(DIALECTS[name], change=turn)).code == "page-unsorted"


def test_numbers_ascend_as_numbers(world: World) -> None:
    """9 comes before 10 where identifiers are numbers, and after it where they are texts."""
    server = Server(DIALECTS["keyset-empty"], members=("9", "10", "11"), places={2: 2, 3: 3})
    by_number = {**DIALECTS["keyset-empty"].paging, "order": "integer", "start": "0"}
    fetch = connect(manifest(DIALECTS["keyset-empty"], paging=by_number), server, world).fetch(
        "segment", {"segment_id": "s1"}
    )
    assert read(fetch) == ["9", "10", "11"]
    assert [request.url.params.get("above") for request in server.requests[1:]] == ["0", "10", "11"]
    server = Server(DIALECTS["keyset-empty"], members=("9", "10"))
    assert failure("keyset-empty", world, server).code == "page-unsorted"


def test_an_identifier_that_is_no_number_is_an_error(world: World) -> None:
    """Where the manifest says that identifiers are numbers, another one ends the fetch."""
    paging = {**DIALECTS["keyset-empty"].paging, "order": "integer"}
    assert failure("keyset-empty", world, Server(DIALECTS["keyset-empty"]), paging=paging).code == "wrong-type"


def test_a_misspelt_path_of_what_continues_is_an_error(world: World) -> None:
    """Promise 5: the first page is full, and nothing seems to follow."""
    paging = {"kind": "continue", "path": "contniue"}
    assert failure("continue", world, Server(DIALECTS["continue"]), paging=paging).code == "end-unproven"


@pytest.mark.parametrize("value", [None, "text", {"at": None}, {"at": {"deep": 1}}, []])
def test_what_continues_is_an_object_of_parameters(value: Any, world: World) -> None:
    """Anything else in its place is a changed answer, not an end."""

    def spoil(page: int, _: httpx.Request, answer: httpx.Response) -> httpx.Response:
        return httpx.Response(200, json={**answer.json(), "continue": value})

    assert failure("continue", world, Server(DIALECTS["continue"], change=spoil)).code == "wrong-type"


@pytest.mark.parametrize("name", [name for name in DIALECTS if name.startswith("session-")])
@pytest.mark.parametrize(("session", "code"), [({}, "path-missing"), ({"id": None, "size": 2}, "wrong-type")])
def test_a_page_without_its_session_is_an_error(name: str, session: Any, code: str, world: World) -> None:
    """Without the session, the next page would be one of a new and different result."""

    def spoil(page: int, _: httpx.Request, answer: httpx.Response) -> httpx.Response:
        return httpx.Response(200, json={**answer.json(), "session": session})

    assert failure(name, world, Server(DIALECTS[name], change=spoil)).code == code


def test_a_misspelt_path_of_the_told_size_is_an_error(world: World) -> None:
    """Promise 5: without the size of a full page, no page is known to be short."""
    paging = {**DIALECTS["session-short"].paging, "told_size": "session.sizee"}
    assert failure("session-short", world, Server(DIALECTS["session-short"]), paging=paging).code == "path-missing"


@pytest.mark.parametrize(
    ("relative_to", "link", "called"),
    [
        ("base", "/list/2?at=2", "/v2/list/2"),
        ("base", "https://api.example.test/v2/list/2", "/v2/list/2"),
        ("host", "/v2/list/2", "/v2/list/2"),
        ("base", "?at=2", "/v2/segments/s1/members"),
    ],
)
def test_a_link_is_completed_as_the_manifest_says(relative_to: str, link: str, called: str, world: World) -> None:
    """Some platforms write links below their own base address, others below the host."""
    asked: list[str] = []

    def serve(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        last = len(asked) == 3
        return httpx.Response(
            200, json={"name": "VIP", "data": {"members": [{"id": str(len(asked))}]}, "next": None if last else link}
        )

    paging = {"kind": "next-link", "path": "next", "end": ["null-value"], "relative_to": relative_to}
    platform = connect(
        manifest(DIALECTS["next-link"], paging=paging, base_url="https://api.example.test/v2"), serve, world
    )
    assert read(platform.fetch("segment", {"segment_id": "s1"})) == ["2", "3"]
    assert asked == ["/v2/segments/s1", "/v2/segments/s1/members", called]


def test_a_link_below_the_base_leads_to_no_other_host(world: World) -> None:
    """Promise 30: two slashes name a host."""
    server = Server(DIALECTS["next-link"])
    server.change = lambda _, __, answer: httpx.Response(
        200, json={**answer.json(), "links": {"next": "//evil.test/members"}}
    )
    paging = {**DIALECTS["next-link"].paging, "relative_to": "base"}
    assert failure("next-link", world, server, paging=paging).code == "foreign-link"


def test_null_where_only_blank_ends_is_an_error(world: World) -> None:
    """A sign that the manifest does not declare is no end."""

    def blank(page: int, _: httpx.Request, answer: httpx.Response) -> httpx.Response:
        document = answer.json()
        document["links"]["next"] = "" if page == 2 else document["links"]["next"]
        return httpx.Response(200, json=document)

    assert failure("next-link", world, Server(DIALECTS["next-link"], change=blank)).code == "wrong-type"


def _document(answer: httpx.Response) -> dict[str, Any]:
    document = answer.json()
    return document if isinstance(document, dict) else {}


def _headers(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name in {"link", "x-cursor", "x-next"}}


def test_calls_of_a_session_are_estimated_by_its_usual_page() -> None:
    """The size of a page is told only on the page; an estimate before it takes what the documentation says."""
    told = {"session": "id", "session_parameter": "id", "parameter": "page", "told_size": "size", "end": "short-page"}
    paging = SessionPage.model_validate({"kind": "session-page", **told, "usual_size": 1000})
    assert [paging.pages(size, None) for size in (0, 999, 1000, 60_000)] == [1, 1, 2, 61]
