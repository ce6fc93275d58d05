"""Answers that a platform gives when it fails or moves half-way, and that look like an end."""

import json
from typing import Any

import httpx
import pytest

from remote_segments.conformance.world import World
from remote_segments.errors import PlatformError, RemoteSegmentsError, TemporaryError
from remote_segments.rest.wording import without_people
from tests.support.invented_platform import DIALECTS, MEMBERS, Server, connect, manifest, read

COUNTED = [
    name for name, dialect in DIALECTS.items() if dialect.total and dialect.paging["kind"] in ("offset", "page-number")
]


def answered(world: World, name: str, change: Any) -> list[str]:
    """Reads an invented platform whose answers are changed."""
    server = Server(DIALECTS[name], change=change)
    return read(connect(manifest(DIALECTS[name]), server, world).fetch("segment", {"segment_id": "s1"}))


def with_total(count: int, members: list[Any] | None = None) -> Any:
    """Changes page 2: another total, and other members where they are given."""

    def change(page: int, _: httpx.Request, answer: httpx.Response) -> httpx.Response:
        if page != 2:
            return answer
        document = json.loads(answer.content)
        document["meta"]["total"] = count
        if members is not None:
            document["data"]["members"] = members
        return httpx.Response(200, json=document)

    return change


@pytest.mark.parametrize("name", COUNTED)
def test_a_total_that_falls_to_nothing_ends_nothing(name: str, world: World) -> None:
    """Promise 3: an empty page with a total of 0 after a full one is a failing platform, not an emptied segment."""
    with pytest.raises(RemoteSegmentsError) as caught:
        answered(world, name, with_total(0, []))
    assert caught.value.code in {"membership-moved", "total-mismatch", "page-short", "end-unproven"}


@pytest.mark.parametrize("name", COUNTED)
def test_a_total_that_falls_while_pages_are_counted_off_is_read_again(name: str, world: World) -> None:
    """Promise 6: who comes after somebody who left moves onto a page that was read already."""
    with pytest.raises(TemporaryError, match="membership-moved"):
        answered(world, name, with_total(4))


@pytest.mark.parametrize("status", [201, 202, 203, 204, 206])
def test_only_a_plain_success_is_a_page(status: int, world: World) -> None:
    """Accepted, no content or a part is no page of members, however empty it looks."""

    def change(page: int, _: httpx.Request, answer: httpx.Response) -> httpx.Response:
        return httpx.Response(status, content=answer.content) if page == 2 else answer

    with pytest.raises(PlatformError, match="status-unexpected"):
        answered(world, "next-link", change)


def test_a_nul_character_does_not_block_a_segment(world: World) -> None:
    """Postgres stores none; the identifier becomes one that no model has."""

    def change(page: int, _: httpx.Request, answer: httpx.Response) -> httpx.Response:
        return httpx.Response(200, content=answer.content.replace(b'"m2"', b'"m\\u00002"'))

    assert answered(world, "next-link", change) == [MEMBERS[0], "m\ufffd2", *MEMBERS[2:]]


def test_a_cursor_that_repeats_with_empty_pages_is_an_error(world: World) -> None:
    """Promise 5: pages without members have no content to compare, and the cursor alone gives the loop away."""

    def change(page: int, _: httpx.Request, answer: httpx.Response) -> httpx.Response:
        document = json.loads(answer.content)
        document["data"]["members"] = []
        if page > 1:
            document = json.loads(first[0])
        else:
            first.append(json.dumps(document))
        return httpx.Response(200, json=document)

    first: list[str] = []
    with pytest.raises(PlatformError, match="cursor-repeated"):
        answered(world, "cursor", change)


def test_an_address_is_taken_out_however_it_is_written() -> None:
    """Promise 29: percent-encoded too."""
    assert "john" not in without_people("refused for john.doe%40example.com")
