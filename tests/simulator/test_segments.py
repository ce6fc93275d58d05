"""What people do to segments in the tool, on demand."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from remote_segments.simulator import Simulator
from tests.simulator.test_accounts import MISSING, SAMPLES

Get = Callable[[str, str], httpx.Response]
DESCRIBED = {
    platform: address.replace("XXXXXX", SAMPLES[platform]).replace("999", SAMPLES[platform])
    for platform, address in MISSING.items()
}


def told(get: Get, platform: str) -> dict[str, Any]:
    """What an account tells of its sample, without the level that some platforms put around it."""
    document = get(platform, DESCRIBED[platform]).json()
    inner = {"klaviyo": ("data", "attributes"), "hubspot": ("list",), "customer_io": ("segment",), "mailchimp": ()}
    for key in inner[platform]:
        document = document[key]
    found: dict[str, Any] = document
    return found


@pytest.mark.parametrize("platform", SAMPLES)
def test_a_segment_is_renamed_deleted_and_restored(platform: str, simulator: Simulator, get: Get) -> None:
    """Its name and the time of its last change are others; deleted it is as if it had never been."""
    before = told(get, platform)
    simulator.change(platform, SAMPLES[platform], name="Renamed")
    after = told(get, platform)
    assert after["name"] == "Renamed" != before["name"]
    changed = {key for key in before if before[key] != after[key]}
    assert changed & {"updated", "updatedAt", "updated_at"}
    simulator.change(platform, SAMPLES[platform], deleted=True)
    assert get(platform, DESCRIBED[platform]).status_code == 404
    simulator.change(platform, SAMPLES[platform], deleted=False)
    assert told(get, platform)["name"] == "Renamed"


@pytest.mark.parametrize("platform", ["klaviyo", "hubspot", "mailchimp"])
def test_an_edited_rule_is_seen_where_the_platform_tells_it(platform: str, simulator: Simulator, get: Get) -> None:
    """In the platform's own place: the conditions, or the time of their last edit."""
    place = {"klaviyo": "definition", "hubspot": "filtersUpdatedAt", "mailchimp": "options"}[platform]
    before = told(get, platform)[place]
    simulator.change(platform, SAMPLES[platform], name="Renamed")
    assert told(get, platform)[place] == before
    simulator.change(platform, SAMPLES[platform], rule="opened in the last 90 days")
    assert told(get, platform)[place] != before


def test_the_control_desk_changes_segments_over_http(simulator: Simulator, get: Get) -> None:
    """For programs of a user; what a platform cannot tell is refused in words."""
    desk = simulator.url("klaviyo").replace("/klaviyo", "/_control/segments")
    answer = httpx.post(desk, json={"platform": "klaviyo", "segment": "VIPOPN", "active": False})
    assert answer.json()["klaviyo"]["VIPOPN"]["active"] is False
    assert told(get, "klaviyo")["is_active"] is False
    refused = httpx.post(desk, json={"platform": "mailchimp", "segment": "101", "active": False})
    assert refused.status_code == 400
    assert "mailchimp tells nothing of active" in refused.json()["error"]
    assert httpx.post(desk, json={"platform": "klaviyo", "segment": "NOSUCH", "name": "x"}).status_code == 400
