"""YAML is read as the characters written, with the line of everything."""

from pathlib import Path

import pytest
import yaml as pyyaml
from hypothesis import given
from hypothesis import strategies as st

from remote_segments.yaml import MAX_NODES, parse, read_document

FILE = Path("segment.yaml")


@pytest.mark.parametrize(
    "written", ["010", "12:30", "1_000", "true", "no", "1e3", "0x1F", "2026-11-24", "-0", ".5", "Null-ish", "nUll"]
)
def test_a_plain_scalar_is_text(written: str) -> None:
    """Nothing that YAML 1.1 would turn into a number, day or switch is turned."""
    assert parse(f"id: {written}\n", FILE).content == {"id": written}


@pytest.mark.parametrize("written", ["", "~", "null", "Null", "NULL"])
def test_a_plain_null_is_none(written: str) -> None:
    """Nothing at all, `~` and `null` mean that a key is not set."""
    assert parse(f"id: {written}\n", FILE).content == {"id": None}


@pytest.mark.parametrize("written", ["''", "'null'", '"~"', "|-\n  null"])
def test_quoted_text_is_never_none(written: str) -> None:
    """Quotes make text, also of what would be nothing without them."""
    assert isinstance(parse(f"id: {written}\n", FILE).content["id"], str)


@given(st.dictionaries(st.text(), st.text() | st.lists(st.text())))
def test_what_was_written_by_a_dumper_is_read_back(content: dict[str, str | list[str]]) -> None:
    """Any text survives writing and reading: the reader changes no character."""
    text = pyyaml.safe_dump(content, allow_unicode=True, default_style='"')
    document = parse(text, FILE)
    assert (document.content, document.problems) == (content, ())


@given(st.text(alphabet=st.sampled_from("ab:-[]{}#&*!|>'\"%@`?, \n\t~0")) | st.binary(max_size=60))
def test_no_input_stops_the_reader(text: str | bytes) -> None:
    """Whatever a file holds gives content or problems, never an exception."""
    document = parse(text, FILE)
    assert all(problem.code.startswith(("yaml-", "duplicate-key")) for problem in document.problems)


def test_each_value_has_the_line_of_its_key() -> None:
    """Keys and list entries know their line, also behind comments and block text."""
    document = parse("# note\na: 1\nb:\n  - x\n  -\n    c: |\n      text\n\n    d: 2\n", FILE)
    assert [document.locate(path).line for path in [("a",), ("b", 0), ("b", 1, "c"), ("b", 1, "d")]] == [2, 4, 6, 9]


def test_a_value_that_is_not_there_has_the_line_around_it() -> None:
    """The place of a missing key is the block that lacks it."""
    document = parse("a:\n  b: 1\n", FILE)
    assert document.locate(("a", "c")).line == 1
    assert document.locate(("z",)).line == 1


def test_a_key_written_twice_is_a_problem_and_the_first_counts() -> None:
    """A duplicate never wins in silence."""
    document = parse("a: 1\nb: {c: 1, c: 2}\na: 3\n", FILE)
    assert document.content == {"a": "1", "b": {"c": "1"}}
    assert [(problem.code, problem.where.line) for problem in document.problems] == [
        ("duplicate-key", 2),
        ("duplicate-key", 3),
    ]


def test_an_alias_stands_for_its_value() -> None:
    """Anchors and aliases are plain YAML, and are read."""
    assert parse("a: &x [1, 2]\nb: *x\n", FILE).content == {"a": ["1", "2"], "b": ["1", "2"]}


def test_aliases_that_stand_for_billions_are_refused() -> None:
    """A few lines must not fill the memory."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    document = parse("\n".join(lines), FILE)
    assert {problem.code for problem in document.problems} == {"yaml-alias"}
    assert len(document.lines) <= MAX_NODES + 100


def test_an_endless_alias_is_refused() -> None:
    """A value that holds itself is no value."""
    assert [problem.code for problem in parse("a: &a {b: *a}\n", FILE).problems] == ["yaml-alias"]


def test_values_nested_without_measure_are_refused() -> None:
    """Depth beyond reason is an error of the file, not of the program."""
    assert [problem.code for problem in parse("[" * 5000, FILE).problems] == ["yaml-syntax"]


def test_a_key_that_is_a_list_is_refused() -> None:
    """Keys are words."""
    assert [problem.code for problem in parse("? [a, b]\n: c\n", FILE).problems] == ["yaml-syntax"]


def test_a_syntax_error_never_shows_the_text_around_it() -> None:
    """Promise 29: the line that is broken may hold a secret."""
    document = parse("api_key: 'pk_CANARY\nother: 1\n", FILE)
    assert [problem.code for problem in document.problems] == ["yaml-syntax"]
    assert "CANARY" not in str(document.problems)


@pytest.mark.parametrize("text", ["a: 1\r\nb: 2\r\n", "\ufeffa: 1\nb: 2\n", "a: 1\nb: 2"])
def test_files_from_other_systems_are_read(tmp_path: Path, text: str) -> None:
    """Windows line ends, a byte order mark and a missing last line end change nothing."""
    (tmp_path / "x.yaml").write_bytes(text.encode())
    document = read_document(tmp_path / "x.yaml")
    assert (document.content, document.locate(("b",)).line) == ({"a": "1", "b": "2"}, 2)
