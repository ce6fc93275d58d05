"""Fetching an export of ten million members, a zip of JSON lines, against the leanest loop written by hand, in one run.

    python benchmarks/export.py            prints one JSON line per measure, and fails when a limit is exceeded
    python benchmarks/export.py --quick    1,000,000 members only

The platform is a server of this script, in the parent process: it takes a submission, answers 403 once for a file that
is not ready, then sends an archive of one file for each 5,000 members, as Braze does. Each measurement is a fresh
process that has fetched 1,000 members before the clock starts. Times are in seconds, memory in megabytes.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

LIMIT = 1.5
MEMORY_LIMIT = 300
ROUNDS = 3
PEOPLE_PER_FILE = 5_000

MANIFEST = """
name: exporter
title: Exporter
docs: {}
api_version: "1"
checked: 2026-11-24
proof: documented
base_url: http://127.0.0.1:9
connection: {secrets: {key: The key.}}
key_help: None is needed.
auth: {kind: bearer, secret: key}
limits: {}
sources:
  segment:
    title: Segment
    ids: segment_id
    ids_help: The number of its members.
    identifiers:
      id: {path: braze_id}
      external_id: {path: external_id, absent: "null"}
      email: {path: email, kind: email, absent: "null"}
    primary: id
    describe: {path: "/segments/{segment_id}", name: name}
    members:
      kind: export
      job: {submit: {method: POST, path: "/exports/{segment_id}"}}
      download: {kind: links, at: url, not_ready: [403, 404], every: 0.02, deadline: 60}
      format: {kind: ndjson}
      compression: zip
      end: archive
"""


def project(folder: Path, url: str, sizes: list[int]) -> None:
    """Writes a project with one segment for each size."""
    (folder / "segments").mkdir()
    (folder / "platforms").mkdir()
    (folder / "key").write_text("k")
    (folder / "url").write_text(url)
    (folder / "platforms" / "exporter.yaml").write_text(MANIFEST)
    (folder / "project.yaml").write_text(f"""
version: 1
start: 2026-11-01
warehouse: {{kind: duckdb, path: warehouse.duckdb}}
connections: {{exporter: {{platform: exporter, key: {{file: key}}, base_url: "{url}"}}}}
models:
  contacts: {{table: analytics.contacts, key: contact_id}}
""")
    for size in sizes:
        (folder / "segments" / f"big_{size}.yaml").write_text(f"""
model: contacts
source: {{connection: exporter, segment_id: {size}}}
identifiers: [{{email: email}}]
refresh_frequency: 1 day
""")


def ours(folder: Path, size: int) -> int:
    """The fetch of this project: job, download, every check sum, repeats, proof, spool, one transaction."""
    from remote_segments.config.loader import load_project
    from remote_segments.sync.fetch import fetch

    row = fetch(load_project(folder), f"big_{size}", partition_key="now", run_id=None, now=datetime.now(UTC))
    return row.fetched or 0


def lean(folder: Path, size: int) -> int:
    """The leanest loop: httpx, zipfile, msgspec, Parquet, one DuckDB load; nothing is proven, nothing survives."""
    import duckdb
    import httpx
    import msgspec
    import pyarrow as pa
    import pyarrow.parquet as pq

    class Member(msgspec.Struct, gc=False):
        braze_id: str
        external_id: str | None = None
        email: str | None = None

    names = ["id", "external_id", "email"]
    schema = pa.schema([("member_no", pa.int64()), *((name, pa.string()) for name in names)])
    decode = msgspec.json.Decoder(Member).decode_lines
    url = (folder / "url").read_text()
    spool, read = folder / "lean.parquet", 0
    with httpx.Client(timeout=60) as client, tempfile.TemporaryFile() as file:
        link = client.post(f"{url}/exports/{size}").json()["url"]
        while client.head(link).status_code == 403:
            time.sleep(0.02)
        with client.stream("GET", link) as answer:
            for block in answer.iter_bytes():
                file.write(block)
        with (
            zipfile.ZipFile(file) as archive,
            pq.ParquetWriter(spool, schema, use_dictionary=False, write_statistics=False) as writer,
        ):
            for name in archive.namelist():
                members = decode(archive.read(name))
                columns = [
                    pa.array(range(read + 1, read + len(members) + 1), pa.int64()),
                    pa.array([member.braze_id for member in members], pa.string()),
                    pa.array([member.external_id for member in members], pa.string()),
                    pa.array([member.email for member in members], pa.string()),
                ]
                writer.write_table(pa.table(columns, schema=schema))
                read += len(members)
    with duckdb.connect(str(folder / "lean.duckdb")) as connection:
        columns_text = ", ".join(f"{name} VARCHAR" for name in ["segment", "snapshot_id", *names])
        connection.execute(f"CREATE TABLE IF NOT EXISTS members ({columns_text}, member_no BIGINT)")
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


def write_export(file: Path, members: int) -> None:
    """Writes an archive of members."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for start in range(0, members, PEOPLE_PER_FILE):
            lines = (
                f'{{"external_id":"u-{n}","braze_id":"5f00aa{n:08d}","email":"member{n}@example.test","phone":null}}\n'
                for n in range(start, min(members, start + PEOPLE_PER_FILE))
            )
            archive.writestr(f"{start}.txt", "".join(lines))


