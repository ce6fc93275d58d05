"""Segments whose members are in files, and in tables of the warehouse itself: refreshed like any other."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from remote_segments.config.loader import load_project
from remote_segments.config.project import Project
from remote_segments.errors import PlatformError, ProjectError, RemoteSegmentsError, TemporaryError
from remote_segments.sync.checking import check_live
from remote_segments.sync.connecting import connect
from remote_segments.sync.fetch import fetch
from remote_segments.sync.finding import find, list_segments
from remote_segments.sync.mapping import map_segment
from remote_segments.sync.previewing import preview
from remote_segments.sync.publication import publish_segment
from remote_segments.sync.snapshots import Snapshot
from remote_segments.sync.status import read_status
from tests.support.deliveries import WRITTEN, content, put
from tests.support.row_projects import row_project

NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)

PEOPLE = (
    {"contact_id": "010", "email": "ada@x.test", "note": "gold"},
    {"contact_id": "011", "email": "ben@x.test", "note": "free"},
    {"contact_id": "012", "email": "cy@x.test", "note": "gold"},
)

DROPPED = {
    "model": "contacts",
    "source": {"connection": "drop", "path": "vip/", "completeness": {"marker": "_SUCCESS"}},
    "identifiers": [{"contact_id": "contact_id"}, {"email": "email"}],
    "refresh_frequency": "1 hour",
}

QUERIED = {
    "model": "contacts",
    "source": {"connection": "own", "table": "crm.vips"},
    "identifiers": [{"contact_id": "contact_id"}, {"email": "email"}],
    "refresh_frequency": "1 hour",
}


@pytest.fixture(params=["duckdb", "postgres"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A project on each warehouse, with a connection to files and one to the warehouse."""
    row_project(request, tmp_path)
    put(tmp_path, "contacts.csv", content(PEOPLE, "csv"))
    return tmp_path


def project_with(folder: Path, **segments: Mapping[str, Any]) -> Project:
    """The project with these segments."""
    (folder / "segments").mkdir(exist_ok=True)
    for name, segment in segments.items():
        (folder / "segments" / f"{name}.yaml").write_text(yaml.safe_dump(dict(segment)))
    return load_project(folder)


def run(project: Project, statements: str) -> None:
    """Runs statements in the warehouse."""
    with project.open_warehouse().write() as session:
        for statement in statements.split(";"):
            session.execute(statement)


TABLE = (
    "CREATE SCHEMA crm; CREATE TABLE crm.vips (contact_id text, email text, plan text, score double precision, "
    "number bigint, since timestamptz); INSERT INTO crm.vips VALUES "
    "('010', 'ADA@x.test', 'gold', 1, 10, '2026-11-01 10:00:00+01'), ('9', 'cy@x.test', 'gold', 2, 12, NULL), "
    "('77', NULL, 'free', 3, 13, NULL)"
)


def refresh(project: Project, name: str, now: datetime = NOW) -> Snapshot:
    """Fetches, maps and publishes a segment."""
    fetched = fetch(project, name, partition_key="2026-11-24-04:00", run_id="r", now=now)
    map_segment(project, name, partition_key="2026-11-24-04:00", run_id="r", now=now)
    publish_segment(project, name, partition_key="2026-11-24-04:00", run_id="r", now=now)
    return fetched


def rows(project: Project, sql: str) -> list[tuple[Any, ...]]:
    """Rows of a query on the warehouse."""
    with project.open_warehouse().read() as session:
        return session.rows(sql)


def delivered(folder: Path, people: Any = PEOPLE[:2], minute: int = 0) -> None:
    """Writes a delivery of two parts, a marker behind them."""
    put(folder / "drop" / "vip", "a.csv", content(people[:1], "csv"), minute)
    put(folder / "drop" / "vip", "b.csv.gz", content(people[1:], "csv.gz"), minute)
    put(folder / "drop" / "vip", "_SUCCESS", minute=minute + 1)


def test_a_segment_of_files_is_published_with_the_time_of_the_files(folder: Path) -> None:
    """Promise 18: the data is as old as the files are, whenever they were read."""
    delivered(folder)
    project = project_with(folder, vip=DROPPED)
    fetched = refresh(project, "vip")
    written = WRITTEN + timedelta(minutes=1)
    assert (fetched.fetched_at, fetched.data_at) == (NOW, written)
    assert sorted(rows(project, "SELECT contact_id, note, snapshot_at FROM segments.vip")) == [
        ("010", "gold", written), ("011", "free", written),
    ]  # fmt: skip
    (status,) = read_status(project, NOW)
    assert (status.snapshot_at, status.age) == (written, "fresh")
    (status,) = read_status(project, WRITTEN + timedelta(hours=4))
    assert status.age == "stale"


