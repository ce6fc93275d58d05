"""History of large segments: who joined and left, how it grows, and who was a member at any instant.

Three measures, each on a DuckDB file of its own:

- joined and left of 10,000,000 text keys, written as events, beside one full outer join by hand; then with the cause
  of each event, for which the ids of both fetches are read, too;
- what a refresh of as many members with 1 % churn adds to the tables that are kept for ever, on the disk;
- the members at an instant, from the events of 365 daily snapshots of 1,000,000 members with 1 % churn, as the frame
  that `members_at` returns, beside reading the rows of one stored snapshot in the same way.

    python benchmarks/history.py [--members 10000000] [--rounds 3]

The last measure has a tenth as many members as `--members` says.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from remote_segments.membership.compile import Scope
from remote_segments.membership.matching import Pair
from remote_segments.membership.tables import MEMBERS, TABLES
from remote_segments.sync.plan import ModelSource, Plan
from remote_segments.sync.retention import KEPT_FOR_A_WHILE
from remote_segments.sync.since import members_at_instant
from remote_segments.sync.snapshots import Snapshot, insert, newest_published_until, snapshot_id_prefix
from remote_segments.sync.store import ensure_store
from remote_segments.sync.writing import Writing
from remote_segments.warehouses.base import Session
from remote_segments.warehouses.duckdb import DuckDBSettings, DuckDBWarehouse

DIFFERENCE_LIMIT = 1.25
GROWTH_LIMIT = 3.0
"""Megabytes for 10,000,000 members."""
AS_OF_LIMIT = 2.0

DAYS = 365
RETAINED = 30
"""Snapshots whose keys are kept."""

START = datetime(2026, 1, 1, 6, 0, tzinfo=UTC)

PLAN = Plan(
    segment="vip",
    model=ModelSource(table="crm.contacts"),
    key=("contact_id",),
    entries=((Pair("email", "email", "email"),),),
    primary="id",
    definition_hash="benchmark",
)

KEY = "'C' || lpad(CAST(i * 387420489 % 1000000007 AS VARCHAR), 10, '0')"
"""A person's text key: all different, in no order, as keys are that were not given out one after the other."""

BEGAN = (
    "TIMESTAMPTZ '2026-01-01 06:00:00+00' + to_days(CAST(CASE WHEN i < {members} THEN 0 "
    "ELSE (i - {members}) // {shift} + 1 END AS INTEGER))"
)
"""The day on which a person joined: the first ones were there before, the others came in the order of their numbers."""

MEMBER_ROWS = f"""
SELECT 'vip' AS segment, '{{snapshot}}' AS snapshot_id, row_number() OVER () AS member_no,
  CAST(NULL AS TIMESTAMPTZ) AS remote_joined_at, 'id' || {KEY} AS id
FROM (SELECT CAST(k AS BIGINT) AS i FROM range({{first}}, {{last}}) t (k))
"""

KEY_ROWS = f"""
SELECT 'vip' AS segment, '{{snapshot}}' AS snapshot_id, row_number() OVER () AS member_no, {KEY} AS key,
  CAST(NULL AS VARCHAR) AS key_2, CAST(NULL AS VARCHAR) AS key_3, 'email' AS matched,
  CAST(NULL AS TIMESTAMPTZ) AS joined_at, {BEGAN} AS since
FROM (SELECT CAST(k AS BIGINT) AS i FROM range({{first}}, {{last}}) t (k))
"""

EVENT_ROWS = f"""
SELECT 'vip' AS segment, '{{snapshot}}' AS snapshot_id, 1 AS generation, {KEY} AS key, CAST(NULL AS VARCHAR) AS key_2,
  CAST(NULL AS VARCHAR) AS key_3, TIMESTAMPTZ '{{instant}}' AS instant, '{{event}}' AS event, '{{cause}}' AS cause,
  CASE WHEN '{{event}}' = 'left' THEN {BEGAN} END AS since
FROM (SELECT CAST(k AS BIGINT) AS i FROM range({{first}}, {{last}}) t (k))
"""

