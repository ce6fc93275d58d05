"""Misbehaviour on demand."""

import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from remote_segments.simulator import Simulator
from remote_segments.simulator.faults import KINDS

FIRST = "/api/segments/VIPOPN/profiles?page[size]=20"
Get = Callable[[str, str], httpx.Response]
Pages = Callable[[str, str], list[list[dict[str, Any]]]]


def test_a_fault_strikes_at_its_page_only_and_as_often_as_told(simulator: Simulator, get: Get) -> None:
    """Page two fails twice, then answers."""
    simulator.fault("rate-limited", page=2, times=2, retry_after="3")
    link = get("klaviyo", FIRST).json()["links"]["next"].removeprefix(simulator.url("klaviyo"))
    answers = [get("klaviyo", link) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert answers[0].headers["Retry-After"] == "3"
    assert [call.fault for call in simulator.calls(verb="members")] == [None, "rate-limited", "rate-limited", None]


def test_an_error_on_page_one_does_not_use_up_a_refresh(simulator: Simulator, get: Get) -> None:
    """The retry sees the membership that the failed call would have shown."""
    simulator.fault("server-error", page=1)
    assert get("klaviyo", FIRST).status_code == 500
    expected = simulator.expected("klaviyo", "VIPOPN", 1)[0].profile.profile_id
    assert get("klaviyo", FIRST).json()["data"][0]["id"] == expected


@pytest.mark.parametrize(("kind", "status"), [("key-refused", 401), ("access-denied", 403), ("not-found", 404)])
@pytest.mark.parametrize("platform", ["klaviyo", "hubspot", "customer_io", "mailchimp"])
def test_an_error_has_the_shape_of_its_platform(
    platform: str, kind: str, status: int, simulator: Simulator, get: Get
) -> None:
    """Errors are documents that the platform's manifest knows."""
    simulator.fault(kind, verb="describe")
    path = {"klaviyo": "/api/segments/VIPOPN", "hubspot": "/crm/lists/2026-09/55", "customer_io": "/v1/segments/7"}
    answer = get(platform, path.get(platform, "/3.0/lists/a1b2c3d4e5/segments/101"))
    assert answer.status_code == status
    assert isinstance(answer.json(), dict)


@pytest.mark.parametrize("kind", ["cut-body", "disconnect"])
def test_a_cut_body_or_connection_is_seen_by_the_client(kind: str, simulator: Simulator, get: Get) -> None:
    """The declared length is that of the whole body."""
    simulator.fault(kind)
    with pytest.raises(httpx.RemoteProtocolError):
        get("klaviyo", FIRST)


def test_a_hanging_answer_comes_once_it_is_released(simulator: Simulator, get: Get) -> None:
    """The client waits; other calls are answered meanwhile."""
    simulator.fault("hang")
    answers: list[int] = []
    waiting = threading.Thread(target=lambda: answers.append(get("klaviyo", FIRST).status_code))
    waiting.start()
    while not simulator.calls(verb="members"):
        pass
    assert get("hubspot", "/crm/lists/2026-09/55").status_code == 200
    assert answers == []
    httpx.post(f"http://127.0.0.1:{simulator.port}/_control/release")
    waiting.join()
    assert answers == [200]


@pytest.mark.parametrize(
    ("fault", "check"),
    [
        ({"kind": "missing-key", "path": "links.next"}, lambda d: "next" not in d["links"]),
        ({"kind": "null-key", "path": "data.0.attributes"}, lambda d: d["data"][0]["attributes"] is None),
        ({"kind": "null-page"}, lambda d: d["data"] is None),
        ({"kind": "empty-page"}, lambda d: d["data"] == [] and d["links"]["next"]),
        ({"kind": "early-end"}, lambda d: d["links"]["next"] is None),
        ({"kind": "null-id"}, lambda d: d["data"][0]["id"] is None),
        ({"kind": "foreign-link", "host": "http://evil.test"}, lambda d: "//evil.test/" in d["links"]["next"]),
    ],
)
def test_a_document_is_altered(
    fault: dict[str, Any], check: Callable[[dict[str, Any]], bool], simulator: Simulator, get: Get
) -> None:
    """Each alteration changes what it says."""
    simulator.fault(**fault)
    assert check(get("klaviyo", FIRST).json())


def test_a_cursor_repeats_itself_or_goes_back(simulator: Simulator, get: Get) -> None:
    """A-A and A-B-A, by how many pages it goes back."""
    simulator.fault("repeat-cursor", page=2, back=1)
    second = get("klaviyo", FIRST).json()["links"]["next"]
    assert get("klaviyo", second.removeprefix(simulator.url("klaviyo"))).json()["links"]["next"] == second


def test_a_total_is_wrong_by_a_difference(simulator: Simulator, get: Get) -> None:
    """The platform's own count disagrees with its members."""
    simulator.fault("wrong-total", platform="mailchimp", delta=-3)
    answer = get("mailchimp", "/3.0/lists/a1b2c3d4e5/segments/101/members?count=1000").json()
    assert answer["total_items"] == len(simulator.expected("mailchimp", "101", 1)) - 3


def test_members_move_between_pages(simulator: Simulator, page_through: Pages) -> None:
    """People put in before a page make its first ones come twice; the newcomers are never seen."""
    simulator.fault("moving-members", times=None)
    ids = [item["id"] for page in page_through("klaviyo", "VIPOPN") for item in page]
    assert set(ids) == {member.profile.profile_id for member in simulator.expected("klaviyo", "VIPOPN", 1)}
    assert len(ids) > len(set(ids))


def test_people_taken_away_while_paging_hide_others(simulator: Simulator, page_through: Pages) -> None:
    """What offset paging over a living list cannot see."""
    simulator.fault("moving-members", times=None, delta=-1)
    ids = [item["id"] for page in page_through("klaviyo", "VIPOPN") for item in page]
    assert len(set(ids)) == len(ids) < len(simulator.expected("klaviyo", "VIPOPN", 1))


def test_faults_are_set_listed_and_forgotten_over_http(simulator: Simulator, get: Get) -> None:
    """The control desk is for tests in other processes."""
    desk = f"http://127.0.0.1:{simulator.port}/_control"
    assert httpx.post(f"{desk}/faults", json=[{"kind": "html", "page": 1}]).json()[0]["kind"] == "html"
    assert get("klaviyo", FIRST).headers["Content-Type"] == "text/html"
    assert httpx.get(f"{desk}/faults").json()[0]["hits"] == 1
    assert httpx.delete(f"{desk}/faults").json() == []
    assert httpx.get(f"{desk}/log").json()[0]["fault"] == "html"
    assert httpx.delete(f"{desk}/log").json() == []


def test_the_truth_and_the_population_are_told_over_http(simulator: Simulator) -> None:
    """Expected members of a refresh, people, segments, refresh numbers."""
    desk = f"http://127.0.0.1:{simulator.port}/_control"
    members = httpx.get(f"{desk}/members?platform=klaviyo&segment=VIPOPN&refresh=2").json()
    assert len(members) == len(simulator.expected("klaviyo", "VIPOPN", 2))
    assert len(httpx.get(f"{desk}/people?offset=10&limit=5").json()) == 5
    assert "hubspot" in httpx.get(f"{desk}/segments").json()
    set_to = {"platform": "klaviyo", "segment": "VIPOPN", "refresh": 4}
    assert httpx.post(f"{desk}/refreshes", json=set_to).json() == [set_to]


@pytest.mark.parametrize("path", ["/_control/nonsense", "/_control/members?platform=x&segment=y&refresh=1", "/nobody"])
def test_what_the_simulator_does_not_have_is_refused(path: str, simulator: Simulator) -> None:
    """No silence in the simulator either."""
    assert httpx.get(f"http://127.0.0.1:{simulator.port}{path}").status_code in (400, 404)


def test_an_unknown_fault_or_one_that_does_not_fit_is_refused(simulator: Simulator, get: Get) -> None:
    """A misspelt fault would make a test pass for nothing."""
    with pytest.raises(ValueError, match="no fault is called"):
        simulator.fault("rate-limit")
    simulator.fault("missing-key", path="links.nothing")
    assert get("klaviyo", FIRST).status_code == 501
    assert "early-end" in KINDS
