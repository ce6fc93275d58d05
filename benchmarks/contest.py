"""Two ways to handle the same members, in turns: ours, and the leanest loop that a person would write by hand.

Each measurement is a fresh process and a fresh folder, and 1,000 members are handled before the clock starts: imports
and first connections are not compared. Times are in seconds, memory in megabytes.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

MEMORY_LIMIT = 300
WARM_UP = 1_000

Side = Callable[[Path, int], int]
"""Fetches or sends so many members with a project in a folder; returns how many these were."""


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    members: int
    rounds: int
    large: int | None = None
    """Members of one more measurement of ours, for its memory alone."""


@dataclass(frozen=True)
class Contest:
    """What is compared, and what ours may take of what the floor takes."""

    name: str
    script: str
    project: Callable[[Path, str, list[int]], None]
    """Writes a project with one segment for each size."""
    ours: Side
    lean: Side
    platform: Callable[[list[int]], AbstractContextManager[str]]
    """Serves segments of these sizes; gives the server's address."""
    limit: float
    quick: Plan
    full: Plan
    judged: tuple[str, ...] = ("cpu", "wall")
    """Times that the limit is for; of the others only the seconds are told."""

    def main(self, description: str) -> None:
        """Reads the arguments and runs the benchmark, or one of its processes."""
        arguments = argparse.ArgumentParser(
            description=description, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        arguments.add_argument("--quick", action="store_true", help="fewer members")
        arguments.add_argument("--side", choices=["ours", "lean"], help=argparse.SUPPRESS)
        arguments.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
        arguments.add_argument("--members", type=int, help=argparse.SUPPRESS)
        given = arguments.parse_args()
        if given.side:
            _measure({"ours": self.ours, "lean": self.lean}[given.side], given.folder, given.members)
        elif not self._compare(self.quick if given.quick else self.full):
            raise SystemExit("a limit is exceeded")

    def _compare(self, plan: Plan) -> bool:
        """Measures and prints everything; says whether all limits hold."""
        with self.platform([WARM_UP, plan.members, *([plan.large] if plan.large else [])]) as url:
            runs: dict[str, list[dict[str, float]]] = {"lean": [], "ours": []}
            for _ in range(plan.rounds):
                for side, found in runs.items():
                    found.append(self._measured(side, url, plan.members))
            peaks = {plan.members: max(run["peak"] for run in runs["ours"])}
            if plan.large is not None:
                large = self._measured("ours", url, plan.large)
                peaks[plan.large] = large["peak"]
                found_wall = {"members": plan.large, "ours": round(large["wall"], 1)}
                print(json.dumps({"name": f"{self.name} wall", **found_wall}), flush=True)
        best = {side: {key: min(run[key] for run in found) for key in found[0]} for side, found in runs.items()}
        good = True
        for key in ("cpu", "wall"):
            seconds = {side: round(found[key], 3) for side, found in best.items()}
            if key not in self.judged:
                print(json.dumps({"name": f"{self.name} {key}", "members": plan.members, **seconds}), flush=True)
                continue
            ratio = best["ours"][key] / best["lean"][key]
            good &= _report(f"{self.name} {key}", ratio, self.limit, members=plan.members, **seconds)
        for members, peak in peaks.items():
            text = {"members": members, "megabytes": round(peak), "limit_megabytes": MEMORY_LIMIT}
            good &= _report(f"{self.name} peak memory", peak / MEMORY_LIMIT, 1.0, **text)
        return good

    def _measured(self, side: str, url: str, size: int) -> dict[str, float]:
        """Measures one side in a fresh process and a fresh folder."""
        with tempfile.TemporaryDirectory() as scratch:
            self.project(Path(scratch), url, [WARM_UP, size])
            command = [sys.executable, self.script, "--side", side, "--folder", scratch, "--members", str(size)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
        found: dict[str, float] = json.loads(done.stdout)
        if found["members"] != size:
            raise SystemExit(f"{side} handled {found['members']} of {size} members")
        return found


def _measure(side: Side, folder: Path, size: int) -> None:
    """Runs one side once, after a warm-up, and prints what it took."""
    side(folder, WARM_UP)
    wall, cpu = time.perf_counter(), time.process_time()
    members = side(folder, size)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(json.dumps({"members": members, "wall": wall, "cpu": cpu, "peak": peak_megabytes()}))


def peak_megabytes() -> float:
    """The most memory this program held; the peak of `getrusage` would begin with that of who started it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


def _report(name: str, value: float, limit: float, **more: object) -> bool:
    """Prints one measure; says whether it is within its limit."""
    print(json.dumps({"name": name, "ratio": round(value, 3), "limit": limit, **more}), flush=True)
    return value <= limit


def load(folder: Path, names: list[str], spool: Path) -> None:
    """Loads what the leanest loop spooled into a table, with one statement."""
    import duckdb

    with duckdb.connect(str(folder / "lean.duckdb")) as connection:
        columns = ", ".join(f"{name} VARCHAR" for name in ["segment", "snapshot_id", *names])
        connection.execute(f"CREATE TABLE IF NOT EXISTS members ({columns}, member_no BIGINT)")
        source = f"SELECT 'big', 'now', {', '.join(names)}, member_no FROM read_parquet('{spool}')"
        connection.execute(f"INSERT INTO members {source}")
    spool.unlink()


def fetched(folder: Path, size: int) -> int:
    """The fetch of this project: proof, spool, lock, one transaction, the row of `snapshots`."""
    from datetime import UTC, datetime

    from remote_segments.config.loader import load_project
    from remote_segments.sync.fetch import fetch

    row = fetch(load_project(folder), f"big_{size}", partition_key="now", run_id=None, now=datetime.now(UTC))
    return row.fetched or 0
