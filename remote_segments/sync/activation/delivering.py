"""One batch on its way: sent, halved where it is refused as a whole, asked for until its job is done."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from remote_segments.destinations.batches import Answer, Batch
from remote_segments.destinations.destination import Destination
from remote_segments.destinations.failures import UNSETTLED, AnswerUnread, BatchRefused
from remote_segments.errors import RemoteSegmentsError
from remote_segments.sync.activation.outgoing import Rows

FIRST_POLL, LONGEST_POLL, LONGEST_JOB = 1.0, 30.0, 3600.0
"""Seconds between two questions about a job, and after which its members stay unknown."""


@dataclass
class Delivery:
    """Rows that were announced together, and what became of each."""

    number: int
    rows: Rows
    announced_at: datetime | None = None
    outcomes: list[str] = field(default_factory=list)
    reasons: list[str | None] = field(default_factory=list)
    permanent: list[bool] = field(default_factory=list)
    failure: RemoteSegmentsError | None = None
    """What ends the sending: nothing after it would fare better."""
    doubt: RemoteSegmentsError | None = None
    """Why outcomes are unknown."""

    def unsent(self) -> "Delivery":
        """Itself, of which nothing was sent yet."""
        count = len(self.rows)
        self.outcomes, self.reasons, self.permanent = ["unsent"] * count, [None] * count, [False] * count
        return self


@dataclass(frozen=True)
class Sender:
    """How batches of one send go out."""

    destination: Destination
    kind: str
    ids: Mapping[str, str]
    names: tuple[str, ...]
    """The identifiers, in the order of the file."""
    single: bool
    send_id: str
    idempotent: bool
    sleep: Callable[[float], None] = time.sleep

    def deliver(self, delivery: Delivery) -> Delivery:
        """Sends the rows of a delivery and notes what became of each; raises nothing that is ours."""
        delivery.unsent()
        for places in self._groups(delivery.rows):
            rows, key = delivery.rows.at(places), f"{self.send_id}-{delivery.number}"
            self._sent(delivery, rows.batch(self.names, self.single, delivery.number, key), places)
            if delivery.failure is not None:
                break
        return delivery

    def _groups(self, rows: Rows) -> list[list[int]]:
        """Places of the rows that go in one batch: all, or those that go by the same identifier."""
        if not self.single:
            return [list(range(len(rows)))] if len(rows) else []
        groups: dict[str, list[int]] = {}
        for place, name in enumerate(rows.first_of(self.names)):
            groups.setdefault(name, []).append(place)
        return list(groups.values())

    def _sent(self, delivery: Delivery, batch: Batch, places: Sequence[int]) -> None:
        """Sends one batch, or its halves, or the member that spoils it, alone."""
        try:
            answer = self._settled(batch, self.destination.send(self.kind, self.ids, batch))
        except BatchRefused as refused:
            self._halved(delivery, batch, places, refused)
        except UNSETTLED as doubt:
            self._note(delivery, places, Answer.alike(len(batch), "unknown", doubt.code))
            delivery.doubt = doubt
            if isinstance(doubt, AnswerUnread):
                delivery.failure = doubt
        except RemoteSegmentsError as failure:
            delivery.failure = failure
        else:
            self._note(delivery, places, answer)
            delivery.failure = answer.stopped

    def _halved(self, delivery: Delivery, batch: Batch, places: Sequence[int], refused: BatchRefused) -> None:
        if len(batch) == 1:
            self._note(delivery, places, Answer(["rejected"], [refused.code], [False]))
            return
        middle = (len(batch) + 1) // 2
        for half, some in zip(batch.halves(), (places[:middle], places[middle:]), strict=True):
            self._sent(delivery, half, some)
            if delivery.failure is not None:
                return

    def _settled(self, batch: Batch, answer: Answer) -> Answer:
        """Asks for a job until it is done; what it has not decided in an hour stays unknown.

        Raises:
            BatchRefused: the job failed for what is in it.
        """
        wait, waited = FIRST_POLL, 0.0
        while answer.job is not None and "unknown" in answer.outcomes and waited < LONGEST_JOB:
            self.sleep(wait)
            waited, wait = waited + wait, min(2 * wait, LONGEST_POLL)
            try:
                decided = self.destination.settle(self.kind, self.ids, batch, answer.job)
            except AnswerUnread as doubt:
                raise doubt from None
            except BatchRefused:
                raise
            except RemoteSegmentsError:
                continue  # it could not be asked; it is asked again
            if decided is not None:
                return decided
        return answer

    @staticmethod
    def _note(delivery: Delivery, places: Sequence[int], answer: Answer) -> None:
        if len(places) == len(delivery.rows):
            delivery.outcomes, delivery.reasons = list(answer.outcomes), answer.reasons
            delivery.permanent = answer.permanent
            return
        for place, outcome, reason, lasting in zip(
            places, answer.outcomes, answer.reasons, answer.permanent, strict=True
        ):
            delivery.outcomes[place] = outcome
            delivery.reasons[place] = reason
            delivery.permanent[place] = lasting
