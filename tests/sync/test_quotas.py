"""One account in several processes: its limits hold for all of them together, judged by the platform's own log."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from remote_segments.config.loader import load_project
from remote_segments.config.project import Project
from remote_segments.errors import TemporaryError
from remote_segments.rest.quotas.files import FileStore
from remote_segments.rest.quotas.store import MemoryStore
from remote_segments.simulator import Simulator
from remote_segments.sync.quotas import FOLDER, PATIENCE, FirstThatWorks
from tests.support.counted_fetch import add_one, in_small_pages, limiter_of, store_of
from tests.support.projects import PAYING, write_project

DAILY = {**PAYING, "refresh_frequency": "1 day"}

ROOT = Path(__file__).resolve().parents[2]

Start = Callable[..., "subprocess.Popen[str]"]


class Account:
    """A project with two segments of one account, whose calls the simulator counts."""

    def __init__(self, folder: Path, simulator: Simulator, warehouse: dict[str, str]) -> None:
        self.folder, self.simulator, self.warehouse = folder, simulator, warehouse

    def project(self, **limits: int) -> Project:
        hubspot = {"platform": "hubspot", "token": {"file": "key"}, "base_url": self.simulator.url("hubspot")}
        connections = {"hubspot": {**hubspot, "limits": limits}}
        folder = write_project(
            self.folder, self.simulator, {"a": DAILY, "b": DAILY}, connections=connections, warehouse=self.warehouse
        )
        return in_small_pages(load_project(folder))

    def arrivals(self) -> list[float]:
        """When each call had arrived, in seconds."""
        return sorted(call.at for call in self.simulator.calls(platform="hubspot"))


@pytest.fixture(params=["duckdb", "postgres"])
def account(request: pytest.FixtureRequest, tmp_path: Path, simulator: Simulator) -> Account:
    """Counted in a file beside the project, and in the warehouse."""
    warehouse = {"kind": "duckdb", "path": "warehouse.duckdb"}
    if request.param == "postgres":
        parts = conninfo_to_dict(request.getfixturevalue("postgres_dsn"))
        warehouse = {"kind": "postgres", "host": parts["host"], "database": parts["dbname"], "user": parts["user"]}
    return Account(tmp_path, simulator, warehouse)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a process of tests/support/counted_fetch.py on the project; what still runs at the end is killed."""

    def started(*words: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "tests.support.counted_fetch", str(tmp_path), *words]
        environment = {**os.environ, "REMOTE_SEGMENTS_ENV": "development"}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        child = subprocess.Popen(command, cwd=ROOT, env=environment, text=True, **pipes)
        stack.enter_context(child)
        stack.callback(child.kill)
        return child

    with ExitStack() as stack:
        yield started


def said(child: "subprocess.Popen[str]") -> str:
    """The next line of a process."""
    assert child.stdout is not None
    return child.stdout.readline().strip()


def test_two_refreshes_of_one_account_in_two_processes_never_exceed_its_limit(account: Account, start: Start) -> None:
    """Promise 9: no window of a second holds more calls than allowed, whoever made them."""
    allowed = 20
    account.project(per_second=allowed)
    children = [start("fetch", name) for name in ("a", "b")]
    assert all(said(child).isdigit() for child in children)
    arrivals = account.arrivals()
    assert len(arrivals) > 2 * allowed
    spans = [later - earlier for earlier, later in zip(arrivals, arrivals[allowed:], strict=False)]
    assert min(spans) >= 1.0


def test_a_wait_that_the_platform_asks_for_holds_for_every_process(account: Account, start: Start) -> None:
    """Promise 9: after `Retry-After` no other process calls before its time."""
    account.project()
    account.simulator.fault("rate-limited", page=3, retry_after="3600", times=1)
    assert said(start("fetch", "a")) == "rate-limited"
    calls = len(account.arrivals())
    assert said(start("fetch", "b")) == "rate-limited"
    assert len(account.arrivals()) == calls


def test_a_short_wait_ends_for_every_process(account: Account, start: Start) -> None:
    """Promise 9: another process waits for what is left of it, then goes on."""
    project = account.project()
    asked = time.monotonic()
    limiter_of(project, "hubspot").block(2)
    store_of(project).close()
    assert said(start("fetch", "a")).isdigit()
    assert account.arrivals()[0] >= asked + 2


def test_the_calls_of_a_day_are_remembered_when_processes_end(account: Account, start: Start) -> None:
    """Promise 9: what one process used up of a day's quota, the next one does not have."""
    account.project(per_day=4)
    assert [said(start("fetch", name)) for name in ("a", "b")] == ["rate-limited"] * 2
    assert len(account.arrivals()) == 4


