"""What a running simulator remembers: its accounts, faults, refreshes and the log of calls."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from remote_segments.platforms import exchanges_files
from remote_segments.simulator.accounts.account import Account, Refreshes
from remote_segments.simulator.accounts.customer_io import CustomerIO
from remote_segments.simulator.accounts.hubspot import HubSpot
from remote_segments.simulator.accounts.klaviyo import Klaviyo
from remote_segments.simulator.accounts.mailchimp import Mailchimp
from remote_segments.simulator.faults import Faults
from remote_segments.simulator.messages import Request, Speaker, Target
from remote_segments.simulator.population import PEOPLE, SEED

if TYPE_CHECKING:
    from remote_segments.simulator.documented.account import Documented


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

    def __init__(self, seed: int = SEED, people: int = PEOPLE, exchanges: Mapping[str, Path] | None = None) -> None:
        self.seed, self.people = seed, people
        self.faults, self.refreshes = Faults(), Refreshes()
        kinds: tuple[type[Account], ...] = (Klaviyo, HubSpot, CustomerIO, Mailchimp)
        self.accounts = {kind.platform: kind(self.refreshes, seed, people) for kind in kinds}
        self.exchanges = {**exchanges_files(), **(exchanges or {})}
        self.done = 0  # refreshes that accounts of exchanges have behind them when they are first asked for
        self._documented: dict[str, Documented] = {}
        self._lock = threading.Lock()
        self._calls: list[Call] = []

    def account(self, platform: str) -> Speaker | None:
        """Returns the account of a platform: one written by hand, else one of its exchanges; None for no platform."""
        if platform in self.accounts:
            return self.accounts[platform]
        return self.documented(platform) if platform in self.exchanges else None

    def sent(self, platform: str, request: Request) -> Target | None:
        """Returns what a call sends to a list that an account written by hand does not have; None for another call."""
        return self.documented(platform).sent(request) if platform in self.exchanges else None

    def documented(self, platform: str) -> "Documented":
        """Returns the account that a platform's exchanges make, read when it is first asked for."""
        from remote_segments.conformance.reading import read_exchanges
        from remote_segments.simulator.documented.account import Documented

        with self._lock:
            if platform not in self._documented:
                documented = read_exchanges(self.exchanges[platform])
                account = Documented(platform, documented, self.refreshes, self.people)
                account.begin(self.done)
                self._documented[platform] = account
            return self._documented[platform]

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
