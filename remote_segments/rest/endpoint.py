"""One address of a platform, as a manifest writes it down, and the call that it becomes for one segment."""

import json
from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import Field, model_validator

from remote_segments.rest.bodies import Body, embedded
from remote_segments.rest.limits import Limits
from remote_segments.rest.messages import Base, Request
from remote_segments.rest.paging.turns import Call
from remote_segments.rest.placeholders import Template, Templates, fill, fill_path, names
from remote_segments.settings import Settings

PAGE_SIZE = "page_size"
"""Placeholder for the number of members of a page, so that it is written once."""


class Endpoint(Settings):
    """What is asked: method, path below the base address, query, and a body where it is a POST."""

    method: Literal["GET", "POST", "HEAD"] = Field("GET", description="HTTP method; HEAD only for a count in a header.")
    path: Template = Field(description="Path below base_url; {name} stands for an id or an option.", pattern="^/")
    query: dict[str, Templates] = Field(default_factory=dict, description="Query; several values repeat the parameter.")
    body: Body | None = Field(None, description="Body of a POST; {name} as in the path, {page_size} as in the query.")
    repeatable: bool | None = Field(None, description="Whether a POST only reads, so that it may be sent again.")
    limits: Limits | None = Field(None, description="Limits of this address beside those of the platform.")

    @model_validator(mode="after")
    def _post(self) -> "Endpoint":
        if self.method == "HEAD" and not self.reads_headers():
            raise ValueError("an answer to HEAD has no body: it belongs to a count in a header")
        if self.method != "POST" and (self.body is not None or self.repeatable is not None):
            raise ValueError("body and repeatable belong to a POST")
        return self

    def reads_headers(self) -> bool:
        """Tells whether the headers of the answer suffice."""
        return False

    def placeholders(self) -> Iterator[str]:
        """Yields the names that path, query and body use."""
        yield from names(self.path)
        for texts in self.query.values():
            for text in texts:
                yield from names(text)
        yield from self.body.placeholders() if self.body is not None else ()

    def embedded(self) -> Iterator[str]:
        """Yields the names that stand within a longer text of query or body, whose meaning a value could change."""
        return embedded(self.query, self.body)

    def call(self, base: Base, values: Mapping[str, str]) -> Call:
        """Returns the call for one segment.

        Raises:
            ProjectError: `bad-value` for an id that cannot be a piece of a path, or is no number where one is needed.
        """
        query = {name: tuple(fill(text, values) for text in texts) for name, texts in self.query.items()}
        body = self.body.fill(values) if self.body is not None else None
        return Call(base.url + fill_path(self.path, values), query, body)

    def request(self, call: Call, where: str, *, names_segment: bool = True) -> Request:
        """Returns the request that a call becomes."""
        repeatable = self.method != "POST" or bool(self.repeatable)
        body, media_type = None, "application/json"
        if call.body is not None:
            body = json.dumps(call.body).encode() if self.body is None else self.body.encode(call.body)
            media_type = media_type if self.body is None else self.body.media_type
        return Request(
            call.url(),
            self.method,
            body,
            media_type,
            where,
            names_segment=names_segment,
            repeatable=repeatable,
            limits=self.limits,
        )
