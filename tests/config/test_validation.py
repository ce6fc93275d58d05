"""Errors of settings classes become problems that a person understands."""

from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field

from remote_segments.errors import InvalidProject, Problem
from remote_segments.settings import Secret, Settings, Texts
from remote_segments.validation import check, in_order, load
from remote_segments.yaml import parse


class Bearer(Settings):
    kind: Literal["bearer"] = "bearer"
    token: Secret


class Header(Settings):
    kind: Literal["header"] = "header"
    name: str
    token: Secret | None = None


class Step(Settings):
    wait_seconds: int = Field(1, ge=0, le=60, description="Seconds to wait.")


class Thing(Settings):
    auth: Annotated[Bearer | Header, Field(discriminator="kind")] | None = None
    steps: tuple[Step, ...] = ()
    named: dict[str, Step] = Field(default_factory=dict)
    flexible: Step | Texts | None = None
    level: Literal["low", "high"] = "low"
    schema_: str = Field("x", alias="schema")
    count: int | None = None


def problems_of(text: str) -> list[Problem]:
    """What is wrong with a Thing written as YAML."""
    return check(parse(text, Path("thing.yaml")), Thing)[1]


CASES = [
    ("auth: {kind: baerer, token: {env: A}}", "bad-value", "Did you mean `bearer`?"),
    ("auth: {token: {env: A}}", "missing-key", "Add `kind:`."),
    ("auth: {kind: header, nmae: X}", "unknown-key", "Did you mean `name`? Known: `name`, `kind`, `token`."),
    ("auth: {kind: bearer, token: CANARY}", "secret-in-file", "{env: NAME}"),
    ("auth: {kind: header, name: X, token: CANARY}", "secret-in-file", "{env: NAME}"),
    ("auth: bearer", "wrong-type", "a mapping"),
    ("steps: [{wait_second: 1}]", "unknown-key", "Did you mean `wait_seconds`?"),
    ("steps: {wait_seconds: 1}", "wrong-type", "a list"),
    ("steps: [{wait_seconds: soon}]", "wrong-type", "a whole number"),
    ("steps: [{wait_seconds: 61}]", "bad-value", "It must be less than or equal to 60."),
    ("named: {first: {wait-seconds: 1}}", "unknown-key", "Did you mean `wait_seconds`?"),
    ("flexible: {wait: 1}", "unknown-key", "Did you mean `wait_seconds`?"),
    ("level: hgih", "bad-value", "Did you mean `high`?"),
    ("level: [high]", "bad-value", "Known: `low`, `high`."),
    ("schemas: y", "unknown-key", "Did you mean `schema`?"),
    ("count: 1.5", "wrong-type", "a whole number"),
    ("zebra: 1", "unknown-key", "Known: `auth`"),
]


@pytest.mark.parametrize(("text", "code", "fix"), CASES)
def test_one_mistake_is_one_problem(text: str, code: str, fix: str) -> None:
    """Each mistake has one code, says what to do in a sentence, and repeats no secret."""
    problems = problems_of(text)
    assert [problem.code for problem in problems] == [code], problems
    assert fix in problems[0].fix
    assert "CANARY" not in str(problems)


def test_text_becomes_what_a_field_is_declared_as() -> None:
    """Numbers and switches are read from text where a class wants them."""
    thing, problems = check(parse("count: 12\nflexible: one\nschema: s\n", Path("thing.yaml")), Thing)
    assert problems == []
    assert thing == Thing(count=12, flexible=("one",), schema="s")


def test_a_path_is_said_as_a_person_counts() -> None:
    """The second entry of a list is [2]."""
    problem = problems_of("steps:\n  - {}\n  - {wait_seconds: x}\n")[0]
    assert problem.found == "`steps[2].wait_seconds` is text."
    assert problem.where is not None
    assert str(problem.where) == "thing.yaml:3"


def test_all_mistakes_of_a_file_are_told() -> None:
    """The first mistake hides no other."""
    problems = problems_of("level: x\ncount: y\nzebra: 1\nlevel: low\n")
    assert sorted(problem.code for problem in problems) == ["bad-value", "duplicate-key", "unknown-key", "wrong-type"]


def test_loading_raises_all_problems_in_order(tmp_path: Path) -> None:
    """A file that does not fit raises once, with everything."""
    (tmp_path / "thing.yaml").write_text("count: y\nlevel: x\n")
    with pytest.raises(InvalidProject) as refused:
        load(tmp_path / "thing.yaml", Thing)
    assert [problem.code for problem in refused.value.problems] == ["wrong-type", "bad-value"]
    assert refused.value.exit_code == 2


def test_a_missing_file_is_a_problem(tmp_path: Path) -> None:
    """No file is an error of its own code, not a traceback."""
    with pytest.raises(InvalidProject) as refused:
        load(tmp_path / "absent.yaml", Thing)
    assert refused.value.code == "missing-file"


def test_problems_are_ordered_by_file_and_line_and_told_once() -> None:
    """The same mistake seen from two sides is one line of output."""
    one, two = problems_of("level: x\ncount: y\n")
    assert in_order([two, one, two]) == [one, two]
