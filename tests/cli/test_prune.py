"""`prune`, and what `status` says of segments whose file is gone."""

from remote_segments.config.project import Project
from tests.support.commands import command


def test_a_segment_without_a_file_is_told_and_removed(project: Project) -> None:
    """`status` names it and the command; `prune` asks, removes it, and then there is nothing left."""
    assert command("run", "vip", "paying").code == 0
    (project.folder / "segments" / "vip.yaml").unlink()
    assert "vip: no file names it any more; 1 snapshots are stored" in command("status").out
    assert command("status", "--json").document["without_a_file"] == ["vip"]
    assert "[segment-has-file]" in command("prune", "paying", "--yes").err
    shown = command("prune", "--yes")
    assert shown.code == 0
    assert "vip: removed, " in shown.out
    assert "no file names it" not in command("status").out
    assert "Every stored segment has its file." in command("prune").out


def test_the_space_is_given_back_when_asked_for(project: Project) -> None:
    """Without `--compact` the file keeps its size and the command says so; with it the file is written anew."""
    assert command("run", "vip", "paying").code == 0
    file = project.folder / "warehouse.duckdb"
    for name in ("vip", "paying"):
        (project.folder / "segments" / f"{name}.yaml").unlink()
    assert "with --compact it is given back" in command("prune", "vip", "--yes").out
    before = file.stat().st_size
    shown = command("prune", "paying", "--yes", "--compact")
    assert shown.code == 0
    assert "--compact" not in shown.out
    assert file.stat().st_size < before