@contextmanager
def exporter(sizes: list[int]) -> Iterator[str]:
    """Serves exports of these sizes; gives the server's address."""
    waiting: set[str] = set()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            name = self.path.rpartition("/")[2]
            waiting.add(name)
            self.answer(200, json.dumps({"url": f"{url}/files/{name}"}).encode())

        def do_HEAD(self) -> None:
            name = self.path.rpartition("/")[2]
            self.answer(403 if name in waiting else 200, b"")
            waiting.discard(name)

        def do_GET(self) -> None:
            name = self.path.rpartition("/")[2]
            if self.path.startswith("/segments/"):
                self.answer(200, b'{"name": "Big"}')
            elif name in waiting:
                waiting.discard(name)
                self.answer(403, b"")
            else:
                file = folder / name
                self.send_response(200)
                self.send_header("content-length", str(file.stat().st_size))
                self.end_headers()
                with file.open("rb") as opened:
                    while block := opened.read(1 << 20):
                        self.wfile.write(block)

        def answer(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with tempfile.TemporaryDirectory() as scratch, ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        folder, url = Path(scratch), f"http://127.0.0.1:{server.server_address[1]}"
        for size in sizes:
            write_export(folder / str(size), size)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield url
        server.shutdown()


def measured(side: str, url: str, size: int) -> dict[str, float]:
    """Measures one side in a fresh process and a fresh folder."""
    with tempfile.TemporaryDirectory() as scratch:
        project(Path(scratch), url, [1_000, size])
        command = [sys.executable, __file__, "--side", side, "--folder", scratch, "--members", str(size)]
        found: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    if found["members"] != size:
        raise SystemExit(f"{side} fetched {found['members']} of {size} members")
    return found


def report(name: str, value: float, limit: float, **more: object) -> bool:
    """Prints one measure; says whether it is within its limit."""
    print(json.dumps({"name": name, "ratio": round(value, 3), "limit": limit, **more}), flush=True)
    return value <= limit


def benchmark(size: int, large: int | None) -> bool:
    """Measures and prints everything; says whether all limits hold."""
    with exporter([1_000, size, *([large] if large else [])]) as url:
        runs: dict[str, list[dict[str, float]]] = {"lean": [], "ours": []}
        for _ in range(ROUNDS):
            for side, found in runs.items():
                found.append(measured(side, url, size))
        best = {side: {key: min(run[key] for run in found) for key in found[0]} for side, found in runs.items()}
        good = True
        for key in ("cpu", "wall"):
            seconds = {side: round(found[key], 3) for side, found in best.items()}
            good &= report(f"export {key}", best["ours"][key] / best["lean"][key], LIMIT, members=size, **seconds)
        peaks = {size: max(run["peak"] for run in runs["ours"])}
        if large is not None:
            found_large = measured("ours", url, large)
            peaks[large] = found_large["peak"]
            print(json.dumps({"name": "export wall", "members": large, "ours": round(found_large["wall"], 1)}))
        for members, peak in peaks.items():
            text = {"members": members, "megabytes": round(peak), "limit_megabytes": MEMORY_LIMIT}
            good &= report("export peak memory", peak / MEMORY_LIMIT, 1.0, **text)
    return good


def main() -> None:
    """Reads the arguments and runs the benchmark, or one of its processes."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--quick", action="store_true", help="1,000,000 members only")
    arguments.add_argument("--side", choices=["ours", "lean"], help=argparse.SUPPRESS)
    arguments.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments.add_argument("--members", type=int, default=1_000_000, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.side:
        measure(given.side, given.folder, given.members)
    elif not benchmark(1_000_000, None if given.quick else 10_000_000):
        raise SystemExit("a limit is exceeded")


if __name__ == "__main__":
    main()
