"""What the platform says about one segment: its name, its size, its rule, and whether it can be relied on."""

import hashlib
import json
from collections.abc import Generator, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Protocol

from pydantic import Field, model_validator

from remote_segments.errors import ProjectError, TemporaryError
from remote_segments.rest.counting import Count, whole_number
from remote_segments.rest.decoding import decode_document
from remote_segments.rest.endpoint import PAGE_SIZE, Endpoint
from remote_segments.rest.messages import Base, Request, Response
from remote_segments.rest.paging.counts import Offset, PageNumber
from remote_segments.rest.paging.turns import Call, Turn
from remote_segments.rest.paths import Path, entries, find, take, wrong_type
from remote_segments.rest.placeholders import Template, fill, names
from remote_segments.rest.refusals import as_text
from remote_segments.settings import Settings, Texts
from remote_segments.sources.members import Description, State

DESCRIBED = "described_name"
"""Placeholder for the segment's name as the platform describes it, for what is asked for by name."""


class Condition(Settings):
    """A place in the description and the values that matter there."""

    path: Path = Field(description="Path of the value.")
    values: Texts = Field(description="Values as JSON writes them, without quotes.", examples=[["true"]])
    message: str = Field(description="Sentence for the person who reads it.")

    def holds(self, document: Any, where: str) -> bool:
        """Tells whether one of the values is there; an absent path is an error."""
        return as_text(take(document, self.path, where)) in self.values


class Among(Settings):
    """Where platforms describe a segment only together with all others: which of them it is."""

    items: Path | None = Field(None, description="Path of the array; left out when the whole answer is the array.")
    ids: dict[str, Path] = Field(min_length=1, description="For each id key, the path of its value within one entry.")
    absent: Literal["error", "empty"] = Field("error", description="What it means when the array is not there.")
    keyed: bool = Field(False, description="Whether it is an object with one segment under each key instead.")
    page_size: int | None = Field(
        None, ge=1, description="Segments per page, where not all come at once; {page_size} in the query stands for it."
    )
    paging: Annotated[Offset | PageNumber, Field(discriminator="kind")] | None = Field(
        None, description="How to ask for the next page, where not all come at once."
    )
    total: Path | None = Field(None, description="Path of the number of segments, where there are pages.")

    @model_validator(mode="after")
    def _paged(self) -> "Among":
        if len({self.paging is None, self.page_size is None, self.total is None}) > 1:
            raise ValueError("where not all segments come at once, paging, page_size and total are written together")
        return self

    def seek(
        self, endpoint: Endpoint, base: Base, values: Mapping[str, str], where: str
    ) -> Generator[Request, Response, Any]:
        """Yields the calls for page after page until one holds the segment, and returns its entry.

        Raises:
            PlatformError: `path-missing`, `wrong-type`, `page-short`.
            ProjectError: `segment-not-found` when no entry has its ids.
        """
        size = {PAGE_SIZE: str(self.page_size)} if self.page_size else {}
        call: Call | None = endpoint.call(base, {**values, **size})
        call = self.paging.first(call) if self.paging is not None and call is not None else call
        pages = listed = 0
        while call is not None:
            response = yield endpoint.request(call, where)
            document = decode_document(response, where)
            here = entries(document, self.items, where, lenient=self.absent == "empty", keyed=self.keyed)
            for entry in here:
                if all(as_text(take(entry, path, where)) == values[key] for key, path in self.ids.items()):
                    return entry
            pages, listed = pages + 1, listed + len(here)
            if self.paging is None or self.total is None:
                break
            total = whole_number(take(document, self.total, where), self.total, where)
            turn = Turn(pages, len(here), listed, self.page_size, total, {}, response.headers, base, where)
            call = self.paging.following(call, turn) if listed < total else None
        found = f"The platform lists {listed:,} segments, but none with this id."
        fix = "Copy the id from the segment's page in the tool; it may be deleted, or belong to another account."
        raise ProjectError("segment-not-found", found, fix, where)


class Describer(Protocol):
    """Whatever describes a segment: calls that a manifest writes down, or a method in Python."""

    def flow(self, base: Base, values: Mapping[str, str], where: str) -> Generator[Request, Response, Description]:
        """Yields the calls, is sent the answers, returns the description."""


