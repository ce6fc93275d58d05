"""Every operation that writes, killed at each of its points: what is stored is what plain Python sets say, or was."""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from remote_segments.simulator import Simulator
from tests.support import operations
from tests.support.memberships import START, members, people
from tests.support.operations import segment_in
from tests.support.projects import write_project

ROOT = Path(__file__).parents[2]

FIRST, SECOND = {1, 2, 3}, {2, 3, 4}
"""Who was fetched and published, an hour after the other."""

POINTS: dict[str, list[str]] = {}
"""The points of each operation that was killed in this process."""

Picture = dict[str, Any]
"""What is stored: the name of the segment, who is shown, who was in it when, states, decisions, raw snapshots."""


def picture(folder: Path) -> Picture:
    """What a reader finds in a folder."""
    segment = segment_in(folder)
    with segment.warehouse.read() as session:
        tables = [name for name in ("vip", "very") if session.relation(name, "segments") is not None]
        shown = [session.rows(f"SELECT contact_id FROM segments.{name} ORDER BY 1") for name in tables]
        stays = session.rows("SELECT key, since, until FROM segments.memberships")
        states = session.rows("SELECT state FROM segments.snapshots ORDER BY snapshot_id")
        decisions = session.rows("SELECT decision FROM segments.decisions")
        count = "SELECT count(DISTINCT snapshot_id) FROM segments.{}"
        raw = [session.rows(count.format(table))[0][0] for table in ("members", "keys")]
    return {
        "tables": tables,
        "shown": [{row[0] for row in rows} for rows in shown],
        "stays": {(int(key), _hour(since), _hour(until)) for key, since, until in stays},
        "states": [row[0] for row in states],
        "decisions": [row[0] for row in decisions],
        "raw": raw,
    }


