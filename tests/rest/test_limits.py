"""Limits are kept by waiting, never by failing, unless the wait is too long."""

import threading
from datetime import UTC, datetime

import httpx
import pytest

from remote_segments.conformance.world import World
from remote_segments.errors import TemporaryError
from remote_segments.rest.limits import WINDOWS, Limits, Quota
from remote_segments.rest.platform import Platform
from remote_segments.rest.quotas.limiter import SHARED, Limiter, Limiters
from remote_segments.rest.quotas.store import MemoryStore
from tests.support.invented_platform import DIALECTS, Server, connect, manifest, read


def instants(limits: Limits, calls: int, world: World) -> list[float]:
    """Returns when each of so many calls in a row is made."""
    limiter = Limiter("account", limits, MemoryStore(world.clock))
    made = []
    for _ in range(calls):
        with limiter.turn(world.clock, world.sleep):
            made.append(world.seconds)
    return made


@pytest.mark.parametrize("window", ["per_second", "per_ten_seconds", "per_minute"])
def test_no_window_holds_more_calls_than_allowed(window: str, world: World) -> None:
    """Promise 9: in any window of any kind there are at most the allowed calls."""
    made = instants(Limits(**{window: 3}), 9, world)
    assert all(later - earlier >= WINDOWS[window] for earlier, later in zip(made, made[3:], strict=False))


def test_several_windows_hold_together(world: World) -> None:
    """The strictest window decides at each call."""
    made = instants(Limits(per_second=2, per_minute=5), 7, world)
    assert made == [0, 0, 1, 1, 2, 60, 60]


def test_calls_that_come_slowly_do_not_wait(world: World) -> None:
    """A limit costs nothing to whoever stays below it."""
    limiter = Limiter("account", Limits(per_second=1), MemoryStore(world.clock))
    for _ in range(3):
        with limiter.turn(world.clock, world.sleep):
            world.seconds += 1.5
    assert world.slept == []


@pytest.mark.parametrize("window", ["per_hour", "per_day", "per_month"])
def test_a_limit_of_hours_ends_the_refresh(window: str, world: World) -> None:
    """A wait of hours is a temporary failure that names when to come back."""
    with pytest.raises(TemporaryError) as caught:
        instants(Limits(**{window: 2}), 3, world)
    assert caught.value.code == "rate-limited"
    assert caught.value.retry_after == WINDOWS[window]


def test_calls_at_once_are_limited(world: World) -> None:
    """A second thread waits until the first call is over."""
    limiter = Limiter("account", Limits(concurrent=1), MemoryStore(world.clock))
    order: list[str] = []
    started = threading.Event()

    def second() -> None:
        started.set()
        with limiter.turn(world.clock, world.sleep):
            order.append("second")

    with limiter.turn(world.clock, world.sleep):
        thread = threading.Thread(target=second)
        thread.start()
        started.wait(5)
        order.append("first")
    thread.join(5)
    assert order == ["first", "second"]


@pytest.mark.parametrize(
    ("unit", "reset", "wait"),
    [("seconds", "30", 30.0), ("milliseconds", "10000", 10.0), ("epoch", "1795514430", 30.0), ("seconds", "soon", 0.0)],
)
def test_the_rest_of_a_quota_is_understood(unit: str, reset: str, wait: float) -> None:
    """Promise 9: the header that says when the quota is full again is read in its unit."""
    quota = Quota.model_validate({"remaining": "Left", "reset": "Reset", "unit": unit})
    now = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
    assert quota.wait({"left": "0", "reset": reset}, now) == wait
    assert quota.wait({"left": "1", "reset": reset}, now) == 0
    assert quota.wait({}, now) == 0


def test_a_used_up_quota_is_waited_for(world: World) -> None:
    """Promise 9: the call after the last of a quota comes when the quota is full again."""

    def used_up(page: int, _: httpx.Request, answer: httpx.Response) -> httpx.Response:
        return httpx.Response(200, content=answer.content, headers={"left": "0" if page == 2 else "5", "reset": "40"})

    server = Server(DIALECTS["cursor"], change=used_up)
    read(
        connect(manifest(DIALECTS["cursor"], quota={"remaining": "Left", "reset": "Reset"}), server, world).fetch(
            "segment", {"segment_id": "s1"}
        )
    )
    assert world.slept == [40]


def test_the_quota_of_one_address_stops_no_other(world: World) -> None:
    """A description whose own quota is used up does not hold up the pages."""
    describe = {"path": "/segments/{segment_id}", "name": "name", "limits": {"per_minute": 15}}
    server = Server(DIALECTS["cursor"])

    def serve(request: httpx.Request) -> httpx.Response:
        answer = server(request)
        if not request.url.path.endswith("/members"):
            answer.headers.update({"left": "0", "reset": "60"})
        return answer

    quota = {"remaining": "Left", "reset": "Reset"}
    platform = connect(manifest(DIALECTS["cursor"], describe=describe, quota=quota), serve, world)
    read(platform.fetch("segment", {"segment_id": "s1"}))
    assert world.slept == []
    platform.describe("segment", {"segment_id": "s1"})
    assert world.slept == [60]


def test_a_connection_may_lower_the_limits(world: World) -> None:
    """The limits of a connection replace those of the manifest, one by one."""
    server = Server(DIALECTS["cursor"])
    platform = connect(
        manifest(DIALECTS["cursor"], limits={"per_second": 100}), server, world, limits=Limits(per_second=1)
    )
    read(platform.fetch("segment", {"segment_id": "s1"}))
    assert world.slept == [1, 1, 1]


def test_one_address_may_be_limited_more(world: World) -> None:
    """A limit of one address slows only that address."""
    describe = {"path": "/segments/{segment_id}", "name": "name", "limits": {"per_minute": 1}}
    platform = connect(manifest(DIALECTS["cursor"], describe=describe), Server(DIALECTS["cursor"]), world)
    read(platform.fetch("segment", {"segment_id": "s1"}))
    assert world.slept == []
    read(platform.fetch("segment", {"segment_id": "s1"}))
    assert world.slept == [60]


def test_platforms_of_one_account_take_turns_at_the_same_windows(world: World) -> None:
    """Promise 9: two fetches of one account share its limits; another account has its own."""
    limits = Limits(per_second=1)
    limiters = Limiters()
    first = limiters.of("account one", limits)
    assert limiters.of("account one", limits) is first
    assert limiters.of("account two", limits) is not first
    platforms = [
        Platform(manifest(DIALECTS["cursor"]), connection=name, secrets={"key": key})
        for name, key in (("one", "a"), ("same", "a"), ("two", "b"))
    ]
    one, same, two = (platform._client._limiter for platform in platforms)
    assert one is same
    assert one is not two
    assert platforms[0]._client.limiters is SHARED
    for platform in platforms:
        platform.close()


def test_limits_say_how_much_fits() -> None:
    """The calls of a day and the least time of some calls are known without calling."""
    limits = Limits(per_second=10, per_minute=100)
    assert limits.calls_per_day() == 144_000
    assert limits.seconds_for(1100) == 600
    assert Limits(per_day=50, per_month=600).calls_per_day() == 20
    assert Limits().calls_per_day() == float("inf")
    assert Limits().seconds_for(5) == 0
    assert limits.overridden_by(Limits(per_minute=5)) == Limits(per_second=10, per_minute=5)
    assert limits.overridden_by(None) is limits
