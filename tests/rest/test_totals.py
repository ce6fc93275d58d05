"""What the platform's own count proves, and what it refutes."""

from typing import Any

import httpx
import pytest

from remote_segments.conformance.world import World
from remote_segments.errors import PlatformError, TemporaryError
from remote_segments.rest.totals import Total
from tests.support.invented_platform import DIALECTS, MEMBERS, Server, connect, manifest, read

EXACT = Total(certainty="exact", source="page", path="total")
DRIFTING = Total(certainty="drifting", source="describe")
TOLERANT = Total(certainty="drifting", source="describe", tolerance=0.02)
ESTIMATE = Total(certainty="estimate", source="describe")


@pytest.mark.parametrize(
    ("total", "counts", "fetched", "doubt"),
    [
        (EXACT, [5], 5, 0),
        (EXACT, [5, 5, 5], 5, 0),
        (EXACT, [100, 102], 101, 2),
        (EXACT, [100, 102], 102, 2),
        (DRIFTING, [5, 4], 4, 1),
        (TOLERANT, [1000], 990, 10),
        (TOLERANT, [1000, 1010], 995, 15),
        (TOLERANT, [20], 19, 1),
        (ESTIMATE, [1000], 5, 0),
    ],
)
def test_a_count_that_agrees_is_a_proof(total: Total, counts: list[int], fetched: int, doubt: int) -> None:
    """The doubt is by how many members the count moved or differed."""
    agreement, found = total.verdict(counts, fetched, "here")
    assert agreement
    assert found == doubt


@pytest.mark.parametrize(
    ("total", "counts", "fetched"),
    [
        (EXACT, [5], 4),
        (EXACT, [5, 5], 6),
        (DRIFTING, [5], 4),
        (TOLERANT, [1000, 1000], 970),
        (EXACT, [0], 1),
        (TOLERANT, [20], 12),
        (TOLERANT, [9, 9], 0),
        (TOLERANT, [12], 2),
    ],
)
def test_a_count_that_stands_still_and_disagrees_is_an_error(total: Total, counts: list[int], fetched: int) -> None:
    """Promise 3: nothing is stored when the platform counts other members than its pages held."""
    with pytest.raises(PlatformError, match="total-mismatch"):
        total.verdict(counts, fetched, "here")


@pytest.mark.parametrize(
    ("total", "counts", "fetched"),
    [
        (EXACT, [5, 6], 4),
        (EXACT, [5, 6], 7),
        (EXACT, [5, 7], 6),
        (EXACT, [3000, 0], 1000),
        (EXACT, [3000, 1000], 1000),
        (DRIFTING, [1000, 0], 300),
        (DRIFTING, [9, 0], 0),
        (TOLERANT, [100, 130], 50),
        (TOLERANT, [1000, 1100], 1050),
    ],
)
def test_a_membership_that_moves_too_much_is_read_again(total: Total, counts: list[int], fetched: int) -> None:
    """Promise 6: a count that changed and does not explain the members read is a temporary failure."""
    with pytest.raises(TemporaryError, match="membership-moved"):
        total.verdict(counts, fetched, "here")


def fetch(world: World, server: Any, name: str = "next-link", **changes: Any) -> Any:
    return connect(manifest(DIALECTS[name], **changes), server, world).fetch("segment", {"segment_id": "s1"})


def test_a_count_of_describe_that_agrees_is_read_once(world: World) -> None:
    """The second look is spared when the first agrees exactly."""
    server = Server(DIALECTS["next-link"])
    fetching = fetch(world, server, total={"certainty": "drifting", "source": "describe"})
    assert read(fetching) == list(MEMBERS)
    assert fetching.proof.declared_total == 5
    assert len(server.requests) == 4


@pytest.mark.parametrize(("sizes", "code"), [([6, 5], None), ([6, 6], "total-mismatch"), ([7, 6], "membership-moved")])
def test_a_count_of_describe_that_differs_is_read_again(sizes: list[int], code: str | None, world: World) -> None:
    """A drifting count is read before and after; members between the two are explained."""
    server = Server(DIALECTS["next-link"])
    left = list(sizes)

    def serve(request: httpx.Request) -> httpx.Response:
        answer = server(request)
        return (
            answer
            if request.url.path.endswith("/members")
            else httpx.Response(200, json={"name": "VIP", "size": left.pop(0)})
        )

    fetching = fetch(world, serve, total={"certainty": "drifting", "source": "describe"})
    if code is None:
        read(fetching)
        assert (fetching.proof.declared_total, fetching.proof.doubt) == (5, 1)
    else:
        with pytest.raises((PlatformError, TemporaryError), match=code):
            read(fetching)
    assert left == []


