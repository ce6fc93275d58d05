"""Every broken example in tests/configs/bad is refused with its code, file, line and what to do."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from remote_segments.config.loader import load_project
from remote_segments.errors import InvalidProject, Location, Problem

CONFIGS = Path(__file__).parents[1] / "configs"
SOUND = CONFIGS / "good" / "plain"
BROKEN = sorted((CONFIGS / "bad").iterdir())


def broken_project(example: Path, folder: Path) -> dict[str, Any]:
    """Lays the files of an example over a sound project; returns what the example expects."""
    expected: dict[str, Any] = yaml.safe_load((example / "expected.yaml").read_text())
    shutil.copytree(SOUND, folder, dirs_exist_ok=True)
    shutil.copytree(example, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("expected.yaml"))
    for name in expected.get("remove", []):
        (folder / name).unlink()
    return expected


def place(problem: Problem, folder: Path) -> tuple[str, str | None, int | None]:
    """Code, file relative to the project, and line of a problem."""
    where = problem.where
    file = where.file.relative_to(folder).as_posix() if isinstance(where, Location) else None
    return problem.code, file, where.line if isinstance(where, Location) else None


@pytest.mark.parametrize("example", BROKEN, ids=lambda folder: folder.name)
def test_a_broken_example_is_refused_with_code_file_line_and_what_to_do(example: Path, tmp_path: Path) -> None:
    """Promise 31: `validate` needs no network and no secret, and names code, file, line and fix of every mistake."""
    expected = broken_project(example, tmp_path)
    with pytest.raises(InvalidProject) as refused:
        load_project(tmp_path, expected.get("environment", "development"))
    problems = refused.value.problems
    wanted = [(problem["code"], problem["file"], problem["line"]) for problem in expected["problems"]]
    assert [place(problem, tmp_path) for problem in problems] == wanted, str(refused.value)
    for problem, want in zip(problems, expected["problems"], strict=True):
        assert want["fix"] in problem.fix, str(problem)
        assert problem.found.endswith("."), str(problem)
        assert problem.fix.endswith((".", "?")), str(problem)


@pytest.mark.parametrize("example", BROKEN, ids=lambda folder: folder.name)
def test_no_message_repeats_a_secret(example: Path, tmp_path: Path) -> None:
    """Promise 29: whatever is wrong, the text of a secret written into a file is in no message."""
    expected = broken_project(example, tmp_path)
    with pytest.raises(InvalidProject) as refused:
        load_project(tmp_path, expected.get("environment"))
    assert "CANARY" not in str(refused.value)
    assert "canary" not in repr(refused.value)
