"""One batch on its way: sent, halved where it is refused as a whole, asked for until its job is done."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from remote_segments.destinations.abilities import Verb
from remote_segments.destinations.batches import Answer, Batch
from remote_segments.destinations.destination import Destination
from remote_segments.destinations.failures import UNSETTLED, AnswerUnread, BatchRefused
from remote_segments.errors import RemoteSegmentsError

FIRST_POLL, LONGEST_POLL, LONGEST_JOB = 1.0, 30.0, 3600.0
"""Seconds between two questions about a job, and after which its members stay unknown."""


@dataclass(frozen=True)
class Row:
    """One row of `outgoing`."""

    position: int
    verb: str
    """`add`, `remove`, `upsert`; `keep` of those who stay where everybody is written anew."""
    key: tuple[str | None, ...]
    identifiers: str
    attributes: str | None
    attempt: int


@dataclass
class Delivery:
    """Rows that were announced together, and what became of each."""

    number: int
    rows: Sequence[Row]
    announced_at: datetime | None = None
    outcomes: list[str] = field(default_factory=list)
    reasons: list[str | None] = field(default_factory=list)
    permanent: list[bool] = field(default_factory=list)
    failure: RemoteSegmentsError | None = None
    """What ends the sending: nothing after it would fare better."""
    doubt: RemoteSegmentsError | None = None
    """Why outcomes are unknown."""
    calls: int = 0


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
        count = len(delivery.rows)
        delivery.outcomes, delivery.reasons = ["unsent"] * count, [None] * count
        delivery.permanent = [False] * count
        for places in self._groups(delivery.rows):
            batch = self._batch(delivery, places)
            self._sent(delivery, batch, places)
            if delivery.failure is not None:
                break
        return delivery

    def _groups(self, rows: Sequence[Row]) -> list[list[int]]:
        """Places of the rows that go in one batch: all, or those that go by the same identifier."""
        if not self.single:
            return [list(range(len(rows)))] if rows else []
        groups: dict[str, list[int]] = {}
        for place, row in enumerate(rows):
            present = json.loads(row.identifiers, strict=False)
            name = next((name for name in self.names if present.get(name) is not None), self.names[0])
            groups.setdefault(name, []).append(place)
        return list(groups.values())

    def _batch(self, delivery: Delivery, places: Sequence[int]) -> Batch:
        rows = [delivery.rows[place] for place in places]
        return batch_of(rows, self.names, self.single, delivery.number, f"{self.send_id}-{delivery.number}")

    def _sent(self, delivery: Delivery, batch: Batch, places: Sequence[int]) -> None:
        """Sends one batch, or its halves, or the member that spoils it, alone."""
        delivery.calls += 1
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
        for place, outcome, reason, lasting in zip(
            places, answer.outcomes, answer.reasons, answer.permanent, strict=True
        ):
            delivery.outcomes[place] = outcome
            delivery.reasons[place] = reason
            delivery.permanent[place] = lasting


def batch_of(rows: Sequence[Row], names: Sequence[str], single: bool, number: int, key: str) -> Batch:
    """The rows as columns; of a destination that takes one identifier, the first that the first row has."""
    identifiers = [json.loads(row.identifiers, strict=False) for row in rows]
    if single:
        names = [next((name for name in names if identifiers[0].get(name) is not None), names[0])]
    attributes: list[dict[str, Any]] = [
        json.loads(row.attributes, strict=False) if row.attributes else {} for row in rows
    ]
    columns = list(dict.fromkeys(name for one in attributes for name in one))
    verb = "add" if rows[0].verb == "keep" else rows[0].verb
    return Batch(
        cast("Verb", verb),
        {name: [one.get(name) for one in identifiers] for name in names},
        {name: [one.get(name) for one in attributes] for name in columns},
        number,
        key,
    )
