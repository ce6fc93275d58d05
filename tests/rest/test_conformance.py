"""Every platform with an account in the simulator passes the same tests, over real HTTP on loopback."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import pytest

from remote_segments.conformance.world import World
from remote_segments.errors import PlatformError, RemoteSegmentsError, TemporaryError
from remote_segments.rest.catalog import load_platforms
from remote_segments.rest.manifest import Manifest
from remote_segments.rest.platform import Fetch, Platform
from remote_segments.simulator import Simulator
from remote_segments.simulator.membership import MAILCHIMP_AUDIENCE


@dataclass(frozen=True)
class Account:
    """What of an account the tests use: its segments, and the fields that its faults are about."""

    kind: str
    full: dict[str, str]
    empty: dict[str, str]
    computing: dict[str, str] | None
    page_size: int  # so small that a membership has four pages or more
    items: str
    base: str = ""
    linked: bool = True  # the answers name the next page


LIST = {"list_id": MAILCHIMP_AUDIENCE}
ACCOUNTS = {
    "klaviyo": Account(
        "segment", {"segment_id": "VIPOPN"}, {"segment_id": "NOBODY"}, {"segment_id": "BUSY01"}, 50, "data"
    ),
    "hubspot": Account("list", {"list_id": "55"}, {"list_id": "57"}, {"list_id": "58"}, 50, "results"),
    "customer_io": Account("segment", {"segment_id": "7"}, {"segment_id": "8"}, {"segment_id": "9"}, 50, "identifiers"),
    "mailchimp": Account(
        "segment",
        {**LIST, "segment_id": "101"},
        {**LIST, "segment_id": "102"},
        None,
        50,
        "members",
        "/3.0",
        linked=False,
    ),
}
EVERY = pytest.mark.parametrize("name", ACCOUNTS)
FAULTS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "rate-limited": ({"times": None}, {"rate-limited"}),
    "server-error": ({"times": None}, {"platform-unavailable"}),
    "key-refused": ({"times": None}, {"key-refused"}),
    "access-denied": ({"times": None}, {"access-denied"}),
    "not-found": ({"times": None}, {"segment-not-found"}),
    "cursor-expired": ({"times": None}, {"request-refused"}),
    "html": ({"times": None}, {"not-json"}),
    "invalid-json": ({"times": None}, {"answer-cut"}),
    "disconnect": ({"times": None}, {"answer-cut"}),
    "cut-body": ({"times": None}, {"answer-cut"}),
    "null-page": ({"times": None}, {"wrong-type"}),
    "null-id": ({"times": None}, {"member-without-id"}),
    "redirect": ({"times": None}, {"foreign-link"}),
    "empty-page": ({"times": None}, {"total-mismatch", "membership-moved"}),
}


def small(name: str) -> Manifest:
    """Returns a platform's manifest with pages so small that a membership has several."""
    manifest, account = load_platforms()[name], ACCOUNTS[name]
    kind = manifest.sources[account.kind]
    members = kind.members.model_copy(update={"page_size": account.page_size})
    source = kind.model_copy(update={"members": members})
    return manifest.model_copy(update={"sources": {**manifest.sources, account.kind: source}})


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    """A simulator with 2,000 people for all tests of this file."""
    with Simulator(people=2_000) as started:
        yield started


@pytest.fixture
def simulator(running: Simulator) -> Simulator:
    """The simulator without faults and without a log."""
    running.state.faults.clear()
    running.state.forget_calls()
    return running


def connect(name: str, simulator: Simulator, world: World) -> Platform:
    """Returns a platform that calls its account in the simulator."""
    manifest = small(name)
    return Platform(
        manifest,
        connection=name,
        base_url=simulator.url(name) + ACCOUNTS[name].base,
        secrets=dict.fromkeys(manifest.connection.secrets, "key-us19"),
        options={"data_center": "us19"} if name == "mailchimp" else {},
        clock=world.clock,
        sleep=world.sleep,
        now=world.now,
        random=lambda: 0.0,
    )


