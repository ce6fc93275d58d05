"""Jobs whose result is CSV pages, continued by a header that says in words which page is the last."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from remote_segments.conformance.world import World
from remote_segments.errors import EngineError, RemoteSegmentsError
from remote_segments.rest.manifest import Manifest
from tests.support.exporting import manifest
from tests.support.invented_platform import connect, read

PEOPLE = ("m1", "m2", "m3", "m4", "m5")
MEMBERS: dict[str, Any] = {
    "path": "/jobs/{job}/results",
    "query": {"most": "{page_size}"},
    "page_size": 2,
    "format": {"kind": "csv", "rows": "X-Rows"},
    "paging": {"kind": "header", "name": "X-Locator", "parameter": "locator", "end": "null"},
    "total": {"certainty": "exact", "source": "job", "path": "records"},
    "job": {
        "submit": {"method": "POST", "path": "/jobs", "body": '{"of": "{segment_id}"}', "job": "id"},
        "poll": {"path": "/jobs/{job}", "status": "state", "pending": "Running", "done": "Done", "every": 5},
    },
}

Change = Callable[[int, httpx.Response], httpx.Response]


class Tables:
    """Answers a job and its pages; `change` is told the number of a page."""

    def __init__(self, people: tuple[str, ...] = PEOPLE, change: Change | None = None, records: Any = None) -> None:
        self.people, self.change = people, change
        self.records = len(people) if records is None else records
        self.pages: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(201, json={"id": "j1", "state": "Running"})
        if request.url.path == "/jobs/j1":
            return httpx.Response(200, json={"state": "Done", "records": self.records})
        if request.url.path != "/jobs/j1/results":
            return httpx.Response(200, json={"name": "VIP"})
        self.pages.append(request)
        start = int(request.url.params.get("locator", "0"))
        held = self.people[start : start + 2]
        following = str(start + 2) if start + 2 < len(self.people) else "null"
        answer = table("".join(f'"{one}","x"\n' for one in held), following, len(held))
        return self.change(len(self.pages), answer) if self.change else answer


def table(rows: str, locator: str | None, count: int | str) -> httpx.Response:
    """Returns a page."""
    headers = {"content-type": "text/csv", "x-rows": str(count)} | ({} if locator is None else {"x-locator": locator})
    return httpx.Response(200, content=f'"id","name"\n{rows}'.encode(), headers=headers)


def of(**changes: Any) -> Manifest:
    """Returns a manifest whose members are read so."""
    return manifest({**MEMBERS, **changes})


def failure(server: Tables, world: World, **changes: Any) -> RemoteSegmentsError:
    """Fetches, expects an error, and makes sure that there is no proof."""
    fetch = connect(of(**changes), server, world).fetch("segment", {"segment_id": "s1"})
    with pytest.raises(RemoteSegmentsError) as caught:
        read(fetch)
    with pytest.raises(EngineError):
        _ = fetch.proof
    return caught.value


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5])
def test_tables_are_read_until_their_header_says_the_end(count: int, world: World) -> None:
    """Any number of members, full last pages included; the job's count agrees, and CSV is what is asked for."""
    server = Tables(PEOPLE[:count])
    platform = connect(of(), server, world)
    fetch = platform.fetch("segment", {"segment_id": "s1"})
    assert read(fetch) == list(PEOPLE[:count])
    assert (fetch.proof.declared_total, fetch.proof.members, fetch.proof.pages) == (
        count,
        count,
        max(1, -(-count // 2)),
    )
    assert fetch.proof.completeness == "last page seen; the platform's total agrees"
    assert [request.url.params.get("locator") for request in server.pages] == [None, "2", "4"][: len(server.pages)]
    assert {request.headers["accept"] for request in server.pages} == {"text/csv"}


def test_a_preview_reads_one_table(world: World) -> None:
    """One page, and no proof asked of it."""
    server = Tables()
    assert connect(of(), server, world).preview("segment", {"segment_id": "s1"}).columns == {"id": ["m1", "m2"]}
    assert len(server.pages) == 1


@pytest.mark.parametrize("page", [1, 2, 3])
@pytest.mark.parametrize("locator", [None, "", "  "])
def test_a_header_that_is_not_there_is_no_end(page: int, locator: str | None, world: World) -> None:
    """Promise 2: where the last page says so in words, silence is an error, on the last page, too."""

    def silent(number: int, answer: httpx.Response) -> httpx.Response:
        if number == page:
            del answer.headers["x-locator"]
            answer.headers.update({} if locator is None else {"x-locator": locator})
        return answer

    error = failure(Tables(change=silent), world)
    assert (error.code, "X-Locator" in error.problem.found) == ("path-missing", True)


def test_a_locator_that_repeats_is_an_error(world: World) -> None:
    """Promise 2: A-A, and A-B-A."""
    for page, again in ((2, "2"), (3, "2")):

        def lead(number: int, answer: httpx.Response, page: int = page, again: str = again) -> httpx.Response:
            if number == page:
                answer.headers["x-locator"] = again
            return answer

        assert failure(Tables(change=lead), world).code == "cursor-repeated"


@pytest.mark.parametrize(
    ("records", "code"), [(4, "total-mismatch"), (6, "total-mismatch"), ("many", "wrong-type"), ([], "wrong-type")]
)
def test_the_count_of_the_job_must_agree(records: Any, code: str, world: World) -> None:
    """Promise 2: one more or one less than came is an error, and so is what is no number."""
    assert failure(Tables(records=records), world).code == code


def test_an_end_that_comes_too_early_is_found_by_the_count_of_the_job(world: World) -> None:
    """Promise 2: a page that says that it is the last, while the job counted more."""

    def last(number: int, answer: httpx.Response) -> httpx.Response:
        answer.headers["x-locator"] = "null"
        return answer

    assert failure(Tables(change=last), world).code in {"total-mismatch", "end-unproven"}


CUTS: dict[str, bytes] = {
    "within a value": b'"id","name"\n"m1","x"\n"m',
    "within a row": b'"id","name"\n"m1","x"\n"m2"',
    "behind a row": b'"id","name"\n"m1","x"\n',
    "within its header": b'"id","na',
    "behind the first name": b'"na"',
    "whole": b"",
}


@pytest.mark.parametrize("cut", CUTS)
def test_a_table_without_its_end_is_asked_for_again(cut: str, world: World) -> None:
    """Promise 2: once, it heals; for ever, it is an error, although the header of the page came."""

    def shortened(number: int, answer: httpx.Response) -> httpx.Response:
        return httpx.Response(200, content=CUTS[cut], headers={"x-rows": "2", "x-locator": answer.headers["x-locator"]})

    once = Tables(change=lambda number, answer: shortened(number, answer) if number == 1 else answer)
    assert read(connect(of(), once, world).fetch("segment", {"segment_id": "s1"})) == list(PEOPLE)
    always = Tables(change=shortened)
    assert failure(always, world).code == "answer-cut"
    assert len(always.pages) == 3


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"<!DOCTYPE html><html></html>", "not-a-file"),
        (b'"other","name"\n"m1","x"\n"m2","x"\n', "path-missing"),
        (b'"id","name"\n"","x"\n"m2","x"\n', "member-without-id"),
        (b'"id","name"\n"m1","x"\n"m2"\n', "row-width"),
    ],
)
def test_what_is_no_table_of_members_is_an_error(content: bytes, code: str, world: World) -> None:
    """A web page, another column, a member without an id, a row that lacks a value."""
    headers = {"x-rows": "2", "x-locator": "null"}
    server = Tables(change=lambda number, answer: httpx.Response(200, content=content, headers=headers))
    assert failure(server, world).code == code


