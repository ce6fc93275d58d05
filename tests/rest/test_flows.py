"""The loop over pages makes no calls itself: it is driven by hand, without a network."""

import json

import pytest

from remote_segments.conformance.world import World
from remote_segments.errors import ProjectError
from remote_segments.rest.decoding import Page
from remote_segments.rest.describing import Description
from remote_segments.rest.members import Proof
from remote_segments.rest.messages import Base, Request, Response, with_query
from remote_segments.rest.paths import find, take
from remote_segments.rest.placeholders import fill, fill_path, names
from tests.support.invented_platform import DIALECTS, connect, manifest


def answer(document: object) -> Response:
    """Returns a successful answer."""
    return Response(200, {}, json.dumps(document).encode())


def test_a_flow_yields_calls_and_pages_and_returns_a_proof(world: World) -> None:
    """Description, call, page, call, page; the end of the flow carries the proof."""
    platform = connect(manifest(DIALECTS["cursor"]), lambda request: pytest.fail("no call"), world)
    flow = platform._flow("segment", {"segment_id": "s"}, None).pages()
    first = next(flow)
    assert isinstance(first, Request)
    assert isinstance(flow.send(answer({"name": "VIP", "size": 2})), Description)
    second = next(flow)
    assert isinstance(second, Request)
    assert second.url == "https://api.example.test/segments/s/members?size=2"
    page = flow.send(answer({"data": {"members": [{"id": "a"}]}, "paging": {"after": "x"}}))
    assert isinstance(page, Page)
    third = next(flow)
    assert isinstance(third, Request)
    assert third.url.endswith("?size=2&at=x")
    flow.send(answer({"data": {"members": [{"id": "b"}]}, "paging": {"after": ""}}))
    with pytest.raises(StopIteration) as stopped:
        next(flow)
    assert stopped.value.value == Proof("last page seen", None, 2, 2)


def test_only_the_wanted_identifiers_are_decoded(world: World) -> None:
    """An identifier that nobody asked for may be missing; the platform's own is always read."""
    identifiers = {"id": {"path": "id"}, "email": {"path": "mail.address"}}
    platform = connect(
        manifest(DIALECTS["cursor"], identifiers=identifiers), lambda request: pytest.fail("no call"), world
    )
    decoder = platform._flow("segment", {"segment_id": "s"}, ()).decoder
    page, _ = decoder.decode(answer({"data": {"members": [{"id": "a"}]}, "paging": {"after": ""}}))
    assert page.columns == {"id": ["a"]}


def test_placeholders_are_filled() -> None:
    """Values are encoded in a path, and left as they are where they are encoded later."""
    assert names("/a/{one}/{two}") == ("one", "two")
    assert fill("{one}", {"one": "a/b"}) == "a/b"
    assert fill_path("/x/{one}", {"one": "a/b ü?"}) == "/x/a%2Fb%20%C3%BC%3F"
    with pytest.raises(ProjectError, match="bad-value"):
        fill_path("/x/{one}", {"one": ".."})


def test_a_query_is_encoded_and_may_repeat() -> None:
    """Names and values are percent-encoded; several values repeat the name."""
    assert (
        with_query("https://x.test/a", {"page[size]": "1", "f": ("a", "b c")})
        == "https://x.test/a?page%5Bsize%5D=1&f=a&f=b%20c"
    )
    assert with_query("https://x.test/a", {}) == "https://x.test/a"


@pytest.mark.parametrize(
    ("link", "address"),
    [
        ("/v1/x?at=2#top", "https://api.example.test/v1/x?at=2"),
        ("?at=2", "https://api.example.test/v1/members?at=2"),
        ("next", "https://api.example.test/v1/next"),
        ("https://API.example.test:443/v1/x", "https://api.example.test/v1/x"),
    ],
)
def test_links_are_completed_on_the_host(link: str, address: str) -> None:
    """A relative link is completed with the address it came from; the host stays the connection's own."""
    base = Base("https://api.example.test/v1", "https://api.example.test/v1")
    assert base.follow(link, "https://api.example.test/v1/members?size=2", "here") == address


def test_paths_reach_into_arrays() -> None:
    """A number in a path counts in an array."""
    document = {"errors": [{"detail": "words"}]}
    assert take(document, "errors.0.detail", "here") == "words"
    assert find(document, "errors.1.detail") is None
    assert find(document, "errors.x") is None
    assert find("text", "0") is None
