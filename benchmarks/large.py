"""10,000,000 fetched ids mapped, enriched and compared with the refresh before, against 20,000,000 rows of 20 columns.

The same work as mapping.py at ten times its size, beside the same floor written by hand: one `CREATE TABLE AS` join and
one full outer join. Each side runs in a process of its own on the same file, one after the other, so that its peak
memory is its own; the ratio is that of the medians of wall time. Before the clock starts, both sides do the same with
1,000 members: imports, and statements that are compiled for the first time, are not compared.

    python benchmarks/large.py [--members 10000000] [--model 20000000] [--rounds 1]
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from mapping import START, floor, load, ours, prepare

from remote_segments.warehouses.duckdb import DuckDBSettings, DuckDBWarehouse

LIMIT = 1.25
WARM_UP = 1_000
MEMORY_LIMIT = 3000
"""Megabytes that our side may hold at most."""


def opened(folder: Path) -> DuckDBWarehouse:
    """The DuckDB file of this run."""
    return DuckDBSettings.model_validate({"kind": "duckdb", "path": "large.duckdb"}).open(folder)


def warm_up() -> None:
    """Runs both sides once on few members, in a file of its own."""
    with tempfile.TemporaryDirectory() as folder:
        warehouse = opened(Path(folder))
        previous, now = prepare(warehouse, WARM_UP, 2 * WARM_UP), START + timedelta(hours=1)
        snapshot = load(warehouse, WARM_UP, 2 * WARM_UP, now, shift=2 * (WARM_UP // 100))
        floor(warehouse, snapshot, previous)
        ours(warehouse, snapshot, now)


def side(name: str, folder: Path, snapshot: str, previous: str, now: datetime) -> dict[str, Any]:
    """Runs one side in this process; returns its seconds and its peak memory."""
    warm_up()
    warehouse = opened(folder)
    began, cpu = time.perf_counter(), time.process_time()
    if name == "ours":
        published = ours(warehouse, snapshot, now)
        found = {"mapped": published.mapped, "joined": published.joined, "left": published.left}
    else:
        floor(warehouse, snapshot, previous)
        found = {}
    return found | {
        "wall": time.perf_counter() - began,
        "cpu": time.process_time() - cpu,
        "megabytes": _peak_megabytes(),
    }


def _peak_megabytes() -> float:
    """Resident memory of this process at its highest; not by `getrusage`, which inherits that of the starter."""
    text = Path("/proc/self/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("VmHWM:")) / 1024


def in_a_process(*arguments: str) -> dict[str, Any]:
    """Runs one side in a new process."""
    command = [sys.executable, __file__, "--side", *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> None:
    """Prints one JSON line per measure; exit code 1 above a limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, default=10_000_000)
    parser.add_argument("--model", type=int, default=20_000_000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--side", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        name, folder, snapshot, previous, now = options.side
        print(json.dumps(side(name, Path(folder), snapshot, previous, datetime.fromisoformat(now))))
        return
    own, hand = [], []
    with tempfile.TemporaryDirectory() as folder:
        warehouse = opened(Path(folder))
        previous = prepare(warehouse, options.members, options.model)
        for number in range(options.rounds):
            now = START + timedelta(hours=number + 1)
            snapshot = load(warehouse, options.members, options.model, now, (number + 1) * 2 * (options.members // 100))
            place = (folder, snapshot, previous, now.isoformat())
            hand.append(in_a_process("floor", *place))
            own.append(in_a_process("ours", *place))
            previous = snapshot
    wall = [statistics.median(one["wall"] for one in each) for each in (own, hand)]
    cpu = [statistics.median(one["cpu"] for one in each) for each in (own, hand)]
    line = {
        "name": "large refresh",
        "ratio": round(wall[0] / wall[1], 2),
        "limit": LIMIT,
        "cpu_ratio": round(cpu[0] / cpu[1], 2),
        "ours_seconds": round(wall[0], 2),
        "floor_seconds": round(wall[1], 2),
        "members": options.members,
        "model_rows": options.model,
        **{name: own[-1][name] for name in ("mapped", "joined", "left")},
    }
    peak = max(one["megabytes"] for one in own)
    memory = {
        "name": "large refresh, peak memory",
        "ratio": round(peak / MEMORY_LIMIT, 2),
        "limit": 1,
        "megabytes": round(peak),
        "floor_megabytes": round(max(one["megabytes"] for one in hand)),
    }
    print(json.dumps(line))
    print(json.dumps(memory))
    raise SystemExit(line["ratio"] > LIMIT or memory["ratio"] > 1)


if __name__ == "__main__":
    main()
