"""Servers that nobody here wrote, installed from the package indexes into this user's cache folder, once per machine.

A folder holds the commands that made it; when they change, it is made anew. What cannot be installed here (no network,
a missing tool) skips the tests of this server and says why.
"""

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

LONGEST = 420
"""Seconds that one command of an installation may take."""


@dataclass(frozen=True)
class Recipe:
    """How one server is installed: commands, run in the folder of the installation.

    `needs` names the programs that they call; the first word of a command may be a path within the folder. `{folder}`
    in any word stands for it, `{python}` for the Python of these tests.
    """

    name: str
    commands: Sequence[Sequence[str]]
    needs: Sequence[str] = ()
    files: dict[str, str] = field(default_factory=dict)  # written before the first command

    def text(self) -> str:
        """What the folder was made by: when it changes, the folder is made anew."""
        return json.dumps([sys.version_info[:2], self.commands, self.files])


def python_recipe(name: str, *packages: str) -> Recipe:
    """A server that comes as Python packages, in a virtual environment `venv` of its own."""
    pip = ["venv/bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages]
    return Recipe(name, [["{python}", "-m", "venv", "venv"], pip])


def cache_folder() -> Path:
    """Where servers are installed: this user's cache folder, else the temporary one."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "remote_segments" / "real_servers"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        folder = Path(tempfile.gettempdir()) / f"remote_segments_real_servers_{os.getuid()}"
        folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextlib.contextmanager
def alone(name: str) -> Iterator[None]:
    """Waits until no other process of this machine installs the same."""
    with (cache_folder() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def installed(recipe: Recipe) -> Path:
    """Returns the folder of an installation, made now if need be; skips the test where it cannot be."""
    with alone(recipe.name):
        folder = cache_folder() / recipe.name
        made_by = folder / "made-by.json"
        if made_by.is_file() and made_by.read_text() == recipe.text():
            return folder
        for tool in recipe.needs:
            if shutil.which(tool) is None:
                pytest.skip(f"{recipe.name} cannot be installed here: there is no {tool}")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name, text in recipe.files.items():
            (folder / name).write_text(text)
        for command in recipe.commands:
            _run(recipe.name, command, folder)
        made_by.write_text(recipe.text())
        return folder


def _run(name: str, command: Sequence[str], folder: Path) -> None:
    words = [word.replace("{folder}", str(folder)).replace("{python}", sys.executable) for word in command]
    words[0] = str(folder / words[0]) if (folder / words[0]).exists() else words[0]
    try:
        done = subprocess.run(
            words,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LONGEST,
            check=False,
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"{name} cannot be installed here: `{command[0]}` took longer than {LONGEST} s")
    if done.returncode != 0:
        told = " / ".join(done.stdout.strip().splitlines()[-3:])[-500:]
        pytest.skip(
            f"{name} cannot be installed here: `{' '.join(command)[:120]}` ended with {done.returncode}: {told}"
        )
