"""`diff` and annotations: what a pull request shows."""

import shutil
from pathlib import Path

from remote_segments.config.project import Project
from tests.support.commands import command, edit


def test_a_change_is_told_with_its_effect(project: Project, tmp_path: Path) -> None:
    """Settings before and after, the effect on history, and calls per day."""
    base = shutil.copytree(project.folder, tmp_path / "base")
    assert command("diff", base).out.strip() == f"Nothing changes against {base}."
    edit(project.folder / "segments" / "vip.yaml", refresh_frequency="15 minutes", identifiers=[{"email": "email"}])
    shown = command("diff", base)
    assert shown.code == 0
    assert "identifiers: external_id = contact_id or email = email -> email = email" in shown.out
    assert "have the cause `definition`" in shown.out
    assert "klaviyo: at least" in shown.out
    document = command("diff", base, "--json").document
    assert [one["name"] for one in document["segments"]] == ["vip"]
    assert document["calls_per_day"]["klaviyo"]["after"] > document["calls_per_day"]["klaviyo"]["before"]


def test_a_broken_base_is_told(project: Project, tmp_path: Path) -> None:
    """The base's own mistake, not one of the present files."""
    base = shutil.copytree(project.folder, tmp_path / "base")
    edit(base / "segments" / "vip.yaml", model="contcats")
    shown = command("diff", base)
    assert shown.code == 2
    assert "[base-invalid]" in shown.err
    assert "contcats" in shown.err


def test_problems_are_annotations_of_their_lines(project: Project) -> None:
    """One line per problem, with file, line and code, as GitHub reads it; percent signs and line ends are escaped."""
    edit(project.folder / "segments" / "vip.yaml", ownr="100%, of: us")
    shown = command("validate", "--format", "github")
    assert shown.code == 2
    (line,) = [one for one in shown.out.splitlines() if one.startswith("::error ")]
    assert line.startswith("::error file=segment_configs/segments/vip.yaml,line=")
    assert ",title=unknown-key::There is no key `ownr`. Did you mean `owner`?" in line


def test_a_sound_project_has_no_annotations(project: Project) -> None:
    """The same summary as ever."""
    assert project.segments
    shown = command("validate", "--format", "github")
    assert shown.code == 0
    assert "::error" not in shown.out
