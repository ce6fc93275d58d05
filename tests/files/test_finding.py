"""Which files a path means, and what proves them: the newest, those of a pattern, those of a manifest of others."""

import json
from pathlib import Path
from typing import Any

import pytest

from remote_segments.errors import PlatformError, RemoteSegmentsError, TemporaryError
from tests.support.deliveries import MEMBERS, account, content, deliver, put, read

ONE = content(MEMBERS[:1], "csv")
TWO = content(MEMBERS[1:2], "csv")
IDS = ("contact_id",)


def ids(folder: Path, **source: Any) -> list[str | None]:
    """The ids that a source gives."""
    return read(account(folder), IDS, **source).ids


def error(folder: Path, **source: Any) -> RemoteSegmentsError:
    """The error in which a source ends."""
    with pytest.raises(RemoteSegmentsError) as caught:
        ids(folder, **source)
    return caught.value


def test_the_newest_folder_is_read(tmp_path: Path) -> None:
    """The greatest date counts; the marker is that of its folder."""
    deliver(tmp_path / "vip" / "2026-11-23", "csv", MEMBERS[:1], parts=1)
    deliver(tmp_path / "vip" / "2026-11-24", "csv", MEMBERS[1:], parts=1)
    deliver(tmp_path / "vip" / "backup", "csv", MEMBERS, parts=1)
    assert ids(tmp_path, path="vip/{newest}/", completeness={"marker": "_SUCCESS"}) == ["1e5", "3"]


def test_the_newest_folder_is_waited_for(tmp_path: Path) -> None:
    """Promise 3: while it is under way, the one before it is not taken in its place."""
    deliver(tmp_path / "vip" / "20261123", "csv")
    deliver(tmp_path / "vip" / "20261124", "csv", proof="")
    assert error(tmp_path, path="vip/{newest}/", completeness={"marker": "_SUCCESS"}).code == "file-unfinished"


def test_the_newest_file_has_its_own_marker(tmp_path: Path) -> None:
    """`{newest}` stands in the marker's name for the same date."""
    put(tmp_path, "vip_20261123.csv", ONE)
    put(tmp_path, "vip_20261123.ok", minute=1)
    put(tmp_path, "vip_20261124.csv", TWO)
    source = {"path": "vip_{newest}.csv", "completeness": {"marker": "vip_{newest}.ok"}}
    assert error(tmp_path, **source).code == "file-unfinished"
    put(tmp_path, "vip_20261124.ok", minute=1)
    assert ids(tmp_path, **source) == ["1e5"]


def test_dates_that_are_written_differently_have_no_newest(tmp_path: Path) -> None:
    """The order of texts is that of time only where all are written alike."""
    put(tmp_path, "vip_20261124.csv", ONE)
    put(tmp_path, "vip_2026-11-25.csv", TWO)
    assert error(tmp_path, path="vip_{newest}.csv", completeness="atomic").code == "file-ambiguous"


def test_folders_of_a_pattern_have_one_marker_above_them(tmp_path: Path) -> None:
    """Parts in folders by country are one delivery."""
    put(tmp_path / "vip" / "country=DE", "part-0.csv", ONE)
    put(tmp_path / "vip" / "country=FR", "part-0.csv", TWO)
    put(tmp_path / "vip" / "_temporary", "part-9.csv", TWO)
    put(tmp_path / "vip", "_SUCCESS", minute=1)
    assert ids(tmp_path, path="vip/*/*.csv", completeness={"marker": "_SUCCESS"}) == ["010", "1e5"]


def test_a_pattern_takes_no_other_files(tmp_path: Path) -> None:
    """What does not fit is not read, nor is what begins with `_` or `.`."""
    for name in ("vip-1.csv", "other-1.csv", "_vip-2.csv", ".vip-3.csv", "vip-4.csv.tmp"):
        put(tmp_path, name, ONE)
    put(tmp_path, "_SUCCESS", minute=1)
    assert ids(tmp_path, path="vip*.csv", completeness={"marker": "_SUCCESS"}) == ["010"]
    assert ids(tmp_path, path="*-1.csv", completeness={"marker": "_SUCCESS"}) == ["010", "010"]


@pytest.mark.parametrize("name", ["vip.csv.tmp", "README", "country=FR/part-0.csv"])
def test_what_could_be_members_is_not_left_aside(tmp_path: Path, name: str) -> None:
    """A folder as a whole holds files of members only; a folder in it, or another file, is an error."""
    deliver(tmp_path / "vip", "csv")
    put(tmp_path / "vip", name, ONE)
    found = error(tmp_path, path="vip/", completeness={"marker": "_SUCCESS"})
    assert (found.code, type(found)) == ("file-unexpected", PlatformError)


