"""Ledgers as small files in a folder, for all processes of one machine.

`flock` locks belong to an open file: threads take turns like processes, and a killed holder leaves none. A ledger is
one line, written over the old one by a single call, so that it is there whole also when its writer is killed.
"""

import fcntl
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from remote_segments.errors import TemporaryError
from remote_segments.rest.quotas.store import Change, Sleep

LONGEST_TEXT = 65_536
"""Bytes read of a ledger; one of five windows has some 30,000 at most."""

LOOK = 0.005
"""Seconds between two looks for a free place, by the one who is first in the queue."""


class FileStore:
    """One file per account; the folder is made when first needed, for its owner only."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        """Prepares the store; no file is touched yet.

        Args:
            folder: where the ledgers are.
            clock: seconds of the wall clock, because a ledger outlives the machine's uptime.
        """
        self._folder, self._clock = folder, clock
        self._lock = threading.Lock()
        self._ledgers: dict[str, int] = {}

    def change(self, account: str, change: Change) -> None:
        """Replaces the text of an account.

        Raises:
            TemporaryError: `quota-unwritable`, as when the disk is full.
        """
        try:
            with self._lock:  # of threads: they share the open file, and so its lock
                ledger = self._ledger(account)
                fcntl.flock(ledger, fcntl.LOCK_EX)
                try:
                    text = change(self._clock(), _text(ledger))
                    os.pwrite(ledger, text + b"\n", 0)
                finally:
                    fcntl.flock(ledger, fcntl.LOCK_UN)
        except OSError as error:
            raise self._unwritable(error) from error

    def read(self, account: str) -> tuple[float, bytes]:
        """Returns clock and text.

        Raises:
            TemporaryError: `quota-unwritable`.
        """
        try:
            ledger = self._ledgers.get(account)
            if ledger is None:
                with self._lock:
                    ledger = self._ledger(account)
            return self._clock(), _text(ledger)
        except OSError as error:
            raise self._unwritable(error) from error

    def place(self, account: str, places: int, sleep: Sleep) -> Callable[[], None]:
        """Takes a place: waits in the kernel's queue at a gate, and there looks for the first one that is free.

        Raises:
            TemporaryError: `quota-unwritable`.
        """
        try:
            gate = self._open(f"{account}.gate")
            try:
                fcntl.flock(gate, fcntl.LOCK_EX)
                while True:
                    for number in range(places):
                        place = self._open(f"{account}.{number}")
                        try:
                            fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
                        except BlockingIOError:
                            os.close(place)
                        else:
                            return lambda: os.close(place)
                    sleep(LOOK)
            finally:
                os.close(gate)
        except OSError as error:
            raise self._unwritable(error) from error

    def close(self) -> None:
        """Closes the files."""
        with self._lock:
            for ledger in self._ledgers.values():
                os.close(ledger)
            self._ledgers.clear()

    def _ledger(self, account: str) -> int:
        if account not in self._ledgers:
            self._ledgers[account] = self._open(account)
        return self._ledgers[account]

    def _open(self, name: str) -> int:
        path, how = self._folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        try:
            return os.open(path, how, 0o600)
        except FileNotFoundError:
            for folder in (self._folder.parent, self._folder):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return os.open(path, how, 0o600)

    def _unwritable(self, error: OSError) -> TemporaryError:
        return TemporaryError(
            "quota-unwritable",
            f"The calls of an account cannot be counted in {self._folder}: {error.strerror or type(error).__name__}.",
            "Free space on that disk, or let this user write there; then refresh again.",
        )


def _text(ledger: int) -> bytes:
    """The first line of a file; what an earlier, longer one left behind comes after it."""
    return os.pread(ledger, LONGEST_TEXT, 0).partition(b"\n")[0]
