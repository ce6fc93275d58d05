"""Fetching a million members: ours against the leanest loop that a person would write by hand, in one run.

    python benchmarks/fetch.py            prints one JSON line per measure, and fails when a limit is exceeded
    python benchmarks/fetch.py --quick    300,000 members, three rounds, no 10,000,000

The platform is the bundled simulator, in a process of its own, on 1,000 pages of 1,000 members.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from contest import Contest, Plan, fetched, load

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


def lean(folder: Path, size: int) -> int:
    """The leanest loop: httpx, msgspec, Parquet, one DuckDB load; nothing is checked, nothing survives an error."""
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
    load(folder, names, spool)
    return read


@contextmanager
def simulator(_: list[int]) -> Iterator[str]:
    """A simulator in a process of its own, whose segments have any size; gives its address."""
    command = [sys.executable, "-m", "remote_segments.simulator", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


CONTEST = Contest(
    name="fetch",
    script=__file__,
    project=project,
    ours=fetched,
    lean=lean,
    platform=simulator,
    limit=1.25,
    quick=Plan(300_000, 3),
    full=Plan(1_000_000, 5, 10_000_000),
)

if __name__ == "__main__":
    CONTEST.main(__doc__ or "")
