"""Waits until a call fits into what its account allows; threads and processes of one account take turns.

All durations are in seconds. Clock and sleep are given, so that tests wait for nothing.
"""

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from remote_segments.errors import TemporaryError
from remote_segments.rest.limits import Limits
from remote_segments.rest.quotas.ledger import Ledger, Made, read_ledger, written
from remote_segments.rest.quotas.store import MemoryStore, QuotaStore, Sleep

LONGEST_WAIT = 900.0
"""Seconds; a longer wait for a quota ends the refresh as `rate-limited`, to be tried again, and holds no run."""


class Limiter:
    """The turns at one account, or at one of its addresses; may be shared between threads."""

    def __init__(self, account: str, limits: Limits, store: QuotaStore) -> None:
        """Prepares turns; nothing is read yet.

        Args:
            account: what tells this account from others; kept only as a hash.
            limits: what it allows.
            store: where its ledger is kept.
        """
        self._account = hashlib.sha256(account.encode()).hexdigest()[:32]
        self._windows, self._places = limits.windows(), limits.concurrent
        self._store = store
        self._lock = threading.Lock()
        self._made: list[Made] = []
        self._read: tuple[bytes, Ledger] = (b"", Ledger())

    @contextmanager
    def turn(self, clock: Callable[[], float], sleep: Sleep) -> Iterator[None]:
        """Holds a turn for one call, after waiting for it.

        Args:
            clock: seconds, monotonic; tells how long the call took.
            sleep: waits so many seconds.

        Raises:
            TemporaryError: `rate-limited` when the wait would be longer than 15 minutes.
        """
        give_back = self._store.place(self._account, self._places, sleep) if self._places else None
        try:
            if not self._windows:
                self._unblocked(sleep)
                yield
                return
            start, began = self._taken(clock, sleep)
            try:
                yield
            finally:
                self._note(Made(start, start + clock() - began))
        finally:
            if give_back is not None:
                give_back()

    def block(self, seconds: float) -> None:
        """Lets nobody call for so many seconds: the platform said that its quota is used up."""

        def change(ledger: Ledger, now: float) -> None:
            ledger.block(now, seconds)

        self._change(change)

    def settle(self) -> None:
        """Writes down what was not yet: when the last calls had arrived."""
        if self._made:
            self._change()

    def _unblocked(self, sleep: Sleep) -> None:
        """Waits while the platform asked for it; without a limit nothing else is counted."""
        while (wait := self._blocked()) > 0:
            if wait > LONGEST_WAIT:
                raise too_long(wait)
            sleep(wait)

    def _blocked(self) -> float:
        now, text = self._store.read(self._account)
        known, ledger = self._read
        if text != known:
            ledger = read_ledger(text)
            self._read = text, ledger
        if ledger.blocked and ledger.went_back(now):
            self._change()
            now, text = self._store.read(self._account)
            ledger = read_ledger(text)
        return ledger.wait(now)

    def _taken(self, clock: Callable[[], float], sleep: Sleep) -> tuple[float, float]:
        """Takes an instant for a call and waits for it; returns it once it has come, and what the clock said then.

        That clock is read before the store's own, which may be far away: a call never counts as older than it is.
        """
        place: float | None = None
        while True:
            began = clock()
            now, place = self._take(place)
            if place <= now:
                return place, began
            sleep(place - now)

    def _take(self, place: float | None) -> tuple[float, float]:
        found = (0.0, 0.0)

        def change(ledger: Ledger, now: float) -> None:
            nonlocal found
            found = now, ledger.take(now, self._windows, place)
            if found[1] - now > LONGEST_WAIT:
                raise too_long(found[1] - now)

        self._change(change)
        return found

    def _change(self, change: Callable[[Ledger, float], None] | None = None) -> None:
        with self._lock:
            made, self._made = self._made, []

        def changed(now: float, text: bytes) -> bytes:
            ledger = read_ledger(text)
            present = ledger.turn_to(now)
            ledger.settle(present, made, self._windows)
            if change is not None:
                change(ledger, present)
            return written(ledger)

        try:
            self._store.change(self._account, changed)
        except BaseException:
            with self._lock:
                self._made += made
            raise

    def _note(self, made: Made) -> None:
        with self._lock:
            self._made.append(made)


class Limiters:
    """The limiters of a store: all fetches of one account take turns at the same windows."""

    def __init__(self, store: QuotaStore | None = None) -> None:
        self._store = store or MemoryStore()
        self._lock = threading.Lock()
        self._known: dict[tuple[str, Limits], Limiter] = {}
        self._users = 0

    def of(self, account: str, limits: Limits) -> Limiter:
        """Returns the limiter of an account and its limits: the same each time."""
        with self._lock:
            if (account, limits) not in self._known:
                self._known[account, limits] = Limiter(account, limits, self._store)
            return self._known[account, limits]

    def enter(self) -> None:
        """Says that one more client uses them."""
        with self._lock:
            self._users += 1

    def leave(self) -> None:
        """Says that a client ends; the last one writes down what is left and lets go of the store."""
        with self._lock:  # whoever enters meanwhile waits until the store is closed
            self._users -= 1
            if not self._users:
                for limiter in self._known.values():
                    limiter.settle()
                self._store.close()


SHARED = Limiters()
"""Those of this process, for whoever gives no store; tests with a clock of their own do not use them."""


def too_long(seconds: float, where: str | None = None) -> TemporaryError:
    """Returns the error for a quota that opens too late to wait for."""
    found = f"The platform's quota is used up for another {seconds:,.0f} seconds."
    fix = "The next refresh tries again. Refresh less often, or raise the limit if the account allows more calls."
    return TemporaryError("rate-limited", found, fix, where, retry_after=seconds)