@pytest.mark.parametrize("rows", ["", "two"])
def test_the_number_of_rows_must_be_told_where_the_manifest_reads_it(rows: str, world: World) -> None:
    """Without the header nothing tells that a page is whole."""

    def untold(number: int, answer: httpx.Response) -> httpx.Response:
        answer.headers["x-rows"] = rows
        return answer

    assert failure(Tables(change=untold), world).code == "wrong-type"


def test_large_tables_keep_their_order(world: World) -> None:
    """More rows than are read at once come as one page, in their order."""
    many = [f"p{number:05}" for number in range(20_001)]
    rows = "".join(f'"{one}",""\n' for one in many)
    server = Tables(records=len(many), change=lambda number, answer: table(rows, "null", len(many)))
    assert read(connect(of(page_size=50_000), server, world).fetch("segment", {"segment_id": "s1"})) == many


def test_an_address_in_a_header_may_have_an_end_in_words(world: World) -> None:
    """Without a parameter the header holds an address, which ends by the same word."""

    def address(number: int, answer: httpx.Response) -> httpx.Response:
        locator = answer.headers["x-locator"]
        answer.headers["x-locator"] = "null" if locator == "null" else f"/jobs/j1/results?most=2&locator={locator}"
        return answer

    paging = {"kind": "header", "name": "X-Locator", "end": "null"}
    platform = connect(of(paging=paging), Tables(change=address), world)
    assert read(platform.fetch("segment", {"segment_id": "s1"})) == list(PEOPLE)


NO_POLL = {"submit": MEMBERS["job"]["submit"]}
REFUSED: dict[str, tuple[str, dict[str, Any]]] = {
    "no total": ("pages in CSV need a total", {"total": None}),
    "an estimate": ("pages in CSV need a total", {"total": {**MEMBERS["total"], "certainty": "estimate"}}),
    "a total that may be absent": ("pages in CSV need a total", {"total": {**MEMBERS["total"], "absent": "unknown"}}),
    "a count of a job that nobody waits for": ("needs `job.poll`", {"job": NO_POLL}),
    "a count within a table": (
        "neither cursor nor total",
        {"total": {"certainty": "exact", "source": "page", "path": "records"}},
    ),
    "a cursor within a table": (
        "neither cursor nor total",
        {"paging": {"kind": "cursor", "path": "next", "parameter": "at", "end": ["absent"]}},
    ),
    "no end": ("paging.header.end", {"paging": {**MEMBERS["paging"], "end": ""}}),
    "a count of a job without its path": (
        "`path` with source page or job",
        {"total": {**MEMBERS["total"], "path": None}},
    ),
    "an end by counting": (
        "needs the total on each page",
        {"paging": {"kind": "offset", "parameter": "skip", "end": "total"}},
    ),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_a_manifest_that_could_lose_rows_is_refused(reason: str) -> None:
    """Promise 5: what could end early without a word is refused when it is loaded."""
    words, changes = REFUSED[reason]
    with pytest.raises(ValidationError) as caught:
        of(**changes)
    assert words in str(caught.value)
