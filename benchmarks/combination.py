"""An audience of ten segments: all of four, one of three, none of three, beside SQL by hand and beside pandas.

All three read the same published keys of a DuckDB file and find the same people of the model; a temporary table, or a
frame, is the end of it. By hand there are three queries, and the fastest one counts: semi and anti joins, set
operations, and one grouping of bits. Pandas reads the keys as frames first; what the reading takes is told apart.
All take turns, and the best round of each counts.

    python benchmarks/combination.py [--members 1000000] [--rounds 3]
"""

import argparse
import json
import math
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from remote_segments.membership.combination import Combined, Source
from remote_segments.membership.compile import Scope
from remote_segments.membership.expressions import Every, No, Some, Within
from remote_segments.membership.models import Model
from remote_segments.sync.store import ensure_store
from remote_segments.warehouses.base import Session
from remote_segments.warehouses.duckdb import DuckDBSettings

HAND_LIMIT = 1.25
PANDAS_LIMIT = 1 / 3

ALL, ANY, NONE = range(4), range(4, 7), range(7, 10)
NOW = datetime(2026, 11, 24, tzinfo=UTC)
EXPRESSION = Every(
    (
        *(Within(f"s{n}") for n in ALL),
        Some(tuple(Within(f"s{n}") for n in ANY)),
        No(tuple(Within(f"s{n}") for n in NONE)),
    )
)


def fill(session: Session, members: int) -> None:
    """Ten segments of so many members each, and a model of twice as many rows; neighbours overlap by half and more."""
    ensure_store(session)
    session.execute("CREATE SCHEMA crm")
    session.execute(f"CREATE TABLE crm.contacts AS SELECT range AS contact_id FROM range({2 * members})")
    for number in range(10):
        # A permutation of the model's rows, cut: neither sorted nor the same in any two segments.
        first, spread = number * members // 20, 7 if number in ALL else 11
        session.execute(
            "INSERT INTO segments.keys (segment, snapshot_id, member_no, key) "
            f"SELECT 's{number}', 'x{number}', range, CAST(range * {spread} % {2 * members - 1} AS VARCHAR) "
            f"FROM range({first}, {first + members})"
        )


def keys_of(number: int) -> str:
    """The published keys of a segment."""
    return f"(SELECT key FROM segments.keys WHERE segment = 's{number}' AND snapshot_id = 'x{number}')"


def joined() -> str:
    """By hand, with semi and anti joins."""
    several = " UNION ALL ".join(keys_of(n) for n in ANY)
    others = " UNION ALL ".join(keys_of(n) for n in NONE)
    semi = " ".join(f"SEMI JOIN {keys_of(n)} a{n} USING (key)" for n in ALL if n)
    found = (
        f"SELECT CAST(key AS BIGINT) AS contact_id FROM {keys_of(0)} k {semi} "
        f"SEMI JOIN ({several}) b USING (key) ANTI JOIN ({others}) c USING (key)"
    )
    return f"SELECT m.contact_id FROM crm.contacts m SEMI JOIN ({found}) f USING (contact_id)"


def operated() -> str:
    """By hand, with set operations."""
    every = " INTERSECT ".join(keys_of(n) for n in ALL)
    several = " UNION ALL ".join(keys_of(n) for n in ANY)
    others = " UNION ALL ".join(keys_of(n) for n in NONE)
    found = f"{every} INTERSECT ({several}) EXCEPT ({others})"
    return f"SELECT contact_id FROM crm.contacts WHERE contact_id IN (SELECT CAST(key AS BIGINT) FROM ({found}))"


def grouped() -> str:
    """By hand, with one grouping of bits, as the project does it."""
    every = " UNION ALL ".join(f"SELECT key, {1 << n} AS bit FROM {keys_of(n)} k" for n in range(10))
    bits = {name: sum(1 << n for n in numbers) for name, numbers in (("all", ALL), ("any", ANY), ("none", NONE))}
    found = (
        f"SELECT CAST(key AS BIGINT) AS contact_id FROM ({every}) e GROUP BY key "
        f"HAVING bit_or(bit) & {bits['all']} = {bits['all']} AND bit_or(bit) & {bits['any']} <> 0 "
        f"AND bit_or(bit) & {bits['none']} = 0"
    )
    return f"SELECT m.contact_id FROM crm.contacts m SEMI JOIN ({found}) f USING (contact_id)"


