"""Fetching an export of ten million members, a zip of JSON lines, against the leanest loop written by hand, in one run.

    python benchmarks/export.py            prints one JSON line per measure, and fails when a limit is exceeded
    python benchmarks/export.py --quick    1,000,000 members only

The platform is a server of this script, in the parent process: it takes a submission, answers 403 once for a file that
is not ready, then sends an archive of one file for each 5,000 members, as Braze does.
"""

import json
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from contest import Contest, Plan, fetched, load

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


def lean(folder: Path, size: int) -> int:
    """The leanest loop: httpx, zipfile, msgspec, Parquet, one DuckDB load; nothing is proven, nothing survives."""
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
    load(folder, names, spool)
    return read


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


CONTEST = Contest(
    name="export",
    script=__file__,
    project=project,
    ours=fetched,
    lean=lean,
    platform=exporter,
    limit=1.5,
    quick=Plan(1_000_000, 3),
    full=Plan(1_000_000, 3, 10_000_000),
)

if __name__ == "__main__":
    CONTEST.main(__doc__ or "")
