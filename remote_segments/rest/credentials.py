"""What proves to a platform who calls, and what it is made of: neither is ever shown."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol


class Signs(Protocol):
    """What proves a call by its body."""

    def headers(self, given: Mapping[str, str], content: bytes) -> dict[str, str]:
        """Returns the headers that are added to a call with these headers and this body."""


Origin = tuple[str, str, int | None]
"""Scheme, host and port of an address."""


@dataclass(frozen=True, repr=False, eq=False)
class Credential:
    """What is added to a request: headers, an encoded piece of the query, or the body of a login; never shown."""

    headers: Mapping[str, str] = field(default_factory=dict)
    query: str = ""
    body: bytes | None = None
    signing: Signs | None = None  # what signs the body, where the call is proven so
    origin: Origin | None = None  # the only host that it may go to; the connection's own when left out

    def pieces(self) -> Iterator[str]:
        """Yields the texts that must not appear in any message."""
        for value in (*self.headers.values(), self.query.partition("=")[2]):
            yield from value.split()


@dataclass(frozen=True, repr=False)
class Keys:
    """What a connection gives for its authentication: the texts of its secrets, the values of its options."""

    secrets: Mapping[str, str]
    options: Mapping[str, str]

    def both(self) -> dict[str, str]:
        """Returns secrets and options by name."""
        return {**self.options, **self.secrets}


@dataclass(frozen=True, repr=False)
class Grant:
    """A credential and how long it holds."""

    credential: Credential
    seconds: float | None = None  # None: until it is refused
    renewable: bool = False  # whether another can be had once this one is refused
