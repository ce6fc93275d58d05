"""Spools: on disk whole and proven, or worth nothing."""

import json
import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from remote_segments.errors import TemporaryError
from remote_segments.sync.snapshots import Snapshot
from remote_segments.sync.spool import KEPT, ROWS_PER_GROUP, ProvenSpool, Spools, adopted, sweep

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)


def snapshot(snapshot_id: str, fetched_at: datetime = NOW) -> Snapshot:
    times = {"fetched_at": fetched_at, "effective_at": fetched_at}
    return Snapshot(segment="vip", snapshot_id=snapshot_id, state="fetched", completeness="seen", fetched=2, **times)


def written(spools: Spools, snapshot_id: str = "a", fetched_at: datetime = NOW) -> ProvenSpool:
    """A proven spool of two members."""
    with spools.write(snapshot_id, ["id", "email"]) as writer:
        writer.add({"id": ["1", "2"], "email": ["ada@example.test", None]}, [NOW, None], 2)
        return writer.prove(snapshot(snapshot_id, fetched_at))


@pytest.fixture
def spools(tmp_path: Path) -> Spools:
    return Spools(tmp_path / "state", "vip")


def test_pages_come_back_as_they_were_written(spools: Spools) -> None:
    """Numbered from 1, over groups of rows, with identifiers and instants."""
    count = ROWS_PER_GROUP + 5
    with spools.write("a", ["id"]) as writer:
        for start in range(0, count, 5):
            writer.add({"id": [str(n) for n in range(start, start + 5)]}, None, 5)
        spool = writer.prove(snapshot("a"))
    table = pq.read_table(spool.path)
    assert table["member_no"].to_pylist() == list(range(1, count + 1))
    assert table["id"].to_pylist() == [str(number) for number in range(count)]
    assert table["remote_joined_at"].null_count == count
    assert spool.identifiers == ["id"]


def test_an_empty_membership_is_a_spool_too(spools: Spools) -> None:
    """Nobody, proven, with the columns of the platform."""
    with spools.write("a", ["id", "email"]) as writer:
        spool = writer.prove(snapshot("a"))
    assert pq.read_table(spool.path).num_rows == 0
    assert spool.identifiers == ["id", "email"]


def test_a_proven_spool_is_found_again_with_its_row(spools: Spools) -> None:
    """The proof beside it holds what `snapshots` will say."""
    spool = written(spools)
    assert spools.kept(NOW) == [spool]
    assert spool.snapshot.completeness == "seen"
    assert adopted(spool, "run-2").snapshot.run_id == "run-2"


def test_only_the_owner_may_read_a_spool(spools: Spools, tmp_path: Path) -> None:
    """Promise 29: members on disk are nobody else's business, from the first byte on."""
    with spools.write("a", ["id"]) as writer:
        assert writer.path.stat().st_mode & 0o777 == 0o600
        writer.prove(snapshot("a"))
    files = [path for path in (tmp_path / "state").rglob("*") if path.is_file()]
    folders = [path for path in (tmp_path / "state", *(tmp_path / "state").rglob("*")) if path.is_dir()]
    assert len(files) == 2
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in folders} == {0o700}


def test_a_proof_names_nobody(spools: Spools) -> None:
    """The proof is about the fetch, not about its members."""
    assert "example.test" not in written(spools).path.with_suffix(".json").read_text()


def test_a_spool_that_fails_is_deleted(spools: Spools, tmp_path: Path) -> None:
    """Whatever stops the fetch, no half of a membership stays on disk."""

    def interrupted() -> None:
        with spools.write("a", ["id"]) as writer:
            writer.add({"id": ["1"]}, None, 1)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [path for path in (tmp_path / "state").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("broken", ["no proof", "no JSON", "another format", "another length", "partial", "strange"])
def test_what_is_not_proven_is_not_kept(broken: str, spools: Spools) -> None:
    """A killed process may leave anything: it is removed, and never loaded."""
    spool = written(spools)
    proof = spool.path.with_suffix(".json")
    match broken:
        case "no proof":
            proof.unlink()
        case "no JSON":
            proof.write_text('{"format": 1, "sna')
        case "another format":
            proof.write_text(json.dumps({**json.loads(proof.read_text()), "format": 0}))
        case "another length":
            spool.path.write_bytes(spool.path.read_bytes()[:-1])
        case "partial":
            spool.path.rename(spool.path.with_name("a.parquet.partial"))
        case "strange":
            proof.write_text('{"format": 1, "bytes": 0, "snapshot": {"unknown": 1}}')
    assert spools.kept(NOW) == []
    assert list(spool.path.parent.iterdir()) == []


@pytest.mark.parametrize(("age", "kept"), [(KEPT - timedelta(seconds=1), 1), (KEPT, 0), (timedelta(seconds=-1), 0)])
def test_a_spool_is_kept_for_a_day_at_most(age: timedelta, kept: int, spools: Spools) -> None:
    """Older ids are not worth loading, and ids from the future are wrong."""
    written(spools)
    assert len(spools.kept(NOW + age)) == kept


def test_old_files_of_any_segment_are_swept_away(spools: Spools, tmp_path: Path) -> None:
    """Also of a segment whose file is gone, so that its members do not stay on disk for ever."""
    old, young = written(Spools(tmp_path / "state", "gone")), written(spools)
    long_ago = time.time() - KEPT.total_seconds() - 60
    for path in old.path.parent.iterdir():
        os.utime(path, (long_ago, long_ago))
    sweep(tmp_path / "state")
    assert list(old.path.parent.iterdir()) == []
    assert spools.kept(NOW) == [young]
    sweep(tmp_path / "nothing here")


def test_the_newest_spool_comes_first(spools: Spools) -> None:
    """Ids of snapshots sort by instant."""
    for name in ("b", "c", "a"):
        written(spools, name)
    assert [spool.snapshot.snapshot_id for spool in spools.kept(NOW)] == ["c", "b", "a"]


def test_a_removed_spool_leaves_nothing(spools: Spools) -> None:
    """Neither the members nor the proof."""
    spool = written(spools)
    spool.remove()
    assert list(spool.path.parent.iterdir()) == []
    spool.remove()


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    """The message names the folder and the system's reason."""
    (tmp_path / "state").write_text("a file where the folder should be")
    with pytest.raises(TemporaryError) as caught, Spools(tmp_path / "state", "vip").write("a", ["id"]):
        pass
    assert caught.value.code == "spool-unwritable"
    assert str(tmp_path) in str(caught.value)


@contextmanager
def small_files(size: int) -> Iterator[None]:
    """No file of this process grows beyond `size` bytes: what a full disk looks like."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("size", [0, 1_000, 50_000])
def test_a_full_disk_is_a_clear_error_and_leaves_nothing(size: int, spools: Spools, tmp_path: Path) -> None:
    """Promise 1: at the first byte, in the first group of rows, and later."""
    ids = [f"{number * 7919 % 1_000_003:032x}" for number in range(ROWS_PER_GROUP)]

    def filling() -> None:
        with spools.write("a", ["id"]) as writer:
            for _ in range(4):
                writer.add({"id": ids}, None, len(ids))
            writer.prove(snapshot("a"))

    with small_files(size), pytest.raises(TemporaryError) as caught:
        filling()
    assert caught.value.code == "spool-unwritable"
    assert [path for path in (tmp_path / "state").rglob("*") if path.is_file()] == []
