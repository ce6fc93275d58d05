"""One verb of a destination: the call, how members stand in it, and how their outcomes are read."""

from collections.abc import Collection, Iterator

from pydantic import Field, model_validator

from remote_segments.rest.writing.call import WriteCall
from remote_segments.rest.writing.entries import Entries, Inside
from remote_segments.rest.writing.jobs import Later
from remote_segments.rest.writing.telling import Each, Named, Refused, Telling, Whole

SINGLY = 100
"""Members of one batch where each takes a call of its own."""


class WriteVerb(WriteCall):
    """A call that adds, removes or updates members; without `members` it is about one, whom its placeholders name."""

    members: Entries | None = Field(
        None,
        description="How members stand in the call; left out, each has a call of its own, in which {name} is one of "
        "its identifiers.",
    )
    most: int = Field(1, ge=1, description="Members of one call.")
    bytes: int | None = Field(None, ge=1, description="Bytes of the body of one call; more members are split.")
    idempotent: bool = Field(
        description="Whether the same call may be made twice: only then it is repeated when no answer came."
    )
    attributes: Inside | None = Field(
        None, description="Where in the body the model's columns go, where a call is about one member."
    )
    answer: Telling = Field(
        default=Whole(), description="How a successful answer says what became of members; by default all were taken."
    )
    job: Later | None = Field(None, description="That the answer names a job, which decides later.")
    refused: Refused = Field(
        default=Refused(), description="What a refusal of the call means when it is about one member alone."
    )

    @model_validator(mode="after")
    def _fits(self) -> "WriteVerb":
        if self.members is None and self.most != 1:
            raise ValueError("`most` members of one call need `members`, which says where they are")
        if self.members is not None and self.attributes is not None:
            raise ValueError("where members stand in a call, `members.attributes` says where their columns go")
        if self.method == "DELETE" and self.members is None and self.attributes is not None:
            raise ValueError("a DELETE about one member carries no attributes")
        if self.job is not None and not (isinstance(self.answer, Whole) and not self.answer.needs_document()):
            raise ValueError("`answer` of a job's submission stays out: the job's own `ask.answer` tells the outcomes")
        if not self.idempotent and self._may_refuse_some():
            raise ValueError("`refused` of an answer means sending the halves again: only an idempotent verb may")
        return self

    def _may_refuse_some(self) -> bool:
        whole = self.job.ask.answer if self.job is not None else self.answer
        if self.job is not None and self.job.ask.partly:
            return True
        return self.most > 1 and isinstance(whole, Whole) and whole.needs_document()

    def uses(self, known: Collection[str]) -> set[str]:
        """Returns the identifiers that the call takes; empty where any single one will do."""
        own = set(self.placeholders()) | (self.members.identifiers() if self.members is not None else set())
        return own & set(known)

    @property
    def single(self) -> bool:
        """Whether all members of a batch go by one identifier, whichever it is."""
        return self.members is not None and self.members.each is None and self.members.by is None

    @property
    def batch_size(self) -> int:
        """Members that one `send` takes."""
        return SINGLY if self.members is None else self.most

    @property
    def takes_attributes(self) -> bool:
        """Whether columns of the model can go along."""
        return self.attributes is not None or (self.members is not None and self.members.attributes is not None)

    def answers(self) -> Iterator[Whole | Each | Named]:
        """Yields how outcomes are read, of the call and of its job."""
        yield self.job.ask.answer if self.job is not None else self.answer

    def embedded(self) -> Iterator[str]:
        """Yields the names that stand within a longer text of query or body, whose meaning a value could change."""
        yield from super().embedded()
        yield from self.members.embedded() if self.members is not None else ()

    def all_placeholders(self) -> Iterator[str]:
        """Yields every name that the calls of this verb use."""
        yield from self.placeholders()
        if self.members is not None:
            yield from self.members.placeholders()
            yield from self.members.identifiers()
        if self.job is not None:
            yield from self.job.ask.placeholders()
