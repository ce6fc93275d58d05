"""What a running simulator remembers: its accounts, faults, refreshes and the log of calls."""

import threading
from dataclasses import dataclass

from remote_segments.simulator.accounts.account import Account, Refreshes
from remote_segments.simulator.accounts.customer_io import CustomerIO
from remote_segments.simulator.accounts.hubspot import HubSpot
from remote_segments.simulator.accounts.klaviyo import Klaviyo
from remote_segments.simulator.accounts.mailchimp import Mailchimp
from remote_segments.simulator.faults import Faults
from remote_segments.simulator.population import PEOPLE, SEED


@dataclass(frozen=True)
class Call:
    """One call that an account got; `status` is 0 where the connection was closed without an answer."""

    number: int
    platform: str
    method: str
    path: str
    verb: str
    segment: str | None
    page: int
    status: int
    fault: str | None
    authorised: bool  # whether the call carried a credential at all
    at: float  # seconds, of a clock that only this process knows: when the call had arrived


class State:
    """One simulator's memory; every method may be called from any thread."""

    def __init__(self, seed: int = SEED, people: int = PEOPLE) -> None:
        self.seed, self.people = seed, people
        self.faults, self.refreshes = Faults(), Refreshes()
        kinds: tuple[type[Account], ...] = (Klaviyo, HubSpot, CustomerIO, Mailchimp)
        self.accounts = {kind.platform: kind(self.refreshes, seed, people) for kind in kinds}
        self._lock = threading.Lock()
        self._calls: list[Call] = []

    def log(self, **what: object) -> None:
        """Adds a call to the log."""
        with self._lock:
            self._calls.append(Call(number=len(self._calls) + 1, **what))  # type: ignore[arg-type]

    def calls(self, platform: str | None = None, verb: str | None = None, segment: str | None = None) -> list[Call]:
        """Returns the calls so far, or those of a platform, verb or segment."""
        with self._lock:
            wanted = ((platform, "platform"), (verb, "verb"), (segment, "segment"))
            return [c for c in self._calls if all(want in (None, getattr(c, name)) for want, name in wanted)]

    def forget_calls(self) -> None:
        """Empties the log."""
        with self._lock:
            self._calls.clear()
