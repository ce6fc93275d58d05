"""The body of a call: ids, options and the page size are put into it, and it is encoded as the platform reads it."""

import json
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from pydantic import ValidationError

from remote_segments.conformance.world import World
from remote_segments.errors import PlatformError, ProjectError
from remote_segments.rest.describing import Describe
from remote_segments.rest.messages import Base
from tests.support.invented_platform import DIALECTS, connect, manifest, read

VALUES = {"segment_id": 'a "b" {c}', "number": "12", "flag": "true", "page_size": "150"}
BASE = Base("https://api.example.test", "https://api.example.test")


def sent(body: Any, values: dict[str, str] = VALUES) -> tuple[str, bytes]:
    """Returns media type and bytes of a POST with this body."""
    endpoint = Describe(method="POST", path="/x", name="name", body=body)
    request = endpoint.request(endpoint.call(BASE, values), "here")
    assert request.body is not None
    return request.media_type, request.body


@pytest.mark.parametrize(
    "body",
    [
        '{"id": "{segment_id}", "n": {number}, "all": {flag},'
        ' "deep": [{"size": {page_size}}, "x-{number}", null, 1.5]}',
        {
            "kind": "json",
            "value": '{"id":"{segment_id}","n":{number},"all":{flag},'
            '"deep":[{"size":{page_size}},"x-{number}",null,1.5]}',
        },
    ],
    ids=["short", "long"],
)
def test_json_is_filled_and_escaped(body: Any) -> None:
    """A placeholder in a text is escaped, whatever the id holds; a bare one is a number or a truth."""
    media_type, content = sent(body)
    assert media_type == "application/json"
    assert json.loads(content) == {
        "id": 'a "b" {c}',
        "n": 12,
        "all": True,
        "deep": [{"size": 150}, "x-12", None, 1.5],
    }


def test_a_form_is_encoded() -> None:
    """Fields are encoded; one that is a JSON object is filled as JSON."""
    fields = {
        "cohort": '{"id": {number}, "name": "{segment_id}"}',
        "size": "{page_size}",
        "what": '["$email"]',
        "a b": "{segment_id}",
    }
    media_type, content = sent({"kind": "form", "fields": fields})
    assert media_type == "application/x-www-form-urlencoded"
    found = {name: values[0] for name, values in parse_qs(content.decode(), strict_parsing=True).items()}
    assert json.loads(found.pop("cohort")) == {"id": 12, "name": 'a "b" {c}'}
    assert found == {"size": "150", "what": '["$email"]', "a b": 'a "b" {c}'}


def test_graphql_keeps_its_query_and_fills_its_variables() -> None:
    """Braces of the query are its own."""
    query = "query ($id: ID!) { segment(id: $id) {members {id}} }"
    media_type, content = sent({"kind": "graphql", "query": query, "variables": '{"id": "{segment_id}"}'})
    assert media_type == "application/json"
    assert json.loads(content) == {"query": query, "variables": {"id": 'a "b" {c}'}}


def test_json_rpc_is_wrapped() -> None:
    """Version and id are added; the parameters are filled."""
    _, content = sent({"kind": "json-rpc", "method": "group.members", "params": '{"group": {number}}'})
    assert json.loads(content) == {"jsonrpc": "2.0", "id": 1, "method": "group.members", "params": {"group": 12}}


@pytest.mark.parametrize("value", ["x", "", '1,"all":true', "NaN", "01", "1e5", " 1"])
def test_an_id_that_is_no_number_is_refused_where_one_is_needed(value: str) -> None:
    """A bare placeholder takes nothing that could change the body's shape."""
    with pytest.raises(ProjectError, match="bad-value"):
        sent('{"id": {number}}', {**VALUES, "number": value})


REFUSED: dict[str, Any] = {
    "a brace that is not part": '{"id": "{Segment}"}',
    "the body is a JSON object": "[1]",
    "Expecting value": '{"id": }',
    "or for a whole name": '{"a {number}": 1}',
    "Extra data": '{"id": 1} x',
}


@pytest.mark.parametrize("reason", REFUSED)
def test_a_body_that_is_wrong_is_refused_when_loaded(reason: str) -> None:
    """A mistake in a body is told before any call."""
    with pytest.raises(ValidationError, match="body") as caught:
        Describe(method="POST", path="/x", name="name", body=REFUSED[reason])
    assert reason in str(caught.value)


