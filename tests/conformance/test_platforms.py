"""The conformance kit over every platform that comes along."""

from functools import cache
from pathlib import Path

import pytest

from remote_segments.conformance.kit import FIRST, ROWS, WHOLE, Report, check_platform
from remote_segments.conformance.sending import ROWS as SENDING_ROWS
from remote_segments.rest.catalog import bundled, load_manifest

SENDING = [path for path in bundled() if load_manifest(path).destinations]


@cache
def checked(path: Path) -> Report:
    """Runs the kit on a platform, once."""
    return check_platform(path)


@pytest.mark.parametrize("path", bundled(), ids=lambda path: path.stem)
def test_a_platform_passes_the_kit(path: Path) -> None:
    """Promise 34: every platform passes the same rows; one without documented exchanges fails."""
    report = checked(path)
    assert [str(problem) for problem in report.problems] == []
    manifest = load_manifest(path)
    for kind in manifest.sources:
        assert [line.row for line in report.lines if line.source == kind][: len(ROWS)] == list(ROWS)
    done = {line.row for line in report.lines if line.verdict.result == "ok"}
    assert done >= (set(FIRST) - {"full-page", "page-size"} if manifest.sources else set())
    assert done >= set(WHOLE)


@pytest.mark.parametrize("path", SENDING, ids=lambda path: path.stem)
def test_every_verb_of_a_destination_passes_the_kit(path: Path) -> None:
    """Promise 22: whatever a platform takes, refuses or leaves in doubt is told so, for every verb."""
    report = checked(path)
    assert [str(problem) for problem in report.problems] == []
    for kind, block in load_manifest(path).destinations.items():
        for verb in block.verbs():
            rows = [line for line in report.lines if line.source == f"{kind}, {verb}"]
            assert [line.row for line in rows] == list(SENDING_ROWS)
            needed = {"sent", "one-member", "rejected-member", "retry-after", "cut-after", "error-after", "no-answer"}
            assert {line.row for line in rows if line.verdict.result == "ok"} >= needed