FLOOR_DIFFERENCE = """
CREATE OR REPLACE TABLE segments.floor AS
SELECT coalesce(a.key, b.key) AS key, CASE WHEN b.key IS NULL THEN 'joined' ELSE 'left' END AS event
FROM (SELECT key FROM segments.keys WHERE segment = 'vip' AND snapshot_id = '{current}') a
FULL OUTER JOIN (SELECT key FROM segments.keys WHERE segment = 'vip' AND snapshot_id = '{previous}') b ON a.key = b.key
WHERE a.key IS NULL OR b.key IS NULL
"""

STORED_SNAPSHOT = "SELECT key, since FROM segments.keys WHERE segment = 'vip' AND snapshot_id = '{}' ORDER BY key"


def seconds(act: Callable[[], Any]) -> tuple[float, float]:
    """Runs something; returns its seconds by the clock on the wall, and those of all processors together."""
    wall, cpu = time.perf_counter(), time.process_time()
    act()
    return time.perf_counter() - wall, time.process_time() - cpu


Round = tuple[tuple[float, float], tuple[float, float]]
"""The seconds of both sides, ours first."""


def opened(folder: Path, name: str) -> DuckDBWarehouse:
    """A new DuckDB file with the tables of the contract."""
    warehouse = DuckDBSettings.model_validate({"kind": "duckdb", "path": f"{name}.duckdb"}).open(folder)
    with warehouse.write() as session:
        ensure_store(session)
        session.ensure_table("members", {**MEMBERS, "id": "text"})
    return warehouse


def stored(session: Session, number: int, members: int, *, with_members: bool, shift: int) -> Snapshot:
    """Stores the published snapshot of a day: numbered people, moved on by `shift` of them each day."""
    instant = START + timedelta(days=number)
    snapshot = Snapshot(
        segment="vip",
        snapshot_id=f"{snapshot_id_prefix(instant)}_bench{number}",
        state="published",
        kind="fetch",
        generation=1,
        definition_hash="benchmark",
        key_columns="contact_id",
        fetched_at=instant,
        effective_at=instant,
        fetched=members,
        mapped=members,
    )
    snapshot = Snapshot(**{**vars(snapshot), "members_id": snapshot.snapshot_id})
    insert(session, snapshot)
    place = {"snapshot": snapshot.snapshot_id, "first": number * shift, "last": number * shift + members}
    place |= {"members": members, "shift": shift}
    if with_members:
        session.insert("members", [*MEMBERS, "id"], MEMBER_ROWS.format(**place))
    session.insert("keys", list(TABLES["keys"]), KEY_ROWS.format(**place))
    return snapshot


