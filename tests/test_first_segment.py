"""The walk through docs/first-segment.md, done as it is written: every command, every line that it promises."""

import re
from pathlib import Path

import pytest

from remote_segments.cli import simulator as simulating
from remote_segments.simulator import Simulator
from tests.support.commands import command

DOCUMENT = Path(__file__).parents[1] / "docs" / "first-segment.md"

BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
ANY = "..."
"""In the document: lines, or the rest of a line, that are not shown."""


def steps() -> list[tuple[list[str], list[str]]]:
    """Each command of the document, with the lines that are shown of what it prints."""
    found: list[tuple[list[str], list[str]]] = []
    for block in BLOCK.findall(DOCUMENT.read_text()):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line.removeprefix("$ remote-segments ").split(), []))
            else:
                found[-1][1].append(line)
    return found


def plain(line: str) -> str:
    """A line without what differs from day to day: numbers and the width of columns."""
    return " ".join(re.sub(r"\d[\d,.]*", "0", line).split())


def missing(shown: list[str], printed: list[str]) -> list[str]:
    """The lines of the document that are not printed, in their order."""
    left = [plain(line) for line in printed]
    wrong = []
    for line in shown:
        if line == ANY:
            continue
        wanted, beginning = plain(line.removesuffix(ANY)), line.endswith(ANY)
        found = next(
            (n for n, one in enumerate(left) if (one.startswith(wanted) if beginning else one == wanted)), None
        )
        if found is None:
            wrong.append(line)
        else:
            left = left[found + 1 :]
    return wrong


def test_the_walk_through_is_true(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In an empty folder, with nothing started, every command succeeds and prints what the document shows."""
    with Simulator(people=1) as other:
        port = other.port  # free again in a moment
    monkeypatch.setattr(simulating, "PORT", port)
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("TZ", "UTC")
    for name in ("REMOTE_SEGMENTS_ENV", "REMOTE_SEGMENTS_PROJECT", "DAGSTER_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    walked = steps()
    for words, shown in walked:
        result = command(*words)
        assert result.code == 0, result.err
        assert missing(shown, result.out.splitlines()) == [], result.out
    assert [words[0] for words, _ in walked][:5] == ["init", "segments", "add", "preview", "run"]


def test_a_line_that_is_not_printed_would_be_found() -> None:
    """The comparison forgives numbers and white space, and nothing else."""
    printed = ["a  12 b", "c", "d 1 e f"]
    assert missing(["a 7 b", "...", "d 2 ..."], printed) == []
    assert missing(["c", "a 7 b"], printed) == ["a 7 b"]
    assert missing(["a 7 x"], printed) == ["a 7 x"]
