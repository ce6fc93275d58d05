"""What an activation needs of a destination: one account that batches are sent to, and that tells what came of them."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Protocol, Self

from remote_segments.destinations.abilities import Abilities
from remote_segments.destinations.batches import Answer, Batch
from remote_segments.sources.members import Description


class Destination(Protocol):
    """One connection, opened; `kind` and `ids` say which list, as the platform names them.

    `send` and `settle` may be called from several threads, up to `Abilities.concurrency`.
    """

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    @property
    def calls(self) -> int:
        """Calls made so far, of any kind, tries that failed included; what is written as a whole is one."""

    def abilities(self, kind: str) -> Abilities:
        """Returns what one kind of destination can do."""

    def check(self, kind: str, ids: Mapping[str, Any]) -> Description:
        """Returns what is known of one list, after making sure that it can be written to.

        Raises:
            ProjectError: `segment-not-found`, `segment-unsuitable` for a list whose members a rule decides.
        """

    def create(self, kind: str, name: str, ids: Mapping[str, Any] | None = None) -> dict[str, str]:
        """Makes a new, empty list and returns its ids; `ids` are those of `Abilities.create_needs`.

        Raises:
            ProjectError: it cannot make one, or lacks an outer id.
            OutcomeUnknown: it may have been made.
        """

    def send(self, kind: str, ids: Mapping[str, Any], batch: Batch) -> Answer:
        """Sends one batch and returns what became of each member.

        Raises:
            BatchRefused: refused as a whole for what is in it.
            OutcomeUnknown, AnswerUnread: it may have arrived.
            RemoteSegmentsError: anything else; nothing of it was carried out.
        """

    def settle(self, kind: str, ids: Mapping[str, Any], batch: Batch, job: str) -> Answer | None:
        """Asks once what became of a batch whose answer named a job; None: not decided yet.

        Raises:
            BatchRefused: the job failed for what is in it, or refused some and does not say who.
            AnswerUnread: the manifest does not know the answer.
            RemoteSegmentsError: it could not be asked; ask again later.
        """


class WholeDestination(Destination, Protocol):
    """One that holds exactly what was sent between `begin` and `finish`, or what it held before (`Abilities.whole`)."""

    def begin(self, kind: str, ids: Mapping[str, Any]) -> None:
        """Starts a delivery; what was begun and not finished is dropped."""

    def finish(self, kind: str, ids: Mapping[str, Any]) -> None:
        """Puts what was sent in place of what was there, in one step."""
