"""The law behind everything: whatever happens to one page, the result is all members or an error, never fewer."""

from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remote_segments.conformance.world import World
from remote_segments.errors import RemoteSegmentsError
from tests.support.invented_platform import DIALECTS, EXACT, Server, connect, manifest, read

WITH_TOTAL = [name for name, dialect in DIALECTS.items() if dialect.format["kind"] == "json"]


def spoiled(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Returns a page as it is, and wrong in every way."""
    members, total = document["data"]["members"], document["meta"]["total"]
    skip = {"links": {"next": "/segments/s/members?size=1&at=3"}, "paging": {"after": "3", "more": True}}
    return {
        "nothing": document,
        "lose the first": {**document, "data": {"members": members[1:]}},
        "lose all": {**document, "data": {"members": []}},
        "double the last": {**document, "data": {"members": members + members[-1:]}},
        "end here": {**document, "links": {"next": None}, "paging": {"after": "", "more": False}},
        "end silently": {name: value for name, value in document.items() if name not in {"links", "paging"}},
        "skip ahead": {**document, **skip},
        "count fewer": {**document, "meta": {"total": max(0, total - 1)}},
        "count none": {**document, "meta": {}},
    }


WAYS = tuple(spoiled({"data": {"members": []}, "meta": {"total": 0}}))


@pytest.mark.parametrize("name", WITH_TOTAL)
@settings(deadline=None)  # the machine may be busy
@given(
    count=st.integers(0, 9),
    size=st.integers(1, 4),
    page=st.integers(1, 5),
    how=st.sampled_from(WAYS),
)
def test_the_result_is_everybody_or_an_error(name: str, count: int, size: int, page: int, how: str) -> None:
    """Promise 3: with an exact total, no spoilt page of any kind leaves a proof of fewer or other members."""
    everybody = tuple(f"m{number}" for number in range(count))

    def change(number: int, _: httpx.Request, answer: httpx.Response) -> httpx.Response:
        return httpx.Response(200, json=spoiled(answer.json())[how]) if number == page else answer

    server = Server(DIALECTS[name], members=everybody, change=change)
    platform = connect(manifest(DIALECTS[name], total=EXACT, page_size=size), server, World())
    try:
        found = read(platform.fetch("segment", {"segment_id": "s"}))
    except RemoteSegmentsError:
        return
    assert sorted(set(map(str, found))) == sorted(everybody)
