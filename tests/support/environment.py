"""A pytest fixture: a command in this process sees nothing of the developer's, nor of the demo in this folder."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty current folder, so that no `.env` is read, and no variable of the developer's."""
    for name in ("REMOTE_SEGMENTS_ENV", "REMOTE_SEGMENTS_PROJECT", "DAGSTER_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.chdir(tmp_path)
