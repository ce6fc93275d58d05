"""A loaded project answers questions of the other rooms."""

import pickle
import shutil
from pathlib import Path

import pytest

from remote_segments.config.loader import load_project
from remote_segments.config.project import Project
from remote_segments.errors import ProjectError

GOOD = Path(__file__).parents[1] / "configs" / "good"


@pytest.fixture(scope="module")
def project() -> Project:
    """The example with every key."""
    return load_project(GOOD / "full", "production")


def test_an_unknown_segment_is_refused_with_the_nearest_name(project: Project) -> None:
    """A person who mistypes a name is told which one is near."""
    with pytest.raises(ProjectError, match="Did you mean `vip_openers`") as refused:
        project.segment("vip_opener")
    assert refused.value.code == "unknown-segment"


def test_a_project_can_be_narrowed_to_some_segments(project: Project) -> None:
    """Only the named segments remain; all else is the same."""
    narrowed = project.only(["families"])
    assert list(narrowed.segments) == ["families"]
    assert narrowed.connections == project.connections


def test_values_know_their_file_and_line(project: Project) -> None:
    """An error that is found later can name the line that it comes from."""
    identifier = project.locate(("segments", "vip_openers", "identifiers", 1, "email", "column"))
    assert (identifier.file.name, identifier.line) == ("vip_openers.yaml", 8)
    connection = project.locate(("connections", "mailchimp", "data_center"))
    assert (connection.file.name, connection.line) == ("project.yaml", 13)


def test_a_value_that_is_not_written_has_the_line_around_it(project: Project) -> None:
    """A default is blamed on the block that could have set it."""
    assert project.locate(("segments", "vip_openers", "columns", "include")).line == 14
    assert project.locate(("connections", "mailchimp", "limits", "per_day")).line == 13


def test_the_page_in_the_tool_is_known(project: Project) -> None:
    """The UI links to the segment's page where the manifest knows its address."""
    assert "XkR2fP" in (project.page_url(project.segment("vip_openers")) or "")


def test_the_warehouse_is_made_without_touching_anything() -> None:
    """Opening the settings connects to nothing and makes no file."""
    project = load_project(GOOD / "full", "development")
    assert project.open_warehouse().dialect == "duckdb"
    assert not (GOOD / "full" / "dev.duckdb").exists()


def test_a_project_goes_to_another_process(project: Project) -> None:
    """Dagster's processes may be handed a project."""
    assert pickle.loads(pickle.dumps(project)) == project


def test_a_repr_names_no_secret_file_content(tmp_path: Path) -> None:
    """Promise 29: loading never reads a secret, so no repr can show one."""
    shutil.copytree(GOOD / "full", tmp_path, dirs_exist_ok=True)
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "klaviyo").write_text("CANARY")
    assert "CANARY" not in repr(load_project(tmp_path, "production"))


def test_hidden_and_other_files_in_segments_are_no_segments(tmp_path: Path) -> None:
    """An editor's backup or a note does not stop a project."""
    shutil.copytree(GOOD / "plain", tmp_path, dirs_exist_ok=True)
    (tmp_path / "segments" / "README.md").write_text("Notes")
    (tmp_path / "segments" / ".vip.yaml").write_text("half written: [")
    assert list(load_project(tmp_path, "development").segments) == ["vip_openers"]


def test_a_project_without_segments_is_sound(tmp_path: Path) -> None:
    """A new project has nothing to refresh yet."""
    shutil.copy(GOOD / "plain" / "project.yaml", tmp_path)
    assert load_project(tmp_path, "development").segments == {}


def test_a_platform_of_the_projects_own_can_be_used(tmp_path: Path) -> None:
    """A manifest in platforms/ stands beside the bundled ones, and replaces one of its name."""
    shutil.copytree(GOOD / "plain", tmp_path, dirs_exist_ok=True)
    bundled = Path(__file__).parents[2] / "remote_segments" / "platforms" / "klaviyo.yaml"
    (tmp_path / "platforms").mkdir()
    (tmp_path / "platforms" / "klaviyo.yaml").write_text(bundled.read_text().replace("title: Klaviyo", "title: Ours"))
    project = load_project(tmp_path, "development")
    assert project.manifest_of(project.segment("vip_openers")).title == "Ours"
