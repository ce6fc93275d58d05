"""The segments of an account are read to the end, as strictly as members."""

import json
from typing import Any

import httpx
import pytest

from remote_segments.conformance.world import World
from remote_segments.errors import EngineError, PlatformError, ProjectError, TemporaryError
from remote_segments.rest.listing import Listed
from remote_segments.rest.platform import Platform
from tests.support.invented_platform import DIALECTS, connect, manifest

LISTING: dict[str, Any] = {
    "path": "/segments",
    "query": {"size": "{page_size}"},
    "page_size": 2,
    "items": "rows",
    "ids": {"segment_id": "id"},
    "name": "name",
    "size": "count",
    "paging": {"kind": "cursor", "path": "next", "parameter": "at", "end": ["absent", "null-value"]},
}
ROW = {"id": 7, "name": "VIP", "count": 3}


def platform(world: World, *documents: object, requests: list[httpx.Request] | None = None, **changes: Any) -> Platform:
    """Returns a platform whose listing gives these documents, the last one again and again."""
    left = list(documents)

    def serve(request: httpx.Request) -> httpx.Response:
        if requests is not None:
            requests.append(request)
        document = left.pop(0) if len(left) > 1 else left[0]
        return document if isinstance(document, httpx.Response) else httpx.Response(200, json=document)

    return connect(manifest(DIALECTS["cursor"], list={**LISTING, **changes}), serve, world)


def test_all_pages_are_listed(world: World) -> None:
    """Ids become the characters of JSON; a size that is not told is unknown."""
    second = {"id": "x", "name": "New"}
    found = platform(world, {"rows": [ROW], "next": "b"}, {"rows": [second], "next": None}).segments("segment")
    assert found == [Listed({"segment_id": "7"}, "VIP", 3), Listed({"segment_id": "x"}, "New", None)]


def test_the_state_of_a_listed_segment_is_told_where_the_manifest_says(world: World) -> None:
    """Computing goes before inactive; without a word about it the state is unknown."""
    told = {
        "computing": {"path": "busy", "values": ["true"], "message": "Busy."},
        "inactive": {"path": "on", "values": ["false"], "message": "Off."},
    }
    rows = [{**ROW, "busy": busy, "on": on} for busy, on in ((True, False), (False, False), (False, True))]
    answer = {"rows": rows, "next": None}
    found = platform(world, answer, **told).segments("segment")
    assert [one.state for one in found] == ["computing", "inactive", "ready"]
    assert {one.state for one in platform(world, answer).segments("segment")} == {None}


def test_segments_under_keys_are_listed(world: World) -> None:
    """An object with one segment under each key is a listing where the manifest says so, and only there."""
    answer = {"rows": {"7": ROW}, "next": None}
    assert [one.name for one in platform(world, answer, keyed=True).segments("segment")] == ["VIP"]
    assert platform(world, {"rows": [], "next": None}, keyed=True).segments("segment") == []
    with pytest.raises(PlatformError, match="wrong-type"):
        platform(world, {"rows": [ROW], "next": None}, keyed=True).segments("segment")


def test_a_listing_continues_from_its_last_id(world: World) -> None:
    """A listing by keyset goes on after the first id of its last segment, until an empty page."""
    requests: list[httpx.Request] = []
    pages = ({"rows": [ROW, {**ROW, "id": 9}]}, {"rows": [{**ROW, "id": 10}]}, {"rows": []})
    paging = {"kind": "keyset", "parameter": "above", "order": "integer", "end": "empty-page"}
    found = platform(world, *pages, requests=requests, paging=paging).segments("segment")
    assert [one.ids["segment_id"] for one in found] == ["7", "9", "10"]
    assert [request.url.params.get("above") for request in requests] == [None, "9", "10"]


def test_a_bare_array_is_listed(world: World) -> None:
    """A listing without anything around it is one answer."""
    assert len(platform(world, [ROW], items=None, paging={"kind": "single"}).segments("segment")) == 1


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({}, "path-missing"),
        ({"rows": None}, "wrong-type"),
        ({"rows": {}}, "wrong-type"),
        ({"rows": [{"name": "VIP"}]}, "path-missing"),
        ({"rows": [{"id": None, "name": "VIP"}]}, "wrong-type"),
        ({"rows": [{"id": "x"}]}, "path-missing"),
        ({"rows": [{**ROW, "count": "many"}]}, "wrong-type"),
        ({"rows": [ROW], "next": "same"}, "cursor-repeated"),
        ({"rows": [ROW, ROW]}, "end-unproven"),
        (httpx.Response(200, html="<p>Log in</p>"), "not-json"),
    ],
)
def test_another_answer_is_an_error(document: object, code: str, world: World) -> None:
    """A listing that is not as written, or does not end, is no shorter listing."""
    with pytest.raises(PlatformError, match=code):
        platform(world, document).segments("segment")


def test_an_answer_that_is_cut_is_temporary(world: World) -> None:
    """Half a listing may come whole next time."""
    with pytest.raises(TemporaryError, match="answer-cut"):
        platform(world, httpx.Response(200, content=json.dumps({"rows": [ROW]})[:-5].encode())).segments("segment")


def test_a_cursor_that_must_be_there_is(world: World) -> None:
    """Where absence is no end, an absent cursor is an error."""
    paging = {**LISTING["paging"], "end": ["null-value"]}
    with pytest.raises(PlatformError, match="path-missing"):
        platform(world, {"rows": [ROW]}, paging=paging).segments("segment")


def test_an_absent_array_may_mean_nothing(world: World) -> None:
    """Absence is an empty page where the manifest says so."""
    assert platform(world, {"next": None}, absent="empty").segments("segment") == []


def test_a_listing_may_be_counted(world: World) -> None:
    """An offset ends at the declared total."""
    paging = {"kind": "offset", "parameter": "skip", "end": "total"}
    requests: list[httpx.Request] = []
    pages = ({"rows": [ROW, ROW], "all": 3}, {"rows": [ROW], "all": 3})
    assert len(platform(world, *pages, requests=requests, paging=paging, total="all").segments("segment")) == 3
    assert [request.url.params["skip"] for request in requests] == ["0", "2"]


@pytest.mark.parametrize(("repeatable", "tries"), [("true", 6), ("false", 1), (None, 1)])
def test_a_post_is_repeated_only_where_that_is_harmless(repeatable: str | None, tries: int, world: World) -> None:
    """A POST is tried again when the manifest says that it only reads."""
    requests: list[httpx.Request] = []
    changes = {"method": "POST", "body": '{"query": ""}', **({"repeatable": repeatable} if repeatable else {})}
    with pytest.raises(TemporaryError, match="platform-unavailable"):
        platform(world, httpx.Response(500), requests=requests, **changes).segments("segment")
    assert len(requests) == tries
    assert {request.content for request in requests} == {b'{"query": ""}'}


def test_a_missing_listing_is_told(world: World) -> None:
    """A 404 of the listing is about the address, not about a segment."""
    with pytest.raises(ProjectError, match="address-not-found"):
        platform(world, httpx.Response(404)).segments("segment")


def test_what_a_platform_cannot_do_is_told(world: World) -> None:
    """A kind without a listing says how to find ids; an unknown kind is a bug of ours."""
    without = connect(manifest(DIALECTS["cursor"]), httpx.Response, world)
    with pytest.raises(ProjectError, match="listing-unsupported"):
        without.segments("segment")
    with pytest.raises(EngineError, match="unknown-source-kind"):
        without.describe("list", {})
