"""One batch, sent: look-ups, calls and outcomes, without I/O."""

import re
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from secrets import token_hex
from typing import Any

from remote_segments.destinations.batches import (
    MISSHAPEN,
    NOT_ADDRESSABLE,
    UNKNOWN_PERSON,
    Answer,
    Batch,
)
from remote_segments.destinations.failures import UNSETTLED, BatchRefused
from remote_segments.errors import PlatformError, RemoteSegmentsError, TemporaryError
from remote_segments.rest.decoding import decode_document
from remote_segments.rest.export.job import JOB
from remote_segments.rest.messages import Base, Request, Response
from remote_segments.rest.paths import take, wrong_type
from remote_segments.rest.refusals import as_text, body
from remote_segments.rest.writing.call import BATCH_KEY
from remote_segments.rest.writing.doubts import too_large, unread
from remote_segments.rest.writing.entries import IDENTIFIER, with_attributes
from remote_segments.rest.writing.kind import DestinationKind
from remote_segments.rest.writing.telling import Sent
from remote_segments.rest.writing.verb import WriteVerb
from remote_segments.rest.writing.verdicts import Told

UNDECIDED: Told = ("unknown", None, False)
UNSENT: Told = ("unsent", None, False)

Column = list[str | None]


@dataclass
class Sending:
    """Sends one batch to one list."""

    kind: DestinationKind
    verb: WriteVerb
    batch: Batch
    base: Base
    values: Mapping[str, str]
    where: str
    told: list[Told | None] = field(default_factory=list)
    columns: dict[str, Column] = field(default_factory=dict)  # identifiers that the call takes

    def flow(self) -> Generator[Request, Response, Answer]:
        """Yields the calls, is sent the answers, returns what became of each member.

        Raises:
            BatchRefused: refused as a whole; also `batch-too-large` where it does not fit into one call of a job.
            AnswerUnread, OutcomeUnknown: what came of it is not known.
        """
        self.told = [None] * len(self.batch)
        self.columns = {name: list(column) for name, column in self.batch.identifiers.items()}
        if self.kind.first_only:
            self._keep_first()
        self._refuse_misshapen()
        yield from self._resolved()
        self._refuse_misshapen_values()
        self._refuse_unaddressable()
        left = [place for place, told in enumerate(self.told) if told is None]
        parts = [left[start : start + self.verb.most] for start in range(0, len(left), self.verb.most)]
        return (yield from self._all(parts))

    def settled(self, job: str) -> Generator[Request, Response, Answer | None]:
        """Yields the call that asks for a job, returns what became of the batch; None where it is not decided.

        Raises:
            BatchRefused: `batch-partly-refused`.
            PlatformError: `job-status-unknown`, or another answer that the manifest does not know.
        """
        if self.verb.job is None:
            raise PlatformError("job-unknown", "This verb has no job.", "Report this bug.", self.where)
        call = self.verb.job.ask.call(self.base, {**self.values, JOB: job})
        sent = Sent(len(self.batch), self.batch.identifiers, f"{self.where}.job")
        told = yield from self.verb.job.ask.asked(call, sent)
        return None if told is None else _answer(told)

    def _keep_first(self) -> None:
        """Leaves each member the first of its identifiers."""
        columns = list(self.columns.values())
        for place in range(len(self.batch)):
            there = [column for column in columns if column[place] is not None]
            for column in there[1:]:
                column[place] = None

    def _refuse_misshapen(self) -> None:
        for name in self.columns:
            self._refuse_others(name, self.kind.identifiers[name].accepted().form)

    def _refuse_misshapen_values(self) -> None:
        """Refuses what the call itself cannot hold, ids that the platform gave among it."""
        members = self.verb.members
        if members is not None and members.by in self.columns:
            self._refuse_others(members.by, members.form)

    def _refuse_others(self, name: str, form: str | None) -> None:
        if form is None:
            return
        fits = re.compile(form).fullmatch
        for place, value in enumerate(self.columns[name]):
            if value is not None and not fits(value):
                self.told[place] = ("rejected", MISSHAPEN, True)

    def _refuse_unaddressable(self) -> None:
        """Rejects who lacks what the call needs: in a call of its own all that it names, else at least one."""
        uses = self.verb.uses(self.kind.known())
        chosen = [self.columns[name] for name in (uses or self.columns) if name in self.columns]
        if len(self.columns) == len(chosen) == 1 and not any(self.told) and None not in chosen[0]:
            return  # by far the most frequent: everybody has the one identifier that is sent
        sets = [set(needed) for needed in self.kind.needs] or [{name} for name in self.kind.identifiers]
        given = {one.gives for one in self.kind.resolve.values()}
        for place, told in enumerate(self.told):
            if told is not None:
                continue
            there = [column[place] is not None for column in chosen]
            enough = any(there) if self.verb.members is not None else all(there) and len(there) == len(uses)
            if enough and len(self.columns) > 1:
                present = {name for name, column in self.columns.items() if column[place] is not None}
                enough = any(needed <= present for needed in sets) or bool(given & present)
            if not enough:
                self.told[place] = ("rejected", NOT_ADDRESSABLE, False)

    def _resolved(self) -> Generator[Request, Response, None]:
        uses = self.verb.uses(self.kind.known())
        for name, lookup in self.kind.resolve.items():
            if name not in self.columns or lookup.gives not in uses:
                continue
            target = self.columns.setdefault(lookup.gives, [None] * len(self.batch))
            open_places = [place for place, told in enumerate(self.told) if told is None and target[place] is None]
            asked = list(dict.fromkeys(value for place in open_places if (value := self.columns[name][place])))
            where = self.where.rpartition(".")[0] + f".resolve.{name}"
            found = yield from lookup.ids(asked, self.base, self.values, where)
            for place in open_places:
                value = self.columns[name][place]
                if value is not None and value in found:
                    target[place] = found[value]
                elif value is not None:
                    self.told[place] = ("rejected", UNKNOWN_PERSON, False)

    def _all(self, parts: list[list[int]]) -> Generator[Request, Response, Answer]:
        """Makes call after call; what stops one in the middle leaves the members behind it unsent."""
        job: str | None = None
        queue = list(parts)
        touched = False
        while queue:
            places = queue.pop(0)
            request = self._request(places)
            if self._too_large(request) and len(places) > 1:
                if self.verb.job is not None:
                    raise too_large(len(request.body or b""), self.verb.bytes or 0, self.where)
                middle = (len(places) + 1) // 2
                queue[:0] = [places[:middle], places[middle:]]
                continue
            try:
                response = yield request
                job = self._read(response, places)
            except RemoteSegmentsError as failure:
                doubtful = isinstance(failure, UNSETTLED)
                everybody = not queue and len(places) == len(self.batch)
                if not touched and (not doubtful or everybody):
                    raise
                return self._stopped(failure, places, queue)
            touched = True
        return self._answer(job)

    def _stopped(self, failure: RemoteSegmentsError, places: list[int], queue: list[list[int]]) -> Answer:
        for place in places:
            self.told[place] = UNDECIDED if isinstance(failure, UNSETTLED) else UNSENT
        for place in (place for part in queue for place in part):
            self.told[place] = UNSENT
        return replace(self._answer(None), stopped=failure)

    def _answer(self, job: str | None) -> Answer:
        return _answer([one if one is not None else UNDECIDED for one in self.told], job)

    def _too_large(self, request: Request) -> bool:
        return self.verb.bytes is not None and len(request.body or b"") > self.verb.bytes

    def _request(self, places: Sequence[int]) -> Request:
        if self.verb.members is None:
            return self._about_one(places[0])
        members = self.verb.members
        values, entries = self._values(places), self._entries(places)
        statuses = frozenset(self.verb.refused.statuses) if len(places) == 1 else frozenset()
        in_query = members.place == "query"
        return self.verb.made(
            self.base,
            values,
            self.where,
            repeatable=self.verb.idempotent,
            put=(lambda body: body) if in_query else (lambda body: members.put(body, entries, values)),
            query=members.query(entries, values) if in_query else None,
            accepted=statuses,
        )

    def _values(self, places: Sequence[int]) -> dict[str, str]:
        key = self.batch.key or token_hex(16)
        if len(places) < len(self.batch):  # one of several calls, each of which is a message of its own
            key = f"{key}-{places[0]}-{len(places)}"
        values = {**self.values, BATCH_KEY: key}
        if self.verb.single and self.columns:
            values[IDENTIFIER] = self.kind.identifiers[self._by].called or self._by
        return values

    @property
    def _by(self) -> str:
        """The identifier by which a batch of bare values goes."""
        return next(iter(self.columns))

    def _entries(self, places: Sequence[int]) -> list[Any]:
        members = self.verb.members
        if members is None or members.each is None:
            by = (members and members.by) or self._by
            column, known = self.columns[by], self.kind.identifiers.get(by)
            whole = known is not None and known.type == "integer"
            return [int(column[place] or "0") if whole else column[place] for place in places]
        make = members.filler(self.values, self.columns)
        entries = [make(place) for place in places]
        if self.batch.attributes and members.attributes is not None:
            path = members.attributes
            return [
                with_attributes(entry, path, self.batch.attributes_of(place))
                for entry, place in zip(entries, places, strict=True)
            ]
        return entries

    def _about_one(self, place: int) -> Request:
        row = {name: value for name, column in self.columns.items() if (value := column[place]) is not None}
        attributes, path = self.batch.attributes_of(place), self.verb.attributes

        def put(body: Any) -> Any:
            return with_attributes(body or {}, path, attributes) if path and attributes else body

        return self.verb.made(
            self.base,
            {**self._values([place]), **row},
            self.where,
            repeatable=self.verb.idempotent,
            put=put,
            accepted=frozenset(self.verb.refused.statuses),
        )

    def _read(self, response: Response, places: Sequence[int]) -> str | None:
        """Notes the outcomes of one call, and returns its job where it has one.

        Raises:
            BatchRefused: `batch-partly-refused`.
            AnswerUnread, OutcomeUnknown: the answer does not say what the manifest reads of it.
        """
        refused = self.verb.refused
        if response.refused:
            self.told[places[0]] = refused.rejected(body(response), f"http-{response.status}")
            return None
        sent = self._sent(places)
        try:
            if self.verb.job is not None:
                return self._job(response)
            needed = self.verb.answer.needs_document()
            document = decode_document(response, self.where) if needed else None
            for place, told in zip(places, self.verb.answer.read(document, sent), strict=True):
                self.told[place] = told
        except BatchRefused:
            raise
        except (PlatformError, TemporaryError) as failure:
            raise unread(failure) from failure
        return None

    def _sent(self, places: Sequence[int]) -> Sent:
        uses = self.verb.uses(self.kind.known()) or set(self.columns)
        chosen = {name: column for name, column in self.columns.items() if name in uses}
        return Sent(
            len(places), {name: [column[place] for place in places] for name, column in chosen.items()}, self.where
        )

    def _job(self, response: Response) -> str:
        later = self.verb.job
        path = later.id if later is not None else ""
        text = as_text(take(decode_document(response, self.where), path, self.where))
        if not text:
            raise wrong_type(path, "neither text nor number", self.where)
        return text


def _answer(told: Sequence[Told], job: str | None = None) -> Answer:
    return Answer([one[0] for one in told], [one[1] for one in told], [one[2] for one in told], job)
