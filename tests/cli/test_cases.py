"""`remote-segments test`: a user's own cases, without secret, network or warehouse."""

from pathlib import Path

import pytest

from remote_segments.config.project import Project
from tests.support.commands import Result, command, set_connection

GOOD = """\
segment: vip
cases:
  - name: The customer number goes before the address
    model:
      - {contact_id: C1, email: ada@example.test}
      - {contact_id: "010", email: bob@example.test}
    members:
      - given: {external_id: C1, email: bob@example.test}
        key: C1
        matched: external_id
      - given: {email: " BOB@Example.Test"}
        key: 010
      - given: {email: n/a}
        becomes: invalid
"""


def write(folder: Path, text: str) -> Result:
    """Writes a file of tests/ and runs it."""
    (folder / "tests").mkdir(exist_ok=True)
    (folder / "tests" / "vip.yaml").write_text(text)
    return command("test")


def test_cases_that_hold_are_counted(project: Project) -> None:
    """No secret is read, and keys stay the characters written."""
    (project.folder / "key").unlink()
    set_connection(project.folder, base_url="http://127.0.0.1:9/klaviyo")
    (project.folder / "warehouse.duckdb").unlink()
    assert write(project.folder, GOOD).out == "1 case with 3 members in 1 file: all as they should be.\n"
    document = command("test", "--json").document
    assert document == {"files": 1, "cases": 1, "members": 3, "passed": 3, "problems": []}
    assert not (project.folder / "warehouse.duckdb").exists()


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        ("becomes: unknown", "becomes: invalid", "member 3 became `invalid`, and should have become `unknown`"),
        ("key: C1", "key: 010", "member 2 became the row of line 6, and should have become the row of line 5"),
        ("key: C9", "key: 010", "member 2 became the row of line 6, and should have become the key written here"),
        ("matched: email", "matched: external_id", "member 1 was matched by `external_id`, and not by `email`"),
    ],
)
def test_a_case_that_fails_is_told_by_line(wrong: str, right: str, said: str, project: Project) -> None:
    """Rows and members are named by their place, never by who they are; somebody edits a file, so the code is 2."""
    shown = write(project.folder, GOOD.replace(right, wrong))
    assert shown.code == 2
    assert "[case-failed] The customer number goes before the address: " in shown.err
    assert said in shown.err
    assert "1 of 3 members did not become what they should" in shown.out
    assert "@example" not in shown.out + shown.err
    assert command("test", "--json").document["problems"][0]["where"].startswith("segment_configs/tests/vip.yaml:")


@pytest.mark.parametrize(
    ("wrong", "right", "code", "line"),
    [
        ("segment: vpi", "segment: vip", "unknown-segment", 1),
        ("emial: n/a", "email: n/a", "unknown-identifier", 13),
        ("becomes: gone", "becomes: invalid", "bad-value", 13),
        ("{email: ada@example.test}", "{contact_id: C1, email: ada@example.test}", "missing-key", 5),
        ("key: [C1, C2]", "key: C1", "bad-value", 9),
        ("becoms: invalid", "becomes: invalid", "unknown-key", 14),
    ],
)
def test_a_mistake_in_a_file_of_tests_is_told(wrong: str, right: str, code: str, line: int, project: Project) -> None:
    """As in every other file: code, line, what to do; `validate` finds it, too."""
    shown = write(project.folder, GOOD.replace(right, wrong))
    for one in (shown, command("validate")):
        assert one.code == 2
        assert f"tests/vip.yaml:{line}: [{code}]" in one.err


def test_a_model_that_no_refresh_would_take_is_told(project: Project) -> None:
    """A key that is there twice is an error of the rows."""
    shown = write(project.folder, GOOD.replace("C1, email: ada", '"010", email: ada'))
    assert shown.code == 2
    assert "tests/vip.yaml:4: [model-key-duplicated]" in shown.err


def test_a_project_without_cases_says_where_to_write_them(project: Project) -> None:
    """Nothing to test is no failure."""
    shown = command("test")
    assert shown.code == 0
    assert "no file in tests/" in shown.out
