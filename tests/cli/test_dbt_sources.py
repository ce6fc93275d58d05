"""`dbt-sources`: what dbt reads of the project."""

from pathlib import Path

import yaml

from remote_segments.config.project import Project
from tests.support.commands import command


def tables(text: str) -> dict[str, dict]:
    """The tables of the one source, by name."""
    (source,) = yaml.safe_load(text)["sources"]
    assert source["schema"] == "segments"
    return {table["name"]: table for table in source["tables"]}


def test_every_segment_is_a_table_with_freshness_and_columns(project: Project) -> None:
    """Owner and platform as meta, the ages at which the project itself judges it, a column for each of the table's."""
    command("run", "vip")
    found = tables(command("dbt-sources").out)
    config = found["vip"]["config"]
    assert config["meta"]["segment_id"] == "VIPOPN"
    assert config["loaded_at_field"] == "snapshot_at"
    assert config["freshness"] == {
        "warn_after": {"count": 90, "period": "minute"},
        "error_after": {"count": 150, "period": "minute"},
    }
    columns = {column["name"]: column for column in found["vip"]["columns"]}
    assert columns["contact_id"]["data_tests"] == ["not_null"]
    assert "snapshot_at" in columns
    assert "columns" not in found["paying"]  # nothing is published of it yet
    assert {"memberships", "snapshots", "changes"} <= found.keys()
    assert project.segments.keys() <= found.keys()


def test_it_is_written_to_a_file(project: Project, tmp_path: Path) -> None:
    """Again and again, under the name that the team gives the source."""
    assert project.segments
    file = tmp_path / "sources.yml"
    for _ in range(2):
        shown = command("dbt-sources", "--output", file, "--name", "audiences")
        assert shown.code == 0
    assert yaml.safe_load(file.read_text())["sources"][0]["name"] == "audiences"
    assert "tables of the source audiences" in shown.out
