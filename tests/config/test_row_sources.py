"""What is said of sources of files and of the warehouse that are written wrongly: code, place, and what to do."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from remote_segments.config.loader import load_project
from remote_segments.errors import InvalidProject, Problem

DROP = {"platform": "files", "url": "drop"}
SOURCE = {"connection": "drop", "path": "vip.csv", "completeness": "atomic"}


def problems(
    folder: Path, source: Any = SOURCE, connection: Any = DROP, identifier: str = "contact_id"
) -> list[Problem]:
    """Everything that is wrong with a project of one segment."""
    (folder / "segments").mkdir(exist_ok=True)
    project = {
        "version": "1",
        "start": "2026-11-01",
        "warehouse": {"path": "warehouse.duckdb"},
        "connections": {"drop": connection, "own": {"platform": "warehouse"}},
        "models": {"contacts": {"table": "crm.contacts", "key": "contact_id"}},
    }
    segment = {
        "model": "contacts",
        "source": source,
        "identifiers": [{identifier: "contact_id"}],
        "refresh_frequency": "1 hour",
    }
    (folder / "project.yaml").write_text(yaml.safe_dump(project, sort_keys=False))
    (folder / "segments" / "vip.yaml").write_text(yaml.safe_dump(segment, sort_keys=False))
    try:
        load_project(folder)
    except InvalidProject as error:
        return error.problems
    return []


def test_what_is_right_is_accepted(tmp_path: Path) -> None:
    """Each form of completeness, and a table and a SELECT."""
    for completeness in ("atomic", {"marker": "_SUCCESS"}, {"manifest": "m.json"}, {"count": "vip.ctl"}):
        assert problems(tmp_path, {**SOURCE, "completeness": completeness}) == []
    assert problems(tmp_path, {"connection": "own", "table": "crm.vips"}) == []
    assert problems(tmp_path, {"connection": "own", "sql": "select 1 as contact_id"}) == []


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"completeness": None}, "bad-value", "marker"),
        ({"completeness": "whole"}, "bad-value", "never become a membership"),
        ({"completeness": {"marker": "a", "count": "b"}}, "bad-value", "exactly one"),
        ({"completeness": {"marker_file": "a"}}, "unknown-key", "marker"),
        ({"completeness": {"manifest": {"file": "m.json"}}}, "bad-value", "rows"),
        ({"completeness": {"count": {"file": "c", "pattern": "[0-9]+"}}}, "bad-value", "groups"),
        ({"path": "vip/"}, "bad-value", "one missing"),
        ({"path": "/etc/passwd"}, "bad-value", "url"),
        ({"path": "../vip.csv"}, "bad-value", "below"),
        ({"path": "vip_{date}.csv"}, "bad-value", "newest"),
        ({"path": "vip.xlsx"}, "missing-key", "format"),
        ({"pth": "vip.csv"}, "unknown-key", "path"),
        ({"format": "excel"}, "bad-value", "parquet"),
        ({"csv": {"delimiter": ";;"}}, "bad-value", "character"),
        ({"csv": {"encoding": "utf-99"}}, "bad-value", "encoding"),
        ({"columns": {"E-Mail": "email"}}, "name-invalid", "lower-case"),
        ({"columns": {"segment": "email"}}, "name-invalid", "lower-case"),
        ({"columns": {"email": {"kind": "mail"}}}, "bad-value", "email"),
        ({"segment_id": "X"}, "unknown-key", "path"),
    ],
)
def test_a_wrong_source_of_files(tmp_path: Path, changes: dict[str, Any], code: str, words: str) -> None:
    """One mistake is one problem, with its line and a fix."""
    (problem,) = problems(tmp_path, {**SOURCE, **changes})
    assert problem.code == code
    assert words in f"{problem.found} {problem.fix}"
    assert str(problem.where).rpartition(":")[0].endswith("segments/vip.yaml")


def test_completeness_must_be_written(tmp_path: Path) -> None:
    """Promise 3: nobody gets a membership of files by leaving something out."""
    (problem,) = problems(tmp_path, {"connection": "drop", "path": "vip.csv"})
    assert problem.code == "missing-key"
    assert "`completeness`" in problem.found


@pytest.mark.parametrize(
    ("source", "code"),
    [({}, "bad-value"), ({"table": "a", "sql": "b"}, "bad-value"), ({"tabel": "a.b"}, "unknown-key")],
)
def test_a_wrong_source_of_the_warehouse(tmp_path: Path, source: dict[str, Any], code: str) -> None:
    """Exactly one of table and sql."""
    assert code in {problem.code for problem in problems(tmp_path, {"connection": "own", **source})}


def test_an_identifier_that_cannot_be_a_column(tmp_path: Path) -> None:
    """Names of files' columns are given names that every warehouse takes."""
    (problem,) = problems(tmp_path, identifier="Contact ID")
    assert problem.code == "name-invalid"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"url": "ftp://host/x"}, "bad-value"),
        ({"url": "sftp://user:secret@host/x"}, "bad-value"),
        ({"url": "s3:///x"}, "bad-value"),
        ({"url": "s3://localhost:9000/x"}, "bad-value"),
        ({"password": "hunter2"}, "secret-in-file"),
        ({"urll": "x"}, "unknown-key"),
        ({"base_url": "https://x.test"}, "unknown-key"),
        ({"limits": {"per_second": "1"}}, "unknown-key"),
    ],
)
def test_a_wrong_connection_to_files(tmp_path: Path, changes: dict[str, Any], code: str) -> None:
    """Each is told with its place; no secret is repeated."""
    (problem,) = problems(tmp_path, connection={**DROP, **changes})
    assert problem.code == code
    assert "project.yaml:" in str(problem.where)
    assert "secret@" not in str(problem)
    assert "hunter2" not in str(problem)


def test_a_connection_needs_its_url(tmp_path: Path) -> None:
    """It says where paths begin."""
    (problem,) = problems(tmp_path, connection={"platform": "files"})
    assert (problem.code, "`url`" in problem.found) == ("missing-key", True)


def test_ids_of_platforms_are_texts(tmp_path: Path) -> None:
    """Only sources of rows take mappings and lists."""
    connection = {"platform": "klaviyo", "api_key": {"env": "KEY"}}
    (problem,) = problems(tmp_path, {"connection": "drop", "segment_id": ["X"]}, connection)
    assert problem.code == "wrong-type"


def test_a_manifest_cannot_take_the_place_of_files(tmp_path: Path) -> None:
    """The names of the platforms without a manifest are taken."""
    (tmp_path / "platforms").mkdir()
    (tmp_path / "platforms" / "files.yaml").write_text("name: files\n")
    assert "name-reserved" in {problem.code for problem in problems(tmp_path)}
