"""What may be wrong with a delivery of files, in every format: members are read whole, or there is an error."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from remote_segments.errors import PlatformError, RemoteSegmentsError, TemporaryError
from tests.support.deliveries import FORMATS, MEMBERS, account, content, deliver, put, read, wanted

MARKED = {"path": "vip/", "completeness": {"marker": "_SUCCESS"}}


@pytest.fixture(params=FORMATS)
def kind(request: pytest.FixtureRequest) -> str:
    """Each format of files."""
    return str(request.param)


def code(folder: Path, kind_of_error: type[RemoteSegmentsError] = RemoteSegmentsError, **source: Any) -> str:
    """The code of the error in which a fetch ends."""
    with pytest.raises(kind_of_error) as caught:
        read(account(folder), **source)
    return caught.value.code


def test_all_members_of_all_parts_are_read(tmp_path: Path, kind: str) -> None:
    """Three files give every member once, in order, ids and addresses as they were written."""
    deliver(tmp_path / "vip", kind)
    found = read(account(tmp_path), **MARKED)
    assert found.rows == wanted()
    assert found.proof.members == 3
    assert found.proof.completeness == "3 files; _SUCCESS was written after them"


def test_more_members_than_a_page_has(tmp_path: Path, kind: str) -> None:
    """Promise 3: a file of several pages is read to its end."""
    many = [{"contact_id": f"{number:07}", "email": f"{number}@example.test", "note": "x"} for number in range(60_000)]
    deliver(tmp_path / "vip", kind, many, parts=1)
    found = read(account(tmp_path), **MARKED)
    assert found.ids == [one["contact_id"] for one in many]
    assert found.proof.pages > 1


def test_nobody_is_a_member(tmp_path: Path, kind: str) -> None:
    """Promise 4: files without a row, whose marker is there, prove that nobody is a member."""
    put(tmp_path / "vip", f"part-0.{kind}", content([], kind))
    put(tmp_path / "vip", "_SUCCESS", minute=1)
    assert read(account(tmp_path), **MARKED).ids == []


def test_one_member(tmp_path: Path, kind: str) -> None:
    """A single row is a member."""
    deliver(tmp_path / "vip", kind, MEMBERS[:1], parts=1)
    assert read(account(tmp_path), **MARKED).ids == ["010"]


def test_a_cut_file_is_an_error(tmp_path: Path, kind: str) -> None:
    """Promise 2: a file that lost its end is never read as a shorter one, wherever it was cut."""
    whole = content(MEMBERS, kind)
    for length in range(1, len(whole) - 2, 7):  # without its last line break alone it is whole
        put(tmp_path / "vip", f"part-0.{kind}", whole[:length])
        put(tmp_path / "vip", "count", "3", minute=1)
        source = {"path": "vip/", "completeness": {"count": "count"}}
        assert code(tmp_path, **source) in ("file-damaged", "file-unreadable", "total-mismatch", "column-missing")


@pytest.mark.parametrize("packed", ["csv.gz", "ndjson.gz"])
def test_a_cut_packed_file_needs_no_count_to_be_noticed(tmp_path: Path, packed: str) -> None:
    """A packed file that is cut is an error by itself, also where only its check sum is missing."""
    whole = content(MEMBERS, packed)
    for length in (0, 5, len(whole) // 2, len(whole) - 8, len(whole) - 1):
        put(tmp_path, f"vip.{packed}", whole[:length])
        assert code(tmp_path, TemporaryError, path=f"vip.{packed}", completeness="atomic") == "file-damaged"


def test_a_cut_parquet_file_needs_no_count_to_be_noticed(tmp_path: Path) -> None:
    """The end of a Parquet file says where everything is."""
    put(tmp_path, "vip.parquet", content(MEMBERS, "parquet")[:-1])
    assert code(tmp_path, path="vip.parquet", completeness="atomic") == "file-unreadable"
    put(tmp_path, "vip.parquet", b"")
    assert code(tmp_path, path="vip.parquet", completeness="atomic") == "file-damaged"


def test_a_packed_file_of_two_pieces_is_read_whole(tmp_path: Path) -> None:
    """Packed files that were joined are one file."""
    first, second = content(MEMBERS[:2], "ndjson.gz"), content(MEMBERS[2:], "ndjson.gz")
    put(tmp_path, "vip.ndjson.gz", first + second)
    assert read(account(tmp_path), path="vip.ndjson.gz", completeness="atomic").rows == wanted()


def test_garbage_behind_a_packed_file_is_an_error(tmp_path: Path) -> None:
    """What follows the end of a packed file is not left aside."""
    put(tmp_path, "vip.csv.gz", content(MEMBERS, "csv.gz") + b"rest")
    assert code(tmp_path, path="vip.csv.gz", completeness="atomic") == "file-damaged"


def test_a_misspelt_column_is_an_error(tmp_path: Path, kind: str) -> None:
    """Promise 5: a column that is not there is no column of nobody."""
    deliver(tmp_path / "vip", kind)
    with pytest.raises(PlatformError) as caught:
        read(account(tmp_path), **MARKED, columns={"email": "emial"})
    assert caught.value.code == "column-missing"
    assert "emial" in caught.value.problem.found


def test_a_part_without_the_column_is_an_error(tmp_path: Path, kind: str) -> None:
    """Every part must have the columns, not only the first."""
    deliver(tmp_path / "vip", kind)
    put(tmp_path / "vip", f"part-2.{kind}", content(MEMBERS[2:], kind, ["contact_id"]), 2)
    assert code(tmp_path, PlatformError, **MARKED) == "column-missing"


def test_a_row_without_id_is_an_error(tmp_path: Path, kind: str) -> None:
    """Who has no id cannot be told apart; the message counts such rows and quotes none."""
    deliver(tmp_path / "vip", kind, [*MEMBERS, {"contact_id": None, "email": "secret@example.test", "note": None}])
    with pytest.raises(PlatformError) as caught:
        read(account(tmp_path), **MARKED)
    assert caught.value.code == "member-without-id"
    assert "secret@" not in str(caught.value)


def test_a_member_that_comes_twice_is_read_twice(tmp_path: Path, kind: str) -> None:
    """Rows are counted as they are written; who comes twice is counted once when the fetch is loaded."""
    deliver(tmp_path / "vip", kind, [*MEMBERS, MEMBERS[0]])
    assert read(account(tmp_path), **MARKED).ids == ["010", "1e5", "3", "010"]


def test_a_missing_marker_is_an_error(tmp_path: Path, kind: str) -> None:
    """Promise 3: without its marker a delivery is under way, and the last snapshot stays."""
    deliver(tmp_path / "vip", kind, proof="")
    assert code(tmp_path, TemporaryError, **MARKED) == "file-unfinished"


def test_a_marker_of_an_earlier_delivery_proves_nothing(tmp_path: Path, kind: str) -> None:
    """Promise 3: a file that is written after the marker belongs to a delivery that is under way."""
    deliver(tmp_path / "vip", kind)
    put(tmp_path / "vip", f"part-1.{kind}", content(MEMBERS[1:2], kind), 11)
    assert code(tmp_path, TemporaryError, **MARKED) == "file-unfinished"


@pytest.mark.parametrize("off", [-1, 1])
def test_a_count_that_is_off_by_one_is_an_error(tmp_path: Path, kind: str, off: int) -> None:
    """Promise 3: one row too few or too many is no complete membership."""
    deliver(tmp_path / "vip", kind, proof="")
    put(tmp_path / "vip", "vip.ctl", f"{3 + off}\n", 10)
    assert code(tmp_path, PlatformError, path="vip/", completeness={"count": "vip.ctl"}) == "total-mismatch"
    put(tmp_path / "vip", "vip.ctl", "3", 10)
    assert read(account(tmp_path), path="vip/", completeness={"count": "vip.ctl"}).proof.declared_total == 3


def manifest(folder: Path, kind: str, rows: list[int], **more: Any) -> None:
    """Writes a manifest that lists the three parts."""
    files = [{"name": f"part-{number}.{kind}", "rows": count} for number, count in enumerate(rows)]
    put(folder, "manifest.json", json.dumps({"files": files, **more}), 10)


LISTED = {"path": "vip/", "completeness": {"manifest": "manifest.json"}}


def test_a_manifest_proves_its_files(tmp_path: Path, kind: str) -> None:
    """The files that are listed are read, each as long as it is said to be."""
    deliver(tmp_path / "vip", kind, proof="")
    manifest(tmp_path / "vip", kind, [1, 1, 1])
    assert read(account(tmp_path), **LISTED).rows == wanted()


def test_lengths_that_are_swapped_are_an_error(tmp_path: Path, kind: str) -> None:
    """Each file is compared by itself: two errors do not make up for each other."""
    deliver(tmp_path / "vip", kind, proof="")
    manifest(tmp_path / "vip", kind, [2, 0, 1])
    assert code(tmp_path, PlatformError, **LISTED) == "total-mismatch"


def test_a_listed_file_that_is_not_there_is_an_error(tmp_path: Path, kind: str) -> None:
    """A manifest that came before its files waits for them."""
    deliver(tmp_path / "vip", kind, proof="")
    manifest(tmp_path / "vip", kind, [1, 1, 1, 1])
    assert code(tmp_path, TemporaryError, **LISTED) == "file-unfinished"


def test_files_that_a_manifest_does_not_list_are_not_read(tmp_path: Path, kind: str) -> None:
    """What an earlier, larger delivery left behind is no part of this one."""
    deliver(tmp_path / "vip", kind, proof="")
    manifest(tmp_path / "vip", kind, [1, 1])
    assert read(account(tmp_path), **LISTED).ids == ["010", "1e5"]


def test_a_file_that_changes_while_it_is_read_is_an_error(tmp_path: Path, kind: str) -> None:
    """Promise 2: what was read of two deliveries is no membership."""
    deliver(tmp_path / "vip", kind)
    with account(tmp_path) as opened:
        pages = iter(opened.fetch("file", MARKED, ("contact_id", "email")))
        next(pages)
        put(tmp_path / "vip", f"part-0.{kind}", content(MEMBERS[1:2], kind))
        with pytest.raises(TemporaryError) as caught:
            list(pages)
    assert caught.value.code == "file-changed"


def test_a_file_that_comes_while_others_are_read_is_an_error(tmp_path: Path, kind: str) -> None:
    """Promise 2: a part that was not there at first is not left aside."""
    deliver(tmp_path / "vip", kind)
    with account(tmp_path) as opened:
        pages = iter(opened.fetch("file", MARKED, ("contact_id", "email")))
        next(pages)
        put(tmp_path / "vip", f"part-9.{kind}", content(MEMBERS, kind))
        with pytest.raises(TemporaryError) as caught:
            list(pages)
    assert caught.value.code == "file-changed"


def test_there_is_no_proof_before_the_end(tmp_path: Path, kind: str) -> None:
    """Promise 3: a fetch that was not read to its end proves nothing."""
    deliver(tmp_path / "vip", kind)
    with account(tmp_path) as opened:
        fetch = opened.fetch("file", MARKED, ("contact_id", "email"))
        pages = iter(fetch)
        next(pages)
        with pytest.raises(RemoteSegmentsError) as caught:
            fetch.proof  # noqa: B018 - reading it is what is tried
        assert caught.value.code == "fetch-unfinished"
        assert len(list(pages)) == 2
        assert fetch.proof.members == 3


def test_an_empty_file_is_no_empty_membership(tmp_path: Path) -> None:
    """Promise 4: a file of no byte is what a failed export leaves, unless a count says that nobody is a member."""
    put(tmp_path, "vip.csv")
    put(tmp_path, "vip.ndjson")
    assert code(tmp_path, path="vip.csv", completeness="atomic") == "file-empty"
    assert code(tmp_path, path="vip.ndjson", completeness="atomic") == "file-empty"
    put(tmp_path, "count", "0", 1)
    assert read(account(tmp_path), path="vip.ndjson", completeness={"count": "count"}).ids == []
    assert code(tmp_path, path="vip.csv", completeness={"count": "count"}) == "file-empty"


def test_a_packed_empty_file_has_no_header(tmp_path: Path) -> None:
    """A packed file of nothing is whole, and still lacks the columns' names."""
    put(tmp_path, "vip.csv.gz", gzip.compress(b""))
    assert code(tmp_path, path="vip.csv.gz", completeness="atomic") == "file-unreadable"
