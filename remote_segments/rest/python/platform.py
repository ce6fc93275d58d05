"""The class that a platform in Python is made of: its methods say what to ask and what answers mean, the engine asks.

A method is a generator: it yields requests and is sent their answers. Credential, limits, retries and errors of HTTP
are the engine's, as with a manifest.
"""

import json
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from remote_segments.errors import PlatformError
from remote_segments.rest.decoding import decode_document
from remote_segments.rest.messages import Base, Pause, Request, Response, with_query
from remote_segments.rest.paths import take
from remote_segments.rest.placeholders import fill_path
from remote_segments.sources.members import Description, Listed

Rows = Sequence[Mapping[str, str | int | datetime | None]]
"""Members of one page: identifier to value; `joined_at`, a time with its zone, where the platform tells it."""

Asking = Generator[Request | Pause | Rows, Any, Any]
"""What a method gives: requests, waits, and (only `members`) pages of members; its result is returned at the end."""


@dataclass(frozen=True)
class Complete:
    """What `members` returns after the last page: why there are no more, and the platform's own count of members."""

    because: str  # in words, such as: the server said that nothing follows
    total: int | None = None  # demanded where the manifest says a certainty


@dataclass(frozen=True)
class Source:
    """What is to be read."""

    kind: str  # as the manifest names it
    ids: Mapping[str, str]
    page_size: int | None = None  # as the manifest says
    identifiers: tuple[str, ...] = ()  # those that are wanted; others may be given, too


@dataclass
class PythonPlatform:
    """Base of the one class in `platforms/NAME.py`; one is made for each account that is opened."""

    base: Base
    options: Mapping[str, str]  # of the connection, defaults filled in
    where: str = ""  # file, for messages
    manifest: ClassVar[str] = ""
    """File of the manifest, beside the module, of a platform that is installed; by default named like the module."""

    def members(self, source: Source) -> Asking:
        """Yields requests and pages of members; returns `Complete` when the platform said that this was all."""
        raise self._lacking("members", source)

    def describe(self, source: Source) -> Generator[Request | Pause, Any, Description]:
        """Yields requests; returns name, size and state of one segment."""
        raise self._lacking("describe", source)

    def segments(self, source: Source) -> Generator[Request | Pause, Any, list[Listed]]:
        """Yields requests; returns the segments of the account. `source.ids` holds the outer ids that were given."""
        raise self._lacking("segments", source)

    def get(self, path: str, query: Mapping[str, str | int] | None = None, **values: str) -> Request:
        """Returns a GET below base_url.

        Args:
            path: begins with a slash; `{name}` stands for a value or an option, percent-encoded.
            query: the query, not encoded yet.
            values: what placeholders stand for.
        """
        return Request(with_query(self._address(path, values), _texts(query)), where=self.where)

    def post(
        self,
        path: str,
        body: Any,
        query: Mapping[str, str | int] | None = None,
        *,
        repeatable: bool,
        **values: str,
    ) -> Request:
        """Returns a POST of JSON, or of bytes as they are; one that is `repeatable` only reads, and may be retried."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        media_type = "application/octet-stream" if isinstance(body, bytes) else "application/json"
        url = with_query(self._address(path, values), _texts(query))
        return Request(url, "POST", content, media_type, self.where, repeatable=repeatable)

    def follow(self, link: str, request: Request) -> Request:
        """Returns a GET of a link that an answer holds.

        Raises:
            PlatformError: `foreign-link` when it leads to another host, which must not see the credential.
        """
        return Request(self.base.follow(link, request.url, self.where), where=self.where)

    def json(self, answer: Response) -> Any:
        """Returns an answer as dictionaries and lists.

        Raises:
            PlatformError: `not-json`.
            TemporaryError: `answer-cut`.
        """
        return decode_document(answer, self.where)

    def take(self, document: object, path: str) -> Any:
        """Returns what is at a path, such as `data.items`; unlike `get`, it never takes absence for nothing.

        Raises:
            PlatformError: `path-missing`.
        """
        return take(document, path, self.where)

    def changed(self, found: str) -> PlatformError:
        """Returns the error to raise when an answer is not what it should be; `found` names no member."""
        fix = "Nothing was stored. Compare the code with the platform's documentation; it may have changed its answer."
        return PlatformError("answer-unexpected", found, fix, self.where)

    def _lacking(self, name: str, source: Source) -> PlatformError:
        found = f"{type(self).__name__} has no method `{name}`, which {source.kind} counts on."
        return PlatformError("code-wrong", found, "Write it, or write the verb in the manifest.", self.where)

    def _address(self, path: str, values: Mapping[str, str]) -> str:
        return self.base.url + fill_path(path, {**self.options, **values})


def _texts(query: Mapping[str, str | int] | None) -> dict[str, str | tuple[str, ...]]:
    return {name: str(value) for name, value in (query or {}).items()}
