"""Fetching a segment while the platform misbehaves: all or nothing."""

from pathlib import Path
from typing import Any

import pytest

from remote_segments.config.loader import load_project
from remote_segments.errors import PlatformError, ProjectError, RemoteSegmentsError, TemporaryError
from remote_segments.simulator import Simulator
from remote_segments.sync.mapping import map_segment
from remote_segments.sync.publication import publish_segment
from tests.support.fetching import NOW, WINDOW, Refresher, with_small_pages
from tests.support.projects import PAYING, VIP, seed_contacts, write_project

PAGES = 3
READERS = {
    "model": "contacts",
    "source": {"connection": "mailchimp", "list_id": "a1b2c3d4e5", "segment_id": "101"},
    "identifiers": [{"email": "email"}],
    "refresh_frequency": "1 hour",
}
ALWAYS = {"times": None}
LASTING: dict[str, tuple[dict[str, Any], type[RemoteSegmentsError], str]] = {
    "429 with Retry-After": ({"kind": "rate-limited", "retry_after": "1", **ALWAYS}, TemporaryError, "rate-limited"),
    "429 without": ({"kind": "rate-limited", **ALWAYS}, TemporaryError, "rate-limited"),
    "429 for an hour": ({"kind": "rate-limited", "retry_after": "3600"}, TemporaryError, "rate-limited"),
    "500": ({"kind": "server-error", **ALWAYS}, TemporaryError, "platform-unavailable"),
    "503": ({"kind": "server-error", "status": 503, **ALWAYS}, TemporaryError, "platform-unavailable"),
    "HTML as 200": ({"kind": "html"}, PlatformError, "not-json"),
    "HTML as 403": ({"kind": "html", "status": 403, **ALWAYS}, TemporaryError, "platform-unavailable"),
    "invalid JSON": ({"kind": "invalid-json", **ALWAYS}, TemporaryError, "answer-cut"),
    "cut body": ({"kind": "cut-body", **ALWAYS}, TemporaryError, "answer-cut"),
    "no answer": ({"kind": "disconnect", **ALWAYS}, TemporaryError, "answer-cut"),
    "hanging": ({"kind": "hang", **ALWAYS}, TemporaryError, "timeout"),
    "401": ({"kind": "key-refused"}, ProjectError, "key-refused"),
    "403": ({"kind": "access-denied"}, ProjectError, "access-denied"),
    "404": ({"kind": "not-found"}, ProjectError, "segment-not-found"),
    "expired cursor": ({"kind": "cursor-expired"}, PlatformError, "request-refused"),
    "redirect": ({"kind": "redirect"}, PlatformError, "foreign-link"),
    "the list is null": ({"kind": "null-page"}, PlatformError, "wrong-type"),
    "the list is missing": ({"kind": "missing-key", "path": "data"}, PlatformError, "path-missing"),
    "attributes are null": ({"kind": "null-key", "path": "data.0.attributes"}, PlatformError, "wrong-type"),
    "a member without id": ({"kind": "null-id"}, PlatformError, "member-without-id"),
}
UNENDING: dict[str, tuple[dict[str, Any], type[RemoteSegmentsError], str]] = {
    "A-A": ({"kind": "repeat-cursor", "back": 1}, PlatformError, "cursor-repeated"),
    "A-B-A": ({"kind": "repeat-cursor", "back": 2}, PlatformError, "cursor-repeated"),
    "next on another host": ({"kind": "foreign-link"}, PlatformError, "foreign-link"),
}
ENDING: dict[str, dict[str, Any]] = {
    "empty page in between": {"kind": "empty-page"},
    "next is missing": {"kind": "missing-key", "path": "links.next"},
    "ends early": {"kind": "early-end"},
}


@pytest.fixture
def refresher(tmp_path: Path, simulator: Simulator) -> Refresher:
    url = simulator.url("mailchimp") + "/3.0"
    mailchimp = {"platform": "mailchimp", "api_key": {"file": "key"}, "data_center": "us1", "base_url": url}
    hubspot = {"platform": "hubspot", "token": {"file": "key"}, "base_url": simulator.url("hubspot")}
    klaviyo = {"platform": "klaviyo", "api_key": {"file": "key"}, "base_url": simulator.url("klaviyo")}
    connections = {"klaviyo": klaviyo, "hubspot": hubspot, "mailchimp": mailchimp}
    segments = {"vip": VIP, "paying": PAYING, "readers": READERS}
    written = write_project(tmp_path, simulator, segments, connections=connections)
    return Refresher(with_small_pages(load_project(written)), simulator)


def assert_fails_at_each(
    pages: range, refresher: Refresher, fault: dict[str, Any], kind: type[RemoteSegmentsError], code: str
) -> None:
    """Fetches with a fault at each page in turn; the warehouse must stay as it was, and the reasons be recorded."""
    refresher.fetch()
    before = refresher.everything()
    for page in pages:
        refresher.simulator.fault(page=page, segment="VIPOPN", **fault)
        with pytest.raises(kind) as caught:
            refresher.fetch()
        refresher.simulator.state.faults.clear()
        assert (type(caught.value), caught.value.code) == (kind, code)
        assert refresher.files() == []
        assert caught.value.problem.fix
        assert "@example.test" not in str(caught.value)
    assert refresher.everything() == before
    assert refresher.states() == [("fetched", None), *[("failed", code)] * len(pages)]


@pytest.mark.parametrize("name", LASTING)
def test_a_fetch_that_fails_at_any_page_leaves_everything_as_it_was(name: str, refresher: Refresher) -> None:
    """Promise 2: a partial fetch never becomes a snapshot, whatever goes wrong, at page k of n, for every k.

    Promise 3: so that nobody is taken for gone whom only a missing page hides.
    """
    assert_fails_at_each(range(1, PAGES + 1), refresher, *LASTING[name])


