"""What a platform documents of being sent members: calls, entries and answers with marks, as of memberships."""

from collections.abc import Iterator
from typing import Any

from pydantic import Field, model_validator

from remote_segments.conformance.calls import Answer, AnyCall, Exchange, Step
from remote_segments.conformance.marks import marks
from remote_segments.settings import Settings

RESULTS, TAKEN, REJECTED = "results", "taken_people", "rejected_people"
"""Marks of an answer: one entry per member in order; those who were taken; those who were rejected."""

COUNTS = frozenset(("taken", "refused", "count"))
"""Marks of an answer at which numbers of members stand."""


class Exchanged(Settings):
    """How an identifier is exchanged for the platform's own id."""

    request: AnyCall = Field(description="The call; {asked} stands where the values are.")
    asked: Any = Field(description="One value as the call holds it.")
    joined: str | None = Field(None, description="What stands between values that are one text.")
    largest: int = Field(ge=1, description="Values that one call may ask about.")
    found: Any = Field(description="One person as the answer holds it.")
    unknown: Any = Field(None, description="An entry about a value that nobody has, where the answer holds one.")
    response: Answer = Field(description="The answer; {found} stands where the people are.")
    none: Answer | None = Field(None, description="The answer when nobody is known, where it looks different.")


class Variant(Settings):
    """How the call of a verb looks where members go by another identifier."""

    request: AnyCall = Field(description="The call.")
    member: Any = Field(None, description="One member as the call holds it.")
    taken: Any = Field(None, description="The entry about a member who was taken.")
    rejected: Any = Field(None, description="The entry about a member who was not.")


class Delivery(Settings):
    """One verb, as it is documented."""

    request: AnyCall = Field(
        description="The call; {members} stands where the members are, or marks of identifiers for the only one."
    )
    member: Any = Field(None, description="One member as the call holds it, or a list of the shapes that one may have.")
    by: dict[str, Variant] = Field(
        default_factory=dict, description="The same for other identifiers, where the call looks different for them."
    )
    joined: str | None = Field(None, description="What stands between members that are one text.")
    largest: int = Field(1, ge=1, description="Members of one call.")
    response: Answer = Field(description="The answer when all are taken.")
    taken: Any = Field(None, description="The entry about a member who was taken, where the answer has one.")
    rejected: Any = Field(None, description="The entry about a member who was not, where the answer has one.")
    partly: Answer | None = Field(None, description="The answer when some are rejected, where it looks different.")
    refusal: Answer | None = Field(None, description="The refusal of a call for what is in it.")
    reason: str | None = Field(None, description="The reason that such a rejection or refusal must come to.")
    refusal_reason: str | None = Field(
        None, description="The reason that a refusal of one member comes to, where `reason` is that of an entry."
    )
    job: Step | None = Field(None, description="The call that asks for the job of this one; {job} is its id.")
    partly_done: Answer | None = Field(None, description="The answer of a job that refused some.")

    def variants(self) -> Iterator["Delivery"]:
        """Yields this verb in each of its looks."""
        yield self
        for one in self.by.values():
            yield self.model_copy(update={name: getattr(one, name) for name in type(one).model_fields})

    @property
    def shapes(self) -> list[Any]:
        """The shapes that a member may have."""
        return self.member if isinstance(self.member, list) and self.alternatives else [self.member]

    @property
    def alternatives(self) -> bool:
        """Whether `member` lists shapes; an array of texts is one member, of objects it is in a list."""
        return isinstance(self.member, list) and not any(isinstance(one, str) for one in self.member[:1])

    @property
    def told_each(self) -> bool:
        """Whether the platform says of each member what became of it."""
        return self.rejected is not None or self.largest == 1

    @property
    def told_some(self) -> bool:
        """Whether it says how many were refused, and not who."""
        return not self.told_each and (self.partly is not None or self.partly_done is not None)

    @property
    def expected_reason(self) -> str:
        """The reason that a rejection must come to: the documented code, or what a refusal of HTTP is called."""
        refused = self.rejected is None and not self.told_some
        return self.reason or (f"http-{self.refusal.status if self.refusal else 400}" if refused else "other")

    @property
    def expected_refusal(self) -> str:
        """The reason that a refusal of a call about one member must come to."""
        own = self.refusal_reason or (None if self.rejected is not None or self.told_some else self.reason)
        return own or f"http-{self.refusal.status if self.refusal else 400}"

    def answers(self) -> Iterator[Answer]:
        """Yields every documented answer."""
        steps = (self.job.response, self.job.pending, self.job.failed) if self.job is not None else ()
        for one in (self.response, self.partly, self.refusal, self.partly_done, *steps):
            if one is not None:
                yield one


class Deliveries(Settings):
    """One kind of list that members can be sent to."""

    ids: dict[str, str] = Field(description="Its id keys and their values.")
    options: dict[str, str] = Field(default_factory=dict, description="Options of the connection.")
    identifiers: dict[str, str | int] = Field(
        min_length=1,
        description="For each identifier, the platform's own included: a text in which {n} stands for the member's "
        "number, {nnn} for it in three digits, or a number to which it is added.",
    )
    describe: tuple[Exchange, ...] = Field((), description="The calls that describe the list.")
    unsuitable: Answer | None = Field(
        None, description="What the first of them answers of a list whose members a rule decides."
    )
    create: Exchange | None = Field(None, description="The call that makes a list named {name}, and its answer.")
    outer: dict[str, str] = Field(default_factory=dict, description="Outer ids that making one needs.")
    resolve: dict[str, Exchanged] = Field(default_factory=dict, description="How identifiers are exchanged for others.")
    add: Delivery = Field(description="How members are put into it.")
    remove: Delivery | None = Field(None, description="How members are taken out of it.")
    upsert: Delivery | None = Field(None, description="How columns are written to members.")
    attributes: dict[str, Any] = Field(default_factory=dict, description="Columns that go along, where they can.")
    also: tuple[Exchange, ...] = Field((), description="Other calls that may come at any time, such as a login.")

    def verbs(self) -> dict[str, Delivery]:
        """Returns the verbs that there are."""
        all_of = {"add": self.add, "remove": self.remove, "upsert": self.upsert}
        return {name: one for name, one in all_of.items() if one is not None}

    def answers(self) -> Iterator[Answer]:
        """Yields every documented answer."""
        yield from (one.response for one in (*self.describe, *self.also))
        for answer in (self.unsuitable, self.create.response if self.create is not None else None):
            if answer is not None:
                yield answer
        for lookup in self.resolve.values():
            yield from (one for one in (lookup.response, lookup.none) if one is not None)
        for verb in self.verbs().values():
            yield from verb.answers()

    def entries(self) -> Iterator[Any]:
        """Yields every documented entry of an answer."""
        yield from (shape for lookup in self.resolve.values() for shape in (lookup.found, lookup.unknown))
        looks = [one for verb in self.verbs().values() for one in verb.variants()]
        yield from (shape for one in looks for shape in (one.taken, one.rejected))

    @model_validator(mode="after")
    def _marked(self) -> "Deliveries":
        for name, verb in self.verbs().items():
            several = "members" in marks(verb.request.model_dump())
            if several != (verb.member is not None):
                raise ValueError(f"{name}: {{members}} in the call, and `member`, need each other")
            if not several and not marks(verb.request.model_dump()) & set(self.identifiers):
                raise ValueError(f"{name}: the call names no identifier of its member")
        return self
