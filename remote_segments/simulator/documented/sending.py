"""The lists of one account that is made of documented exchanges, to which members are sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from remote_segments.conformance.calls import Call
from remote_segments.conformance.exchanges import Exchanges
from remote_segments.conformance.marks import Asked, Wanted
from remote_segments.conformance.recipient import Doing, Recipient
from remote_segments.simulator.documented.addresses import fit, opened, revoked
from remote_segments.simulator.faults import Fault


@dataclass
class Inbox(Recipient):
    """A list that takes every key; its people are numbers, as in the exchanges, and the first of them are known."""

    def _wanted(self, call: Call, *, own: bool = False) -> Wanted:
        return opened(super()._wanted(call, own=own))


@dataclass(frozen=True)
class Letter:
    """A call that is documented: what it does, in which list, and what stands at its marks."""

    doing: Doing
    kind: str
    key: str  # the list's ids, joined
    revoked: bool
    source: Any
    values: Mapping[str, Any]


@dataclass
class Inboxes:
    """All lists of one account."""

    exchanges: Exchanges
    inboxes: dict[str, Inbox] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for kind, deliveries in self.exchanges.deliveries.items():
            self.inboxes[kind] = Inbox(self.exchanges, deliveries)

    def find(self, sent: Asked) -> Letter | None:
        """Returns what a call is; None for one that no documentation of sending knows."""
        for kind, inbox in self.inboxes.items():
            for doing, wanted, source in inbox.documented():
                read = fit(wanted, sent)
                if read is None or read[1] or inbox.misfit(doing, source, read[0]):
                    continue
                key = "/".join(inbox.deliveries.ids.values())
                return Letter(doing, kind, key, revoked(read[0]), source, read[0])
        return None

    def reply(self, letter: Letter, fault: Fault | None) -> Any:
        """Carries out a call, and returns the answer (of httpx)."""
        inbox = self.inboxes[letter.kind]
        inbox.job_fails = fault is not None and fault.kind == "job-failed"
        inbox.rejecting = set()
        if fault is not None and fault.kind == "reject-member":
            inbox.rejecting = set(inbox.numbers(letter.source, letter.values)[:1])
        return inbox.carried_out(letter.doing, letter.source, letter.values)

    def held(self, kind: str) -> list[dict[str, Any]]:
        """Returns the identifiers of who is in a list."""
        inbox = self.inboxes[kind]
        return [inbox.people(number) for number in sorted(inbox.held)]