def ours(session: Session) -> int:
    """What a refresh does to find the members, compiled anew each time."""
    scope = Scope(session.dialect, session.schema, "audience")
    found = session.expose(table="crm.contacts")
    model = Model(found.schema, found.name, found.columns, ("contact_id",))
    sources: dict[str, Source | None] = {f"s{n}": Source(f"x{n}", 1) for n in range(10)}
    asked = Combined(scope, EXPRESSION, "contacts", {"contacts": model}, sources, NOW)
    return session.stage("ours", scope.sql(asked.members()))


def in_pandas(session: Session, told: dict[str, float]) -> int:
    """The same with frames."""
    began = time.perf_counter()
    keys: list[Any] = [session.frame(f"SELECT key FROM {keys_of(n)}")["key"].astype(object) for n in range(10)]
    model = session.frame("SELECT CAST(contact_id AS VARCHAR) AS key FROM crm.contacts")["key"].astype(object)
    told["reading"] = time.perf_counter() - began
    found = keys[0]
    for n in list(ALL)[1:]:
        found = found[found.isin(keys[n])]
    any_of = found.isin(keys[ANY[0]])
    for n in list(ANY)[1:]:
        any_of |= found.isin(keys[n])
    found = found[any_of]
    for n in NONE:
        found = found[~found.isin(keys[n])]
    return int(found.isin(model).sum())


@dataclass
class Side:
    """One way to do it: its best wall and CPU seconds so far, and how many people it found."""

    act: Callable[[], int]
    wall: float = math.inf
    cpu: float = math.inf
    found: int = 0

    def turn(self) -> None:
        """Does it once."""
        wall, cpu = time.perf_counter(), time.process_time()
        self.found = self.act()
        self.wall = min(self.wall, time.perf_counter() - wall)
        self.cpu = min(self.cpu, time.process_time() - cpu)


def report(name: str, value: float, limit: float, **more: object) -> bool:
    """Prints one measure; says whether it is within its limit."""
    print(json.dumps({"name": name, "ratio": round(value, 3), "limit": round(limit, 3), **more}), flush=True)
    return value <= limit


def main() -> None:
    """Measures and prints both ratios."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--members", type=int, default=1_000_000)
    arguments.add_argument("--rounds", type=int, default=3)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        warehouse = DuckDBSettings(kind="duckdb", path=Path(folder) / "warehouse.duckdb").open(Path(folder))
        with warehouse.write() as session:
            fill(session, given.members)
        told: dict[str, float] = {}
        with warehouse.read() as session:
            hand = {"joins": joined(), "sets": operated(), "bits": grouped()}
            sides = {name: Side(partial(session.stage, "hand", sql)) for name, sql in hand.items()}
            sides["ours"] = Side(lambda: ours(session))
            for _ in range(given.rounds):
                for side in sides.values():
                    side.turn()
            sides["pandas"] = Side(lambda: in_pandas(session, told))
            sides["pandas"].turn()
    counts = {name: side.found for name, side in sides.items()}
    if len(set(counts.values())) != 1 or not counts["ours"]:
        raise SystemExit(f"they do not find the same people: {counts}")
    good = True
    for key in ("wall", "cpu"):
        seconds = {name: round(getattr(side, key), 3) for name, side in sides.items()}
        floor = min(seconds[name] for name in hand)
        more = {"members": given.members, "found": counts["ours"], **seconds}
        good &= report(f"combination by hand {key}", seconds["ours"] / floor, HAND_LIMIT, **more)
    frames = {"pandas": round(sides["pandas"].wall, 3), "of that reading": round(told["reading"], 3)}
    good &= report("combination in pandas wall", sides["ours"].wall / sides["pandas"].wall, PANDAS_LIMIT, **frames)
    if not good:
        raise SystemExit("a limit is exceeded")


if __name__ == "__main__":
    main()