def ids(fetch: Fetch, primary: str) -> list[str | None]:
    """Reads a fetch to its end."""
    return [member for page in fetch for member in page.columns[primary]]


def fetching(name: str, platform: Platform, segment: dict[str, str]) -> tuple[Fetch, str]:
    """Returns a fetch, and the name of the platform's own identifier."""
    kind = ACCOUNTS[name].kind
    return platform.fetch(kind, segment), platform.manifest.sources[kind].primary


@EVERY
def test_a_membership_is_read_whole(name: str, simulator: Simulator, world: World) -> None:
    """Promise 34: three pages or more give exactly the members, in no more calls than estimated."""
    with connect(name, simulator, world) as platform:
        fetch, primary = fetching(name, platform, ACCOUNTS[name].full)
        found = ids(fetch, primary)
        segment = list(ACCOUNTS[name].full.values())[-1]
        expected = simulator.expected(name, segment, simulator.state.refreshes.current(name, segment))
        assert sorted(map(str, found)) == sorted(member.profile.profile_id for member in expected)
        assert fetch.proof.pages >= 4
        assert fetch.proof.declared_total == len(found)
        assert fetch.proof.calls == len(simulator.calls(platform=name))
        assert fetch.proof.calls <= platform.estimate_calls(ACCOUNTS[name].kind, len(found))


@EVERY
def test_an_empty_membership_is_proven(name: str, simulator: Simulator, world: World) -> None:
    """Promise 4: zero members is a proven result."""
    with connect(name, simulator, world) as platform:
        fetch, primary = fetching(name, platform, ACCOUNTS[name].empty)
        assert ids(fetch, primary) == []
        assert fetch.proof.declared_total == 0


@pytest.mark.parametrize("name", [name for name, account in ACCOUNTS.items() if account.computing])
def test_a_membership_being_computed_waits(name: str, simulator: Simulator, world: World) -> None:
    """A segment that is not ready is a temporary failure, and no member is read."""
    with connect(name, simulator, world) as platform:
        fetch, primary = fetching(name, platform, ACCOUNTS[name].computing or {})
        with pytest.raises(TemporaryError, match="segment-computing"):
            ids(fetch, primary)
    assert simulator.calls(platform=name, verb="members") == []


@EVERY
def test_an_unknown_segment_is_told(name: str, simulator: Simulator, world: World) -> None:
    """A wrong id ends with the platform's 404, before any member is read."""
    with connect(name, simulator, world) as platform:
        fetch, primary = fetching(name, platform, {**ACCOUNTS[name].full, list(ACCOUNTS[name].full)[-1]: "777"})
        with pytest.raises(RemoteSegmentsError, match="segment-not-found"):
            ids(fetch, primary)


@EVERY
@pytest.mark.parametrize("page", [1, 2, 3])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_at_any_page_is_an_error(name: str, fault: str, page: int, simulator: Simulator, world: World) -> None:
    """Promise 2: no fault at any page ends in a proof."""
    more, codes = FAULTS[fault]
    simulator.fault(fault, page=page, **more)
    with connect(name, simulator, world) as platform:
        fetch, primary = fetching(name, platform, ACCOUNTS[name].full)
        with pytest.raises(RemoteSegmentsError) as caught:
            ids(fetch, primary)
    assert caught.value.code in codes
    assert fetch.calls == len(simulator.calls(platform=name))


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        *((name, fault) for name in ACCOUNTS for fault in ("missing-key", "repeat-cursor")),
        *((name, "early-end") for name, account in ACCOUNTS.items() if account.linked),
        ("hubspot", "wrong-total"),
        ("mailchimp", "wrong-total"),
    ],
)
def test_an_answer_that_misleads_is_an_error(name: str, fault: str, simulator: Simulator, world: World) -> None:
    """Promise 5: a missing array, a false end, a false total, a cursor that repeats: each is found."""
    account = ACCOUNTS[name]
    page = None if fault == "wrong-total" else 2
    simulator.fault(fault, page=page, path=account.items, delta=25, times=None)
    with connect(name, simulator, world) as platform:
        fetch, primary = fetching(name, platform, account.full)
        with pytest.raises(RemoteSegmentsError) as caught:
            ids(fetch, primary)
    assert caught.value.code in {
        "total-mismatch",
        "path-missing",
        "cursor-repeated",
        "membership-moved",
        "end-unproven",
        "page-short",
    }


