"""Two processes that map or publish one segment at once: one waits, and then sees what the other did."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from remote_segments.errors import ProjectError, RemoteSegmentsError
from remote_segments.membership.guards import Guards
from tests.support.memberships import Segment, plan_of


def people(*numbers):
    """Rows of the model."""
    return [{"contact_id": n, "email": f"p{n}@example.com", "city": "Lyon"} for n in numbers]


def members(*numbers):
    """Fetched members that are in the model."""
    return [{"id": f"m{n}", "external_id": str(n), "email": f"p{n}@example.com"} for n in numbers]


@contextmanager
def model_kept(dsn: str) -> Iterator[Callable[[int], None]]:
    """Keeps the model from being read; gives a function that returns once so many sessions wait."""
    with psycopg.connect(dsn, autocommit=True) as watching, psycopg.connect(dsn) as holding:
        holding.execute("LOCK TABLE crm.contacts IN ACCESS EXCLUSIVE MODE")

        def wait_for(number: int) -> None:
            waiting = (
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            while watching.execute(waiting).fetchone() != (number,):
                watching.execute("SELECT pg_sleep(0.01)")

        yield wait_for
        holding.rollback()


def together(*acts: Callable[[], Any]) -> Callable[[], list[Any]]:
    """Starts all acts at once; gives a function that waits for them and returns what each returned, or its error."""
    found: list[Any] = [None] * len(acts)

    def run(number: int) -> None:
        try:
            found[number] = acts[number]()
        except RemoteSegmentsError as error:
            found[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(acts))]
    for thread in threads:
        thread.start()

    def ended() -> list[Any]:
        for thread in threads:
            thread.join()
        return found

    return ended


def check(segment: Segment, one: str, two: str, found: list[Any]) -> None:
    """The newer fetch is shown, whoever came first; the older one was published before, or told that it is late."""
    assert segment.published() == [1, 2, 4]
    assert segment.row(two).state == "published"
    first, second = found
    assert second.snapshot_id == two
    if isinstance(first, ProjectError):
        assert first.code == "snapshot-superseded"
    else:
        assert segment.row(one).state == "published"
        assert segment.events(two) == {("4", "joined", "remote"), ("3", "left", "remote")}
    assert segment.at(segment.now) == {"1", "2", "4"}


@pytest.mark.parametrize("before", [None, [], [1, 2]], ids=["first", "empty", "filled"])
def test_two_publications_at_once_show_the_newer(warehouse, before):
    """On both engines, on a table that does not exist yet, has no rows, or has some."""
    segment = Segment(warehouse, plan_of(guards=Guards(allow_empty=True)))
    segment.model(people(*range(1, 10)))
    if before is not None:
        segment.refresh(members(*before))
    one, two = segment.fetch(members(1, 2, 3)), segment.fetch(members(1, 2, 4))
    segment.map(one), segment.map(two)
    found = together(lambda: segment.publish(one), lambda: segment.publish(two))()
    check(segment, one, two, found)


@pytest.mark.parametrize("before", [None, [], [1, 2]], ids=["first", "empty", "filled"])
def test_two_publications_that_both_began_show_the_newer(postgres_warehouse, postgres_dsn, before):
    """The second one waits before it looks at anything, so that it sees what the first one published."""
    segment = Segment(postgres_warehouse, plan_of(guards=Guards(allow_empty=True)))
    segment.model(people(*range(1, 10)))
    if before is not None:
        segment.refresh(members(*before))
    one, two = segment.fetch(members(1, 2, 3)), segment.fetch(members(1, 2, 4))
    segment.map(one), segment.map(two)
    with model_kept(postgres_dsn) as wait:
        ended = together(lambda: segment.publish(one), lambda: segment.publish(two))
        wait(2)
    check(segment, one, two, ended())


def test_one_snapshot_mapped_by_two_at_once_is_written_once(postgres_warehouse, postgres_dsn):
    """Keys and events are there once, and nobody gets an error."""
    segment = Segment(postgres_warehouse)
    segment.model(people(*range(1, 10)))
    segment.refresh(members(1, 2))
    snapshot = segment.fetch(members(1, 2, 3))
    with model_kept(postgres_dsn) as wait:
        ended = together(lambda: segment.map(snapshot), lambda: segment.map(snapshot))
        wait(2)
    assert [one.state for one in ended()] == ["mapped", "mapped"]
    assert segment.rows("SELECT count(*) FROM {s}.keys WHERE snapshot_id = '" + snapshot + "'") == [(3,)]
    assert segment.rows("SELECT event, key FROM {s}.changes WHERE snapshot_id = '" + snapshot + "'") == [
        ("joined", "3")
    ]


def test_another_segment_does_not_wait(postgres_warehouse):
    """Only the same segment's sessions take turns."""
    segment = Segment(postgres_warehouse)
    segment.model(people(1, 2))
    segment.refresh(members(1))
    with segment.warehouse.write("vip"):
        segment.plan = plan_of(segment="another")
        assert segment.refresh(members(1, 2)).state == "published"