def test_a_name_in_a_body_is_checked(world: World) -> None:
    """A placeholder of a body is an id, an option or the page size, as in an address."""
    describe = {"method": "POST", "path": "/{segment_id}", "name": "name", "body": '{"id": "{segment}"}'}
    with pytest.raises(ValidationError, match=r"\{segment\} in sources.segment"):
        manifest(DIALECTS["cursor"], describe=describe)


def test_members_are_read_with_a_post(world: World) -> None:
    """Id, page size and cursor are all in the body, the cursor deep in it; the call may be tried again."""
    bodies: list[dict[str, Any]] = []

    def serve(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={"name": "VIP"})
        bodies.append(json.loads(request.content))
        if len(bodies) == 2:
            return httpx.Response(503)
        after = bodies[-1]["page"].get("after")
        return httpx.Response(200, json={"data": [{"id": after or "m1"}], "next": {"after": None if after else "c2"}})

    members = {
        "method": "POST",
        "path": "/search",
        "repeatable": True,
        "query": {},
        "body": '{"filter": {"field": "segment_id", "value": "{segment_id}"}, "page": {"size": {page_size}}}',
        "format": {"kind": "json", "items": "data"},
        "paging": {
            "kind": "cursor",
            "path": "next.after",
            "parameter": "page.after",
            "place": "body",
            "end": ["null-value"],
        },
    }
    platform = connect(manifest(DIALECTS["cursor"], members=members), serve, world)
    assert read(platform.fetch("segment", {"segment_id": "s1"})) == ["m1", "c2"]
    first = {"filter": {"field": "segment_id", "value": "s1"}, "page": {"size": 2}}
    second = {**first, "page": {"size": 2, "after": "c2"}}
    assert bodies == [first, second, second]


QUERY = "query ($list: ID!, $first: Int!, $after: String) { list(id: $list) { members(first: $first, after: $after) } }"
GRAPHQL = {
    "method": "POST",
    "path": "/graphql",
    "repeatable": True,
    "query": {},
    "body": {"kind": "graphql", "query": QUERY, "variables": '{"list": "{segment_id}", "first": {page_size}}'},
    "format": {"kind": "json", "items": "data.list.members.nodes"},
    "paging": {
        "kind": "cursor",
        "path": "data.list.members.pageInfo.endCursor",
        "parameter": "variables.after",
        "place": "body",
        "more": "data.list.members.pageInfo.hasNextPage",
    },
}
ERRORS = [{"status": 200, "path": "errors", "present": True, "means": "refused"}]


@pytest.mark.parametrize("partial", [False, True])
def test_members_are_read_with_graphql(partial: bool, world: World) -> None:
    """Variables hold id, page size and cursor; an answer with errors is one, also with a part of the data."""
    variables: list[dict[str, Any]] = []

    def serve(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={"name": "VIP"})
        variables.append(json.loads(request.content)["variables"])
        after = variables[-1].get("after")
        page = {"nodes": [{"id": after or "m1"}], "pageInfo": {"endCursor": "c2", "hasNextPage": after is None}}
        failed = {"errors": [{"message": "a node is missing"}]} if partial and after else {}
        return httpx.Response(200, json={"data": {"list": {"members": page}}, **failed})

    fetch = connect(manifest(DIALECTS["cursor"], members=GRAPHQL, refusals=ERRORS), serve, world).fetch(
        "segment", {"segment_id": "s1"}
    )
    if partial:
        with pytest.raises(PlatformError, match="request-refused"):
            read(fetch)
    else:
        assert read(fetch) == ["m1", "c2"]
    assert variables == [{"list": "s1", "first": 2}, {"list": "s1", "first": 2, "after": "c2"}]


def test_a_cursor_in_the_body_needs_a_post() -> None:
    """A GET has no body, so that its second page would be its first."""
    paging = {"kind": "cursor", "path": "next", "parameter": "at", "place": "body", "end": ["blank"]}
    with pytest.raises(ValidationError, match="place body belongs to a POST"):
        manifest(DIALECTS["cursor"], paging=paging)
