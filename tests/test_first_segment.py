"""The walk through docs/first-segment.md, done as it is written: every command, every line that it promises."""

from pathlib import Path

import pytest

from remote_segments.cli import simulator as simulating
from remote_segments.simulator import Simulator
from tests.support.commands import command
from tests.support.environment import own_environment
from tests.support.walking import missing, steps

__all__ = ["own_environment"]

DOCUMENT = Path(__file__).parents[1] / "docs" / "first-segment.md"


def test_the_walk_through_is_true(monkeypatch: pytest.MonkeyPatch) -> None:
    """In an empty folder, with nothing started, every command succeeds and prints what the document shows."""
    with Simulator(people=1) as other:
        port = other.port  # free again in a moment
    monkeypatch.setattr(simulating, "PORT", port)
    monkeypatch.setenv("TZ", "UTC")
    walked = [
        (step.command.removeprefix("remote-segments ").split(), step.shown) for step in steps(DOCUMENT.read_text())
    ]
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
