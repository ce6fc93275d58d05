"""Where the ledgers of accounts are kept: in this process's memory here, for all processes elsewhere."""

import threading
import time
from collections.abc import Callable
from typing import Protocol

Change = Callable[[float, bytes], bytes]
"""From the store's clock in seconds and what is kept (empty at first) to what is to be kept."""

Sleep = Callable[[float], None]


class QuotaStore(Protocol):
    """Keeps one short text per account, and hands out numbered places for calls at the same time.

    `account` is a name of hexadecimal digits. Whoever is killed leaves neither lock nor place behind.
    """

    def change(self, account: str, change: Change) -> None:
        """Replaces the text of an account by what `change` makes of it, while nobody else does."""

    def read(self, account: str) -> tuple[float, bytes]:
        """Returns the store's clock and the text of an account, which may be up to a second old."""

    def place(self, account: str, places: int, sleep: Sleep) -> Callable[[], None]:
        """Takes one of so many places, after waiting for it, and returns what gives it back."""

    def close(self) -> None:
        """Lets go of files and connections; the store may be used again."""


class MemoryStore:
    """For the threads of one process, and for tests with a clock of their own."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._texts: dict[str, bytes] = {}
        self._places: dict[tuple[str, int], threading.Semaphore] = {}

    def change(self, account: str, change: Change) -> None:
        """Replaces the text of an account."""
        with self._lock:
            self._texts[account] = change(self._clock(), self._texts.get(account, b""))

    def read(self, account: str) -> tuple[float, bytes]:
        """Returns clock and text."""
        return self._clock(), self._texts.get(account, b"")

    def place(self, account: str, places: int, sleep: Sleep) -> Callable[[], None]:  # noqa: ARG002 - threads are woken
        """Takes a place."""
        with self._lock:
            semaphore = self._places.setdefault((account, places), threading.Semaphore(places))
        semaphore.acquire()
        return semaphore.release

    def close(self) -> None:
        """Keeps everything."""