def test_a_misspelt_file_is_told_with_the_nearest(tmp_path: Path) -> None:
    """Who misspells a name is told which one is there."""
    put(tmp_path, "members.csv", ONE)
    found = error(tmp_path, path="member.csv", completeness="atomic")
    assert (found.code, type(found)) == ("file-missing", TemporaryError)
    assert "Did you mean `members.csv`?" in found.problem.fix


def test_a_marker_without_files_is_no_empty_membership(tmp_path: Path) -> None:
    """Promise 4: a wrong pattern looks the same; a count of nobody does not."""
    put(tmp_path, "_SUCCESS", minute=1)
    assert error(tmp_path, path="*.csv", completeness={"marker": "_SUCCESS"}).code == "file-missing"
    put(tmp_path, "vip.ctl", "0")
    assert ids(tmp_path, path="*.csv", completeness={"count": "vip.ctl"}) == []
    put(tmp_path, "m.json", '{"files": []}')
    assert ids(tmp_path, path="*.csv", completeness={"manifest": "m.json"}) == []


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """Who leaves the slash out is told."""
    deliver(tmp_path / "vip.csv", "csv")
    assert error(tmp_path, path="vip.csv", completeness="atomic").code == "file-unexpected"


@pytest.mark.parametrize(
    ("text", "count"), [("rows=2;file=x", {"file": "c", "pattern": "rows=([0-9]+)"}), (" 2\n", "c"), ("\ufeff2", "c")]
)
def test_forms_of_a_count(tmp_path: Path, text: str, count: Any) -> None:
    """A number alone, or one within a text."""
    put(tmp_path, "vip.csv", content(MEMBERS[:2], "csv"))
    put(tmp_path, "c", text, 1)
    assert ids(tmp_path, path="vip.csv", completeness={"count": count}) == ["010", "1e5"]


@pytest.mark.parametrize("text", ["", "two", "2 3", "-2", "2.0"])
def test_what_is_no_count(tmp_path: Path, text: str) -> None:
    """Promise 5: a count that cannot be read is an error, not the absence of one."""
    put(tmp_path, "vip.csv", content(MEMBERS[:2], "csv"))
    put(tmp_path, "c", text, 1)
    assert error(tmp_path, path="vip.csv", completeness={"count": "c"}).code == "wrong-type"


UNLOAD = {"file": "vip.manifest", "entries": "entries", "name": "url", "rows": "meta.record_count",
          "bytes": "meta.content_length"}  # fmt: skip


def unload(folder: Path, **changes: Any) -> None:
    """Writes a manifest in the shape that Redshift's UNLOAD has."""
    entries = [
        {"url": f"s3://bucket/x/{name}", "meta": {"record_count": 1, "content_length": len(data), **changes}}
        for name, data in (("unload/0000_part_00", ONE), ("unload/0001_part_00", TWO))
    ]
    put(folder / "unload", "vip.manifest", json.dumps({"entries": entries}), 1)


def test_a_manifest_of_another_shape(tmp_path: Path) -> None:
    """Paths say where names and lengths are; of an address the end counts."""
    put(tmp_path / "unload", "0000_part_00", ONE)
    put(tmp_path / "unload", "0001_part_00", TWO)
    source = {"path": "unload/*", "format": "csv", "completeness": {"manifest": UNLOAD}}
    unload(tmp_path)
    assert ids(tmp_path, **source) == ["010", "1e5"]
    unload(tmp_path, content_length=1)
    assert error(tmp_path, **source).code == "file-unfinished"
    unload(tmp_path, record_count="1")
    assert error(tmp_path, **source).code == "wrong-type"


@pytest.mark.parametrize("key", ["entries", "name", "rows", "bytes"])
def test_a_misspelt_path_of_a_manifest(tmp_path: Path, key: str) -> None:
    """Promise 5: a place that is not there is an error, whichever it is."""
    put(tmp_path / "unload", "0000_part_00", ONE)
    put(tmp_path / "unload", "0001_part_00", TWO)
    unload(tmp_path)
    manifest = {**UNLOAD, key: f"{UNLOAD[key]}x"}
    found = error(tmp_path, path="unload/*", format="csv", completeness={"manifest": manifest})
    assert (found.code, type(found)) == ("path-missing", PlatformError)
