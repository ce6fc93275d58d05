"""The overlap of 100 segments of 100,000 members, 4,950 pairs, beside five ways of writing it by hand.

Each way reads the same table of keys in the same file, in a connection of its own, and gives the same 4,950 numbers,
which is checked. What counts is the best of them: the ratio is that of the best rounds. Wall time.

    python benchmarks/overlap.py [--segments 100] [--members 100000] [--people 1000000] [--rounds 3]
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from remote_segments.config.loader import load_project
from remote_segments.config.project import Project
from remote_segments.sync.analysis import overlap
from remote_segments.sync.snapshots import Snapshot, insert
from remote_segments.sync.store import ensure_store

LIMIT = 2.0

PROJECT = """\
version: 1
start: 2026-11-01
warehouse: {kind: duckdb, path: warehouse.duckdb}
connections:
  klaviyo: {platform: klaviyo, api_key: {env: KEY}}
models:
  contacts: {table: analytics.contacts, key: contact_id}
"""

SEGMENT = """\
model: contacts
source: {connection: klaviyo, segment_id: NUMBER}
identifiers: [{email: email}]
refresh_frequency: 1 day at 06:30
"""

Pairs = dict[tuple[int, int], int]


def write(folder: Path, segments: int, members: int, people: int) -> Project:
    """A project whose segments are random people, each with a snapshot that no longer counts beside its own."""
    (folder / "segments").mkdir()
    (folder / "project.yaml").write_text(PROJECT)
    for number in range(segments):
        (folder / "segments" / f"s{number:03}.yaml").write_text(SEGMENT.replace("NUMBER", f"S{number}"))
    project = load_project(folder)
    with project.open_warehouse().write() as session:
        ensure_store(session)
        for number in range(segments):
            for day in (1, 2):
                at = datetime(2026, 11, day, tzinfo=UTC)
                row = Snapshot(
                    segment=f"s{number:03}", snapshot_id=f"day-{day}", members_id=f"day-{day}", state="published",
                    generation=1, kind="fetch", model="contacts", key_columns="contact_id", fetched_at=at,
                    effective_at=at, mapped=members,
                )  # fmt: skip
                insert(session, row)
                session.execute(
                    "INSERT INTO segments.keys (segment, snapshot_id, member_no, key, matched) "
                    f"SELECT 's{number:03}', 'day-{day}', i, "
                    f"CAST(1000000 + (i * {people // members} + (hash(i + {number * 7919 + day}) % "
                    f"{people // members})) % {people} AS VARCHAR), 'email' FROM range({members}) t(i)"
                )
    return project


CHOSEN = "SELECT key, CAST(substr(segment, 2) AS BIGINT) AS n FROM segments.keys WHERE snapshot_id = 'day-2'"


def joined(connection: Any, _: int) -> Pairs:
    """The keys joined with themselves, grouped by pair."""
    rows = connection.execute(
        f"WITH k AS ({CHOSEN}) SELECT a.n, b.n, count(*) FROM k a JOIN k b ON a.key = b.key AND a.n < b.n GROUP BY 1, 2"
    ).fetchall()
    return {(a, b): count for a, b, count in rows}


def lists(connection: Any, _: int) -> Pairs:
    """The segments of each person as a list, equal lists counted together, then unfolded twice."""
    rows = connection.execute(
        f"WITH k AS ({CHOSEN}), p AS (SELECT list(n ORDER BY n) AS l FROM k GROUP BY key), "
        "q AS (SELECT l, count(*) AS c FROM p GROUP BY l), e AS (SELECT l, c, unnest(l) AS a FROM q) "
        "SELECT a, b, sum(c) FROM (SELECT a, unnest(l) AS b, c FROM e) WHERE a < b GROUP BY 1, 2"
    ).fetchall()
    return {(a, b): int(count) for a, b, count in rows}


def strings_of_bits(connection: Any, _: int) -> Pairs:
    """People numbered, one string of bits per segment, 4,950 ANDs of them in one statement."""
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE k AS SELECT n, dense_rank() OVER (ORDER BY key) - 1 AS id FROM ({CHOSEN})"
    )
    ((most,),) = connection.execute("SELECT max(id) FROM k").fetchall()
    rows = connection.execute(
        f"WITH b AS MATERIALIZED (SELECT n, bitstring_agg(id, 0, {most}) AS s FROM k GROUP BY n) "
        "SELECT a.n, b.n, bit_count(a.s & b.s) FROM b a JOIN b ON a.n < b.n"
    ).fetchall()
    return {(a, b): count for a, b, count in rows if count}


def packed(connection: Any, segments: int) -> Pairs:
    """People numbered by the engine, one row of packed bits per segment in numpy, ANDed two by two."""
    table = connection.execute(
        f"WITH k AS ({CHOSEN}), d AS (SELECT key, row_number() OVER () - 1 AS id FROM (SELECT DISTINCT key FROM k)) "
        "SELECT CAST(n AS INTEGER) AS n, CAST(id AS INTEGER) AS id FROM k JOIN d USING (key)"
    ).fetchnumpy()
    members = np.zeros((segments, int(table["id"].max()) + 1), dtype=bool)
    members[table["n"], table["id"]] = True
    bits = np.packbits(members, axis=1)
    words = np.pad(bits, ((0, 0), (0, -bits.shape[1] % 8))).view(np.uint64)
    return {
        (a, b): count
        for a in range(segments)
        for b in range(a + 1, segments)
        if (count := int(np.bitwise_count(words[a] & words[b]).sum()))
    }


def patterns(connection: Any, segments: int) -> Pairs:
    """What we do, by hand: the segments of each person as bits of whole numbers, counted, then one matrix product."""
    names = [f"w{number}" for number in range(-(-segments // 60))]
    sums = ", ".join(
        f"coalesce(bit_or(1::BIGINT << CAST(n % 60 AS INTEGER)) FILTER (WHERE n // 60 = {number}), 0) AS {name}"
        for number, name in enumerate(names)
    )
    table = connection.execute(
        f"WITH k AS ({CHOSEN}), p AS (SELECT {sums} FROM k GROUP BY key) "
        f"SELECT {', '.join(names)}, count(*) AS c FROM p GROUP BY {', '.join(names)}"
    ).fetchnumpy()
    total = np.zeros((60 * len(names), 60 * len(names)))
    for start in range(0, len(table["c"]), 1 << 16):
        part = slice(start, start + (1 << 16))
        bits = np.concatenate([(table[name][part, None] >> np.arange(60)) & 1 for name in names], axis=1)
        exact = bits.astype(np.float32)
        total += exact.T @ (exact * table["c"][part, None].astype(np.float32))
    return {(a, b): int(total[a, b]) for a in range(segments) for b in range(a + 1, segments) if total[a, b]}


WAYS: tuple[Callable[[Any, int], Pairs], ...] = (joined, lists, strings_of_bits, packed, patterns)


def ours(project: Project) -> Pairs:
    """The function that a user calls; its frame as a mapping, outside the clock."""
    frame = overlap(project)
    return {
        (int(one[1:]), int(other[1:])): int(both)
        for one, other, both in zip(frame.segment, frame.other, frame.both, strict=True)
        if both
    }


def main() -> None:
    """Measures, prints one JSON line, fails above the limit."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--segments", type=int, default=100)
    parser.add_argument("--members", type=int, default=100_000)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    seconds: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        project = write(Path(scratch), options.segments, options.members, options.people)
        ours(project)  # imports and compiled statements are not compared
        for _ in range(options.rounds):
            start = time.perf_counter()
            overlap(project)
            seconds.setdefault("ours", []).append(time.perf_counter() - start)
            expected = ours(project)
            for way in WAYS:
                with duckdb.connect(str(Path(scratch) / "warehouse.duckdb"), read_only=True) as connection:
                    start = time.perf_counter()
                    found = way(connection, options.segments)
                    seconds.setdefault(way.__name__, []).append(time.perf_counter() - start)
                assert found == expected, way.__name__
    best = {name: round(min(times), 2) for name, times in seconds.items()}
    by_hand = min((way.__name__ for way in WAYS), key=lambda name: best[name])
    ratio = round(best["ours"] / best[by_hand], 2)
    pairs = options.segments * (options.segments - 1) // 2
    line = {"name": f"overlap of {pairs:,} pairs", "ratio": ratio, "limit": LIMIT, "best by hand": by_hand, **best}
    print(json.dumps(line))
    if ratio > LIMIT:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
