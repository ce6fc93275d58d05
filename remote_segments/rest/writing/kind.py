"""One kind of list that a platform lets others write, as a manifest writes it down."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from remote_segments.destinations.abilities import Abilities, Accepted, Telling, Verb, VerbAbility
from remote_segments.identifiers.options import Options
from remote_segments.rest.decoding import KindName
from remote_segments.rest.describing import Describe
from remote_segments.rest.endpoint import Endpoint
from remote_segments.rest.export.job import JOB
from remote_segments.rest.paths import Path
from remote_segments.rest.placeholders import Template, names
from remote_segments.rest.writing.call import BATCH_KEY, WriteCall
from remote_segments.rest.writing.entries import IDENTIFIER
from remote_segments.rest.writing.resolving import ASKED, Resolve
from remote_segments.rest.writing.telling import Whole
from remote_segments.rest.writing.verb import WriteVerb
from remote_segments.settings import Settings, Texts

NAME = "name"
"""Placeholder for the name of a list that is made."""


class TakenIdentifier(Settings):
    """An identifier by which the platform knows people, and how it goes out."""

    kind: KindName = Field(description="Kind of identifier; of a hash (`email_sha256`) the hash goes out.")
    description: str = Field("", description="What it is, for a person who writes an activation.")
    called: str | None = Field(None, description="The platform's own name of it, for {identifier}.")
    type: Literal["text", "integer"] = Field("text", description="JSON type of the value where it stands alone.")
    form: str | None = Field(
        None, description="Regular expression that the whole value fits; others are rejected before they are sent."
    )
    without: str = Field("", description="What is left out at its beginning before it is hashed or sent.")
    dots: Texts = Field((), description="Domains at which dots before the @ are left out before it is hashed.")

    def accepted(self) -> Accepted:
        """Returns it as activations are told of it."""
        form = self.form or (r"0|[1-9]\d{0,18}" if self.type == "integer" else None)
        return Accepted(self.kind, self.description, Options(dots=self.dots), self.without, form)


class Create(WriteCall):
    """The call that makes a new list; {name} stands for its name."""

    ids: dict[str, Path] = Field(default_factory=dict, description="Path of each of its ids in the answer.")
    headers_at: dict[str, str] = Field(
        default_factory=dict, description="Header of the answer that holds an id, in place of a path."
    )
    needs: Texts = Field((), description="Outer ids that must be given, such as the account it belongs to.")


def _sets(value: object) -> object:
    if isinstance(value, list | tuple):
        return [[one] if isinstance(one, str) else one for one in value]
    return value


class DestinationKind(Settings):
    """One kind of list that members can be sent to."""

    title: str = Field(description="What the platform calls it.", examples=["List"])
    ids: Texts = Field(min_length=1, description="Keys that an activation's destination names.")
    ids_help: str = Field(description="Where a person finds the ids in the tool.")
    id_forms: dict[str, str] = Field(
        default_factory=dict, description="For an id, the regular expression that the whole of it fits."
    )
    page_url: Template | None = Field(None, description="Address of the list's page in the tool.")
    identifiers: dict[str, TakenIdentifier] = Field(min_length=1, description="Identifiers that members are sent by.")
    needs: Annotated[tuple[tuple[str, ...], ...], BeforeValidator(_sets)] = Field(
        (),
        description="What a member must have: one of these identifiers, or all of one of these sets. By default any.",
    )
    first_only: bool = Field(
        False, description="Whether a member goes by one identifier only: the first that it has, in the order given."
    )
    creates_people: bool = Field(description="Whether people whom the platform does not know are created there.")
    notes: str = Field("", description="What a user should know before sending to it.")
    readable: str | None = Field(
        None, description="The kind of source, of the same ids, by which the list can be read back."
    )
    concurrent: int = Field(1, ge=1, description="Batches that may be sent at once.")
    describe: Describe | None = Field(
        None,
        description="How the list's name is read before anything is sent; `expect` refuses one whose members a rule "
        "decides. Left out, nothing of it can be known.",
    )
    create: Create | None = Field(None, description="How a new list is made.")
    resolve: dict[str, Resolve] = Field(
        default_factory=dict, description="For an identifier that the calls do not take: how it is exchanged for one."
    )
    add: WriteVerb = Field(description="The call that puts members into the list.")
    remove: WriteVerb | None = Field(None, description="The call that takes members out of the list, and no more.")
    upsert: WriteVerb | None = Field(None, description="The call that writes columns of the model to members.")

    @model_validator(mode="after")
    def _fits(self) -> "DestinationKind":
        problems = [*self._identifier_problems(), *self._verb_problems()]
        problems += [*self._placeholder_problems(), *self._create_problems()]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def verbs(self) -> dict[Verb, WriteVerb]:
        """Returns the verbs that there are."""
        all_of: dict[Verb, WriteVerb | None] = {"add": self.add, "remove": self.remove, "upsert": self.upsert}
        return {name: verb for name, verb in all_of.items() if verb is not None}

    def known(self) -> set[str]:
        """Returns every identifier: those that members are sent by, and those that look-ups give."""
        return {*self.identifiers, *(one.gives for one in self.resolve.values())}

    def _identifier_problems(self) -> Iterator[str]:
        for what, listed in (("needs", [name for needed in self.needs for name in needed]), ("resolve", self.resolve)):
            for name in listed:
                if name not in self.identifiers:
                    yield f"{what} has {name}, which is not one of the identifiers"
        for name, one in self.identifiers.items():
            try:
                re.compile(one.form or "")
            except re.error as error:
                yield f"the form of {name} is no regular expression: {error}"

    def _verb_problems(self) -> Iterator[str]:
        used: set[str] = set()
        for title, verb in self.verbs().items():
            uses = verb.uses(self.known())
            used |= uses
            if verb.single and uses:
                yield f"{title} takes bare values: its other texts may not name an identifier"
            if not verb.single and not uses:
                yield f"{title} names no identifier of a member"
            if verb.takes_attributes and verb.single:
                yield f"{title} takes bare values, which have no attributes"
        for name in sorted({one.gives for one in self.resolve.values()} - used):
            yield f"no verb uses {name}, which a look-up gives"

    def _placeholder_problems(self) -> Iterator[str]:
        for title, verb in self.verbs().items():
            plain = set(verb.all_placeholders()) - self.known()
            if IDENTIFIER in plain and not verb.single:
                yield f"{title} uses {{{IDENTIFIER}}}, which is for bare values"
            if IDENTIFIER in plain and any(one.called is None for one in self.identifiers.values()):
                yield f"{title} uses {{{IDENTIFIER}}}: each identifier says what it is `called`"
            if verb.job is None and JOB in plain:
                yield f"{title} uses {{{JOB}}}, and has no job"
        embedded = {name for call in self.calls_made() for name in call.embedded()}
        for name in sorted(embedded & set(self.ids) - set(self.id_forms)):
            yield f"{name} stands within a longer text of a query or a body: id_forms says which values it may have"

    def _create_problems(self) -> Iterator[str]:
        if self.create is None:
            return
        told = {*self.create.ids, *self.create.headers_at, *self.create.needs}
        for name in sorted(set(self.ids) - told):
            yield f"create does not say where {name} is in its answer"
        if NAME not in set(self.create.placeholders()):
            yield "create does not use {name}"

    def calls_made(self) -> Iterator[Endpoint | WriteCall]:
        """Yields every call that sending to it makes."""
        yield from self.verbs().values()
        yield from (verb.job.ask for verb in self.verbs().values() if verb.job is not None)
        yield from self.resolve.values()
        for call in (self.describe, self.describe.count if self.describe else None, self.create):
            if call is not None:
                yield call

    def placeholders(self) -> Iterator[str]:
        """Yields every name of an id or an option that the calls use."""
        given = {*self.known(), IDENTIFIER, BATCH_KEY, JOB, ASKED, NAME}
        yield from names(self.page_url or "")
        if self.describe is not None:
            yield from self.describe.placeholders()
        for verb in self.verbs().values():
            yield from (name for name in verb.all_placeholders() if name not in given)
        others: list[Endpoint | WriteCall] = [*self.resolve.values()]
        for call in (*others, *([self.create] if self.create is not None else [])):
            yield from (name for name in call.placeholders() if name not in given)

    def misshapen(self, ids: Mapping[str, str]) -> Iterator[str]:
        """Yields the ids whose value is not written as the platform writes it."""
        yield from (
            name
            for name, value in ids.items()
            if name in self.id_forms and not re.fullmatch(self.id_forms[name], value)
        )

    def abilities(self) -> Abilities:
        """Returns what it can do, as activations are told of it."""
        needs = self.needs or tuple((name,) for name in self.identifiers)
        return Abilities(
            title=self.title,
            ids=tuple(self.ids),
            identifiers={name: one.accepted() for name, one in self.identifiers.items()},
            verbs={name: self._ability(verb) for name, verb in self.verbs().items()},
            needs=tuple(map(frozenset, needs)),
            creates_people=self.creates_people,
            concurrency=self.concurrent,
            readable=self.readable,
            creatable=self.create is not None,
            create_needs=tuple(self.create.needs) if self.create is not None else (),
            notes=self.notes,
        )

    def _ability(self, verb: WriteVerb) -> VerbAbility:
        tells: Telling = "item"
        if verb.job is not None:
            tells = "job"
        elif isinstance(verb.answer, Whole) and verb.members is not None:
            tells = "batch"
        uses = verb.uses(self.known())
        lookups = {name: one.most for name, one in self.resolve.items() if one.gives in uses}
        return VerbAbility(
            batch_size=verb.batch_size,
            per_call=verb.most,
            idempotent=verb.idempotent,
            tells=tells,
            single=verb.single,
            attributes=verb.takes_attributes,
            lookups=lookups or None,
            poll_every=verb.job.ask.every if verb.job is not None else None,
            deadline=verb.job.ask.deadline if verb.job is not None else None,
        )
