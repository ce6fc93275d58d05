"""The tutorial docs/tutorial-own-platform.md, typed as it is written, against a real Kinto server."""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.commands import command
from tests.support.environment import own_environment
from tests.support.servers.installing import installed, python_recipe
from tests.support.servers.serving import free_port, serving
from tests.support.walking import Step, missing, steps, write_files

__all__ = ["own_environment"]

PAGE = Path(__file__).parents[2] / "docs" / "tutorial-own-platform.md"
PORT = "8888"
"""The server's port on the page; the test takes a free one."""

ENDS_WITH = re.compile(r"# ends with the exit code (\d)$")
INSTALL = "kinto/bin/python -m pip install --quiet "


def test_the_files_of_the_page_are_accepted_and_pass_the_conformance_kit(tmp_path: Path) -> None:
    """Without a server and without a network: what a reader types is valid, and every row of the kit is right."""
    write_files(PAGE.read_text(), tmp_path)
    project = tmp_path / "segment_configs"
    assert command("validate", "--project", project).code == 0
    checked = command("platform", "check", "kinto", "--project", project)
    assert checked.code == 0, checked.out
    assert "kinto: all" in checked.out


def test_a_reader_of_the_page_who_leaves_out_the_count_is_told(tmp_path: Path) -> None:
    """A count in a header that is misspelt is an error of the kit that names it."""
    text = PAGE.read_text().replace("header: Total-Objects}", "header: Total-Object}")
    write_files(text, tmp_path)
    checked = command("platform", "check", "kinto", "--project", tmp_path / "segment_configs")
    assert checked.code == 4
    assert "Total-Object" in checked.err


@dataclass(frozen=True)
class Reader:
    """Somebody who types the commands of the page in an empty folder."""

    folder: Path
    port: int
    running: ExitStack
    environment: pytest.MonkeyPatch

    def types(self, step: Step) -> tuple[int, str]:
        """Carries out a command and returns its exit code, and what it printed."""
        words = shlex.split(step.command, comments=True)
        if words[0] == "remote-segments":
            done = command(*words[1:])
            return done.code, done.out + done.err
        if words[0] == "export":
            self.environment.setenv(*words[1].split("=", 1))
        elif step.command.startswith(INSTALL):  # the same packages, but only once per machine
            folder = installed(python_recipe("kinto", *step.command.removeprefix(INSTALL).split()))
            (self.folder / "kinto").symlink_to(folder / "venv")
        elif words[-1] == "&":
            alive = f"http://127.0.0.1:{self.port}/v1/__heartbeat__"
            self.running.enter_context(serving(words[:-1], url=alive, folder=self.folder))
        elif "venv" not in words:
            return self._shell(words)
        return 0, ""

    def _shell(self, words: list[str]) -> tuple[int, str]:
        program = sys.executable if words[0] == "python3.11" else words[0]
        done = subprocess.run(
            [program, *words[1:]],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    """Somebody in an empty folder; what they started ends with the test."""
    if shutil.which("curl") is None:
        pytest.skip("the page looks at the server with curl, which is not here")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.delenv("KINTO_PASSWORD", raising=False)
    with ExitStack() as running:
        yield Reader(tmp_path, free_port(), running, monkeypatch)


@pytest.mark.xdist_group("kinto")
def test_the_page_is_true(reader: Reader) -> None:
    """Every command ends and prints as the page shows, numbers included: 1,788 members of a real Kinto."""
    page = PAGE.read_text().replace(PORT, str(reader.port))
    write_files(page, reader.folder)
    printed = ""
    for step in steps(page):
        code, out = reader.types(step)
        wanted = ENDS_WITH.search(step.command)
        assert code == int(wanted[1] if wanted else 0), out
        assert missing(step.shown, out.splitlines(), exactly=True) == [], out
        printed += out
    assert "published    1,788   1,607  181 unknown" in printed
