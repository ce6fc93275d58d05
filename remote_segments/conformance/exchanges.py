"""The documented exchanges of one platform: what its documentation says that is asked and answered, with marks.

They are written from the documentation, never from the manifest, and say nothing of paths: an answer is the example of
the documentation, in which marks stand for what varies. A manifest that reads the wrong place therefore fails on them.
"""

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field, model_validator

from remote_segments.conformance.calls import Answer, AnyCall, Call, Exchange, Step
from remote_segments.conformance.deliveries import Deliveries
from remote_segments.conformance.marks import marks
from remote_segments.settings import Settings

MEMBERS = "members"
"""The mark at which an answer holds its members."""

PAGE_MARKS = frozenset(
    ("cursor", "next_offset", "next_page", "offset", "page", "pages", "page_size", "count", "total", "after", MEMBERS)
)
"""Marks of pages: what a call or an answer tells about the place in the membership."""


class PageSize(Settings):
    """How many members a page holds."""

    largest: int | None = Field(None, ge=1, description="The most that may be asked for at the mark {page_size}.")
    fixed: int | None = Field(None, ge=1, description="What every page holds where nothing can be asked for.")

    @model_validator(mode="after")
    def _one(self) -> "PageSize":
        if (self.largest is None) == (self.fixed is None):
            raise ValueError("a page size is `largest` or `fixed`")
        return self


class Pages(Settings):
    """How the members of one segment are asked for and answered."""

    requests: tuple[AnyCall, ...] = Field(min_length=1, description="The call for a page, first and following ones.")
    page_size: PageSize | None = Field(None, description="Members of a page; left out where all come in one answer.")
    first_page: int = Field(1, ge=0, le=1, description="Number of the first page where pages are numbered.")
    member: Any = Field(description="One member, or a list of the shapes that one may have.")
    left_out: tuple[Any, ...] = Field((), description="Shapes of those who are on pages, too, and are no members.")
    page: Answer = Field(description="A page; {members} stands where the members are.")
    last: Answer | None = Field(None, description="The last page, where it looks different.")
    empty: Answer | None = Field(None, description="The only page of an empty membership, where it looks different.")

    @property
    def shapes(self) -> list[Any]:
        """The shapes that one on a page may have: those of members, then those of others."""
        return [*(self.member if isinstance(self.member, list) else [self.member]), *self.left_out]

    @model_validator(mode="after")
    def _whole(self) -> "Pages":
        for name, answer in (("page", self.page), ("last", self.last)):
            if answer is not None and MEMBERS not in marks(answer.body):
                raise ValueError(f"`{name}` does not say with {{members}} where its members are")
        if "cursor" in marks([call.model_dump() for call in self.requests]) and self.last is None:
            raise ValueError("where pages have a cursor, `last` shows the page that has none")
        return self


class Files(Settings):
    """How the members of one segment come as files: one stream, or what an export job makes."""

    address: str | None = Field(
        None,
        description="Where a file is, as {link} or {links} of the job's last answer names it; {file} is its number.",
    )
    link: Any = Field("{link}", description="One entry of {links}, where that is more than the address.")
    download: AnyCall | None = Field(None, description="The call for a file at an address of the platform's own.")
    sample: AnyCall | None = Field(
        None, description="The call for some of the members, where a preview makes another one; only the simulator's."
    )
    redirects: bool = Field(False, description="Whether that call may lead to another host.")
    member: Any = Field(description="One member: a JSON object or a line of text; or a list of its shapes.")
    content: str = Field("{members}\n", description="A file; {members} stands where the members are, one a line.")
    compression: Literal["none", "gzip", "zip"] = Field("none", description="How a file is packed.")
    media_type: str = Field("application/octet-stream", description="What a file is said to be.")
    files: int = Field(1, ge=1, description="Files that a job makes.")
    packed: int = Field(1, ge=1, description="Files in one archive.")
    when_empty: Literal["empty-file", "no-file"] = Field(
        "empty-file", description="What comes when nobody is a member: files without members, or none."
    )

    @property
    def shapes(self) -> list[Any]:
        """The shapes that a member may have: at least one."""
        return self.member if isinstance(self.member, list) else [self.member]

    @model_validator(mode="after")
    def _one_place(self) -> "Files":
        if (self.address is None) == (self.download is None):
            raise ValueError("files are at `address`, which an answer names, or come of the call `download`")
        return self


