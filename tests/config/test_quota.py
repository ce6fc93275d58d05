"""The calls of a day are reckoned before any of them is made."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from remote_segments.config.loader import load_project
from remote_segments.config.project import Project
from remote_segments.config.quota import budgets, quota_problems
from remote_segments.errors import InvalidProject

PLAIN = Path(__file__).parents[1] / "configs" / "good" / "plain"


def project_with(folder: Path, frequencies: dict[str, str], per_day: int) -> Project:
    """The plain example with one segment per frequency and a limit of calls a day on their connection."""
    shutil.copytree(PLAIN, folder, dirs_exist_ok=True)
    file = folder / "project.yaml"
    limits = f"limits: {{per_day: {per_day}}}"
    file.write_text(file.read_text().replace("{platform: klaviyo,", f"{{platform: klaviyo, {limits},"))
    segment = folder / "segments" / "vip_openers.yaml"
    text = segment.read_text()
    segment.unlink()
    for name, frequency in frequencies.items():
        (folder / "segments" / f"{name}.yaml").write_text(text.replace("1 hour", frequency))
    return load_project(folder, "development")


def test_calls_are_refreshes_times_calls_of_one_refresh(tmp_path: Path) -> None:
    """Promise 9: the calls a refresh will need are known before it starts, and add up per connection."""
    project = project_with(tmp_path, {"often": "15 minutes", "daily": "1 day"}, per_day=1000)
    least = project.platforms["klaviyo"].calls_per_refresh("segment", 0)
    budget = budgets(project)["klaviyo"]
    assert [(demand.segment, demand.refreshes, demand.calls_per_refresh) for demand in budget.demands] == [
        ("often", 96, least),
        ("daily", 1, least),
    ]
    assert (budget.calls, budget.allowed, budget.fits) == (97 * least, 1000, True)


def test_a_known_size_is_reckoned_with(tmp_path: Path) -> None:
    """A large segment takes more pages, so a schedule that fits an unknown size may not fit a known one."""
    project = project_with(tmp_path, {"often": "15 minutes", "daily": "1 day"}, per_day=1000)
    calls = project.platforms["klaviyo"].calls_per_refresh("segment", 100_000)
    problems = list(quota_problems(project, {"often": 100_000}))
    assert [problem.code for problem in problems] == ["schedule-exceeds-limit"]
    assert f"often 96 refreshes x {calls:,} calls for 100,000 members = {96 * calls:,}" in problems[0].found
    assert "it allows 1,000" in problems[0].found


def test_a_segment_that_has_expired_calls_nothing(tmp_path: Path) -> None:
    """Its membership is frozen: what it called before is free for others."""
    project = project_with(tmp_path, {"often": "15 minutes", "daily": "1 day"}, per_day=1000)
    file = tmp_path / "segments" / "often.yaml"
    file.write_text(file.read_text() + "expires: 2026-11-20\n")
    project = load_project(tmp_path, "development")
    for day, names in ((10, ["often", "daily"]), (21, ["daily"])):
        found = budgets(project, now=datetime(2026, 11, day, tzinfo=UTC))["klaviyo"]
        assert [demand.segment for demand in found.demands] == names


def test_the_arithmetic_is_shown_and_a_frequency_that_fits_is_named(tmp_path: Path) -> None:
    """A person sees which segments take the most, and the next slower step that fits."""
    with pytest.raises(InvalidProject) as refused:
        project_with(tmp_path, {f"s{number}": "5 minutes" for number in range(8)}, per_day=800)
    problem = refused.value.problems[0]
    assert "need at least 6,912 calls a day" in problem.found
    assert "s0 288 refreshes x 3 calls = 864" in problem.found
    assert "3 more = 2,592" in problem.found
    assert "at most every 1 hour" in problem.fix


def test_what_cannot_fit_even_once_a_day_says_so(tmp_path: Path) -> None:
    """Where no frequency helps, none is proposed."""
    with pytest.raises(InvalidProject) as refused:
        project_with(tmp_path, {"one": "1 day", "two": "1 day"}, per_day=5)
    assert "Refresh fewer segments" in refused.value.problems[0].fix


def test_segments_of_another_connection_do_not_count(tmp_path: Path) -> None:
    """Limits belong to an account."""
    project = project_with(tmp_path, {"one": "1 hour"}, per_day=100)
    assert set(budgets(project)) == {"klaviyo"}


def test_an_address_with_a_limit_of_its_own_is_reckoned_apart(tmp_path: Path) -> None:
    """Klaviyo counts members 15 times a minute; 16 segments a minute do not fit, though the account allows more."""
    with pytest.raises(InvalidProject) as refused:
        project_with(tmp_path, {f"s{number:02}": "1 minute" for number in range(16)}, per_day=2_000_000)
    [problem] = refused.value.problems
    assert problem.code == "schedule-exceeds-limit"
    assert "it allows 21,600 of /api/segments/{segment_id}" in problem.found
    project_with(tmp_path, {f"s{number:02}": "5 minutes" for number in range(16)}, per_day=2_000_000)
