"""Where the calls of a project's accounts are counted: in the warehouse when it is a server, else in a local file."""

import logging
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from remote_segments.config.project import Project
from remote_segments.errors import RemoteSegmentsError
from remote_segments.rest.quotas.files import FileStore
from remote_segments.rest.quotas.limiter import Limiters
from remote_segments.rest.quotas.store import Change, MemoryStore, QuotaStore, Sleep

Result = TypeVar("Result")

FOLDER = "quotas"
"""Below the project's state."""

PATIENCE = 60.0
"""Seconds for which a store that failed is left alone."""

log = logging.getLogger(__name__)


class FirstThatWorks:
    """Counts in the first of several stores, and while it fails in the next: a fetch outlives its warehouse."""

    def __init__(self, *stores: QuotaStore, clock: Callable[[], float] = time.monotonic) -> None:
        self._stores, self._clock = stores, clock
        self._left_alone = [float("-inf")] * len(stores)

    def change(self, account: str, change: Change) -> None:
        """Replaces the text of an account."""
        refused: list[BaseException] = []

        def watched(now: float, text: bytes) -> bytes:
            try:
                return change(now, text)
            except RemoteSegmentsError as error:  # the limit's own, which is no failure of the store
                refused.append(error)
                raise

        self._first(lambda store: store.change(account, watched), refused)

    def read(self, account: str) -> tuple[float, bytes]:
        """Returns clock and text."""
        return self._first(lambda store: store.read(account))

    def place(self, account: str, places: int, sleep: Sleep) -> Callable[[], None]:
        """Takes a place."""
        return partial(self._given_back, self._first(lambda store: store.place(account, places, sleep)))

    def close(self) -> None:
        """Closes all of them."""
        for store in self._stores:
            store.close()

    def _first(self, use: Callable[[QuotaStore], Result], refused: list[BaseException] | None = None) -> Result:
        last = len(self._stores) - 1
        for number, store in enumerate(self._stores):
            if number < last and self._clock() < self._left_alone[number]:
                continue
            try:
                return use(store)
            except RemoteSegmentsError as error:
                if number == last or error in (refused or ()):
                    raise
                self._left_alone[number] = self._clock() + PATIENCE
                log.warning("Calls are counted for this machine or process alone for a minute. %s", error)
        raise AssertionError("unreachable")

    def _given_back(self, give_back: Callable[[], None]) -> None:
        try:
            give_back()
        except RemoteSegmentsError as error:
            log.warning("A place among the calls at the same time was lost. %s", error)


_known: dict[object, Limiters] = {}
_lock = threading.Lock()


def limiters_of(project: Project) -> Limiters:
    """Returns the limiters of a project: the same for all fetches of this process."""
    key = (project.warehouse, project.state)
    with _lock:
        if key not in _known:
            server = project.open_warehouse().quotas()
            files = FileStore(project.state / FOLDER)
            stores: list[QuotaStore] = [server] if server is not None else []
            _known[key] = Limiters(FirstThatWorks(*stores, files, MemoryStore(time.time)))
        return _known[key]