ASKED, FOUND, MISSING = "asked", "found", "missing"
"""Marks of a look-up: the ids that a call asks about, the members in its answer, those that it does not know."""


class Lookups(Settings):
    """How identifiers that members come without are asked for, many members at once."""

    request: AnyCall = Field(description="The call; {asked} stands where the ids are.")
    largest: int = Field(ge=1, description="Ids that one call may ask about.")
    asked: Any = Field(description="One id as the call holds it.")
    found: Any = Field(description="One member as the answer holds it.")
    response: Answer = Field(description="The answer; {found} stands where the members are, {count} for their number.")
    missing: Any = Field(None, description="One entry about an id that the platform does not know.")
    partly: Answer | None = Field(
        None, description="The answer when some are not known; {missing} stands where these are, if anywhere."
    )

    @model_validator(mode="after")
    def _marked(self) -> "Lookups":
        if ASKED not in marks(self.request.model_dump()):
            raise ValueError("the call does not say with {asked} where the ids are")
        if FOUND not in marks(self.response.body):
            raise ValueError("`response` does not say with {found} where the members are")
        return self


TellableState = Literal["computing", "inactive", "archived", "deleted"]
"""A state in which a segment is not simply there."""


class Membership(Settings):
    """One kind of source: a segment that the documentation's examples could be about."""

    ids: dict[str, str] = Field(description="Its id keys and their values.")
    options: dict[str, str] = Field(default_factory=dict, description="Options of the connection.")
    identifiers: dict[str, str | int] = Field(
        min_length=1,
        description="For each identifier of a member: a text in which {n} stands for the member's number, or a number "
        "to which it is added.",
    )
    joined_at: str | int | None = Field(None, description="When the first member joined, as the platform writes it.")
    total: Literal["exact", "drifting", "estimate"] | None = Field(
        None, description="How far the platform's count of members can be trusted; left out where it gives none."
    )
    describe: tuple[Exchange, ...] = Field(description="The calls that describe the segment.")
    states: dict[TellableState, Answer] = Field(
        default_factory=dict,
        description="What the first of these calls answers while the segment is in another state, where it tells that.",
    )
    job: tuple[Step, ...] = Field(
        (), description="The calls of a job that must be done before members can be read, in order; {job} is its id."
    )
    lookup: Lookups | None = Field(None, description="How identifiers that members come without are asked for.")
    members: Pages | None = Field(None, description="How its members are read, page by page.")
    files: Files | None = Field(None, description="How its members are read, where they come as files.")
    also: tuple[Exchange, ...] = Field((), description="Other calls that may come at any time, such as a login.")

    @property
    def shapes(self) -> list[Any]:
        """The shapes that a member may have."""
        found = self.members or self.files
        return found.shapes if found else []

    def shown(self, shape: Any) -> set[str]:
        """Returns the marks of a member of this shape, those that a look-up tells included."""
        return marks(shape) | (marks(self.lookup.found) if self.lookup else set())

    @model_validator(mode="after")
    def _marked(self) -> "Membership":
        if (self.members is None) == (self.files is None):
            raise ValueError("members come on pages (`members`) or as `files`")
        unused = sorted(set(self.identifiers) - self.shown(self.shapes))
        if unused:
            raise ValueError(f"no member shows {{{unused[0]}}}")
        if (self.total is not None) != bool(self.counted_marks()):
            raise ValueError("`total` says how far {total} or {size} can be trusted: it needs one, and one needs it")
        return self

    def counted_marks(self) -> set[str]:
        """Returns the marks at which the platform counts the members."""
        pages = [answer for answer in (self.members.page, self.members.last) if answer] if self.members else []
        steps = [step.response for step in self.job]
        described = marks([exchange.response.model_dump() for exchange in self.describe])
        return (marks([answer.model_dump() for answer in (*pages, *steps)]) & {"total"}) | (described & {"size"})