class Describe(Endpoint):
    """The call that describes one segment."""

    kind: Literal["call"] = Field("call", description="One call, or two.")
    among: Among | None = Field(
        None, description="For an answer that holds several segments: which it is. Other paths are then within it."
    )
    name: Path | None = Field(None, description="Path of the segment's name.")
    called: Template | None = Field(
        None, description="Its name in place of `name`, where the platform has none for it.", examples=["{plan}"]
    )
    size: Path | None = Field(None, description="Path of the number of members.")
    size_absent: Literal["error", "unknown"] = Field("error", description="What an absent or null size means.")
    count: Count | None = Field(None, description="A second call that tells the number of members.")
    updated_at: Path | None = Field(None, description="Path of the time of the last change.")
    updated_form: Literal["iso", "unix"] = Field("iso", description="RFC 3339 text, or seconds since 1970.")
    rule: Path | None = Field(
        None,
        description="Path of what decides who is a member: a filter, a query, or the time at which it was last edited. "
        "Only its hash is kept, so that a change is seen. One that is absent or null is not known.",
    )
    expect: tuple[Condition, ...] = Field(
        (), description="What must hold, else the segment cannot be used; message says why."
    )
    deleted: Condition | None = Field(None, description="When the platform still describes a segment that is deleted.")
    computing: Condition | None = Field(None, description="When the platform is still computing the membership.")
    archived: Condition | None = Field(None, description="When the segment is put away in the platform.")
    inactive: Condition | None = Field(None, description="When the platform no longer updates the membership.")

    @model_validator(mode="after")
    def _each_once(self) -> "Describe":
        if self.size is not None and self.count is not None:
            raise ValueError("the size is told by `size` or by `count`, not both")
        if (self.name is None) == (self.called is None):
            raise ValueError("a segment's name is at `name`, or `called` says it")
        return self

    def placeholders(self) -> Iterator[str]:
        """Yields the names that its texts use."""
        yield from super().placeholders()
        yield from names(self.called or "")

    def calls(self) -> int:
        """Returns the number of calls that one description takes."""
        return 2 if self.count else 1

    def flow(self, base: Base, values: Mapping[str, str], where: str) -> Generator[Request, Response, Description]:
        """Yields the calls, is sent the answers, returns the description.

        Raises:
            PlatformError: `path-missing`, `wrong-type`, `not-json`.
            ProjectError: `segment-unsuitable` when an expectation does not hold; `segment-not-found` where it is
                sought among others, or described as deleted.
        """
        if self.among is not None:
            document = yield from self.among.seek(self, base, values, where)
        else:
            document = decode_document((yield self.request(self.call(base, values), where)), where)
        if self.deleted is not None and self.deleted.holds(document, where):
            fix = "Restore it in the tool, or choose another segment in the segment file."
            raise ProjectError("segment-not-found", self.deleted.message, fix, where)
        for condition in self.expect:
            if not condition.holds(document, where):
                fix = "Choose another segment in the segment file."
                raise ProjectError("segment-unsuitable", condition.message, fix, where)
        size = self._size(document, where)
        if self.count is not None:
            size = self.count.read((yield self.count.request(self.count.call(base, values), where)), where)
        state, warning = self._state(document, where)
        name = self._name(document, values, where)
        return Description(name, size, state, self._updated(document, where), warning, self._rule_hash(document))

    def _name(self, document: Any, values: Mapping[str, str], where: str) -> str:
        if self.name is None:
            return fill(self.called or "", values)
        name = take(document, self.name, where)
        if not isinstance(name, str):
            raise wrong_type(self.name, "the name is no text", where)
        return name

    def _rule_hash(self, document: Any) -> str | None:
        """Hashes the rule; a platform that leaves it out today is no reason to read nobody."""
        return rule_hash(find(document, self.rule)) if self.rule is not None else None

    def _state(self, document: Any, where: str) -> tuple[State, str | None]:
        if self.computing is not None and self.computing.holds(document, where):
            return "computing", self.computing.message
        if self.archived is not None and self.archived.holds(document, where):
            return "archived", self.archived.message
        if self.inactive is not None and self.inactive.holds(document, where):
            return "inactive", self.inactive.message
        return "ready", None

    def _size(self, document: Any, where: str) -> int | None:
        if self.size is None:
            return None
        if self.size_absent == "unknown" and find(document, self.size) is None:
            return None
        return whole_number(take(document, self.size, where), self.size, where)

    def _updated(self, document: Any, where: str) -> datetime | None:
        if self.updated_at is None:
            return None
        value = take(document, self.updated_at, where)
        try:
            if value is None:
                return None
            if self.updated_form == "unix" and isinstance(value, int | float):
                return datetime.fromtimestamp(value, UTC)
            instant = datetime.fromisoformat(str(value))
        except (ValueError, OverflowError, OSError):
            raise wrong_type(self.updated_at, f"no time in the form {self.updated_form}", where) from None
        return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def rule_hash(rule: Any) -> str | None:
    """Returns 32 hexadecimal digits of a rule as JSON with sorted keys, None where there is none.

    The rule itself is not kept: a filter may name people.
    """
    if rule is None:
        return None
    text = json.dumps(rule, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def still_computing(description: Description, where: str) -> TemporaryError:
    """Returns the error for a segment whose membership is not complete yet."""
    found = f"The platform is still computing the segment `{description.name}`: {description.warning}"
    return TemporaryError("segment-computing", found, "The next refresh tries again; the last snapshot stays.", where)


def naming(description: Description, placeholders: Iterable[str], where: str) -> dict[str, str]:
    """Returns the placeholder of the segment's name, for what is asked for by name.

    Raises:
        PlatformError: `wrong-type` for a blank name that is used: some platforms give everybody for it.
    """
    if not description.name.strip() and DESCRIBED in set(placeholders):
        raise wrong_type("name", "a blank name, by which the members would be asked for", where)
    return {DESCRIBED: description.name}
