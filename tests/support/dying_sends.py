"""Sends that kill themselves with `kill -9` in the middle: run as a script, so that each dies in a process of its own.

    python -m tests.support.dying_sends FOLDER

Reads lines of JSON with `now`, the moment (`before` or `after` a call that writes was carried out, or before a
`statement` that writes) and its `number`; answers each with whether the send was killed, and how many calls that write
had left it. The project of FOLDER is loaded anew for each. This process never opens a file of the warehouse itself.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import ibis  # noqa: F401 - imported before the processes part, so that not each of them does it

from remote_segments.config.loader import load_project
from remote_segments.sync.activation.applying import apply
from remote_segments.sync.activation.running import Pace
from tests.support.killed_send import dying_before
from tests.support.killing import killed as killed_by_signal

ROOT = Path(__file__).parents[2]


class Dying(httpx.HTTPTransport):
    """The real transport, in whose process nobody survives a certain call that writes."""

    def __init__(self, moment: str, number: int, told: int) -> None:
        """`told` is where a byte is written for each call that leaves."""
        super().__init__()
        self._moment, self._left, self._told, self._lock = moment, number, told, threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Carries out a call, or dies before or after it."""
        if request.method == "GET":
            return super().handle_request(request)
        with self._lock:
            self._left -= 1
            dies = self._left == 0
            if dies and self._moment == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            os.write(self._told, b".")
        answer = super().handle_request(request)
        if dies and self._moment == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return answer


def send(folder: Path, moment: str, number: int, now: datetime, told: int) -> None:
    """Sends the activation `out`, and dies."""
    if moment == "statement":
        dying_before(number)
    pace = Pace(now=lambda: now, sleep=lambda _: None)
    apply(load_project(folder, "production"), "out", pace=pace, transport=Dying(moment, number, told))


def main(folder: Path) -> None:
    """Answers line by line."""
    for line in sys.stdin:
        asked = json.loads(line)
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            send(folder, asked["moment"], asked["number"], datetime.fromisoformat(asked["now"]), write)
            os._exit(0)
        os.close(write)
        calls = 0
        while some := os.read(read, 4096):
            calls += len(some)
        os.close(read)
        killed = killed_by_signal(child)
        sys.stdout.write(json.dumps({"killed": killed, "calls": calls}) + "\n")
        sys.stdout.flush()


@dataclass
class DyingSends:
    """The script, running."""

    process: "subprocess.Popen[str]"

    def send(self, moment: str, number: int, now: datetime) -> tuple[bool, int]:
        """Sends and dies; whether it did, and how many calls that write had left."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"moment": moment, "number": number, "now": now.isoformat()}) + "\n")
        self.process.stdin.flush()
        told: dict[str, Any] = json.loads(self.process.stdout.readline())
        return told["killed"], told["calls"]


@contextmanager
def dying_sends(folder: Path) -> Iterator[DyingSends]:
    """Runs the script for the project of a folder."""
    words = [sys.executable, "-m", "tests.support.dying_sends", str(folder)]
    with subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield DyingSends(process)
        finally:
            if process.stdin is not None:
                process.stdin.close()  # it ends with its input


if __name__ == "__main__":
    main(Path(sys.argv[1]))
