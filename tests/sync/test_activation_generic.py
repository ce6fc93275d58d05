"""Files and tables as destinations: everybody at once, all or nothing."""

import csv
import gzip
import json

import pyarrow.parquet as pq
import pytest

from remote_segments.errors import RemoteSegmentsError
from tests.support.activations import TO_FILE, Desk, address, contacts

SENT = {**TO_FILE, "first_plan": "send", "attributes": ["plan"]}


@pytest.fixture
def desk(tmp_path, warehouse) -> Desk:
    """A project with nine contacts, three of them in the published segment."""
    made = Desk(tmp_path, warehouse)
    made.write(activations={"out": SENT})
    made.model(contacts(range(1, 10)))
    made.publish([1, 2, 3])
    return made


def read(path) -> list[dict]:
    """The rows of a file, by its ending."""
    if path.name.endswith(".parquet"):
        return pq.read_table(path).to_pylist()
    data = path.read_bytes()
    lines = (gzip.decompress(data) if path.name.endswith(".gz") else data).decode().splitlines()
    return [json.loads(line) for line in lines] if "ndjson" in path.name else list(csv.DictReader(lines))


@pytest.mark.parametrize("name", ["vip.csv", "vip.csv.gz", "vip.ndjson", "vip.jsonl.gz", "vip.parquet"])
def test_a_file_holds_everybody_and_is_replaced_as_a_whole(desk, name):
    """Whoever stays is written again with whoever is new; a second run writes nothing."""
    path = name.replace("jsonl", "ndjson")
    target = {"connection": "drop", "path": f"out/{path}"}
    desk.write(activations={"out": {**SENT, "destination": target}})
    file = desk.folder / "drop" / "out" / path
    desk.apply()
    assert read(file) == [{"email": address(n), "plan": "free"} for n in (1, 2, 3)]
    written = file.stat().st_mtime_ns
    assert desk.apply().calls == 0
    assert file.stat().st_mtime_ns == written
    desk.publish([2, 3, 4])
    sent = desk.apply()
    assert sorted(row["email"] for row in read(file)) == [address(n) for n in (2, 3, 4)]
    assert (sent.send.adds, sent.send.removes, sent.send.accepted, sent.calls) == (1, 1, 2, 1)
    assert desk.known() == dict.fromkeys("234", "yes")
    assert [one.name for one in file.parent.iterdir()] == [path]


def test_changed_attributes_write_the_file_again(desk):
    """What is sent beside the identifier counts."""
    desk.apply()
    desk.model([*contacts([1], plan="paid"), *contacts(range(2, 10))])
    desk.apply()
    assert read(desk.folder / "drop" / "out" / "vip.csv")[0]["plan"] in ("paid", "free")
    assert sorted(row["plan"] for row in read(desk.folder / "drop" / "out" / "vip.csv")) == ["free", "free", "paid"]


def test_a_file_that_cannot_be_written_leaves_the_former_one(desk):
    """Nothing is half there, and the next run writes it."""
    desk.apply()
    folder = desk.folder / "drop" / "out"
    before = (folder / "vip.csv").read_bytes()
    desk.publish([1, 2, 3, 4])
    (folder / "vip.csv.partial").mkdir()
    with pytest.raises(RemoteSegmentsError):
        desk.apply()
    assert (folder / "vip.csv").read_bytes() == before
    (folder / "vip.csv.partial").rmdir()
    desk.apply()
    assert len(read(folder / "vip.csv")) == 4
    assert desk.known() == dict.fromkeys("1234", "yes")


def test_a_table_of_the_warehouse_is_replaced_in_one_step(desk):
    """With the identifiers and attributes as columns; emptied when nobody is left."""
    target = {"connection": "warehouse", "table": "vip_for_sales"}
    guards = {"allow_empty": "true"}
    desk.write(activations={"out": {**SENT, "destination": target, "guards": guards}})
    desk.apply()
    rows = "SELECT email, plan FROM {s}.vip_for_sales ORDER BY email"
    assert desk.rows(rows) == [(address(n), "free") for n in (1, 2, 3)]
    desk.publish([3, 4])
    desk.apply()
    assert desk.rows(rows) == [(address(n), "free") for n in (3, 4)]
    desk.publish([])
    desk.apply()
    assert desk.rows(rows) == []
    assert desk.rows("SELECT count(*) FROM {s}.recipients") == [(0,)]
