"""The arithmetic of the windows, judged by a plain list of calls."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remote_segments.conformance.world import World
from remote_segments.rest.limits import Limits
from remote_segments.rest.quotas.ledger import GRAIN, LONGEST_BLOCK, Ledger, Made, read_ledger, written
from remote_segments.rest.quotas.limiter import Limiter
from remote_segments.rest.quotas.store import MemoryStore

WINDOWS = st.lists(
    st.tuples(st.integers(1, 8), st.sampled_from([1.0, 10.0, 60.0])),
    min_size=1,
    max_size=3,
    unique_by=lambda one: one[1],
)
STEPS = st.lists(st.tuples(st.floats(0, 4), st.floats(0, 2), st.integers(0, 5)), min_size=1, max_size=60)
"""For each step: seconds that pass, seconds that a call takes, and which of the waiting ones asks again."""


@settings(max_examples=200, deadline=None)
@given(WINDOWS, STEPS)
def test_no_window_ever_holds_more_calls_than_allowed(
    windows: list[tuple[int, float]], steps: list[tuple[float, float, int]]
) -> None:
    """Promise 9: however late callers wake and however long their calls take, no window holds too many."""
    text, now, made = b"", 0.0, []
    waiting: list[float] = []
    calls: list[tuple[float, float]] = []
    for passed, took, chosen in steps:
        place = waiting.pop(chosen) if chosen < len(waiting) else None
        now = now + passed if place is None else max(now, place) + passed / 20  # nobody wakes quite on time
        ledger = read_ledger(text)
        present = ledger.turn_to(now)
        ledger.settle(present, made, windows)
        start = ledger.take(present, windows, place)
        text, made = written(ledger), []
        if start > present:
            waiting.append(start)
        else:
            calls.append((start, start + min(took, 0.5)))  # it arrives within half a second
            made = [Made(start, start + took)]
            now += took
    for allowed, seconds in windows:
        for position in range(allowed, len(calls)):
            assert calls[position][0] - calls[position - allowed][1] >= seconds - 1e-6


@settings(max_examples=50, deadline=None)
@given(WINDOWS, st.lists(st.floats(0, 4), min_size=20, max_size=60))
def test_a_call_waits_no_longer_than_the_windows_need(windows: list[tuple[int, float]], steps: list[float]) -> None:
    """A single caller calls as soon as a plain list of calls says that there is room."""
    ledger, now = Ledger(), 0.0
    calls: list[float] = []
    for passed in steps:
        now += passed
        start = ledger.take(ledger.turn_to(now), windows)
        soonest = max([now, *(calls[-allowed] + seconds for allowed, seconds in windows if len(calls) >= allowed)])
        assert start == soonest
        calls.append(start)
        now = start


def test_a_ledger_of_many_calls_stays_small() -> None:
    """Calls close together are one entry, which counts until the last of them is old enough."""
    ledger, windows = Ledger(), [(10_000, 60.0)]
    for number in range(5_000):
        assert ledger.take(ledger.turn_to(number / 100), windows) == number / 100
    (entries,) = ledger.taken.values()
    assert sum(entry.calls for entry in entries) == 5_000
    assert len(entries) <= 3 * GRAIN
    assert len(written(ledger)) < 10_000


def test_places_of_callers_that_died_are_free_again() -> None:
    """Whoever took an instant and never came does not hold up those who come later than a window."""
    ledger, windows = Ledger(), [(1, 10.0)]
    assert [ledger.take(0.0, windows) for _ in range(3)] == [0.0, 10.0, 20.0]
    assert ledger.take(ledger.turn_to(30.0), windows) == 30.0


@pytest.mark.parametrize("limits", [Limits(per_second=1), Limits()])
def test_a_clock_that_is_set_back_makes_nobody_wait_for_it(limits: Limits) -> None:
    """What was known moves along with the clock: the wait is what it was, not a day longer."""
    world = World(seconds=100_000.0)
    limiter = Limiter("a", limits, MemoryStore(world.clock))
    limiter.block(30)
    world.seconds -= 86_400
    for _ in range(2):
        with limiter.turn(world.clock, world.sleep):
            pass
    assert sum(world.slept) == (31 if limits.per_second else 30)


def test_a_clock_set_back_while_somebody_waits_ends_the_wait() -> None:
    """The place in the queue was taken by the old clock; by the new one there is another."""
    world = World(seconds=100_000.0)
    limiter = Limiter("a", Limits(per_second=1), MemoryStore(world.clock))

    def sleep(seconds: float) -> None:
        world.sleep(seconds)
        if len(world.slept) == 1:
            world.seconds -= 3600

    for _ in range(2):
        with limiter.turn(world.clock, sleep):
            pass
    assert sum(world.slept) <= 3


def test_a_ledger_that_is_none_is_empty() -> None:
    """After a power cut a file may hold anything; an account that was not called is the only safe reading."""
    assert read_ledger(b'{"seen": 1, "blo') == Ledger()
    assert read_ledger(b"") == Ledger()


def test_no_platform_stops_an_account_for_longer_than_a_day() -> None:
    """A wait of years is a mistake of the platform; tomorrow it is asked again."""
    ledger = Ledger()
    ledger.block(0.0, 1e12)
    assert ledger.wait(0.0) == LONGEST_BLOCK
