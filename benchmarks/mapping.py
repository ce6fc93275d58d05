"""Mapping and publishing 1,000,000 fetched ids against 2,000,000 model rows of 20 columns, beside a hand-written floor.

The floor is what a person would write in DuckDB for the same: one `CREATE TABLE AS` join with the same normalisation
(`lower(trim())`) and one full outer join for who joined and left, each time into the same file. Ours is the whole
second refresh of a segment: both sessions (mapping, publication) with opening the file, checks of the model, every
outcome, keys, events with their causes, guards, publication and retention. Members and the first snapshot are there
before the clock starts. One warm-up of each, then the two take turns; the ratio is that of the medians of wall time.

    python benchmarks/mapping.py [--members 1000000] [--model 2000000] [--rounds 5]
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from remote_segments.membership.matching import Pair
from remote_segments.membership.tables import MEMBERS
from remote_segments.sync.mapping import map_with
from remote_segments.sync.plan import ModelSource, Plan
from remote_segments.sync.publication import publish_with
from remote_segments.sync.results import Published
from remote_segments.sync.snapshots import Snapshot, insert, new_snapshot_id
from remote_segments.sync.store import ensure_store
from remote_segments.warehouses.duckdb import DuckDBSettings, DuckDBWarehouse

LIMIT = 1.5
START = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)

PLAN = Plan(
    segment="vip",
    model=ModelSource(table="crm.contacts"),
    key=("contact_id",),
    entries=((Pair("email", "email", "email"),),),
    primary="id",
    definition_hash="benchmark",
)

MODEL = """
CREATE TABLE crm.contacts AS SELECT i AS contact_id, 'person' || i || '@example' || (i % 50) || '.com' AS email,
  '+33' || (600000000 + i) AS phone, 'First' || (i % 5000) AS first_name, 'Last' || (i % 20000) AS last_name,
  i % 90 AS age, 'City' || (i % 300) AS city, i * 1.5 AS spend, TIMESTAMPTZ '2020-01-01' + to_seconds(i) AS created_at,
  i % 7 AS orders, i % 11 AS visits, i % 13 AS clicks, 'tag' || (i % 17) AS tag, 'plan' || (i % 23) AS plan,
  i % 2 = 0 AS consent, i * 0.1 AS score, hash(i)::VARCHAR AS token, hash(i + 1) % 100000 AS shop,
  hash(i + 2) % 1000 AS branch, 'x' || (i % 3) AS tier
FROM range({rows}) t (i)
"""

MEMBER_ROWS = """
SELECT 'vip' AS segment, '{snapshot}' AS snapshot_id, row_number() OVER () AS member_no,
  CAST(NULL AS TIMESTAMPTZ) AS remote_joined_at, '01' || upper(substr(md5(i::VARCHAR), 1, 24)) AS id,
  CASE WHEN i % 50 = 0 THEN ' Person' || i || '@Example' || (i % 50) || '.com'
    ELSE 'person' || i || '@example' || (i % 50) || '.com' END AS email