def test_the_same_old_file_does_not_become_fresh(folder: Path) -> None:
    """Promise 18: reading a file again does not make its members younger."""
    delivered(folder)
    project = project_with(folder, vip=DROPPED)
    refresh(project, "vip")
    refresh(project, "vip", NOW + timedelta(hours=3))
    (status,) = read_status(project, NOW + timedelta(hours=3))
    assert (status.state, status.age) == ("published", "stale")


def test_who_joins_and_leaves_between_two_deliveries(folder: Path) -> None:
    """Promise 12: history is that of any other source."""
    delivered(folder)
    project = project_with(folder, vip=DROPPED)
    refresh(project, "vip")
    delivered(folder, PEOPLE[1:], 30)
    refresh(project, "vip", NOW + timedelta(hours=1))
    events = rows(project, "SELECT key, event, cause FROM segments.changes WHERE cause <> 'baseline'")
    assert sorted(events) == [("010", "left", "remote"), ("012", "joined", "remote")]


def test_an_unfinished_delivery_leaves_the_last_snapshot(folder: Path) -> None:
    """Promise 2: a delivery under way is recorded as failed, and everybody reads what was published before."""
    delivered(folder)
    project = project_with(folder, vip=DROPPED)
    refresh(project, "vip")
    put(folder / "drop" / "vip", "c.csv", content(PEOPLE, "csv"), 5)
    with pytest.raises(TemporaryError) as caught:
        refresh(project, "vip", NOW + timedelta(hours=1))
    assert caught.value.code == "file-unfinished"
    assert "segments/vip.yaml" in str(caught.value)
    (status,) = read_status(project, NOW + timedelta(hours=1))
    assert (status.state, status.reason) == ("failed", "file-unfinished")
    assert rows(project, "SELECT count(*) FROM segments.vip") == [(2,)]


def test_a_member_that_comes_twice_counts_once(folder: Path) -> None:
    """Promise 11: rows are what was delivered, and a repeated member is a duplicate among them."""
    delivered(folder, [*PEOPLE[:2], PEOPLE[0]])
    project = project_with(folder, vip=DROPPED)
    fetched = refresh(project, "vip")
    assert fetched.fetched == 3
    assert "1 members came twice and count once" in (fetched.completeness or "")
    assert rows(project, "SELECT mapped, duplicate FROM segments.snapshots") == [(2, 1)]


def test_a_table_of_the_warehouse_is_a_segment(folder: Path) -> None:
    """Rows are mapped by every identifier, addresses without case; the transaction is the proof."""
    project = project_with(folder, vip=QUERIED)
    run(project, TABLE)
    fetched = refresh(project, "vip")
    assert fetched.completeness == "one statement in one transaction of the warehouse"
    assert (fetched.fetched, fetched.data_at) == (3, None)
    assert sorted(rows(project, "SELECT contact_id FROM segments.vip")) == [("010",), ("012",)]
    assert rows(project, "SELECT mapped, unknown FROM segments.snapshots") == [(2, 1)]


def test_a_select_is_a_segment(folder: Path) -> None:
    """A SELECT is read like a table; whole numbers become their digits, times of joining are kept."""
    query = "select '0' || number as id, since from crm.vips where plan = 'gold'"
    source = {"connection": "own", "sql": query, "columns": {"contact_id": "id"}, "joined_at": "since"}
    identifiers = [{"contact_id": "contact_id"}]
    project = project_with(folder, vip={**QUERIED, "source": source, "identifiers": identifiers})
    run(project, TABLE)
    refresh(project, "vip")
    found = rows(project, "SELECT contact_id, joined_at FROM segments.vip ORDER BY contact_id")
    assert found == [("010", datetime(2026, 11, 1, 9, tzinfo=UTC)), ("012", None)]


