"""Each account speaks as its platform does."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from remote_segments.simulator import Simulator
from remote_segments.simulator.membership import MAILCHIMP_AUDIENCE

SAMPLES = {"klaviyo": "VIPOPN", "hubspot": "55", "customer_io": "7", "mailchimp": "101"}
ID = {"klaviyo": "id", "hubspot": "recordId", "customer_io": "cio_id", "mailchimp": "id"}
NOBODY = {"klaviyo": "NOBODY", "hubspot": "57", "customer_io": "8", "mailchimp": "102"}
MISSING = {
    "klaviyo": "/api/segments/XXXXXX",
    "hubspot": "/crm/lists/2026-09/999",
    "customer_io": "/v1/segments/999",
    "mailchimp": f"/3.0/lists/{MAILCHIMP_AUDIENCE}/segments/999",
}
Pages = Callable[[str, str], list[list[dict[str, Any]]]]
Get = Callable[[str, str], httpx.Response]


@pytest.mark.parametrize("platform", SAMPLES)
def test_all_pages_together_are_the_membership_of_one_refresh(
    platform: str, simulator: Simulator, page_through: Pages
) -> None:
    """Pages of one fetch agree with each other; the next fetch sees the next refresh."""
    for refresh in (1, 2):
        pages = page_through(platform, SAMPLES[platform])
        found = [item[ID[platform]] for page in pages for item in page]
        expected = simulator.expected(platform, SAMPLES[platform], refresh)
        assert found == [member.profile.profile_id for member in expected]
        assert len(pages) > 1


@pytest.mark.parametrize("platform", NOBODY)
def test_an_empty_segment_is_one_empty_page(platform: str, page_through: Pages) -> None:
    """Nobody is a member, and the platform says so."""
    assert page_through(platform, NOBODY[platform]) == [[]]


@pytest.mark.parametrize("platform", MISSING)
def test_what_does_not_exist_is_404_in_the_platforms_shape(platform: str, get: Get) -> None:
    """An unknown segment is not an empty one."""
    answer = get(platform, MISSING[platform])
    assert answer.status_code == 404
    assert {"klaviyo": "errors", "hubspot": "category", "customer_io": "errors", "mailchimp": "title"}[
        platform
    ] in answer.json()


@pytest.mark.parametrize("platform", MISSING)
@pytest.mark.parametrize("credential", [None, "Klaviyo-API-Key revoked", "Bearer revoked", "Basic eDpyZXZva2Vk"])
def test_a_missing_or_revoked_credential_is_401(platform: str, credential: str | None, simulator: Simulator) -> None:
    """No account answers a stranger."""
    headers = {"Authorization": credential} if credential else {}
    assert httpx.get(simulator.url(platform) + MISSING[platform], headers=headers).status_code == 401


@pytest.mark.parametrize(
    ("platform", "path"),
    [
        ("klaviyo", "/api/segments/VIPOPN/profiles?page[size]=101"),
        ("klaviyo", "/api/segments/VIPOPN/profiles?page[cursor]=nonsense"),
        ("klaviyo", "/api/segments/VIPOPN/profiles?fields[profile]=mail"),
        ("hubspot", "/crm/lists/2026-09/55/memberships?limit=251"),
        ("customer_io", "/v1/segments/7/membership?limit=30001"),
        ("mailchimp", f"/3.0/lists/{MAILCHIMP_AUDIENCE}/segments/101/members?count=1001"),
    ],
)
def test_a_parameter_out_of_range_is_400(platform: str, path: str, get: Get) -> None:
    """Limits are those of the real platforms."""
    assert get(platform, path).status_code == 400


def test_klaviyo_tells_lists_from_segments(get: Get) -> None:
    """A list's id is unknown among the segments."""
    assert get("klaviyo", "/api/lists/NWSLTR").status_code == 200
    assert get("klaviyo", "/api/segments/NWSLTR").status_code == 404


def test_klaviyo_counts_only_when_asked(simulator: Simulator, get: Get) -> None:
    """`profile_count` is an additional field."""
    assert "profile_count" not in get("klaviyo", "/api/segments/VIPOPN").json()["data"]["attributes"]
    counted = get("klaviyo", "/api/segments/VIPOPN?additional-fields[segment]=profile_count").json()
    assert counted["data"]["attributes"]["profile_count"] == len(simulator.expected("klaviyo", "VIPOPN", 1))


def test_klaviyo_sends_only_the_fields_asked_for(get: Get) -> None:
    """Sparse fields, as the real platform does."""
    answer = get("klaviyo", "/api/segments/VIPOPN/profiles?fields[profile]=email").json()
    assert set(answer["data"][0]["attributes"]) == {"email"}


def test_all_segments_of_an_account_are_listed(get: Get) -> None:
    """Each platform lists what it has."""
    assert len(get("klaviyo", "/api/segments").json()["data"]) == 8
    assert len(get("customer_io", "/v1/segments").json()["segments"]) == 3
    assert get("mailchimp", f"/3.0/lists/{MAILCHIMP_AUDIENCE}/segments?count=2").json()["total_items"] == 3
    assert get("mailchimp", "/3.0/lists").json()["lists"][0]["id"] == MAILCHIMP_AUDIENCE


def test_mailchimp_gives_its_audience_by_status(simulator: Simulator, get: Get) -> None:
    """The audience itself has a name, and members of each status; a status that nobody has is an empty page."""
    audience = f"/3.0/lists/{MAILCHIMP_AUDIENCE}"
    assert get("mailchimp", audience).json()["name"] == "The magazine"
    page = get("mailchimp", f"{audience}/members?status=unsubscribed&count=1000").json()
    assert page["total_items"] == len(page["members"]) == len(simulator.expected("mailchimp", "unsubscribed", 1))
    assert get("mailchimp", f"{audience}/members?status=cleaned").json()["members"] == []
    assert get("mailchimp", f"{audience}/segments/subscribed").status_code == 404


def test_hubspot_lists_are_searched_by_post(simulator: Simulator) -> None:
    """The size of a found list is a text among its additional properties."""
    body = {"query": "", "offset": 0, "count": 500, "additionalProperties": []}
    url = simulator.url("hubspot") + "/crm/lists/2026-09/search"
    found = httpx.post(url, json=body, headers={"Authorization": "Bearer x"}).json()
    assert found["total"] == 4
    assert found["lists"][0]["additionalProperties"]["hs_list_size"].isdecimal()


@pytest.mark.parametrize("platform", SAMPLES)
def test_a_big_segment_is_made_while_it_is_sent(platform: str, page_through: Pages) -> None:
    """Prepared blocks give the same items as single members would, also on a page that is not full."""
    items = [item for page in page_through(platform, "big-1050") for item in page]
    assert [item[ID[platform]] for item in items] == [f"{number:016d}" for number in range(1_050)]