@EVERY
def test_what_passes_is_healed(name: str, simulator: Simulator, world: World) -> None:
    """A 429, a 500, a cut body and a broken connection, each once, leave a whole membership."""
    for page, fault in enumerate(("rate-limited", "server-error", "cut-body", "disconnect"), 1):
        simulator.fault(fault, page=page, retry_after="3")
    with connect(name, simulator, world) as platform:
        fetch, primary = fetching(name, platform, ACCOUNTS[name].full)
        found = ids(fetch, primary)
        assert len(found) == len(set(found)) == fetch.proof.members
    assert 3 in world.slept


@EVERY
def test_members_that_move_are_counted_as_doubt_or_read_again(name: str, simulator: Simulator, world: World) -> None:
    """Promise 6: a membership that changes under the fetch is never silently taken for exact."""
    simulator.fault("moving-members", delta=1, times=None)
    with connect(name, simulator, world) as platform:
        fetch, primary = fetching(name, platform, ACCOUNTS[name].full)
        found: list[str | None] = []
        with suppress(TemporaryError):
            found = ids(fetch, primary)
            assert fetch.proof.doubt > 0 or len(set(found)) == fetch.proof.declared_total


@pytest.mark.parametrize("fault", ["foreign-link", "redirect"])
def test_no_credential_goes_to_another_server(fault: str, simulator: Simulator, world: World) -> None:
    """Promise 30: the other server is not even called."""
    with Simulator(people=10) as other:
        simulator.fault(fault, page=1, host=other.url("klaviyo").removesuffix("/klaviyo"), times=None)
        with connect("klaviyo", simulator, world) as platform:
            fetch, primary = fetching("klaviyo", platform, ACCOUNTS["klaviyo"].full)
            with pytest.raises(RemoteSegmentsError, match="foreign-link"):
                ids(fetch, primary)
        assert other.calls() == []


@EVERY
def test_more_pages_than_the_cap_are_an_error(name: str, simulator: Simulator, world: World) -> None:
    """Promise 34: one page more than allowed is an error, on every platform."""
    with connect(name, simulator, world) as platform:
        flow = platform._flow(ACCOUNTS[name].kind, ACCOUNTS[name].full, ())
        capped = replace(flow, members=flow.members.model_copy(update={"max_pages": 3}))
        with pytest.raises(PlatformError, match="page-limit"):
            ids(Fetch(platform._client, capped), flow.primary)


def test_every_account_is_that_of_a_platform() -> None:
    """Promise 34: an account of the simulator is that of a platform; those without one are in tests/conformance."""
    assert set(ACCOUNTS) < set(load_platforms())


@EVERY
def test_segments_are_listed_and_previewed(name: str, simulator: Simulator, world: World) -> None:
    """Every segment of the account is listed with its ids, and one page of it can be looked at."""
    account = ACCOUNTS[name]
    with connect(name, simulator, world) as platform:
        listed = platform.segments(account.kind, LIST if name == "mailchimp" else {})
        assert account.full in [one.ids for one in listed]
        assert (platform.page_url(account.kind, account.full) is None) == (name != "klaviyo")
        assert platform.preview(account.kind, account.full).length == account.page_size
        assert platform.describe(account.kind, account.full).name in [one.name for one in listed]
