"""One kind of membership that a platform holds, as a manifest writes it down: its ids, its members, its calls."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from remote_segments.explanations import refusal
from remote_segments.rest.decoding import IdentifierField, JoinedAt
from remote_segments.rest.describing import DESCRIBED, Describe
from remote_segments.rest.endpoint import PAGE_SIZE, Endpoint
from remote_segments.rest.export.members import Export
from remote_segments.rest.files.stream import Stream
from remote_segments.rest.formats import Rows
from remote_segments.rest.listing import Listing
from remote_segments.rest.lookup import Lookup
from remote_segments.rest.members import Members
from remote_segments.rest.paging import Declared, misplaced
from remote_segments.rest.placeholders import Template, names
from remote_segments.rest.python.declared import PythonDescribe, PythonListing, PythonMembers
from remote_segments.rest.where import Where
from remote_segments.settings import Settings, Texts


def _usually(kind: str) -> Callable[[Any], Any]:
    """Returns what puts the usual `kind` into a block that does not say one."""
    return lambda value: {"kind": kind, **value} if isinstance(value, dict) else value


Reading = Annotated[
    Annotated[Members | Stream | Export | PythonMembers, Field(discriminator="kind")],
    BeforeValidator(_usually("pages"), json_schema_input_type=Members | Stream | Export | PythonMembers),
]
"""One way to read members: page by page, unless `kind` says otherwise."""

Describing = Annotated[
    Annotated[Describe | PythonDescribe, Field(discriminator="kind")],
    BeforeValidator(_usually("call"), json_schema_input_type=Describe | PythonDescribe),
]
"""One way to describe a segment."""

Listings = Annotated[
    Annotated[Listing | PythonListing, Field(discriminator="kind")],
    BeforeValidator(_usually("calls"), json_schema_input_type=Listing | PythonListing),
]
"""One way to list segments."""


class SourceKind(Settings):
    """One kind of membership that the platform holds: a segment, a list."""

    title: str = Field(description="What the platform calls it.", examples=["Segment"])
    ids: Texts = Field(
        min_length=1, description="Keys that a segment file's source names.", examples=[["list_id", "segment_id"]]
    )
    ids_help: str = Field(description="Where a person finds the ids in the tool.")
    id_forms: dict[str, str] = Field(
        default_factory=dict,
        description="For an id, the regular expression that the whole of it fits; needed where it stands within a "
        "longer text of a query or a body, such as a filter, whose meaning another text could change.",
        examples=[{"label": "[a-z0-9-]+"}],
    )
    page_url: Template | None = Field(None, description="Address of the segment's page in the tool.")
    identifiers: dict[str, IdentifierField] = Field(
        min_length=1, description="Name of each identifier of a member: where it is."
    )
    primary: str = Field(description="The platform's own identifier, which every member has once.")
    joined_at: JoinedAt | None = Field(None, description="Where the time is at which a member joined.")
    describe: Describing = Field(description="How to read name, size and state of one segment.")
    members: Reading = Field(description="How to read the members of one segment.")
    where: Where | None = Field(
        None, description="Who of those on a page is a member, where the platform lists others among them."
    )
    lookup: Lookup | None = Field(
        None, description="How to ask, for many members at once, for identifiers that members come without."
    )
    list: Listings | None = Field(None, description="How to list the segments of the account.")

    @model_validator(mode="after")
    def _fits(self) -> "SourceKind":
        problems = [
            *self._identifier_problems(),
            *self._lookup_problems(),
            *self._where_problems(),
            *self._form_problems(),
        ]
        if problems:
            raise ValueError("; ".join(problems))
        losing = list(self._end_problems())
        if losing:
            found = f"Members could be lost without an error: {'; '.join(losing)}."
            raise refusal("end-unprovable", found, "Say in the manifest how the last page is known.")
        return self

    def _identifier_problems(self) -> Iterator[str]:
        if self.primary not in self.identifiers:
            yield f"primary is {self.primary}, which is not one of the identifiers {', '.join(self.identifiers)}"
        layout = self.members.format
        if layout is None:
            if any(field.path is not None for field in self.coming().values()) or self.joined_at is not None:
                yield "where Python reads the members, identifiers have no path, and joined_at is among what it yields"
            return
        texts = layout.kind in {"strings", "lines"}
        come = self.coming()
        keys = [name for name, identifier in come.items() if identifier.path is None]
        if texts and (len(come) != 1 or self.joined_at):
            yield "members that are bare texts have exactly one identifier and no joined_at"
        for name, identifier in come.items():
            if (identifier.path is None) != texts and not (layout.kind == "keyed" and keys == [name]):
                yield f"identifier {name} needs a path, unless members are bare texts"
            if name == self.primary and identifier.absent != "error":
                yield f"the primary identifier {name} may not be absent"
        if isinstance(layout, Rows):
            used = {field.path for field in (*come.values(), self.joined_at) if field and field.path}
            for column in sorted(used - set(layout.columns)):
                yield f"the column {column} is not one of those that the format declares"

    def _lookup_problems(self) -> Iterator[str]:
        asked = {name: field for name, field in self.identifiers.items() if field.looked_up}
        if bool(asked) != (self.lookup is not None):
            yield "lookup, and identifiers that are looked_up, need each other"
        if self.primary in asked:
            yield f"the primary identifier {self.primary} is what look-ups ask with: it must come with the members"
        for name, identifier in asked.items():
            if identifier.path is None:
                yield f"identifier {name} needs a path within an entry of the look-up"

    def _where_problems(self) -> Iterator[str]:
        layout = self.members.format
        if self.where is None:
            return
        if layout is None:
            yield "where Python reads the members, it leaves out others by itself"
            return
        if layout.kind in {"strings", "lines"}:
            yield "where reads a value of a member, and members are bare texts"
        if isinstance(layout, Rows) and self.where.path not in layout.columns:
            yield f"the column {self.where.path} is not one of those that the format declares"
        for name in self.where.placeholders():
            if name not in self.id_forms:
                yield f"{name} decides who is kept: id_forms says which values it may have"

    def coming(self) -> dict[str, IdentifierField]:
        """Returns the identifiers that come with the members, without a look-up."""
        return {name: field for name, field in self.identifiers.items() if not field.looked_up}

    def read(self, wanted: Collection[str]) -> tuple[str, ...]:
        """Returns the identifiers that a fetch reads: all that come by themselves, and of the others those wanted."""
        return tuple(name for name, field in self.identifiers.items() if not field.looked_up or name in wanted)

    def _end_problems(self) -> Iterator[str]:
        """Yields why the manifest could lose members without an error."""
        members = self.members
        sized = self.describe.size is not None or self.describe.count is not None
        if isinstance(members, PythonMembers):
            yield from members.problems()
            return
        if members.total is not None and members.total.source == "describe" and not sized:
            yield "the total comes from describe, which tells no size"
        yield from self._page_problems(members) if isinstance(members, Members) else members.problems()

    @staticmethod
    def _page_problems(members: Members) -> Iterator[str]:
        paging = members.paging
        proving = members.total is not None and members.total.certainty != "estimate"
        certain = proving and members.total is not None and members.total.absent == "error"
        if members.format.envelope() is None and (paging.extras() or (members.total and members.total.extras())):
            what = "a table in CSV" if members.format.kind == "csv" else "a bare array"
            yield f"{what} holds neither cursor nor total"
        if getattr(members.format, "null", "error") == "empty" and not certain:
            yield "null in place of the members needs a total: a changed answer would look like an empty page"
        if members.format.kind == "csv" and not certain:
            yield "pages in CSV need a total: one that ends too early at the end of a row would look whole"
        of_job = members.total is not None and members.total.source == "job"
        if of_job and (members.job is None or members.job.poll is None):
            yield "the total comes from a job, which needs `job.poll`"
        on_page = members.total is not None and members.total.source in {"page", "header"}
        yield from paging.problems(Declared(members.page_size, certain, on_page))
        if misplaced(paging, members.method):
            yield "place body belongs to a POST: without one, every page would be the first"
        if members.page_size is not None and PAGE_SIZE not in set(members.placeholders()):
            yield "page_size is not used: write {page_size} in the query or the body"

    def _form_problems(self) -> Iterator[str]:
        for name, form in self.id_forms.items():
            if name not in self.ids:
                yield f"id_forms has {name}, which is not one of the ids"
            try:
                re.compile(form)
            except re.error as error:
                yield f"the form of {name} is no regular expression: {error}"
        embedded = {name for call in self.calls_made() for name in call.embedded()}
        for name in sorted(embedded & set(self.ids) - set(self.id_forms)):
            yield f"{name} stands within a longer text of a query or a body: id_forms says which values it may have"

    def calls_made(self) -> Iterator[Endpoint]:
        """Yields every call that describing, reading or listing makes."""
        job = None if isinstance(self.members, Stream | PythonMembers) else self.members.job
        later = (job.submit, job.start, job.poll) if job is not None else ()
        later = (*later, getattr(self.members, "sample", None))
        for call in (self.describe, self.describe.count, self.members, self.lookup, self.list, *later):
            if isinstance(call, Endpoint):
                yield call

    def misshapen(self, ids: Mapping[str, str]) -> Iterator[str]:
        """Yields the ids whose value is not written as the platform writes it."""
        for name, value in ids.items():
            if name in self.id_forms and not re.fullmatch(self.id_forms[name], value):
                yield name

    def placeholders(self) -> Iterator[str]:
        """Yields every name that the addresses of this kind use."""
        yield from names(self.page_url or "")
        yield from self.describe.placeholders()
        if self.describe.count:
            yield from self.describe.count.placeholders()
        yield from self.members.placeholders()
        yield from self.lookup.placeholders() if self.lookup is not None else ()
        yield from self.where.placeholders() if self.where is not None else ()

    def given(self) -> set[str]:
        """Returns the placeholders that reading the members fills itself."""
        return {*self.members.given(), DESCRIBED}

    def calls(self, size: int, wanted: Collection[str] | None = None) -> int:
        """Returns the calls that one refresh of so many members takes at most.

        Args:
            size: members.
            wanted: the identifiers that are matched, some of which may be looked up; all when left out.
        """
        read = self.read(self.identifiers if wanted is None else wanted)
        looked_up = self.lookup is not None and len(read) > len(self.coming())
        more = self.lookup.calls(size) if looked_up and self.lookup is not None else 0
        return self._calls(size) + more

    def _calls(self, size: int) -> int:
        if isinstance(self.members, PythonMembers):
            return self.members.pages(size) + self.describe.calls()
        twice = self.members.total is not None and self.members.total.source == "describe"
        described = self.describe.calls() * (2 if twice else 1)
        if not isinstance(self.members, Members):
            return self.members.calls() + described
        job = self.members.job.calls() if self.members.job is not None else 0
        return self.members.paging.pages(size, self.members.page_size) + job + described
