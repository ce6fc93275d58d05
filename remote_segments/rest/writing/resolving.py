"""Identifiers that a platform's calls do not take, exchanged for its own ids first, many in one call."""

from collections.abc import Generator, Mapping, Sequence
from typing import Any

from pydantic import Field, model_validator

from remote_segments.rest.decoding import decode_document
from remote_segments.rest.endpoint import Endpoint
from remote_segments.rest.export.job import Statuses
from remote_segments.rest.messages import Base, Request, Response, with_query
from remote_segments.rest.paging.turns import placed
from remote_segments.rest.paths import Path, entries, find, take
from remote_segments.rest.placeholders import Template, fill
from remote_segments.rest.refusals import as_text

ASKED = "asked"
"""Placeholder for the values that a look-up asks about, in a text of its query or body."""


class Resolve(Endpoint):
    """A call that takes many identifiers of one sort and answers with the platform's own ids."""

    gives: str = Field(description="The identifier that it gives, which the calls of this destination take.")
    most: int = Field(ge=1, description="Identifiers that one call may ask about.")
    at: str | None = Field(
        None,
        description="Where the asked values are: names joined by dots into a JSON body. Left out, {asked} stands for "
        "them in a text of query or body.",
        examples=["inputs"],
    )
    wrapped: str | None = Field(None, description="Name of the value's field, where each is an object of its own.")
    written: Template = Field(
        "{value}", description="How one value is written where {asked} stands.", examples=['"{value}"', "'{value}'"]
    )
    joined: str = Field(",", description="What stands between them there.")
    items: Path | None = Field(None, description="Path of the entries; left out when they are the whole answer.")
    keyed: bool = Field(False, description="Whether they are an object with one entry under each key.")
    asked_at: Path = Field(description="Path of the asked value within an entry.", examples=["properties.email"])
    id: Path = Field(description="Path of the platform's id within an entry.")
    none_found: Statuses = Field((), description="HTTP statuses that mean: none of them is known.")
    partly: Path | None = Field(
        None, description="Path that only entries about known people have, where those about others lack the rest."
    )

    @model_validator(mode="after")
    def _placed(self) -> "Resolve":
        if (self.at is None) != (ASKED in set(self.placeholders())):
            raise ValueError("the asked values are at `at`, or {asked} stands for them")
        return self

    def ids(
        self, asked: Sequence[str], base: Base, values: Mapping[str, str], where: str
    ) -> Generator[Request, Response, dict[str, str]]:
        """Yields the calls, is sent the answers, returns the platform's id by value; unknown people are left out.

        Args:
            asked: different values, in any number.
            base: where calls go.
            values: what placeholders stand for.
            where: manifest and block, for messages.

        Raises:
            PlatformError: `path-missing`, `wrong-type`, `not-json`.
        """
        found: dict[str, str] = {}
        for start in range(0, len(asked), self.most):
            part = asked[start : start + self.most]
            response = yield self._request(part, base, values, where)
            if response.status in self.none_found:
                continue
            document = decode_document(response, where)
            wanted = {value.lower(): value for value in part}
            for entry in entries(document, self.items, where, lenient=False, keyed=self.keyed):
                if self.partly is not None and find(entry, self.partly) is None:
                    continue
                value = (as_text(take(entry, self.asked_at, where)) or "").lower()
                known = as_text(take(entry, self.id, where))
                if value in wanted and known:
                    found.setdefault(wanted[value], known)
        return found

    def _request(self, part: Sequence[str], base: Base, values: Mapping[str, str], where: str) -> Request:
        texts = {**values, ASKED: self.joined.join(fill(self.written, {"value": value}) for value in part)}
        call = self.call(base, texts)
        if self.at is not None:
            inner: list[Any] = [{self.wrapped: value} for value in part] if self.wrapped else list(part)
            call = type(call)(call.address, call.query, placed(call.body or {}, self.at.split("."), inner))
        made = self.request(call, where, names_segment=False)
        statuses = frozenset(self.none_found)
        return Request(
            with_query(call.address, call.query),
            made.method,
            made.body,
            made.media_type,
            where,
            names_segment=False,
            repeatable=True,
            limits=self.limits,
            accepted=statuses,
        )
