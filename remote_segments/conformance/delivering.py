"""One verb of one destination under test: sends to a fake account with the manifest, and looks at what arrived."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import httpx

from remote_segments.conformance.deliveries import Deliveries, Delivery
from remote_segments.conformance.exchanges import Exchanges
from remote_segments.conformance.recipient import PEOPLE, Recipient
from remote_segments.conformance.secrets import invented_secrets
from remote_segments.conformance.world import World
from remote_segments.destinations.abilities import VerbAbility
from remote_segments.destinations.batches import Answer, Batch
from remote_segments.errors import Location, Problem, RemoteSegmentsError, unexpected
from remote_segments.rest.destination import PlatformDestination
from remote_segments.rest.manifest import Manifest
from remote_segments.rest.platform import Platform
from remote_segments.rest.writing.kind import DestinationKind
from remote_segments.rest.writing.verb import WriteVerb
from remote_segments.yaml import Document

SMALL = 4
"""Members of a batch in this lab, where the platform takes so many."""

POLLS = 3
"""Looks at a job before the lab gives up."""


@dataclass
class Result:
    """What came of sending one batch."""

    recipient: Recipient
    slept: list[float]
    answer: Answer | None = None
    error: RemoteSegmentsError | None = None

    @property
    def outcomes(self) -> list[str]:
        """The outcome of each member; nothing after an error."""
        return list(self.answer.outcomes) if self.answer is not None else []

    @property
    def code(self) -> str | None:
        """Code of the error that it ended in."""
        return self.error.code if self.error is not None else None


@dataclass(frozen=True)
class Desk:
    """What every row about sending works with."""

    document: Document
    manifest: Manifest
    exchanges: Exchanges
    kind: str
    verb: str
    found: list[Problem] = field(default_factory=list)

    @property
    def deliveries(self) -> Deliveries:
        """What is documented of the destination."""
        return self.exchanges.deliveries[self.kind]

    @property
    def documented(self) -> Delivery:
        """What is documented of the verb."""
        return self.deliveries.verbs()[self.verb]

    @property
    def block(self) -> DestinationKind:
        """The block of the manifest."""
        return self.manifest.destinations[self.kind]

    @property
    def written(self) -> WriteVerb:
        """The verb as the manifest writes it down."""
        return next(verb for name, verb in self.block.verbs().items() if name == self.verb)

    @property
    def ability(self) -> VerbAbility:
        """What the manifest says of the verb."""
        return next(one for name, one in self.block.abilities().verbs.items() if name == self.verb)

    @property
    def where(self) -> str:
        """File and block, for messages."""
        return f"{self.document.file.name}, destinations.{self.kind}.{self.verb}"

    def locate(self, *path: str | int) -> Location:
        """Returns where something of this verb is written."""
        return self.document.locate(("destinations", self.kind, self.verb, *path))

    @cached_property
    def size(self) -> int:
        """Members of a batch."""
        return min(SMALL, self.ability.batch_size)

    @cached_property
    def single(self) -> bool:
        """Whether one call is about one member."""
        return self.documented.largest == 1

    def recipient(self) -> Recipient:
        """Returns a new account, in whose list are those who may be removed."""
        account = Recipient(self.exchanges, self.deliveries)
        if self.verb == "remove":
            account.held = set(range(1, PEOPLE + 1))
        return account

    def identifiers(self) -> list[tuple[str, ...]]:
        """Returns the sets of identifiers by which members are sent: each alone that suffices, and all together."""
        needed = [tuple(sorted(one)) for one in self.block.abilities().needs]
        shown = [one for one in needed if set(one) <= set(self.deliveries.identifiers) and self._reaches(one)]
        uses = self.written.uses(self.block.known()) & set(self.block.identifiers)
        whole = tuple(name for name in self.block.identifiers if name in uses)
        return [*shown, *([whole] if len(whole) > 1 and whole not in shown and not self.single else [])]

    def _reaches(self, names: Sequence[str]) -> bool:
        """Whether these identifiers are taken by this very verb, or exchanged for what it takes."""
        if self.written.single:
            return True
        uses = self.written.uses(self.block.known())
        given = {self.block.resolve[name].gives for name in names if name in self.block.resolve}
        return bool((set(names) | given) & uses)

    def batch(self, people: Sequence[int], names: Sequence[str], account: Recipient) -> Batch:
        """Returns a batch of these people."""
        rows = [account.people(number) for number in people]
        attributes = self.deliveries.attributes if self.ability.attributes else {}
        return Batch(
            self.verb,  # type: ignore[arg-type]
            {name: [str(row[name]) for row in rows] for name in names},
            {name: [value] * len(people) for name, value in attributes.items()},
            key="batch-1",
        )

    def send(
        self,
        people: Sequence[int],
        account: Recipient | None = None,
        names: Sequence[str] | None = None,
        manifest: Manifest | None = None,
    ) -> Result:
        """Sends some people, and asks for the job where there is one."""
        account = account or self.recipient()
        world = World()
        result = Result(account, world.slept)
        try:
            with self._open(account, world, manifest) as destination:
                batch = self.batch(people, names or self.identifiers()[0], account)
                result.answer = self._settled(destination, batch)
        except RemoteSegmentsError as error:
            result.error = error
        except (ValueError, TypeError, KeyError, IndexError) as error:
            result.error = unexpected(error)
        return result

    def _settled(self, destination: PlatformDestination, batch: Batch) -> Answer:
        answer = destination.send(self.kind, self.deliveries.ids, batch)
        for _ in range(POLLS):
            if answer.job is None:
                break
            told = destination.settle(self.kind, self.deliveries.ids, batch, answer.job)
            if told is not None:
                return told
        return answer

    def check(self, account: Recipient) -> RemoteSegmentsError | None:
        """Looks at the list before anything is sent; returns the error that this ends in."""
        try:
            with self._open(account, World()) as destination:
                destination.check(self.kind, self.deliveries.ids)
        except RemoteSegmentsError as error:
            return error
        return None

    def create(self, account: Recipient) -> dict[str, str] | RemoteSegmentsError:
        """Makes a list."""
        try:
            with self._open(account, World()) as destination:
                return destination.create(self.kind, "Invented list", self.deliveries.outer)
        except RemoteSegmentsError as error:
            return error

    def _open(self, account: Recipient, world: World, manifest: Manifest | None = None) -> PlatformDestination:
        return PlatformDestination(
            Platform(
                manifest or self.manifest,
                connection=self.manifest.name,
                secrets=invented_secrets(self.manifest),
                options=self.deliveries.options,
                transport=httpx.MockTransport(account),
                clock=world.clock,
                sleep=world.sleep,
                now=world.now,
                random=world.random,
            )
        )

    def undocumented(self, account: Recipient) -> Iterator[Problem]:
        """Yields the calls that no documentation knows."""
        for difference in dict.fromkeys(account.differences):
            fix = "Compare the request in the manifest with the documented exchanges."
            yield Problem("call-undocumented", f"A call is not the documented one: {difference}.", fix, self.where)

    def differences(self) -> Iterator[Problem]:
        """Yields everything in which undisturbed sending differs from what is documented."""
        for names in self.identifiers():
            yield from self.arrived(self.send(range(1, self.size + 1), names=names), range(1, self.size + 1))
        if not self.identifiers():
            found = "No identifier that is documented can be sent."
            yield Problem("exchanges-incomplete", found, "Write `identifiers` in the exchanges.", self.where)

    def arrived(self, result: Result, people: Sequence[int]) -> Iterator[Problem]:
        """Yields how an undisturbed batch did not arrive as it should."""
        yield from self.undocumented(result.recipient)
        if result.error is not None:
            yield result.error.problem
            return
        if result.outcomes != ["accepted"] * len(people):
            found = "Members who were taken are not all told as accepted."
            yield Problem("outcomes-differ", found, _COMPARE, self.locate("answer"))
        there = result.recipient.updated if self.verb == "upsert" else result.recipient.held
        right = set(people) <= there if self.verb != "remove" else not set(people) & there
        if not right or (self.verb == "add" and there != set(people)):
            found = "The list does not hold the members that it should."
            yield Problem("members-differ", found, _COMPARE, self.locate("members"))

    def rejections(self) -> Iterator[Problem]:
        """Yields how a batch with one bad member comes out otherwise than it should."""
        people, bad = list(range(1, self.size + 1)), 2 if self.size > 1 else 1
        account = self.recipient()
        account.rejecting = {bad}
        result = self.send(people, account)
        yield from self.undocumented(account)
        if self.documented.told_each:
            yield from self._told_each(result, people, bad)
        elif result.code not in {"batch-refused", "batch-partly-refused"}:
            yield self._not_refused(result, "a batch with one bad member")
        alone = self.recipient()
        alone.rejecting = {bad}
        yield from self._told_each(self.send([bad], alone), [bad], bad)
        if self.documented.refusal is not None and self.documented.expected_reason != self.documented.expected_refusal:
            yield from self._refusals(people)

    def _refusals(self, people: Sequence[int]) -> Iterator[Problem]:
        """Yields how a refusal of a whole call comes out otherwise than it should, of several members and of one."""
        account = self.recipient()
        account.refusing = True
        if len(people) > 1 and (result := self.send(people, account)).code != "batch-refused":
            yield self._not_refused(result, "a batch")
        alone = self.recipient()
        alone.refusing = True
        yield from self._told_each(self.send([1], alone), [1], 1, self.documented.expected_refusal)

    def _told_each(
        self, result: Result, people: Sequence[int], bad: int, reason: str | None = None
    ) -> Iterator[Problem]:
        if result.error is not None:
            yield result.error.problem
            return
        wanted = ["rejected" if number == bad else "accepted" for number in people]
        reasons = result.answer.reasons if result.answer is not None else []
        if result.outcomes != wanted:
            found = f"A member that was rejected is told as {result.outcomes[people.index(bad)]}, or another one is."
            yield Problem("outcomes-differ", found, _COMPARE, self.locate("answer"))
        elif reasons[people.index(bad)] != (reason or self.documented.expected_reason):
            found = f"The reason of a rejection is told as `{reasons[people.index(bad)]}`."
            yield Problem("outcomes-differ", found, _COMPARE, self.locate("answer"))

    def _not_refused(self, result: Result, what: str) -> Problem:
        if result.error is not None:
            return result.error.problem
        found = f"Of {what}, which the platform refuses, {result.outcomes.count('accepted')} are told as accepted."
        return Problem("outcomes-differ", found, _COMPARE, self.locate("answer"))


_COMPARE = "Compare the manifest with the documented answers."