def _hour(instant: Any) -> int | None:
    return None if instant is None else int((instant - START).total_seconds() // 3600)


def reference(
    *fetches: set[int], table: str = "vip", states: list[str], raw: list[int], decisions: Sequence[str] = ()
) -> Picture:
    """The same in plain Python sets: the fetches that were published, one an hour."""
    stays: set[tuple[int, int, int | None]] = set()
    for person in set().union(*fetches):
        since = None
        for hour, fetched in enumerate([*fetches, set()], start=1):
            if person in fetched and since is None:
                since = hour
            if since is not None and (person not in fetched or hour > len(fetches)):
                stays.add((person, since, hour if hour <= len(fetches) else None))
                since = None
    tables = [table] if fetches else []
    shown = [fetches[-1]] if fetches else []
    return {
        "tables": tables,
        "shown": shown,
        "stays": stays,
        "states": states,
        "decisions": list(decisions),
        "raw": raw,
    }


def prepared(folder: Path, third: set[int], *, stored: Callable[[Path], None] | None = None) -> Picture:
    """Makes the start: two published fetches, a third one that waits; returns the reference of it."""
    with Simulator(people=10) as simulator:
        write_project(folder / "start" / "project", simulator, {})
    segment = segment_in(folder / "start")
    segment.now = START
    segment.model(people(range(1, 6)))
    for fetched in (FIRST, SECOND):
        segment.refresh(members(sorted(fetched)))
    segment.fetch(members(sorted(third)))
    if stored is not None:
        stored(folder / "start")
    return picture(folder / "start")


def killed(folder: Path, operation: str, before: Picture, after: Picture, *between: Picture) -> None:
    """Kills an operation at each of its points; each time nothing or all of it is there, or all of its first step."""
    command = [sys.executable, "-m", "tests.support.points", str(folder), operation]
    done = subprocess.run(command, check=False, cwd=ROOT, timeout=280, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    POINTS[operation] = json.loads((folder / "names.json").read_text())
    assert picture(folder / "start") == before
    assert picture(folder / "whole") == after
    for number, name in enumerate(POINTS[operation]):
        assert picture(folder / str(number)) in (before, after, *between), f"{operation} at {name}"


PUBLISHED, WAITING = ["published", "published"], "fetched"


def test_a_refresh(tmp_path: Path) -> None:
    """Promise 1: publication is there wholly or not at all; that mapping is done, only the state of its row tells."""
    before = prepared(tmp_path, {3, 4, 5})
    assert before == reference(FIRST, SECOND, states=[*PUBLISHED, WAITING], raw=[3, 2])
    after = reference(FIRST, SECOND, {3, 4, 5}, states=[*PUBLISHED, "published"], raw=[3, 3])
    killed(tmp_path, "refresh", before, after, {**before, "states": [*PUBLISHED, "mapped"], "raw": [3, 3]})


def test_an_erasure(tmp_path: Path) -> None:
    """Promises 1 and 32: the person is in everything, or in nothing that anybody reads; a repetition ends it."""
    before = prepared(tmp_path, {2, 3, 4})
    states = [*PUBLISHED, WAITING]
    assert before == reference(FIRST, SECOND, states=states, raw=[3, 2])
    after = reference(FIRST - {2}, SECOND - {2}, states=states, raw=[3, 2])
    killed(tmp_path, "erase", before, after)
    for number in range(len(POINTS["erase"])):
        operations.erase(tmp_path / str(number))
        assert picture(tmp_path / str(number)) == after


def test_a_renamed_segment(tmp_path: Path) -> None:
    """Promise 1: everything is under the former name or under the new one, until the refresh after it publishes."""
    before = prepared(tmp_path, {2, 3, 4})
    states = [*PUBLISHED, WAITING]
    moved = reference(FIRST, SECOND, table="very", states=[*PUBLISHED, "mapped"], raw=[3, 3])
    after = reference(FIRST, SECOND, {2, 3, 4}, table="very", states=[*PUBLISHED, "published"], raw=[3, 3])
    assert before == reference(FIRST, SECOND, states=states, raw=[3, 2])
    killed(tmp_path, "rename", before, after, moved)


@pytest.mark.parametrize("operation", ["approve", "reject"])
def test_a_decision(tmp_path: Path, operation: str) -> None:
    """Promises 1 and 27: a decision and what it does are both there, or neither."""
    before = prepared(tmp_path, set(), stored=operations.hold)
    assert before == reference(FIRST, SECOND, states=[*PUBLISHED, "held"], raw=[2, 2])
    fetches = (FIRST, SECOND, set()) if operation == "approve" else (FIRST, SECOND)
    state, decision = ("published", "approved") if operation == "approve" else ("rejected", "rejected")
    after = reference(*fetches, states=[*PUBLISHED, state], decisions=[decision], raw=[2, 2])
    killed(tmp_path, operation, before, after)


def test_pruning(tmp_path: Path) -> None:
    """Promise 1: a segment is removed wholly or not at all, and the file can be read while it is written anew."""
    before = prepared(tmp_path, {2, 3, 4})
    killed(tmp_path, "prune", before, reference(states=[], raw=[0, 0]))


def test_retention(tmp_path: Path) -> None:
    """Promise 1: what is too old is forgotten in one step, and nothing that is shown or was in history changes."""
    before = prepared(tmp_path, {2, 3, 4})
    after = reference(FIRST, SECOND, states=[*PUBLISHED, WAITING], raw=[1, 1])
    killed(tmp_path, "forget", before, after)


def test_a_rebuild(tmp_path: Path) -> None:
    """Promises 1 and 13: an older window is corrected with the one after it, or neither is."""

    def without_three(folder: Path) -> None:
        segment_in(folder).model(people([1, 2, 4, 5]))

    before = prepared(tmp_path, {2, 3, 4}, stored=without_three)
    after = reference(FIRST - {3}, SECOND, states=[*PUBLISHED, WAITING], raw=[3, 2])
    killed(tmp_path, "rebuild", before, after)


def test_bringing_tables_up(tmp_path: Path) -> None:
    """Promises 1 and 33: the tables of an earlier version gain all their columns, or none."""

    def earlier(folder: Path) -> None:
        with segment_in(folder).warehouse.write() as session:
            session.execute("ALTER TABLE segments.snapshots DROP COLUMN calls")
            session.execute("DROP TABLE segments.tombstones")
            session.execute("UPDATE segments.meta SET value = '1.0' WHERE name = 'contract_version'")

    before = prepared(tmp_path, {2, 3, 4}, stored=earlier)
    killed(tmp_path, "migrate", before, before)
    versions = set()
    for number in range(len(POINTS["migrate"])):
        with segment_in(tmp_path / str(number)).warehouse.read() as session:
            ((version,),) = session.rows("SELECT value FROM segments.meta WHERE name = 'contract_version'")
            versions.add(version)
            whole = "calls" in session.relation("snapshots", "segments").columns
            assert whole == (session.relation("tombstones", "segments") is not None) == (version != "1.0")
    assert versions > {"1.0"}


def test_there_are_many_points() -> None:
    """Promise 1: what was killed above was killed at twenty points at least, by name."""
    if len(POINTS) < 9:
        pytest.skip("The other tests of this file did not run in this process.")
    assert len({(operation, name) for operation, names in POINTS.items() for name in names}) >= 20
    assert {"commit 1", "rename .rewritten", "write .json"} <= {name for names in POINTS.values() for name in names}