def test_another_segment_is_a_source(folder: Path) -> None:
    """What one segment publishes, another reads; nobody in it is proven, too."""
    delivered(folder)
    source = {"connection": "own", "sql": "select contact_id from segments.vip where note = 'silver'"}
    gold = {**QUERIED, "source": source, "identifiers": [{"contact_id": "contact_id"}]}
    project = project_with(folder, vip=DROPPED, silver=gold)
    refresh(project, "vip")
    assert refresh(project, "silver").fetched == 0


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ({"table": "crm.vip"}, "source-missing"),
        ({"sql": "select contact_id, email from crm.vips where"}, "source-unreadable"),
        ({"sql": "select contact_id, email from crm.vips; drop table crm.vips"}, "source-unreadable"),
        ({"sql": "select contact_id, email from crm.vips where 1 / (number - 12) > 0 and cast(plan as int) = 1"},
         "source-unreadable"),
        ({"sql": "select contact_id from crm.vips"}, "column-missing"),
        ({"table": "crm.vips", "columns": {"email": "emial"}}, "column-missing"),
        ({"table": "crm.vips", "columns": {"contact_id": "score"}}, "identifier-column-type"),
        ({"table": "crm.vips", "joined_at": "plan"}, "identifier-column-type"),
        ({"table": "crm.vips", "member_id": "email"}, "member-without-id"),
    ],
)  # fmt: skip
def test_a_source_that_cannot_be_read_is_an_error(folder: Path, source: dict[str, Any], code: str) -> None:
    """Promise 2: each is an error with its place in the file, and nothing is published."""
    project = project_with(folder, vip={**QUERIED, "source": {"connection": "own", **source}})
    run(project, TABLE)
    with pytest.raises(RemoteSegmentsError) as caught:
        refresh(project, "vip")
    assert isinstance(caught.value, ProjectError | PlatformError)
    assert caught.value.code == code
    assert "segments/vip.yaml:" in str(caught.value)
    assert "x.test" not in str(caught.value)
    assert rows(project, "SELECT state, reason FROM segments.snapshots") == [("failed", code)]
    assert rows(project, "SELECT count(*) FROM crm.vips") == [(3,)]


def test_a_look_before_the_first_refresh(folder: Path) -> None:
    """Preview, listing and `validate --live` know files and tables; nothing is written."""
    delivered(folder)
    project = project_with(folder, files_vip=DROPPED, table_vip=QUERIED)
    run(project, TABLE)
    assert preview(project, "files_vip").counts.mapped == 1
    assert (preview(project, "table_vip").counts.mapped, preview(project, "table_vip").size) == (2, 3)
    checked = check_live(project)
    assert checked.problems == []
    assert {name: one.size for name, one in checked.descriptions.items()} == {"files_vip": None, "table_vip": 3}
    for connection, ids in (("drop", {"path": "vip/"}), ("own", {"table": "crm.vips"})):
        with connect(project, connection) as account:
            (row,) = [one for one in list_segments(project, account, connection).rows if one.listed.ids == ids]
            assert len(row.files) == 1
            with pytest.raises(ProjectError) as caught:
                find(project, account, connection, "x")
            assert caught.value.code == "no-manifest"


def test_what_is_wrong_live_is_placed_in_the_file(folder: Path) -> None:
    """A misspelt path and column are told with the line of the segment's file."""
    delivered(folder)
    files = {**DROPPED, "source": {**DROPPED["source"], "columns": {"email": "Email"}}}  # type: ignore[dict-item]
    project = project_with(folder, files_vip=files, table_vip=QUERIED)
    found = {problem.code: str(problem.where) for problem in check_live(project).problems}
    assert sorted(found) == ["column-missing", "source-missing"]
    assert all(".yaml:" in where for where in found.values())


def test_another_path_is_another_definition(folder: Path) -> None:
    """Promise 15: members of other files have not joined."""
    delivered(folder)
    put(folder / "drop", "other.csv", content(PEOPLE[2:], "csv"))
    project = project_with(folder, vip=DROPPED)
    refresh(project, "vip")
    other = {"connection": "drop", "path": "other.csv", "completeness": "atomic"}
    project = project_with(folder, vip={**DROPPED, "source": other, "guards": {"max_left": "100%"}})
    refresh(project, "vip", NOW + timedelta(hours=1))
    assert {row[0] for row in rows(project, "SELECT cause FROM segments.changes")} == {"baseline", "definition"}
    (stored,) = rows(project, "SELECT source FROM segments.snapshots ORDER BY snapshot_id DESC LIMIT 1")
    assert json.loads(stored[0]) == {"path": "other.csv", "completeness": "atomic"}
