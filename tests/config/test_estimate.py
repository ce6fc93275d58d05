"""What a refresh will take is known before it starts."""

from pathlib import Path

import pytest

from remote_segments.config.estimate import estimate
from remote_segments.config.loader import load_project
from remote_segments.config.project import Project
from remote_segments.simulator import Simulator
from tests.support.projects import PAYING, VIP, write_project
from tests.support.simulator import simulator

__all__ = ["simulator"]


@pytest.fixture
def project(tmp_path: Path, simulator: Simulator) -> Project:
    return load_project(write_project(tmp_path, simulator, {"vip": VIP, "paying": PAYING}))


def test_calls_are_reckoned_with_the_size(project: Project) -> None:
    """Promise 9: the number of calls of a refresh is known before it starts, and said in a sentence."""
    found = estimate(project, project.segment("vip"), 1_500)
    assert found.calls == project.platforms["klaviyo"].calls_per_refresh("segment", 1_500)
    assert str(found) == f"vip takes about {found.calls} calls to klaviyo for 1,500 members"
    assert str(estimate(project, project.segment("vip"))).startswith("vip takes at least 3 calls to klaviyo; its size")


def test_time_is_what_the_limits_need_or_what_it_took_last(project: Project) -> None:
    """150,000 members are 1,502 calls, and Klaviyo allows 750 a minute; what was slower before is slow again."""
    segment = project.segment("vip")
    need = project.platforms["klaviyo"].limits.seconds_for(1_502)
    assert estimate(project, segment, 150_000).seconds == need
    assert estimate(project, segment, 150_000, took=1.0).seconds == need
    assert str(estimate(project, segment, 150_000, took=500.0)).endswith("members, 8 minutes")
    assert str(estimate(project, segment, 150, took=0.4)).endswith("for 150 members, under a second")
    assert estimate(project, segment, 1).seconds is None