def test_an_unknown_size_proves_nothing_but_stops_nothing(world: World) -> None:
    """Where the platform may withhold its count, the sign of the end alone is the proof."""

    def serve(request: httpx.Request) -> httpx.Response:
        answer = server(request)
        return (
            answer if request.url.path.endswith("/members") else httpx.Response(200, json={"name": "VIP", "size": None})
        )

    server = Server(DIALECTS["next-link"])
    fetching = fetch(world, serve, total={"certainty": "drifting", "source": "describe"})
    read(fetching)
    assert fetching.proof.declared_total is None
    assert fetching.proof.completeness == "last page seen"


@pytest.mark.parametrize(
    ("header", "code"), [("5", None), ("4", "total-mismatch"), ("", "wrong-type"), ("many", "wrong-type")]
)
def test_a_count_in_a_header_is_compared(header: str, code: str | None, world: World) -> None:
    """A bare array has its total in a header."""
    total = {"certainty": "exact", "source": "header", "header": "Total-Records"}

    def count(page: int, _: httpx.Request, answer: httpx.Response) -> httpx.Response:
        answer.headers["total-records"] = header
        return answer

    unknown = {**total, "absent": "unknown"}
    if not header:
        assert fetch(world, Server(DIALECTS["link-header"]), "link-header", total=unknown).expected is None
        assert read(fetch(world, Server(DIALECTS["link-header"]), "link-header", total=unknown)) == list(MEMBERS)
    fetching = fetch(world, Server(DIALECTS["link-header"], change=count), "link-header", total=total)
    if code is None:
        assert read(fetching) == list(MEMBERS)
    else:
        with pytest.raises(PlatformError, match=code):
            read(fetching)


def test_a_total_that_changes_while_pages_are_counted_is_told(world: World) -> None:
    """Promise 6: a member who joins while pages are read is not lost, and the doubt is counted."""
    server = Server(DIALECTS["offset-total"])

    def join(page: int, _: httpx.Request, answer: httpx.Response) -> httpx.Response:
        server.members = (*MEMBERS, "m6")
        return answer

    server.change = join
    fetching = fetch(world, server, "offset-total")
    assert read(fetching) == [*MEMBERS, "m6"]
    assert (fetching.proof.declared_total, fetching.proof.doubt) == (6, 1)


def test_members_that_come_twice_are_counted(world: World) -> None:
    """Promise 6: somebody put in before the place that was reached pushes another onto the next page."""
    server = Server(DIALECTS["offset-total"])

    def push(page: int, _: httpx.Request, answer: httpx.Response) -> httpx.Response:
        server.members = ("m0", *MEMBERS)
        return answer

    server.change = push
    fetching = fetch(world, server, "offset-total")
    assert read(fetching) == ["m1", "m2", "m2", "m3", "m4", "m5"]
    assert (fetching.proof.members, fetching.proof.repeated, fetching.proof.doubt) == (6, 1, 1)


def test_an_estimate_never_proves_a_single_full_page(world: World) -> None:
    """An estimate is shown, but absence of a cursor on a full first page stays unproven."""
    total = {"certainty": "estimate", "source": "describe"}
    with pytest.raises(PlatformError, match="end-unproven"):
        read(fetch(world, Server(DIALECTS["next-link-absent"], members=MEMBERS[:2]), "next-link-absent", total=total))
    proven = {"certainty": "drifting", "source": "describe"}
    server = Server(DIALECTS["next-link-absent"], members=MEMBERS[:2])
    assert read(fetch(world, server, "next-link-absent", total=proven)) == ["m1", "m2"]


ON_PAGE = {"certainty": "exact", "source": "page", "path": "meta.total"}


@pytest.mark.parametrize(
    ("total", "code"), [("5", None), ("6", "total-mismatch"), ("5.0", "wrong-type"), ("", "wrong-type")]
)
def test_a_total_may_be_written_as_text(total: str, code: str | None, world: World) -> None:
    """Some platforms write every number as text; it is compared all the same."""

    def write(_: int, __: httpx.Request, answer: httpx.Response) -> httpx.Response:
        return httpx.Response(200, json={**answer.json(), "meta": {"total": total}})

    fetching = fetch(world, Server(DIALECTS["next-link"], change=write), "next-link", total=ON_PAGE)
    if code is None:
        assert read(fetching) == list(MEMBERS)
        return
    with pytest.raises(PlatformError) as caught:
        read(fetching)
    assert caught.value.code == code
