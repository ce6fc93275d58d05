"""Sending a million members to a list: ours, with its ledger, against a loop that keeps none, in one run.

    python benchmarks/sending.py            prints one JSON line per measure, and fails when a limit is exceeded
    python benchmarks/sending.py --quick    200,000 members, two rounds

The platform is the bundled simulator, in a process of its own, on its Klaviyo-shaped account: 1,000 members a call,
four calls at once. Lists called `big-...` only count what they are sent, and a call takes 100 ms: a platform that
answered in no time would make the floor a second long, which no platform does. What Klaviyo allows in calls per minute
is lifted: it would be all that is measured.
"""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from contest import Contest, Plan
from fetch import simulator

BATCH, CONCURRENT, SECONDS = 1_000, 4, 0.1
NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)

PROJECT = """
version: 1
start: 2026-11-01
warehouse: {{kind: duckdb, path: warehouse.duckdb}}
connections:
  klaviyo: {{platform: klaviyo, api_key: {{file: key}}, base_url: {url}/klaviyo}}
  warehouse: {{platform: warehouse}}
models:
  contacts: {{table: crm.contacts, key: contact_id}}
environments:
  development: {{activations: true}}
"""

SEGMENT = """
model: contacts
source: {connection: warehouse, table: crm.contacts}
identifiers: [{contact_id: contact_id}]
refresh_frequency: 1 day
"""

ACTIVATION = """
segment: big_{size}
destination: {{connection: klaviyo, list_id: big-{size}}}
identifiers: [profile_id]
first_plan: send
"""

MODEL = """
CREATE TABLE crm.contacts AS SELECT i AS contact_id, lpad(i::VARCHAR, 16, '0') AS profile_id,
  'person' || i || '@example' || (i % 50) || '.com' AS email FROM range(1, {size} + 1) t (i)
"""

KEYS = """
SELECT 'big_{size}' AS segment, 'now' AS snapshot_id, i AS member_no, i::VARCHAR AS key, NULL AS key_2, NULL AS key_3,
  'contact_id' AS matched, CAST(NULL AS TIMESTAMPTZ) AS joined_at FROM range(1, {size} + 1) t (i)
"""

MEMBERS = """
SELECT m.profile_id FROM segments.keys k JOIN crm.contacts m ON m.contact_id = k.key::BIGINT
WHERE k.segment = 'big_{size}' AND k.snapshot_id = 'now'
"""


def project(folder: Path, url: str, sizes: list[int]) -> None:
    """Writes a project with one published segment, and one activation of it, for each size."""
    import remote_segments.platforms as bundled
    from remote_segments.config.loader import load_project
    from remote_segments.sync.snapshots import Snapshot, insert
    from remote_segments.sync.store import ensure_store

    for name in ("segments", "activations", "platforms"):
        (folder / name).mkdir()
    (folder / "key").write_text("k")
    (folder / "project.yaml").write_text(PROJECT.format(url=url))
    manifest = (Path(bundled.__file__).parent / "klaviyo.yaml").read_text()
    lifted = re.sub(r"(?m)^ +limits: .*\n", "", manifest)
    lifted = re.sub(r"(?m)^limits: .*$", f"limits: {{concurrent: {CONCURRENT}}}", lifted)
    (folder / "platforms" / "klaviyo.yaml").write_text(lifted)
    for size in sizes:
        (folder / "segments" / f"big_{size}.yaml").write_text(SEGMENT)
        (folder / "activations" / f"send_{size}.yaml").write_text(ACTIVATION.format(size=size))
    with load_project(folder).open_warehouse().write() as session:
        ensure_store(session)
        session.execute("CREATE SCHEMA crm")
        session.execute(MODEL.format(size=max(sizes)))
        columns = ["segment", "snapshot_id", "member_no", "key", "key_2", "key_3", "matched", "joined_at"]
        for size in sizes:
            session.insert("keys", columns, KEYS.format(size=size))
            row = Snapshot(segment=f"big_{size}", snapshot_id="now", state="published", effective_at=NOW, mapped=size,
                           fetched_at=NOW, fetched=size, generation=1, key_columns="contact_id")  # fmt: skip
            insert(session, row)


def lean(folder: Path, size: int) -> int:
    """The leanest loop: one join, httpx, msgspec, four threads; nothing is known afterwards."""
    import duckdb
    import httpx
    import msgspec

    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as connection:
        members = connection.sql(MEMBERS.format(size=size)).to_arrow_table().column(0).combine_chunks()
    url = (folder / "project.yaml").read_text().split("base_url: ")[1].split("}")[0]
    headers = {"authorization": "Klaviyo-API-Key k", "revision": "2026-07-15"}
    headers |= {"accept": "application/vnd.api+json", "content-type": "application/vnd.api+json"}
    with httpx.Client(headers=headers, timeout=60) as client, ThreadPoolExecutor(CONCURRENT) as pool:

        def post(first: int) -> int:
            ids = members.slice(first, BATCH).to_pylist()
            body = msgspec.json.encode({"data": [{"type": "profile", "id": one} for one in ids]})
            client.post(f"{url}/api/lists/big-{size}/relationships/profiles", content=body).raise_for_status()
            return len(ids)

        return sum(pool.map(post, range(0, size, BATCH)))


def sent(folder: Path, size: int) -> int:
    """The send of this project: plan, guards, everything written down before and after each batch, recipients."""
    from remote_segments.config.loader import load_project
    from remote_segments.sync.activation.applying import apply

    found = apply(load_project(folder), f"send_{size}").send
    return (found.accepted or 0) if found is not None else 0


@contextmanager
def platform(sizes: list[int]) -> Iterator[str]:
    """A simulator whose calls that add take as long as a platform's; gives its address."""
    import httpx

    with simulator(sizes) as url:
        slow = {"kind": "slow", "platform": "klaviyo", "verb": "add", "times": None, "seconds": SECONDS}
        httpx.post(f"{url}/_control/faults", json=slow).raise_for_status()
        yield url


CONTEST = Contest(
    name="sending",
    script=__file__,
    project=project,
    ours=sent,
    lean=lean,
    platform=platform,
    limit=1.3,
    quick=Plan(200_000, 2),
    full=Plan(1_000_000, 3),
    judged=("wall",),
)

if __name__ == "__main__":
    CONTEST.main(__doc__ or "")
