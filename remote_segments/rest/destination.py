"""One account on one platform to which members are sent, by the write side of its manifest."""

from collections.abc import Generator, Mapping
from types import TracebackType
from typing import Any, Self

from remote_segments.destinations.abilities import Abilities
from remote_segments.destinations.batches import Answer, Batch
from remote_segments.errors import EngineError, PlatformError, ProjectError, TemporaryError
from remote_segments.rest.decoding import decode_document
from remote_segments.rest.messages import Base, Request, Response
from remote_segments.rest.paths import take, wrong_type
from remote_segments.rest.platform import Platform
from remote_segments.rest.refusals import as_text
from remote_segments.rest.writing.doubts import unread
from remote_segments.rest.writing.flow import Sending
from remote_segments.rest.writing.kind import NAME, Create, DestinationKind
from remote_segments.rest.writing.verb import WriteVerb
from remote_segments.sources.members import Description


class PlatformDestination:
    """A platform's account as a destination; closes the account when it is left."""

    def __init__(self, platform: Platform) -> None:
        """Prepares it; nothing is sent yet."""
        self._platform = platform

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._platform.close()

    @property
    def calls(self) -> int:
        """Calls made so far: also to look, to look up, to try again, and to ask for a job."""
        return self._platform.calls

    def abilities(self, kind: str) -> Abilities:
        """Returns what one kind of destination can do."""
        return self._kind(kind).abilities()

    def check(self, kind: str, ids: Mapping[str, Any]) -> Description:
        """Returns what is known of one list, after making sure that it can be written to.

        Raises:
            ProjectError: `segment-not-found`; `segment-unsuitable` for a list whose members a rule decides.
        """
        block, values = self._kind(kind), self._values(kind, ids)
        if block.describe is None:
            return Description(", ".join(ids.values()))
        return self._platform.run(block.describe.flow(self._platform.base, values, self._where(kind, "describe")))

    def create(self, kind: str, name: str, ids: Mapping[str, Any] | None = None) -> dict[str, str]:
        """Makes a new, empty list and returns its ids.

        Args:
            kind: kind of destination, as the manifest names it.
            name: of the list.
            ids: outer ids that the platform needs, such as the account that the list belongs to.

        Raises:
            ProjectError: `creating-unsupported`, `missing-key`.
            OutcomeUnknown, AnswerUnread: it may have been made.
        """
        block, where = self._kind(kind), self._where(kind, "create")
        if block.create is None:
            found = f"{self._platform.manifest.title} has no call that makes a {block.title.lower()}."
            raise ProjectError("creating-unsupported", found, f"Make it in the tool. {block.ids_help}", where)
        outer = dict(ids or {})
        for key in block.create.needs:
            if key not in outer:
                found = f"Making a {block.title.lower()} needs {key}."
                raise ProjectError("missing-key", found, f"Give {key}; {block.ids_help}", where)
        values = {**self._platform.options, **outer, NAME: name}
        return self._platform.run(_created(block.create, self._platform.base, values, outer, where))

    def send(self, kind: str, ids: Mapping[str, Any], batch: Batch) -> Answer:
        """Sends one batch and returns what became of each member.

        Raises:
            BatchRefused: refused as a whole for what is in it.
            OutcomeUnknown, AnswerUnread: it may have arrived.
            RemoteSegmentsError: anything else; nothing of it was carried out.
        """
        block, verb = self._kind(kind), self._verb(kind, batch)
        if len(batch) > verb.batch_size:
            found = f"A batch of {len(batch):,} members was sent, where {verb.batch_size:,} are taken at once."
            raise EngineError("batch-oversized", found, "Report this bug.")
        values = self._values(kind, ids)
        where = self._where(kind, batch.verb)
        return self._platform.run(Sending(block, verb, batch, self._platform.base, values, where).flow())

    def settle(self, kind: str, ids: Mapping[str, Any], batch: Batch, job: str) -> Answer | None:
        """Asks once what became of a batch whose answer named a job; None: not decided yet.

        Raises:
            BatchRefused: the job refused some, and does not say who.
            PlatformError: `job-status-unknown`, or another answer that the manifest does not know.
        """
        block, verb = self._kind(kind), self._verb(kind, batch)
        where, values = self._where(kind, batch.verb), self._values(kind, ids)
        return self._platform.run(Sending(block, verb, batch, self._platform.base, values, where).settled(job))

    def _kind(self, kind: str) -> DestinationKind:
        kinds = self._platform.manifest.destinations
        if kind not in kinds:
            found = f"{self._platform.manifest.title} has no destination of the kind {kind}."
            raise EngineError("unknown-destination-kind", found, "Report this bug.")
        return kinds[kind]

    def _verb(self, kind: str, batch: Batch) -> WriteVerb:
        block = self._kind(kind)
        verb = block.verbs().get(batch.verb)
        strange = [name for name in batch.identifiers if name not in block.identifiers]
        if verb is None or strange or (verb.single and len(batch.identifiers) != 1):
            found = f"A batch to {batch.verb} by {', '.join(batch.identifiers)} is none that a {kind} takes."
            raise EngineError("batch-unsuitable", found, "Report this bug.")
        return verb

    def _where(self, kind: str, verb: str) -> str:
        return f"platforms/{self._platform.manifest.name}.yaml, destinations.{kind}.{verb}"

    def _values(self, kind: str, ids: Mapping[str, Any]) -> dict[str, str]:
        block = self._kind(kind)
        for name in block.misshapen(ids):
            found = f"`{name}` is {ids[name]!r}, which is not how {self._platform.manifest.title} writes it."
            raise ProjectError("bad-value", found, block.ids_help, f"connection {self._platform.connection}")
        return {**self._platform.options, **ids}


def _created(
    create: Create, base: Base, values: Mapping[str, str], outer: Mapping[str, str], where: str
) -> Generator[Request, Response, dict[str, str]]:
    """Yields the call that makes a list, returns its ids."""
    response = yield create.made(base, values, where, repeatable=False)
    found = dict(outer)
    try:
        document = decode_document(response, where) if create.ids else None
        for name, path in create.ids.items():
            found[name] = _text(as_text(take(document, path, where)), path, where)
        for name, header in create.headers_at.items():
            found[name] = _text(response.header(header), f"header {header}", where)
    except (PlatformError, TemporaryError) as failure:
        raise unread(failure) from failure
    return found


def _text(value: str | None, path: str, where: str) -> str:
    if not value:
        raise wrong_type(path, "neither text nor number", where)
    return value
