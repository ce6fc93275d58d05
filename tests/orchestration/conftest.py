"""A clean process-wide state for each test: no project remembered from another one."""

from collections.abc import Iterator

import pytest

from remote_segments.orchestration import project as loaded
from tests.support.environment import own_environment
from tests.support.simulator import simulator

__all__ = ["own_environment", "simulator"]


@pytest.fixture(autouse=True)
def forget_projects(own_environment: None) -> Iterator[None]:
    """Projects are read once per process; tests write new ones."""
    yield
    loaded._loaded.cache_clear()
    loaded._built.clear()
