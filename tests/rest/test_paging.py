"""Every way of paging reads everything, and takes nothing but its own sign for the end."""

from typing import Any

import httpx
import pytest

from remote_segments.errors import EngineError, PlatformError
from tests.support.invented_platform import DIALECTS, MEMBERS, Server, World, connect, manifest, read

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
    unprovable = {"next-link-absent", "link-header", "own-header-cursor", "own-header-address"}
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


@pytest.mark.parametrize("name", ["next-link", "next-link-absent", "cursor", "cursor-more"])
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


@pytest.mark.parametrize("name", ["offset-total", "page-total"])
def test_a_short_page_before_the_end_is_an_error(name: str, world: World) -> None:
    """A server that gives fewer members than asked would make counted pages skip the rest."""

    def shorten(page: int, _: httpx.Request, answer: httpx.Response) -> httpx.Response:
        document = answer.json()
        document["data"]["members"] = document["data"]["members"][:1]
        return httpx.Response(200, json=document)

    assert failure(name, world, Server(DIALECTS[name], change=shorten)).code == "page-short"


@pytest.mark.parametrize("name", ["offset-total", "page-total", "page-short"])
def test_a_total_that_is_capped_is_found(name: str, world: World) -> None:
    """A total that stops counting at some number ends nothing while pages are full."""

    def cap(page: int, _: httpx.Request, answer: httpx.Response) -> httpx.Response:
        return httpx.Response(200, json={**answer.json(), "meta": {"total": 4}})

    assert failure(name, world, Server(DIALECTS[name], change=cap)).code == "total-mismatch"


@pytest.mark.parametrize("name", ["offset-total", "offset-empty", "page-total", "page-short"])
def test_a_page_that_is_too_long_is_an_error(name: str, world: World) -> None:
    """More members than asked for: the next page would begin in the wrong place."""

    def lengthen(page: int, _: httpx.Request, answer: httpx.Response) -> httpx.Response:
        document = answer.json()
        document["data"]["members"] += [{"id": "more"}]
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
