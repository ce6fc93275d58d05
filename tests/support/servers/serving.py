"""A server process on a free port of the loopback interface: started, waited for, and stopped with all its children."""

import contextlib
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

LONGEST_START = 120
"""Seconds after which a server that does not answer is given up."""

LONGEST_STOP = 20
"""Seconds that a server has to end by itself."""


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def serving(
    words: Sequence[str | Path],
    *,
    url: str,
    folder: Path,
    log: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[None]:
    """Runs a server while the block lasts.

    Args:
        words: the command.
        url: an address that it answers, whatever it answers, once it is ready; 502 to 504 are none.
        folder: where it runs.
        log: what it prints; `server.log` in the folder when left out.
        environment: variables beside this process's.
    """
    log = log or folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(word) for word in words],
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait(process, url, log)
        yield
    finally:
        _stop(process)


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    until = time.monotonic() + LONGEST_START
    while not _answers(url):
        ended = process.poll()
        if ended is not None or time.monotonic() > until:
            said = log.read_text(errors="replace")[-1500:]
            pytest.fail(f"the server {'ended with ' + str(ended) if ended is not None else 'does not answer'}: {said}")
        time.sleep(0.05)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=10):
            return True
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code not in range(502, 505)
    except OSError:
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(LONGEST_STOP)
            return
