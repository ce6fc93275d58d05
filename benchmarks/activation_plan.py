"""Planning a send of 1,000,000 people (10,000,000 with --people) against what is known of them, beside one outer join.

The floor is what a person would write in DuckDB: one `CREATE TABLE AS` of a full outer join of the segment's keys, with
the model's address normalised by `lower(trim())`, and of what was sent, filtered to what differs. Ours is the whole
plan: reading the model, addresses as they go out, every action and reason counted, the guards,
the plan's id, a sample. One in a hundred people is new, one in a hundred left. One warm-up of each, then the two take
turns, each in a session of its own; the ratio is that of the medians of wall time.

    python benchmarks/activation_plan.py [--people 1000000] [--rounds 5]
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from remote_segments.config.loader import load_project
from remote_segments.config.project import Project
from remote_segments.sync.activation.planning import Plan, plan
from remote_segments.sync.activation.terms import terms_of
from remote_segments.sync.snapshots import Snapshot, insert
from remote_segments.sync.store import ensure_store

LIMIT = 1.5
NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)

PROJECT = """\
version: 1
start: 2026-11-01
warehouse: {kind: duckdb, path: benchmark.duckdb}
connections:
  warehouse: {platform: warehouse}
  drop: {platform: files, url: drop}
models:
  contacts: {table: crm.contacts, key: contact_id}
"""

SEGMENT = """\
model: contacts
source: {connection: warehouse, table: crm.contacts}
identifiers: [{contact_id: contact_id}]
refresh_frequency: 1 hour
"""

ACTIVATION = """\
segment: vip
destination: {connection: drop, path: vip.csv}
identifiers: [email]
"""

MODEL = """
CREATE TABLE crm.contacts AS SELECT i AS contact_id, 'person' || i || '@example' || (i % 50) || '.com' AS email,
  'First' || (i % 5000) AS first_name, i % 90 AS age, i % 2 = 0 AS consent FROM range({rows}) t (i)
"""

KEYS = """
SELECT 'vip' AS segment, 'now' AS snapshot_id, i AS member_no, i::VARCHAR AS key, NULL AS key_2, NULL AS key_3,
  'contact_id' AS matched, CAST(NULL AS TIMESTAMPTZ) AS joined_at FROM range({first}, {last}) t (i)
"""

RECIPIENTS = """
SELECT 'out' AS activation, '{destination}' AS destination, i::VARCHAR AS key,
  '{{"email":"person' || i || '@example' || (i % 50) || '.com"}}' AS identifiers, 'yes' AS present, 'add' AS verb,
  'accepted' AS outcome, 0 AS permanent, 0 AS attempts FROM range({last}) t (i)
"""

FLOOR = """
CREATE OR REPLACE TEMPORARY TABLE floor AS
SELECT coalesce(a.key, b.key) AS key, a.email, b.identifiers,
  CASE WHEN b.key IS NULL THEN 'add' WHEN a.key IS NULL THEN 'remove' ELSE 'update' END AS action
FROM (SELECT k.key, '{{"email":"' || lower(trim(m.email)) || '"}}' AS email FROM segments.keys k
  JOIN crm.contacts m ON m.contact_id = k.key::BIGINT WHERE k.segment = 'vip' AND k.snapshot_id = 'now') a
FULL OUTER JOIN (SELECT key, identifiers FROM segments.recipients WHERE activation = 'out'
  AND destination = '{destination}') b ON a.key = b.key
WHERE a.key IS NULL OR b.key IS NULL OR a.email <> b.identifiers
"""


def prepare(folder: Path, people: int) -> tuple[Project, str]:
    """Writes a project, its model, a published segment and what was sent of the one before; returns the destination."""
    for name, text in (("project", PROJECT), ("segments/vip", SEGMENT), ("activations/out", ACTIVATION)):
        file = folder / f"{name}.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    project = load_project(folder)
    destination = terms_of(project, "out").destination
    moved = people // 100
    with project.open_warehouse().write() as session:
        ensure_store(session)
        session.execute("CREATE SCHEMA crm")
        session.execute(MODEL.format(rows=people + moved))
        columns = ["segment", "snapshot_id", "member_no", "key", "key_2", "key_3", "matched", "joined_at"]
        session.insert("keys", columns, KEYS.format(first=moved, last=people + moved))
        columns = ["activation", "destination", "key", "identifiers", "present", "verb", "outcome", "permanent",
                   "attempts"]  # fmt: skip
        session.insert("recipients", columns, RECIPIENTS.format(last=people, destination=destination))
        row = Snapshot(segment="vip", snapshot_id="now", state="published", effective_at=NOW, fetched_at=NOW,
                       mapped=people, fetched=people, generation=1, key_columns="contact_id")  # fmt: skip
        insert(session, row)
    return project, destination


def timed(act: Callable[[], Any]) -> tuple[tuple[float, float], Any]:
    """Runs something; returns its seconds by the clock on the wall and those of the processor, and its result."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = act()
    return (time.perf_counter() - wall, time.process_time() - cpu), result


def floor(project: Project, destination: str) -> int:
    """Runs the hand-written statement; returns the rows that differ."""
    with project.open_warehouse().write() as session:
        session.execute(FLOOR.format(destination=destination))
        return int(session.rows("SELECT count(*) FROM floor")[0][0])


def main() -> None:
    """Prints one JSON line; exit code 1 above the limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project, destination = prepare(Path(folder), options.people)
        rounds: list[tuple[tuple[float, float], tuple[float, float]]] = []
        for _ in range(options.rounds + 1):
            hand, differing = timed(partial(floor, project, destination))
            own, made = timed(partial(plan, project, "out", NOW))
            rounds.append((own, hand))
    found: Plan = made
    if found.counts["adds"] + found.counts["removes"] != differing:
        raise SystemExit("the two do not agree")
    line = {
        "name": "plan of an activation",
        "ratio": round(statistics.median(own / hand for (own, _), (hand, _) in rounds[1:]), 2),
        "limit": LIMIT,
        "processor_ratio": round(statistics.median(own / hand for (_, own), (_, hand) in rounds[1:]), 2),
        "ours_seconds": round(statistics.median(own for (own, _), _ in rounds[1:]), 3),
        "floor_seconds": round(statistics.median(hand for _, (hand, _) in rounds[1:]), 3),
        "people": options.people,
        "adds": found.counts["adds"],
        "removes": found.counts["removes"],
    }
    print(json.dumps(line))
    raise SystemExit(float(str(line["ratio"])) > LIMIT)


if __name__ == "__main__":
    main()