def difference(folder: Path, members: int, rounds: int) -> Iterator[dict[str, Any]]:
    """Measures joined and left, and what they add to the disk."""
    warehouse = opened(folder, "difference")
    with warehouse.write() as session:
        previous, current = (
            stored(session, number, members, with_members=True, shift=members // 100) for number in range(2)
        )
    before = kept_for_ever(warehouse, folder)

    def ours(*identifiers: str) -> None:
        with warehouse.write() as session:
            writing = Writing(session=session, plan=PLAN, snapshot=current, previous=previous, identifiers=identifiers)
            assert writing.corrected_changes() == {"joined_count": members // 100, "left_count": members // 100}

    def floor() -> None:
        with warehouse.write() as session:
            session.execute(FLOOR_DIFFERENCE.format(current=current.snapshot_id, previous=previous.snapshot_id))

    ours()
    grown = (kept_for_ever(warehouse, folder) - before) / 1e6
    floor()
    ratios = [(seconds(ours), seconds(floor)) for _ in range(rounds)]
    yield compared("joined and left", DIFFERENCE_LIMIT, ratios) | {"members": members}
    ratios = [(seconds(partial(ours, "id")), seconds(floor)) for _ in range(rounds)]
    yield compared("joined and left, each with its cause", None, ratios) | {"members": members}
    limit = GROWTH_LIMIT
    yield {
        "name": "growth of history",
        "ratio": round(grown / limit, 2),
        "limit": 1,
        "megabytes": round(grown, 2),
        "limit_megabytes": limit,
        "members": members,
        "events": 2 * (members // 100),
    }


def kept_for_ever(warehouse: DuckDBWarehouse, folder: Path) -> int:
    """The bytes of a new file with those shared tables that no retention ever shortens."""
    file = folder / "kept.duckdb"
    with duckdb.connect(str(file)) as copy:
        copy.execute(f"ATTACH '{warehouse.path}' AS ours (READ_ONLY)")
        for name in TABLES:
            if name not in KEPT_FOR_A_WHILE:
                copy.execute(f'CREATE TABLE "{name}" AS SELECT * FROM ours.segments."{name}"')
    size = file.stat().st_size
    file.unlink()
    return size


def as_of(folder: Path, members: int, rounds: int) -> Iterator[dict[str, Any]]:
    """Measures the members at an instant long ago, half a year ago, and now."""
    warehouse = opened(folder, "as_of")
    churn = members // 100
    for number in range(DAYS):
        with warehouse.write() as session:
            write_day(session, number, members, churn)
    for name, day in (("long ago", 7), ("half a year ago", DAYS // 2), ("a week ago", DAYS - 7)):
        scope = Scope("duckdb", "segments", "vip")
        when = START + timedelta(days=day, hours=3)
        newest = f"{snapshot_id_prefix(START + timedelta(days=DAYS - 1))}_bench{DAYS - 1}"

        def ours(when: datetime = when, scope: Scope = scope) -> None:
            with warehouse.read() as session:
                in_force = newest_published_until(session, "vip", when)
                assert in_force is not None
                members_then = members_at_instant(session, scope, in_force, when).order_by("key")
                frame = session.frame(scope.sql(members_then))
            assert len(frame) == members

        def floor(newest: str = newest) -> None:
            with warehouse.read() as session:
                frame = session.frame(STORED_SNAPSHOT.format(newest))
            assert len(frame) == members

        ours()
        floor()
        ratios = [(seconds(ours), seconds(floor)) for _ in range(rounds)]
        yield compared(f"as of {name}", AS_OF_LIMIT, ratios) | {"members": members, "snapshots": DAYS}


def write_day(session: Session, number: int, members: int, churn: int) -> None:
    """Stores the events of a day, its snapshot, and its keys where they are still retained."""
    instant = START + timedelta(days=number)
    first, last = number * churn, number * churn + members
    if number >= DAYS - RETAINED:
        snapshot = stored(session, number, members, with_members=False, shift=churn).snapshot_id
    else:
        snapshot = f"{snapshot_id_prefix(instant)}_bench{number}"
        values = {"state": "published", "generation": 1, "key_columns": "contact_id", "mapped": members}
        insert(session, Snapshot(segment="vip", snapshot_id=snapshot, effective_at=instant, **values))
    rows = partial(EVENT_ROWS.format, snapshot=snapshot, instant=instant.isoformat(), members=members, shift=churn)
    if number == 0:
        events = [rows(event="joined", cause="baseline", first=first, last=last)]
    else:
        events = [
            rows(event="joined", cause="remote", first=last - churn, last=last),
            rows(event="left", cause="remote", first=first - churn, last=first),
        ]
    for one in events:
        session.insert("changes", list(TABLES["changes"]), one)


def compared(name: str, limit: float | None, rounds: list[Round]) -> dict[str, Any]:
    """The line of a ratio."""
    wall, cpu = ([(own[clock], hand[clock]) for own, hand in rounds] for clock in range(2))
    return {
        "name": name,
        "ratio": round(statistics.median(own / hand for own, hand in wall), 2),
        "limit": limit,
        "cpu_ratio": round(statistics.median(own / hand for own, hand in cpu), 2),
        "ours_seconds": round(statistics.median(own for own, _ in wall), 3),
        "floor_seconds": round(statistics.median(hand for _, hand in wall), 3),
    }


def main() -> None:
    """Prints one JSON line per measure; exit code 1 above a limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    beyond = False
    with tempfile.TemporaryDirectory() as folder:
        for measure, members in ((difference, options.members), (as_of, options.members // 10)):
            for line in measure(Path(folder), members, options.rounds):
                print(json.dumps(line), flush=True)
                beyond |= line["limit"] is not None and line["ratio"] > line["limit"]
    raise SystemExit(beyond)


if __name__ == "__main__":
    main()
