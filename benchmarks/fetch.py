"""Fetching a million members: ours against the leanest loop that a person would write by hand, in one run.

    python benchmarks/fetch.py            prints one JSON line per measure, and fails when a limit is exceeded
    python benchmarks/fetch.py --quick    300,000 members, three rounds, no 10,000,000

The platform is the bundled simulator, in a process of its own, on 1,000 pages of 1,000 members. Each measurement is a
fresh process, and the two sides take turns, so that a busy machine slows both. Both sides fetch 1,000 members before
the clock starts: imports and first connections are not compared. Times are in seconds, memory in megabytes.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

LIMIT = 1.25
MEMORY_LIMIT = 300
ROUNDS = 5
LIST = "a1b2c3d4e5"


def project(folder: Path, url: str, sizes: list[int]) -> None:
    """Writes a project with one segment for each size."""
    (folder / "segments").mkdir()
    (folder / "key").write_text("k")
    (folder / "project.yaml").write_text(f"""
version: 1
start: 2026-11-01
warehouse: {{kind: duckdb, path: warehouse.duckdb}}
connections:
  mailchimp: {{platform: mailchimp, api_key: {{file: key}}, data_center: us1, base_url: {url}/mailchimp/3.0}}
models:
  contacts: {{table: analytics.contacts, key: contact_id}}
""")
    for size in sizes:
        (folder / "segments" / f"big_{size}.yaml").write_text(f"""
model: contacts
source: {{connection: mailchimp, list_id: {LIST}, segment_id: big-{size}}}
identifiers: [{{email: email}}]
refresh_frequency: 1 day
""")


def ours(folder: Path, size: int) -> int:
    """The fetch of this project: strict pages, proof, spool, lock, one transaction, the row of `snapshots`."""
    from remote_segments.config.loader import load_project
    from remote_segments.sync.fetch import fetch

    loaded = load_project(folder)
    row = fetch(loaded, f"big_{size}", partition_key="now", run_id=None, now=datetime.now(UTC))
    return row.fetched or 0


def lean(folder: Path, size: int) -> int:
    """The leanest loop: httpx, msgspec, Parquet, one DuckDB load; nothing is checked, nothing survives an error."""
    import duckdb
    import httpx
    import msgspec
    import pyarrow as pa
    import pyarrow.parquet as pq

    class Member(msgspec.Struct, gc=False):
        id: str
        email_address: str
        unique_email_id: str

    class Page(msgspec.Struct, gc=False):
        members: list[Member]
        total_items: int

    names = ["id", "email_address", "unique_email_id"]
    schema = pa.schema([("member_no", pa.int64()), *((name, pa.string()) for name in names)])
    decode = msgspec.json.Decoder(Page).decode
    url = (folder / "project.yaml").read_text().split("base_url: ")[1].split("}")[0]
    fields = "members.id,members.email_address,members.unique_email_id,total_items"
    address = f"{url}/lists/{LIST}/segments/big-{size}/members?count=1000&fields={fields}&offset="
    spool, total, read, held = folder / "lean.parquet", 1, 0, []
    with (
        httpx.Client(auth=("x", "k"), timeout=60) as client,
        pq.ParquetWriter(spool, schema, use_dictionary=False, write_statistics=False) as writer,
    ):
        while read < total:
            page = decode(client.get(address + str(read)).content)
            members, count = page.members, len(page.members)
            numbers = pa.array(range(read + 1, read + count + 1), pa.int64())
            ids = pa.array([member.id for member in members], pa.string())
            emails = pa.array([member.email_address for member in members], pa.string())
            others = pa.array([member.unique_email_id for member in members], pa.string())
            held.append(pa.record_batch([numbers, ids, emails, others], schema=schema))
            read, total = read + count, page.total_items
            if len(held) == 20 or read >= total:
                writer.write_table(pa.Table.from_batches(held))
                held = []
    with duckdb.connect(str(folder / "lean.duckdb")) as connection:
        columns = ", ".join(f"{name} VARCHAR" for name in ["segment", "snapshot_id", *names])
        connection.execute(f"CREATE TABLE IF NOT EXISTS members ({columns}, member_no BIGINT)")
        source = f"SELECT 'big', 'now', {', '.join(names)}, member_no FROM read_parquet('{spool}')"
        connection.execute(f"INSERT INTO members {source}")
    spool.unlink()
    return read


def measure(side: str, folder: Path, size: int) -> None:
    """Runs one side once, after a warm-up, and prints what it took."""
    run = {"ours": ours, "lean": lean}[side]
    run(folder, 1_000)
    wall, cpu = time.perf_counter(), time.process_time()
    members = run(folder, size)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(json.dumps({"members": members, "wall": wall, "cpu": cpu, "peak": peak_megabytes()}))


def peak_megabytes() -> float:
    """The most memory this program held; the peak of `getrusage` would begin with that of who started it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


def measured(side: str, url: str, size: int) -> dict[str, float]:
    """Measures one side in a fresh process and a fresh folder."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        project(folder, url, [1_000, size])
        command = [sys.executable, __file__, "--side", side, "--folder", scratch, "--members", str(size)]
        found: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    if found["members"] != size:
        raise SystemExit(f"{side} fetched {found['members']} of {size} members")
    return found


@contextmanager
def simulator() -> Iterator[str]:
    """A simulator in a process of its own; gives its address."""
    command = [sys.executable, "-m", "remote_segments.simulator", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def report(name: str, value: float, limit: float, **more: Any) -> bool:
    """Prints one measure; says whether it is within its limit."""
    print(json.dumps({"name": name, "ratio": round(value, 3), "limit": limit, **more}), flush=True)
    return value <= limit


def benchmark(size: int, rounds: int, large: int | None) -> bool:
    """Measures and prints everything; says whether all limits hold."""
    with simulator() as url:
        runs: dict[str, list[dict[str, float]]] = {"lean": [], "ours": []}
        for _ in range(rounds):
            for side, found in runs.items():
                found.append(measured(side, url, size))
        best = {side: {key: min(run[key] for run in found) for key in found[0]} for side, found in runs.items()}
        good = True
        for key in ("cpu", "wall"):
            seconds = {side: round(found[key], 3) for side, found in best.items()}
            good &= report(f"fetch {key}", best["ours"][key] / best["lean"][key], LIMIT, members=size, **seconds)
        peaks = {size: max(run["peak"] for run in runs["ours"])}
        if large is not None:
            peaks[large] = measured("ours", url, large)["peak"]
        for members, peak in peaks.items():
            text = {"members": members, "megabytes": round(peak), "limit_megabytes": MEMORY_LIMIT}
            good &= report("fetch peak memory", peak / MEMORY_LIMIT, 1.0, **text)
    return good


def main() -> None:
    """Reads the arguments and runs the benchmark, or one of its processes."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--quick", action="store_true", help="300,000 members, three rounds")
    arguments.add_argument("--side", choices=["ours", "lean"], help=argparse.SUPPRESS)
    arguments.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments.add_argument("--members", type=int, default=1_000_000, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.side:
        measure(given.side, given.folder, given.members)
    elif not (benchmark(300_000, 3, None) if given.quick else benchmark(1_000_000, ROUNDS, 10_000_000)):
        raise SystemExit("a limit is exceeded")


if __name__ == "__main__":
    main()
