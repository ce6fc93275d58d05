"""What goes in and out of a simulated account: a request, an answer, and what the request is about."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from remote_segments.simulator.faults import Fault

NAME = "remote-segments-simulator"
"""What a simulated account calls its server in every answer, so that nobody takes it for a real one."""


@dataclass(frozen=True)
class Request:
    """One HTTP request; `path` is below the account's prefix, `root` is the address of the account."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    root: str
    below: str = ""
    """Path and query below the account's prefix, as they were sent: still percent-encoded."""

    def whole_number(self, name: str, default: int, most: int) -> int:
        """Returns a query parameter as a number.

        Raises:
            ValueError: it is not a number between 0 and `most`; the text fits an error body.
        """
        text = self.query.get(name, str(default))
        if not text.isdecimal() or int(text) > most:
            raise ValueError(f"'{name}' must be a whole number and at most {most}")
        return int(text)


@dataclass
class Answer:
    """One HTTP answer: either a document, sent as JSON, or a body as it is."""

    status: int = 200
    document: Any = None
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"

    def encoded(self) -> bytes:
        """Returns the bytes of the body."""
        if self.body is not None:
            return self.body
        return b"" if self.document is None else json.dumps(self.document, separators=(",", ":")).encode()


@dataclass(frozen=True)
class Target:
    """What a request is about: `verb` is members, describe, list, lookup or other; `page` counts from 1."""

    verb: str
    answer: Callable[..., Answer]
    segment: str | None = None
    page: int = 1


class Speaker(Protocol):
    """What the server asks of an account."""

    platform: str

    def resolve(self, request: Request) -> Target | Answer:
        """Says what a request is about, or answers with the platform's error."""

    def error(self, status: int, code: str, detail: str) -> Answer:
        """Returns an error in the platform's own shape."""

    def alter(self, answer: Answer, fault: "Fault") -> None:
        """Changes an answer as a fault says; a `ValueError` where it has no such thing."""

    def authorised(self, request: Request) -> bool:
        """Tells whether a call carries a credential at all."""