Refused = Literal["key_refused", "throttled", "not_found", "expired", "unavailable"]
"""Refusals that the kit provokes."""


class Case(Settings):
    """Exchanges in their order, and what must come of them."""

    do: Literal["fetch", "describe", "preview", "segments", "send", "check", "create"] = Field(
        description="What is done."
    )
    source: str = Field("", description="Kind of source, as the manifest names it.")
    destination: str = Field("", description="Kind of destination, for what is sent.")
    verb: Literal["add", "remove", "upsert"] = Field("add", description="What is done with the members that are sent.")
    members: dict[str, tuple[str | None, ...]] = Field(
        default_factory=dict, description="Identifiers of the members that are sent."
    )
    name: str = Field("", description="Name of a list that is made.")
    attributes: dict[str, tuple[Any, ...]] = Field(default_factory=dict, description="Columns that go along.")
    ids: dict[str, str] = Field(default_factory=dict, description="Its id keys and their values.")
    options: dict[str, str] = Field(default_factory=dict, description="Options of the connection.")
    identifiers: tuple[str, ...] = Field(
        (), description="Identifiers that are looked up; those that come with members are read in any case."
    )
    page_size: int | None = Field(None, ge=1, description="Members of a page, where it is not the manifest's number.")
    exchanges: tuple[Exchange, ...] = Field(description="What is asked, in this order, and answered.")
    bucket: dict[str, Answer] = Field(
        default_factory=dict, description="Files of the connection's own bucket by their paths, where it has one."
    )
    gives: Any = Field(None, description="What comes of it.")
    raises: str | None = Field(None, description="Code of the error that comes of it.")
    says: str = Field("", description="Words of that error.")
    waits: tuple[float, ...] | None = Field(None, description="Seconds of each wait.")


class Exchanges(Settings):
    """Everything that is written down of what one platform documents."""

    shared: Any = Field(None, description="Pieces that other parts repeat as YAML anchors; not read.")
    headers: dict[str, str] = Field(
        default_factory=dict, description="Headers of every call to `memberships`, credential included."
    )
    refusals: dict[Refused, Answer] = Field(default_factory=dict, description="How the platform refuses.")
    memberships: dict[str, Membership] = Field(
        default_factory=dict, description="Each kind of source, as its documentation shows it."
    )
    deliveries: dict[str, Deliveries] = Field(
        default_factory=dict, description="Each kind of destination, as its documentation shows it."
    )
    cases: dict[str, Case] = Field(default_factory=dict, description="Exchanges that are replayed as they are.")

    def answers(self) -> Iterator[Answer]:
        """Yields every documented answer, marks not filled in."""
        yield from self.refusals.values()
        for kind in self.memberships.values():
            yield from (exchange.response for exchange in (*kind.describe, *kind.also))
            yield from kind.states.values()
            if kind.members:
                pages = (kind.members.page, kind.members.last, kind.members.empty)
                yield from (one for one in pages if one is not None)
            if kind.lookup:
                yield from (one for one in (kind.lookup.response, kind.lookup.partly) if one is not None)
            for step in kind.job:
                yield from (one for one in (step.response, step.pending, step.failed) if one is not None)
        for destination in self.deliveries.values():
            yield from destination.answers()
        yield from (exchange.response for case in self.cases.values() for exchange in case.exchanges)


__all__ = ["Answer", "Call", "Case", "Exchange", "Exchanges", "Files", "Lookups", "Membership", "Pages", "Step"]
