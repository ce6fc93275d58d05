"""What the simulator's tests share: a client that calls an account as a program of a user would."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from remote_segments.simulator import Simulator
from tests.support.simulator import simulator

__all__ = ["simulator"]

HEADERS = {
    "klaviyo": {"Authorization": "Klaviyo-API-Key pk_1", "revision": "2026-07-15"},
    "hubspot": {"Authorization": "Bearer pat-1"},
    "customer_io": {"Authorization": "Bearer app-1"},
    "mailchimp": {"Authorization": "Basic eDprZXktdXMxOQ=="},
}
PATHS = {
    "klaviyo": "/api/segments/{}/profiles?page[size]=100",
    "hubspot": "/crm/lists/2026-09/{}/memberships?limit=100",
    "customer_io": "/v1/segments/{}/membership?limit=100",
    "mailchimp": "/3.0/lists/a1b2c3d4e5/segments/{}/members?count=100&offset=0",
}
Get = Callable[[str, str], httpx.Response]


@pytest.fixture
def get(simulator: Simulator) -> Iterator[Get]:
    """Asks an account for a path, with a right credential."""
    with httpx.Client(timeout=10) as client:
        yield lambda platform, path: client.get(simulator.url(platform) + path, headers=HEADERS[platform])


@pytest.fixture
def page_through(simulator: Simulator, get: Get) -> Callable[[str, str], list[list[dict[str, Any]]]]:
    """Reads all pages of a segment, each platform in its own way."""

    def following(platform: str, path: str, document: dict[str, Any]) -> str | None:
        if platform == "klaviyo":
            link = document["links"]["next"]
            return link and link.removeprefix(simulator.url(platform))
        if platform == "mailchimp":
            base, _, offset = path.rpartition("=")
            reached = int(offset) + 100
            return f"{base}={reached}" if reached < document["total_items"] else None
        name = {"hubspot": "after", "customer_io": "start"}[platform]
        after = (
            document["next"] if platform == "customer_io" else document.get("paging", {}).get("next", {}).get("after")
        )
        return f"{path.partition('&')[0]}&{name}={after}" if after else None

    def read(platform: str, segment: str) -> list[list[dict[str, Any]]]:
        key = {"klaviyo": "data", "hubspot": "results", "customer_io": "identifiers", "mailchimp": "members"}[platform]
        path: str | None = PATHS[platform].format(segment)
        pages = []
        while path:
            document = get(platform, path).json()
            pages.append(document[key])
            path = following(platform, path, document)
        return pages

    return read