@pytest.mark.parametrize("name", UNENDING)
def test_a_next_page_that_is_none_is_an_error(name: str, refresher: Refresher) -> None:
    """Promise 5: a repeated cursor, or one that leads elsewhere, is never an end."""
    assert_fails_at_each(range(1 + (name == "A-B-A"), PAGES), refresher, *UNENDING[name])


@pytest.mark.parametrize("name", ENDING)
def test_what_only_looks_like_an_end_is_an_error(name: str, refresher: Refresher) -> None:
    """Promise 5: a missing or null next link before the last page, an empty page in between: never an end."""
    for page in range(1, PAGES):
        refresher.simulator.fault(page=page, **ENDING[name])
        with pytest.raises((PlatformError, TemporaryError)) as caught:
            refresher.fetch()
        assert caught.value.code in ("end-unproven", "total-mismatch", "membership-moved")
        refresher.simulator.state.faults.clear()
    assert refresher.everything() == []


@pytest.mark.parametrize("name", ["next is missing", "ends early"])
def test_the_tolerance_of_a_count_is_no_room_for_a_lost_last_page(name: str, refresher: Refresher) -> None:
    """Promise 3: 8 of 248 are within what a drifting count may differ by, yet a full page is not the last of them."""
    refresher.project = with_small_pages(refresher.project, 60)
    refresher.simulator.fault(page=4, **ENDING[name])
    with pytest.raises(PlatformError) as caught:
        refresher.fetch()
    assert caught.value.code == "end-unproven"
    assert refresher.everything() == []


@pytest.mark.parametrize("fault", ["rate-limited", "server-error", "cut-body", "disconnect", "invalid-json"])
def test_what_a_second_try_heals_loses_nobody(fault: str, refresher: Refresher) -> None:
    """A passing fault at every page in turn, and still the whole membership."""
    for page in range(1, PAGES + 1):
        refresher.simulator.fault(fault, page=page)
    row = refresher.fetch()
    found = refresher.members(row.snapshot_id)
    assert len(found) == len(set(found)) == row.fetched
    assert set(found) == {one.profile.profile_id for one in refresher.simulator.expected("klaviyo", "VIPOPN", 1)} or (
        set(found) == refresher.expected(2)  # a cut first page was served, so the second try began the next refresh
    )


@pytest.mark.parametrize("segment", ["paying", "readers"])
@pytest.mark.parametrize("delta", [-1, 1, 40])
def test_a_count_that_disagrees_is_an_error(segment: str, delta: int, refresher: Refresher) -> None:
    """Promise 3: where the platform gives its own count, it must agree."""
    refresher.simulator.fault("wrong-total", delta=delta, **ALWAYS)
    with pytest.raises((PlatformError, TemporaryError)) as caught:
        refresher.fetch(segment)
    assert caught.value.code in ("total-mismatch", "page-short", "membership-moved")
    assert refresher.everything() == []


def test_members_who_move_between_pages_are_counted_and_shown(refresher: Refresher) -> None:
    """Promise 6: who moved to a later page is fetched twice, nobody is lost, and the proof says so."""
    refresher.simulator.fault("moving-members", **ALWAYS)
    row = refresher.fetch()
    found = refresher.members(row.snapshot_id)
    assert set(found) == refresher.expected(1)
    twice = len(found) - len(set(found))
    assert twice > 0
    assert f"{twice} members came twice" in (row.completeness or "")


def test_a_platforms_count_that_moves_is_shown_as_doubt(refresher: Refresher) -> None:
    """Promise 6: on a living list read by offsets, the counts before and after are part of the proof."""
    refresher.simulator.fault("moving-members", **ALWAYS)
    row = refresher.fetch("readers")
    assert "meanwhile" in (row.completeness or "")
    assert "came twice" in (row.completeness or "")


def test_nobody_leaves_because_a_fetch_failed(refresher: Refresher) -> None:
    """Promise 3: without the proof, no `left` event is ever written, even if somebody then maps the failed window."""
    seed_contacts(refresher.project, refresher.simulator)
    refresher.fetch()
    derive(refresher, WINDOW)
    before = refresher.rows("SELECT contact_id, joined_at FROM segments.vip ORDER BY ALL")
    for hour, fault in enumerate(("cut-body", "early-end", "rate-limited"), start=12):
        refresher.simulator.fault(fault, page=2, **ALWAYS)
        with pytest.raises(RemoteSegmentsError):
            refresher.fetch(window=f"2026-11-24-{hour}:00")
        refresher.simulator.state.faults.clear()
        derive(refresher, f"2026-11-24-{hour}:00")
    assert refresher.rows("SELECT DISTINCT event, cause FROM segments.changes") == [("joined", "baseline")]
    assert refresher.rows("SELECT contact_id, joined_at FROM segments.vip ORDER BY ALL") == before
    assert len(before) > 100


def derive(refresher: Refresher, window: str) -> None:
    """Maps and publishes a window, as the two later assets do."""
    for step in (map_segment, publish_segment):
        step(refresher.project, "vip", partition_key=window, run_id=window, now=NOW)


def test_a_failure_is_raised_even_where_it_cannot_be_recorded(refresher: Refresher) -> None:
    """The first error is the one to be seen."""
    refresher.simulator.fault("key-refused")
    with refresher.project.open_warehouse().read(), pytest.raises(ProjectError) as caught:
        refresher.fetch()  # a reader of the same thread is open, so that no row can be written
    assert caught.value.code == "key-refused"
