"""A small simulator, and nothing of the developer's own environment."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from remote_segments.config.project import Project
from remote_segments.simulator import Simulator
from tests.support.environment import own_environment
from tests.support.projects import PAYING, VIP, ready_project

__all__ = ["own_environment"]


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """A simulator with a population of 400 people: about 50 members, three pages of 20."""
    with Simulator(people=400) as running:
        yield running


@pytest.fixture
def project(tmp_path: Path, simulator: Simulator) -> Project:
    """Two segments in ./segment_configs, where commands look by default; nothing is fetched yet."""
    return ready_project(tmp_path / "segment_configs", simulator, {"paying": PAYING, "vip": VIP})
