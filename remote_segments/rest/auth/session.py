"""The credential of one connection, kept while it holds: asked for at the first call, and anew before it ends."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from remote_segments.errors import ProjectError
from remote_segments.rest.auth.ways import Asking, Way
from remote_segments.rest.credentials import Credential, Grant, Keys
from remote_segments.rest.messages import Base

EARLY = 60.0
"""Seconds before its end at which a token is renewed, or a tenth of its life where that is less."""


@dataclass
class Session:
    """What one connection is let in with; may be shared between threads."""

    way: Way
    keys: Keys = field(repr=False)
    base: Base
    clock: Callable[[], float]  # seconds, monotonic
    now: Callable[[], datetime]
    where: str  # manifest and block, for messages

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._grant: Grant | None = None
        self._renew_at = float("-inf")

    def credential(self, ask: Callable[[Asking], Grant]) -> tuple[Credential, bool]:
        """Returns the credential, and whether it was asked for just now.

        Args:
            ask: makes the calls of a flow.
        """
        with self._lock:
            if self._grant is not None and self.clock() < self._renew_at:
                return self._grant.credential, False
            self._grant = ask(self.way.flow(self.keys, self.base, self.now(), self.where))
            _refuse_unreadable(self._grant.credential, self.where)
            seconds = self._grant.seconds
            self._renew_at = float("inf") if seconds is None else self.clock() + seconds - min(EARLY, seconds / 10)
            return self._grant.credential, True

    def forget(self, refused: Credential) -> bool:
        """Forgets a credential that the platform refuses, and tells whether another can be had."""
        with self._lock:
            if self._grant is None or self._grant.credential is not refused:
                return True  # another thread was faster
            if not self._grant.renewable:
                return False
            self._grant = None
            return True

    def account(self) -> str:
        """Returns what tells this account from others, without telling its secret."""
        values = self.keys.both()
        used = sorted({name: values.get(name, "") for name in (*self.way.uses(), *self.way.names())}.items())
        return f"{self.base.url} {hashlib.sha256(repr(used).encode()).hexdigest()} "

    def hidden(self) -> Iterator[str]:
        """Yields the texts that must not appear in any message."""
        grant = self._grant
        yield from grant.credential.pieces() if grant is not None else ()
        for name in self.way.uses():
            yield from self.keys.secrets[name].split()


def _refuse_unreadable(credential: Credential, where: str) -> None:
    if not all(value.isascii() and value.isprintable() for value in credential.headers.values()):
        found = "The secret holds characters that no key has, such as a typographic quote or a line break."
        raise ProjectError("secret-unreadable", found, "Copy the key again.", where)