FROM (SELECT (k * 2 + {shift}) % {people} AS i FROM range({rows}) t (k))
"""

FLOOR_ROWS = """
CREATE OR REPLACE TABLE segments.floor AS SELECT k.*, m.remote_joined_at AS joined_at, now() AS snapshot_at
FROM segments.members m JOIN crm.contacts k ON lower(trim(m.email)) = lower(trim(k.email))
WHERE m.segment = 'vip' AND m.snapshot_id = '{snapshot}'
"""

FLOOR_CHANGES = """
CREATE OR REPLACE TABLE segments.floor_changes AS
SELECT coalesce(a.key, b.key) AS key, CASE WHEN b.key IS NULL THEN 'joined' ELSE 'left' END AS event
FROM (SELECT contact_id::VARCHAR AS key FROM segments.floor) a
FULL OUTER JOIN (SELECT key FROM segments.keys WHERE segment = 'vip' AND snapshot_id = '{previous}') b ON a.key = b.key
WHERE a.key IS NULL OR b.key IS NULL
"""


def prepare(warehouse: DuckDBWarehouse, members: int, model: int) -> str:
    """Makes the model and a first published snapshot; returns its id."""
    with warehouse.write() as session:
        session.execute("CREATE SCHEMA crm")
        session.execute(MODEL.format(rows=model))
    first = load(warehouse, members, model, START, shift=0)
    map_with(warehouse, PLAN, snapshot_id=first, now=START)
    publish_with(warehouse, PLAN, snapshot_id=first, now=START)
    return first


def load(warehouse: DuckDBWarehouse, members: int, model: int, now: datetime, shift: int) -> str:
    """Stores a complete fetch, as the fetch stage would; one in a hundred members is new at each shift of 1 %."""
    snapshot = new_snapshot_id(now)
    with warehouse.write() as session:
        ensure_store(session)
        session.ensure_table("members", {**MEMBERS, "id": "text", "email": "text"})
        people = int(model * 1.02)
        rows = MEMBER_ROWS.format(snapshot=snapshot, shift=shift, people=people - people % 2, rows=members)
        count = session.insert("members", [*MEMBERS, "id", "email"], rows)
        insert(
            session,
            Snapshot(
                segment="vip",
                snapshot_id=snapshot,
                members_id=snapshot,
                state="fetched",
                kind="fetch",
                definition_hash="benchmark",
                fetched_at=now,
                effective_at=now,
                completeness="benchmark",
                fetched=count,
                repeated=0,
            ),
        )
    return snapshot


@dataclass(frozen=True)
class Seconds:
    """What something took: by the clock on the wall, and of all processors together."""

    wall: float
    cpu: float


def timed(act: Callable[[], Any]) -> tuple[Seconds, Any]:
    """Runs something; returns its seconds and its result."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = act()
    return Seconds(time.perf_counter() - wall, time.process_time() - cpu), result


def ours(warehouse: DuckDBWarehouse, snapshot: str, now: datetime) -> Published:
    """Maps and publishes."""
    map_with(warehouse, PLAN, snapshot_id=snapshot, now=now)
    return publish_with(warehouse, PLAN, snapshot_id=snapshot, now=now)


def floor(warehouse: DuckDBWarehouse, snapshot: str, previous: str) -> None:
    """Runs the two hand-written statements."""
    with warehouse.write() as session:
        session.execute("SET preserve_insertion_order = true")  # as DuckDB has it by itself
        session.execute(FLOOR_ROWS.format(snapshot=snapshot))
        session.execute(FLOOR_CHANGES.format(previous=previous))


def report(rounds: list[tuple[Seconds, Seconds]]) -> dict[str, Any]:
    """The line to print."""
    return {
        "name": "mapping and enrichment",
        "ratio": round(statistics.median(own.wall / hand.wall for own, hand in rounds), 2),
        "limit": LIMIT,
        "cpu_ratio": round(statistics.median(own.cpu / hand.cpu for own, hand in rounds), 2),
        "ours_seconds": round(statistics.median(own.wall for own, _ in rounds), 3),
        "floor_seconds": round(statistics.median(hand.wall for _, hand in rounds), 3),
    }


def main() -> None:
    """Prints one JSON line; exit code 1 above the limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, default=1_000_000)
    parser.add_argument("--model", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = DuckDBSettings.model_validate({"kind": "duckdb", "path": "benchmark.duckdb"})
        warehouse = settings.open(Path(folder))
        previous = prepare(warehouse, options.members, options.model)
        rounds: list[tuple[Seconds, Seconds]] = []
        for number in range(options.rounds + 1):
            now = START + timedelta(hours=number + 1)
            shift = (number + 1) * 2 * (options.members // 100)
            snapshot = load(warehouse, options.members, options.model, now, shift)
            hand, _ = timed(partial(floor, warehouse, snapshot, previous))
            own, published = timed(partial(ours, warehouse, snapshot, now))
            rounds.append((own, hand))
            previous = snapshot
    line = report(rounds[1:])
    line |= {"members": options.members, "model_rows": options.model, "mapped": published.mapped}
    line |= {"joined": published.joined, "left": published.left}
    print(json.dumps(line))
    raise SystemExit(line["ratio"] > LIMIT)


if __name__ == "__main__":
    main()
