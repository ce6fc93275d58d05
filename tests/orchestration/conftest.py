"""A clean process-wide state for each test: no project remembered from another one."""

from collections.abc import Iterator

import pytest

from remote_segments.orchestration import project as loaded
from tests.support.simulator import simulator

__all__ = ["simulator"]


@pytest.fixture(autouse=True)
def forget_projects(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Projects are read once per process; tests write new ones."""
    for name in ("REMOTE_SEGMENTS_ENV", "REMOTE_SEGMENTS_PROJECT", "DAGSTER_HOME"):
        monkeypatch.delenv(name, raising=False)
    yield
    loaded._loaded.cache_clear()
    loaded._built.clear()
