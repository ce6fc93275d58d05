"""The conformance kit over every platform that comes along."""

from pathlib import Path

import pytest

from remote_segments.conformance.kit import FIRST, ROWS, WHOLE, check_platform
from remote_segments.rest.catalog import bundled


@pytest.mark.parametrize("path", bundled(), ids=lambda path: path.stem)
def test_a_platform_passes_the_kit(path: Path) -> None:
    """Promise 34: every platform passes the same rows; one without documented exchanges fails."""
    report = check_platform(path)
    assert [str(problem) for problem in report.problems] == []
    for kind in {line.source for line in report.lines} - {None}:
        assert [line.row for line in report.lines if line.source == kind] == list(ROWS)
    done = {line.row for line in report.lines if line.verdict.result == "ok"}
    assert done >= set(FIRST) - {"full-page", "page-size"}
    assert done >= set(WHOLE)
