"""A call that changes something: any method, a body where it has one, and headers of its own."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal
from urllib.parse import urlencode

import msgspec
from pydantic import Field

from remote_segments.rest.bodies import Body, embedded
from remote_segments.rest.limits import Limits
from remote_segments.rest.messages import Base, Request, with_query
from remote_segments.rest.placeholders import Template, Templates, fill, fill_path, names
from remote_segments.settings import Settings

BATCH_KEY = "batch_key"
"""Placeholder for a text that is the same whenever the same batch is sent."""


class WriteCall(Settings):
    """What is asked: method, path below the base address, query, headers and body."""

    method: Literal["POST", "PUT", "PATCH", "DELETE"] = Field("POST", description="HTTP method.")
    path: Template = Field(description="Path below base_url; {name} stands for an id or an option.", pattern="^/")
    query: dict[str, Templates] = Field(default_factory=dict, description="Query; several values repeat the parameter.")
    body: Body | None = Field(None, description="Body, without its members; {name} as in the path.")
    headers: dict[str, Template] = Field(default_factory=dict, description="Headers beside those of every call.")
    media_type: str | None = Field(None, description="Media type of the body, where it is not the usual one.")
    limits: Limits | None = Field(None, description="Limits of this address beside those of the platform.")

    def placeholders(self) -> Iterator[str]:
        """Yields the names that path, query, headers and body use."""
        yield from names(self.path)
        for text in (*(text for texts in self.query.values() for text in texts), *self.headers.values()):
            yield from names(text)
        yield from self.body.placeholders() if self.body is not None else ()

    def embedded(self) -> Iterator[str]:
        """Yields the names that stand within a longer text of query or body, whose meaning a value could change."""
        return embedded(self.query, self.body)

    def made(
        self,
        base: Base,
        values: Mapping[str, str],
        where: str,
        *,
        repeatable: bool,
        put: Callable[[Any], Any] = lambda body: body,
        query: Mapping[str, str | tuple[str, ...]] | None = None,
        accepted: frozenset[int] = frozenset(),
    ) -> Request:
        """Returns the request.

        Args:
            base: where calls go.
            values: what placeholders stand for.
            where: manifest and block, for messages.
            repeatable: whether sending it twice is harmless.
            put: puts the members into the body.
            query: parameters beside those that are written down.
            accepted: statuses of refusal that are an answer here.

        Raises:
            ProjectError: `bad-value` for an id that cannot be a piece of a path, or is no number where one is needed.
        """
        texts = {name: tuple(fill(text, values) for text in texts) for name, texts in self.query.items()}
        body = put(self.body.fill(values) if self.body is not None else None)
        return Request(
            with_query(base.url + fill_path(self.path, values), {**texts, **(query or {})}),
            self.method,
            None if body is None else self._encoded(body),
            self.media_type or (self.body.media_type if self.body is not None else "application/json"),
            where,
            repeatable=repeatable,
            limits=self.limits,
            accepted=accepted,
            headers={name.lower(): fill(text, values) for name, text in self.headers.items()},
            effect=True,
        )

    def _encoded(self, body: Any) -> bytes:
        if self.body is not None and self.body.kind == "form":
            return urlencode(body, doseq=True).encode()
        try:
            return msgspec.json.encode(body)  # ten times as fast, and no number becomes a word that JSON does not have
        except UnicodeEncodeError:  # half a character, which only an escape can write
            return json.dumps(body).encode()
