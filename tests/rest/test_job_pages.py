"""Jobs whose result is pages: a run that is started, waited for, and then read like any membership."""

from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from remote_segments.conformance.world import World
from remote_segments.errors import PlatformError, TemporaryError
from tests.support.exporting import manifest
from tests.support.invented_platform import connect, read

MATCHES = ("11", "12", "13")
RUN: dict[str, Any] = {
    "submit": {"path": "/match/{segment_id}", "job": "run.id", "again": "harmless"},
    "poll": {
        "path": "/match/{segment_id}/{job}",
        "status": "run.ready",
        "pending": "false",
        "done": "true",
        "failed_at": "run.ended",
        "every": 5,
        "deadline": 20,
    },
}
PAGES: dict[str, Any] = {
    "path": "/match/{segment_id}/{job}",
    "query": {"page_size": "{page_size}"},
    "page_size": 2,
    "format": {"kind": "strings", "items": "run.matches"},
    "paging": {"kind": "page-number", "parameter": "page", "end": "total"},
    "total": {"certainty": "exact", "source": "page", "path": "run.total"},
    "job": RUN,
}
BARE: dict[str, Any] = {"identifiers": {"id": {}}}


class Matching:
    """Answers a run that is ready after some looks, then its pages."""

    def __init__(self, looks: int, **failing: Any) -> None:
        self.looks, self.failing = looks, failing
        self.called: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.called.append(request.url.raw_path.decode())
        path = request.url.path
        if path == "/match/s1":
            return httpx.Response(200, json={"run": {"id": "r1", "ready": False}})
        if path != "/match/s1/r1":
            return httpx.Response(200, json={"name": "VIP"})
        if "page" not in request.url.params:
            self.looks -= 1
            return httpx.Response(200, json={"run": {"ready": self.looks <= 0, **self.failing}})
        start = 2 * int(request.url.params["page"]) - 2
        matches = MATCHES[start : start + 2]
        return httpx.Response(200, json={"run": {"ready": True, "matches": matches, "total": len(MATCHES)}})


def test_a_run_is_waited_for_before_its_pages_are_read(world: World) -> None:
    """The run's id stands in the addresses of its pages; the pages are proven like any others."""
    server = Matching(3)
    platform = connect(manifest(PAGES, **BARE), server, world)
    fetch = platform.fetch("segment", {"segment_id": "s1"})
    assert read(fetch) == list(MATCHES)
    assert fetch.proof.completeness == "last page seen; the platform's total agrees"
    pages = [f"/match/s1/r1?page_size=2&page={page}" for page in (1, 2)]
    assert server.called == ["/segments/s1", "/match/s1", *["/match/s1/r1"] * 3, *pages]
    assert world.slept == [5, 5]
    assert platform.preview("segment", {"segment_id": "s1"}).columns == {"id": ["11", "12"]}
    assert platform.estimate_calls("segment", 3) == 1 + 11 + 2


def test_a_run_that_fails_or_never_ends_is_an_error(world: World) -> None:
    """Promise 2: no page is read of a run that is not done."""
    for server, code in ((Matching(99), "export-not-ready"), (Matching(99, ended="10:00"), "export-failed")):
        fetch = connect(manifest(PAGES, **BARE), server, world).fetch("segment", {"segment_id": "s1"})
        with pytest.raises(TemporaryError, match=code):
            read(fetch)
        assert not [call for call in server.called if "page=" in call]


def test_the_result_of_a_run_may_be_another_list(world: World) -> None:
    """What the job gives is named in the address of the pages, and asked for by the described name in a preview."""
    poll = {"path": "/runs/{job}", "status": "status", "pending": "waiting", "done": "done", "failed": "error"}
    job = {
        "submit": {"method": "POST", "path": "/runs", "body": '{"name": "{described_name}"}', "job": "id"},
        "poll": poll,
        "gives": {"contact_list": "result.list"},
    }
    members = {
        "path": "/lists/{contact_list}/{segment_id}",
        "format": {"kind": "strings", "items": "value"},
        "paging": {"kind": "next-link", "path": "next", "end": ["null-value"]},
        "job": job,
    }

    def serve(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            assert request.content == b'{"name": "VIP"}'
            return httpx.Response(200, json={"id": "r9"})
        if request.url.path == "/runs/r9":
            return httpx.Response(200, json={"status": "done", "result": {"list": 777}})
        if request.url.path == "/lists/777/s1":
            return httpx.Response(200, json={"value": ["a", "b"], "next": None})
        return httpx.Response(200, json={"name": "VIP"})

    platform = connect(manifest(members, **BARE), serve, world)
    assert read(platform.fetch("segment", {"segment_id": "s1"})) == ["a", "b"]
    assert platform.preview("segment", {"segment_id": "s1"}).length == 2


def test_a_status_that_nobody_knows_is_an_error(world: World) -> None:
    """A word that the manifest does not hold is neither pending nor done."""
    job = {**RUN, "poll": {**RUN["poll"], "done": "finished"}}
    fetch = connect(manifest({**PAGES, "job": job}, **BARE), Matching(1), world).fetch("segment", {"segment_id": "s1"})
    with pytest.raises(PlatformError, match="export-status-unknown"):
        read(fetch)


def test_a_placeholder_of_a_job_needs_the_job() -> None:
    """Without a job, nothing fills its id."""
    with pytest.raises(ValidationError, match=r"\{job\}"):
        manifest({name: value for name, value in PAGES.items() if name != "job"}, **BARE)