def test_no_call_is_lost_when_several_processes_count(account: Account, start: Start) -> None:
    """Two processes that add ones to the same ledger add up."""
    project = account.project()
    times = 20_000 if account.warehouse["kind"] == "duckdb" else 300  # long enough to meet each other
    child = start("count", str(times))
    assert said(child) == "ready"
    assert child.stdin is not None
    child.stdin.write("begin\n")
    child.stdin.flush()
    add_one(store_of(project), times)
    assert said(child) == "done"
    store_of(project).close()
    assert store_of(project).read("number")[1] == str(2 * times).encode()
    store_of(project).close()


class HasToWait(Exception):  # noqa: N818 - no error
    """Raised where a limiter would sleep."""


def no_patience(seconds: float) -> None:
    raise HasToWait


def test_calls_at_the_same_time_are_limited_over_processes(account: Account, start: Start) -> None:
    """`concurrent` counts all processes, and a killed one gives its place back."""
    project = account.project(concurrent=1)
    limiter = limiter_of(project, "hubspot")
    child = start("turn", "hubspot")
    assert said(child) == "taken"
    with pytest.raises(HasToWait), limiter.turn(time.monotonic, no_patience):
        pass
    child.kill()
    child.wait()
    with (
        limiter.turn(time.monotonic, time.sleep),
        pytest.raises(HasToWait),
        limiter.turn(time.monotonic, no_patience),
    ):
        pass
    with limiter.turn(time.monotonic, no_patience):
        pass
    store_of(project).close()


def test_a_process_killed_while_it_counts_blocks_nobody(account: Account, start: Start) -> None:
    """Whatever a killed process held is free at once, and the calls it had made still count."""
    project = account.project(per_day=4)
    limiter = limiter_of(project, "hubspot")
    for _ in range(3):
        with limiter.turn(time.monotonic, time.sleep):
            pass
    child = start("change", "hubspot")
    assert said(child) == "locked"
    child.kill()
    child.wait()
    with limiter.turn(time.monotonic, no_patience):
        pass
    with pytest.raises(TemporaryError) as refused, limiter.turn(time.monotonic, no_patience):
        pass
    assert refused.value.code == "rate-limited"
    store_of(project).close()


class Broken(MemoryStore):
    """A store that cannot be reached."""

    tried = 0

    def change(self, account: str, change: object) -> None:
        self.tried += 1
        raise TemporaryError("warehouse-down", "The server cannot be reached.", "Start it.")

    def read(self, account: str) -> tuple[float, bytes]:
        self.tried += 1
        raise TemporaryError("warehouse-down", "The server cannot be reached.", "Start it.")


def test_calls_are_counted_nearby_while_the_warehouse_is_down(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A fetch outlives its warehouse: the spool is kept, and calls go on being counted for this machine."""
    clock = [0.0]
    broken, files = Broken(), FileStore(tmp_path / FOLDER)
    store = FirstThatWorks(broken, files, clock=lambda: clock[0])
    store.change("a", lambda now, text: b"one")
    store.change("a", lambda now, text: text + b", two")
    assert store.read("a")[1] == b"one, two"
    assert broken.tried == 1
    assert "warehouse-down" in caplog.text
    clock[0] += PATIENCE
    store.read("a")
    assert broken.tried == 2
    store.close()


def test_a_quota_that_is_used_up_is_no_failure_of_its_store() -> None:
    """What the limit itself refuses is refused, and not tried elsewhere."""
    store = FirstThatWorks(MemoryStore(), MemoryStore())

    def refuse(now: float, text: bytes) -> bytes:
        raise TemporaryError("rate-limited", "It is used up.", "Wait.")

    with pytest.raises(TemporaryError):
        store.change("a", refuse)
    store.change("a", lambda now, text: b"the first one still works")
    assert store._stores[0].read("a")[1]


def test_a_folder_that_cannot_be_written_stops_no_fetch(tmp_path: Path) -> None:
    """The error says what to do; with another store behind it, calls go on."""
    (tmp_path / FOLDER).write_text("a file in the way")
    files = FileStore(tmp_path / FOLDER)
    for use in (lambda: files.change("a", lambda now, text: b""), lambda: files.read("a")):
        with pytest.raises(TemporaryError) as refused:
            use()
        assert refused.value.code == "quota-unwritable"
    FirstThatWorks(files, MemoryStore()).place("a", 1, no_patience)()
