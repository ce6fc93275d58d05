"""The sending itself: batch after batch, each announced before and written down after, adds before removals."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast

from remote_segments.destinations.abilities import Verb
from remote_segments.destinations.batches import Batch
from remote_segments.destinations.destination import Destination, WholeDestination
from remote_segments.errors import RemoteSegmentsError, TemporaryError
from remote_segments.membership.guards import Verdict
from remote_segments.membership.send_guards import many_rejected
from remote_segments.sync.activation.delivering import Delivery, Sender
from remote_segments.sync.activation.outgoing import Rows
from remote_segments.sync.activation.people import blocked_now
from remote_segments.sync.activation.records import Send
from remote_segments.sync.activation.terms import Terms
from remote_segments.sync.activation.writing import Stretch, announce, read_rows, record, record_all
from remote_segments.warehouses.base import Session, Warehouse

MOST_DOUBTS = 3
"""Batches in a row without an answer after which the sending stops."""

MOST_AHEAD = 4
"""Batches announced ahead of their turn at most, for each that is sent at once."""


def utc_now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Pace:
    """The clock, the waiting, and how often lists and consent are read again while a long send goes on."""

    now: Callable[[], datetime] = utc_now
    sleep: Callable[[float], None] = time.sleep
    share: float = 0.1
    """Of the time that a send takes, for reading them; 0 or more. They are read before the first batch in any case."""


@dataclass
class Running:
    """One send under way."""

    warehouse: Warehouse
    terms: Terms
    send: Send
    destination: Destination
    ids: dict[str, str]
    pace: Pace
    sent: int = 0
    rejected: int = 0
    doubts: int = 0
    """Batches in a row whose outcome is unknown."""
    doubted: bool = False
    """Whether any add has no known outcome: then nobody is removed in this send."""
    failure: RemoteSegmentsError | None = None
    verdict: Verdict | None = None
    left: list[Stretch] = field(default_factory=list)
    ended: bool = False
    """Whether `go` came to its end, with everybody or without; what raises before or in it leaves this False."""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _number: int = 0
    _looked: float = float("-inf")
    _took: float = 0.0

    @property
    def stopped(self) -> bool:
        """Whether nothing more is sent."""
        return self.failure is not None or self.verdict is not None

    def go(self, stretches: Sequence[Stretch]) -> None:
        """Sends all stretches in order; what cannot be sent is noted in `failure`, `verdict` and `left`."""
        if self.terms.abilities.whole:
            self._whole(stretches)
        else:
            self._all(stretches)
        self.ended = True

    def _all(self, stretches: Sequence[Stretch]) -> None:
        for stretch in stretches:
            if self.stopped or (stretch.verb == "remove" and self.doubted):
                self.left.append(stretch)
            else:
                self._stretch(stretch)

    def _stretch(self, stretch: Stretch) -> None:
        abilities, verb = self.terms.abilities, cast("Verb", stretch.verb)
        ability = abilities.verbs[verb]
        sender = Sender(
            destination=self.destination,
            kind=self.terms.kind,
            ids=self.ids,
            names=tuple(one.name for one in self.terms.message.addresses),
            single=ability.single,
            send_id=self.send.send_id,
            idempotent=ability.idempotent,
            sleep=self.pace.sleep,
        )
        # Batches are announced ahead of their turn only where an unknown outcome can be found out, or does no harm.
        ahead = abilities.concurrency if ability.idempotent or abilities.readable else 0
        pool = ThreadPoolExecutor(abilities.concurrency)
        flying: set[Future[Delivery]] = set()
        done: list[Delivery] = []
        place = stretch.first
        try:
            while flying or (place <= stretch.last and not self.stopped):
                room = 0 if self.stopped else abilities.concurrency + ahead - len(flying)
                firsts = range(place, stretch.last + 1, ability.batch_size)[: max(0, room)]
                parts = [Stretch(verb, one, min(one + ability.batch_size - 1, stretch.last)) for one in firsts]
                if parts or done:
                    deliveries = self._written(done, parts)
                    if done and all(one.done() for one in flying):  # the platform waited for the ledger
                        ahead = min(2 * ahead, MOST_AHEAD * abilities.concurrency)
                    done, place = [], parts[-1].last + 1 if parts else place
                    flying |= {pool.submit(self._turn, sender, one) for one in deliveries if len(one.rows)}
                if flying:
                    finished, flying = wait(flying, return_when=FIRST_COMPLETED)
                    done = [one.result() for one in finished]
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            done += [one.result() for one in flying if one.done() and not one.cancelled()]
            if done:
                self._written(done, [])
        if place <= stretch.last:
            self.left.append(Stretch(verb, place, stretch.last))

    def _turn(self, sender: Sender, delivery: Delivery) -> Delivery:
        """Sends one batch in a thread of the pool, and sees at once whether to go on; nothing where it was stopped."""
        if self.stopped:
            return delivery.unsent()
        sender.deliver(delivery)
        with self._lock:
            self._look(delivery)
        return delivery

    def _written(self, done: Sequence[Delivery], parts: Sequence[Stretch]) -> list[Delivery]:
        """Writes down outcomes, announces what is next and reads it, in one session."""
        now, found = self.pace.now(), list[Delivery]()
        with self.warehouse.write() as session:
            session.stay_small()
            record(session, self.send, done, now)
            blocked = self._blocked(session, parts)
            if not parts:
                return []
            numbers = range(self._number + 1, self._number + len(parts) + 1)
            self._number += len(parts)
            announce(session, self.send, zip(numbers, parts, strict=True), now)
            rows = read_rows(session, self.send, parts[0].first, parts[-1].last)
            gone = []
            for number, part in zip(numbers, parts, strict=True):
                kept, left = rows.between(part.first, part.last).parted(blocked)
                found.append(Delivery(number, kept, now))
                gone.append(_skipped(number, left, blocked, now))
            record(session, self.send, gone, now)
        return found

    def _blocked(self, session: Session, parts: Sequence[Stretch]) -> dict[int, str]:
        """Who must not be sent by now; read again as often as that takes no more than a share of the time."""
        if not parts or parts[0].verb == "remove" or not self.terms.permissions:
            return {}
        began = time.monotonic()
        if self._took > self.pace.share * (began - self._looked):
            return {}
        found = dict(blocked_now(session, self.terms, parts[0].first, parts[-1].last, self.send.send_id))
        self._looked = time.monotonic()
        self._took = self._looked - began
        return found

    def _look(self, delivery: Delivery) -> None:
        """Sees from the outcomes of a batch whether to go on."""
        self.sent += len(delivery.outcomes) - delivery.outcomes.count("unsent")
        self.rejected += delivery.outcomes.count("rejected")
        self.doubted |= delivery.rows.verb != "remove" and "unknown" in delivery.outcomes
        self.doubts = self.doubts + 1 if delivery.doubt is not None else 0
        self.failure = self.failure or delivery.failure
        if self.doubts >= MOST_DOUBTS:
            self.failure = self.failure or delivery.doubt
        self.verdict = self.verdict or many_rejected(self.sent, self.rejected, self.terms.limits)

    def _whole(self, stretches: Sequence[Stretch]) -> None:
        """Writes everybody anew; the outcome is that of the one step in which it is put in place."""
        destination = cast("WholeDestination", self.destination)
        last = max((one.last for one in stretches), default=0)
        with self.warehouse.write() as session:
            announce(session, self.send, [(1, Stretch("add", 1, last))], self.pace.now())
        skipped: list[Delivery] = []
        try:
            destination.begin(self.terms.kind, self.ids)
            self._fill(destination, stretches, skipped)
            destination.finish(self.terms.kind, self.ids)
        except TemporaryError as doubt:
            self.failure = doubt
            outcome, reason = "unknown", doubt.code  # it may be in place; written again, it does no harm
        except RemoteSegmentsError as failure:
            self.failure = failure
            outcome, reason = "skipped", "unsent"
        else:
            outcome, reason = "accepted", ""
        now = self.pace.now()
        with self.warehouse.write() as session:
            record(session, self.send, skipped, now)
            record_all(session, self.send, outcome, reason or None, now)

    def _fill(self, destination: WholeDestination, stretches: Sequence[Stretch], skipped: list[Delivery]) -> None:
        names = [one.name for one in self.terms.message.addresses]
        size, filled = self.terms.abilities.verbs["add"].batch_size, False
        for stretch in stretches:
            for first in range(stretch.first, stretch.last + 1, size) if stretch.verb != "remove" else ():
                part = Stretch("add", first, min(first + size - 1, stretch.last))
                with self.warehouse.read() as session:
                    blocked = self._blocked(session, [part])
                    rows = read_rows(session, self.send, part.first, part.last)
                kept, gone = rows.parted(blocked)
                if stretch.verb != "keep":
                    skipped.append(_skipped(1, gone, blocked, self.pace.now()))
                if len(kept):
                    destination.send(self.terms.kind, self.ids, kept.batch(names, False, 1, self.send.send_id))
                    filled = True
        if not filled:
            attributes: dict[str, list[object]] = {name: [] for name in self.terms.message.attributes}
            destination.send(self.terms.kind, self.ids, Batch("add", {name: [] for name in names}, attributes, 1))


def _skipped(number: int, gone: Rows, blocked: dict[int, str], now: datetime) -> Delivery:
    """What is left out of a batch because it must not be sent by now."""
    reasons: list[str | None] = [blocked[position] for position in gone.positions]
    return Delivery(number, gone, now, ["skipped"] * len(gone), reasons, [False] * len(gone))
