"""How real servers are installed: once, whole or not at all, and where it is impossible the reason is told."""

from pathlib import Path

import pytest

from tests.support.servers.installing import Recipe, installed

COUNT = (
    "import pathlib; file = pathlib.Path('../runs'); file.write_text(file.read_text() + 'x' if file.exists() else 'x')"
)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and the folder below it where servers are installed."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "remote_segments" / "real_servers"


def counting(*more: str) -> Recipe:
    """A recipe that counts how often it is carried out."""
    return Recipe("counting", [["{python}", "-c", COUNT], ["{python}", "-c", *more]])


def test_what_is_installed_is_not_installed_again(cache: Path) -> None:
    """Until its commands change; then the folder is made anew."""
    assert installed(counting("pass")) == installed(counting("pass")) == cache / "counting"
    assert (cache / "runs").read_text() == "x"
    installed(counting("print(1)"))
    assert (cache / "runs").read_text() == "xx"


def test_what_failed_is_told_and_tried_again(cache: Path) -> None:
    """Half an installation is never taken for a whole one, and the skipped test says what went wrong."""
    failing = counting("raise SystemExit('no way there')")
    for runs in ("x", "xx"):
        with pytest.raises(pytest.skip.Exception, match=r"counting cannot be installed here.*no way there"):
            installed(failing)
        assert (cache / "runs").read_text() == runs


def test_a_missing_tool_is_named(cache: Path) -> None:
    """Nothing is begun without the programs that an installation needs."""
    with pytest.raises(pytest.skip.Exception, match="there is no such-a-tool"):
        installed(Recipe("lacking", [["{python}", "-c", COUNT]], needs=("such-a-tool",)))
    assert not (cache / "runs").exists()
