"""Accounts made of documented exchanges, over real HTTP: every platform's members exactly, or an error."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from remote_segments.conformance.replay import paged
from remote_segments.conformance.secrets import invented_secrets
from remote_segments.conformance.world import World
from remote_segments.errors import RemoteSegmentsError
from remote_segments.rest.catalog import bundled, load_manifest
from remote_segments.rest.limits import Limits
from remote_segments.rest.platform import Platform
from remote_segments.simulator import Simulator
from remote_segments.simulator.documented.account import Documented
from remote_segments.simulator.documented.holding import Held
from remote_segments.simulator.faults import Fault
from remote_segments.simulator.membership import SEGMENTS

MANIFESTS = {file.stem: manifest for file in bundled() if (manifest := load_manifest(file)).sources}
PLATFORMS = sorted(MANIFESTS)
"""Platforms that are read; those that are only sent to are in test_sending.py."""

SMALL = 7
"""Members of a page, where a platform lets one choose."""

RUINOUS = (
    {"kind": "server-error"},
    {"kind": "rate-limited"},
    {"kind": "key-refused"},
    {"kind": "cut-body"},
    {"kind": "disconnect"},
    {"kind": "html"},
    {"kind": "invalid-json"},
    {"kind": "redirect"},
    {"kind": "null-page"},
    {"kind": "empty-page"},
    {"kind": "early-end"},
    {"kind": "repeat-cursor"},
    {"kind": "foreign-link"},
    {"kind": "wrong-total", "delta": 40},
    {"kind": "cut-file"},
    {"kind": "job-failed", "verb": "job"},
    {"kind": "job-pending", "verb": "job"},
)
"""Faults after which a fetch is an error or whole, whatever a platform tells of its pages."""

UNTOLD = {"empty-page", "early-end", "wrong-total"}
"""What looks like the end of a membership where the platform gives no count of it."""


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """A simulator with 24 members to a segment, in which no account was written by hand."""
    with Simulator(people=400) as running:
        running.state.accounts.clear()
        yield running


def opened(simulator: Simulator, held: Held, *, secret: str | None = None) -> Platform:
    """The platform of a segment, in pages of a few members, where waiting takes no time."""
    manifest, world = MANIFESTS[held.platform], World()
    secrets = invented_secrets(manifest)
    return Platform(
        paged(manifest, held.kind, SMALL),
        connection=held.platform,
        secrets=secrets if secret is None else dict.fromkeys(secrets, secret),
        options=held.membership.options,
        base_url=simulator.url(held.platform),
        limits=Limits(),
        clock=world.clock,
        now=world.now,
        sleep=world.sleep,
    )


def fetched(simulator: Simulator, held: Held) -> list[dict[str, str | None]]:
    """The members of a segment as they are read."""
    rows = []
    with opened(simulator, held) as platform:
        for page in platform.fetch(held.kind, held.membership.ids):
            rows += [dict(zip(page.columns, row, strict=True)) for row in zip(*page.columns.values(), strict=True)]
    return rows


def expected(simulator: Simulator, held: Held) -> list[dict[str, str | None]]:
    """The members that were served last."""
    refresh = simulator.state.refreshes.current(held.platform, held.crowd)
    names = MANIFESTS[held.platform].sources[held.kind].identifiers
    rows = simulator.rows(held.platform, held.key, refresh, held.kind)
    return [{name: row.get(name) for name in names} for row in rows]


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_full_fetch_gives_exactly_the_served_members(name: str, simulator: Simulator) -> None:
    """Promise 34: every segment of every kind, on several pages, twice: the second time others are members."""
    account = simulator.state.documented(name)
    assert {held.kind for held in account.segments} == set(MANIFESTS[name].sources)
    for held in account.segments:
        first = fetched(simulator, held)
        assert first == expected(simulator, held)
        assert bool(first) is bool(held.size)
        second = fetched(simulator, held)
        assert second == expected(simulator, held)
        assert first != second or not held.size


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_fault_is_an_error_and_never_a_short_list(name: str, simulator: Simulator) -> None:
    """Promise 2: on the first page, on the second and on all; a fault that a platform cannot have is an error, too."""
    account = simulator.state.documented(name)
    ruined = 0
    for held in {one.kind: one for one in reversed(account.segments) if one.size}.values():
        untold = UNTOLD if held.membership.total in (None, "estimate") else set()
        for fault in RUINOUS:
            if fault["kind"] in untold:
                continue
            for page in (1, 2) if fault.get("verb") != "job" else (None,):
                set_one = simulator.fault(**fault, page=page, times=None)
                try:
                    assert fetched(simulator, held) == expected(simulator, held), fault
                except RemoteSegmentsError:
                    ruined += set_one.hits > 0
                simulator.state.faults.clear()
    assert ruined >= 8


@pytest.mark.parametrize("name", PLATFORMS)
def test_what_passes_is_healed(name: str, simulator: Simulator) -> None:
    """A 429, a server error, a job that is not done: once each, all members come."""
    for held in simulator.state.documented(name).segments:
        for kind in ("rate-limited", "server-error", "job-pending"):
            verb, page = ("job", len(held.membership.job)) if kind == "job-pending" else ("members", None)
            simulator.fault(kind, verb=verb, page=page, times=1, retry_after="2")
            assert fetched(simulator, held) == expected(simulator, held), kind
            simulator.state.faults.clear()


@pytest.mark.parametrize("name", PLATFORMS)
def test_any_key_is_taken_but_a_revoked_one(name: str, simulator: Simulator) -> None:
    """Nobody has a key of an invented account; refusing one can be tried all the same."""
    held = next(one for one in simulator.state.documented(name).segments if one.size)
    if MANIFESTS[name].auth.kind == "jwt":
        pytest.skip("a key that signs is in no call")
    with opened(simulator, held, secret="anybody's") as platform:
        platform.describe(held.kind, held.membership.ids)
    with opened(simulator, held, secret="revoked") as platform, pytest.raises(RemoteSegmentsError) as caught:
        platform.describe(held.kind, held.membership.ids)
    assert caught.value.code in {"key-refused", "access-denied"}


@pytest.mark.parametrize("name", PLATFORMS)
def test_what_is_listed_can_be_described(name: str, simulator: Simulator) -> None:
    """Of the listed size; an id that nobody listed is unknown."""
    account = simulator.state.documented(name)
    held = next(one for one in account.segments if one.size)
    seen = 0
    with opened(simulator, held) as platform:
        for kind, source in MANIFESTS[name].sources.items():
            own = next(one.membership.ids for one in account.segments if one.kind == kind)
            needed = {key: own[key] for key in own if source.list and key in set(source.list.placeholders())}
            for one in platform.segments(kind, needed) if source.list else ():
                seen += 1
                if set(one.ids) == set(source.ids):
                    size = platform.describe(kind, one.ids).size
                    assert None in (one.size, size) or size == one.size
        with pytest.raises(RemoteSegmentsError) as caught:
            platform.describe(held.kind, {key: f"{text}9" for key, text in held.membership.ids.items()})
    assert caught.value.code in {"segment-not-found", "bad-value", "request-refused", "segment-unsuitable"}
    assert seen


def ask(simulator: Simulator, path: str, method: str = "GET") -> tuple[int, Any]:
    """Status and document of one call."""
    request = Request(f"http://127.0.0.1:{simulator.port}{path}", method=method, headers={"Authorization": "Bearer x"})
    try:
        with urlopen(request) as answer:
            return answer.status, json.loads(answer.read())
    except OSError as refusal:
        return refusal.code, json.loads(refusal.read())  # type: ignore[attr-defined]


def test_a_call_that_nobody_documented_is_refused_with_the_reason(simulator: Simulator) -> None:
    """Whoever writes a manifest reads what is wrong with the request."""
    status, said = ask(simulator, "/customer_io/v1/segments/7/membership?limit=5&size=3")
    assert (status, said) == (400, {"error": "This is not documented: the parameter size is not documented."})
    assert ask(simulator, "/customer_io/v2/nowhere")[0] == 400
    assert ask(simulator, "/nobody/v1/segments")[0] == 404
    assert ask(simulator, "/customer_io/v1/segments/7/membership?limit=5&start=s1-c99x")[0] in {400, 404, 422}


def test_the_control_desk_knows_accounts_of_exchanges(simulator: Simulator) -> None:
    """Faults are set and calls are logged as for the others: verb, segment, page, and whether a key came along."""
    held = simulator.state.documented("intercom").segments[0]
    fetched(simulator, held)
    calls = [(call.verb, call.segment, call.page, call.authorised) for call in simulator.calls(platform="intercom")]
    assert calls[0] == ("describe", held.key, 1, True)
    assert [call[2] for call in calls[1:]] == [1, 2, 3, 4]
    brevo = simulator.state.documented("brevo").segments[0]
    fetched(simulator, brevo)
    assert {call.authorised for call in simulator.calls(platform="brevo")} == {True}
    with pytest.raises(ValueError, match="no fault is called"):
        Fault("nonsense")


def test_a_platform_of_ones_own_has_an_account(tmp_path: Path) -> None:
    """Its exchanges are enough; those of the project go before bundled ones of the same name."""
    source = next(file for file in bundled() if file.stem == "mailman")
    text = (source.parent / "exchanges" / source.name).read_text()
    (tmp_path / "acme.exchanges.yaml").write_text(text)
    with Simulator(people=400, exchanges={"acme": tmp_path / "acme.exchanges.yaml"}) as running:
        assert isinstance(running.state.account("acme"), Documented)
        assert len(running.rows("acme", running.state.documented("acme").segments[0].key, 1)) == 24
        assert set(SEGMENTS) <= set(running.state.accounts)
