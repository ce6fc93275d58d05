"""A real GNU Mailman server for tests: installed once per machine, started, seeded, counted and stopped by its scripts.

The scripts live beside the repository, in a folder that is never written to. What they install and keep goes to this
user's cache folder, so that only the first run installs.
"""

import base64
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support import stand_ins
from tests.support.servers.installing import alone, cache_folder

ROOT = Path(__file__).resolve().parents[2]
PORT = 18001
MEMBERS = 1_657
BOUNDS = {"install.sh": 420, "start.sh": 120, "seed.sh": 150, "fetch.sh": 60, "stop.sh": 20}
"""Seconds that each script may take."""


@dataclass(frozen=True)
class Mailman:
    """A running server; `missing` names the tools that a stand-in of this suite took the place of."""

    scripts: Path
    run: Path
    missing: list[str]
    url: str = f"http://127.0.0.1:{PORT}/3.1"
    list_id: str = "vip.lists.example.test"
    username: str = "restadmin"
    password: str = "rest-pa55"

    def script(self, name: str) -> str:
        """Runs one script and returns what it printed; fails the test when it fails."""
        path = f"{self.run / 'bin'}:{Path(sys.executable).parent}:{os.environ.get('PATH', '')}"
        environment = {**os.environ, "RS_RUN": str(self.run), "PATH": path}
        try:
            done = subprocess.run(
                ["bash", str(self.scripts / name)],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=BOUNDS[name],
                cwd=self.run,
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            pytest.fail(f"{name} took longer than {late.timeout} s: {str(late.output)[-1500:]}")
        if done.returncode != 0:
            log = self.run / "mailman" / "start.log"
            more = log.read_text() if name == "start.sh" and log.is_file() else ""
            pytest.fail(f"{name} ended with {done.returncode}: {(done.stdout + more)[-1500:]}")
        return done.stdout

    def ask(self, method: str, path: str, **fields: str) -> Any:
        """Makes a call as somebody who does not know this project."""
        body = urllib.parse.urlencode(fields).encode() if fields else None
        request = urllib.request.Request(f"{self.url}{path}", body, method=method)
        pair = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        request.add_header("Authorization", f"Basic {pair}")
        with urllib.request.urlopen(request, timeout=60) as answer:
            content = answer.read()
            return json.loads(content) if content else None

    def subscribe(self, list_id: str, address: str) -> None:
        """Subscribes somebody, as by themselves."""
        fields = {"pre_verified": "true", "pre_confirmed": "true", "pre_approved": "true"}
        self.ask("POST", "/members", list_id=list_id, subscriber=address, **fields)

    def held(self, list_id: str) -> set[str]:
        """Who is subscribed to a list, by Mailman's own word."""
        return {one["email"] for one in self.ask("GET", f"/lists/{list_id}/roster/member").get("entries", ())}

    def is_seeded(self) -> bool:
        """Whether an earlier run left all members; a fresh server has not even the list."""
        try:
            return bool(self.ask("GET", f"/lists/{self.list_id}")["member_count"] == MEMBERS)
        except urllib.error.HTTPError as refusal:
            with refusal:
                return False

    def count(self) -> int:
        """The number of distinct members, as the server's own script counts them."""
        found = re.search(r"distinct=\s*(\d+)", self.script("fetch.sh"))
        assert found, "fetch.sh printed no count"
        return int(found[1])


def scripts_folder() -> Path:
    """The folder of the scripts; $REMOTE_SEGMENTS_SHARED may name another place than beside the repository."""
    shared = os.environ.get("REMOTE_SEGMENTS_SHARED") or ROOT.parent / "shared"
    return Path(shared) / "real_servers" / "mailman"


@contextmanager
def running() -> Iterator[Mailman]:
    """Starts the server, seeded, and stops it at the end; one process of this machine at a time."""
    scripts = scripts_folder()
    if not (scripts / "start.sh").is_file():
        pytest.skip(
            f"the scripts of the real server are not here ({scripts}); REMOTE_SEGMENTS_SHARED names their place"
        )
    if shutil.which("bash") is None:
        pytest.fail("the scripts of the real server need bash")
    run = cache_folder()
    with alone("mailman"):
        server = Mailman(scripts, run, stand_ins.provide(run / "bin"))
        server.script("install.sh")
        _stop(server)  # one that an interrupted run left behind
        try:
            server.script("start.sh")
            if not server.is_seeded():
                server.script("seed.sh")
            yield server
        finally:
            _stop(server)


def _stop(server: Mailman) -> None:
    """Stops the server and waits until its master has ended, too.

    The master frees its port seconds before its lock, and a server whose lock is held refuses to start.
    """
    file = server.run / "mailman" / "var" / "master.pid"
    master = int(file.read_text()) if file.is_file() else None
    if master and _runs(master):
        server.script("stop.sh")
    until = time.monotonic() + BOUNDS["stop.sh"]
    while _listens() or (master and _runs(master)):
        if time.monotonic() > until:
            pytest.fail(f"a server that stop.sh does not end is still there, on port {PORT} or as process {master}")
        time.sleep(0.1)
    # A lock outlives a master that was killed, and names a process that may be another program's by now.
    for lock in (server.run / "mailman" / "var" / "locks").glob("master.lck*"):
        lock.unlink()


def _runs(master: int) -> bool:
    """Whether the process is there and is a Mailman's: its number may belong to another program by now."""
    try:
        return b"mailman" in Path(f"/proc/{master}/cmdline").read_bytes()
    except OSError:
        return False


def _listens() -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", PORT)) == 0
