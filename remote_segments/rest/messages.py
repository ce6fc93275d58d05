"""Requests and answers as plain values, so that everything but the client works without a network."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO
from urllib.parse import quote, urlencode, urljoin, urlsplit, urlunsplit

from remote_segments.errors import PlatformError
from remote_segments.rest.credentials import Credential, Origin
from remote_segments.rest.limits import Limits


@dataclass(frozen=True, slots=True)
class Wish:
    """That a successful answer be written into a file of its own, because it may not fit into memory."""

    largest: int  # bytes
    deadline: float  # seconds that one try may take in all
    timeout: float | None = None  # seconds without a byte; the manifest's when None
    tries: int = 3
    outside: bool = False  # another host than the connection's: called without credential, headers and limits
    redirects: bool = False  # whether the answer may be a redirect to another host, which is called as an outside one
    packed: bool = False  # whether the file is packed already, so that it is not packed again on its way


@dataclass(frozen=True, slots=True)
class Request:
    """One call: `url` is complete and holds no secret; the client adds the credential last."""

    url: str
    method: str = "GET"
    body: bytes | None = None
    media_type: str = "application/json"  # of the body
    where: str = ""  # manifest and block, for messages
    names_segment: bool = True  # whether a 404 means that the segment is unknown
    repeatable: bool = True  # whether sending it twice is harmless
    limits: Limits | None = None  # a stricter limit of this call beside the platform's
    login: Credential | None = None  # what this call carries instead of the account's credential: it asks for one
    accepted: frozenset[int] = frozenset()  # statuses of refusal that are an answer here, such as that of "not ready"
    wish: Wish | None = None  # makes the answer a `Downloaded`
    headers: Mapping[str, str] = field(default_factory=dict)  # beside those of every call
    effect: bool = False  # whether it changes something there, so that an answer that never came leaves a doubt


@dataclass(frozen=True, slots=True)
class Pause:
    """A wait between two calls; its answer is the time afterwards, in seconds of a clock that never goes back."""

    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer; header names are lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    cookies: Mapping[str, str] = field(default_factory=dict)  # those that this answer sets
    refused: bool = False  # whether it is a refusal that its call takes for an answer, whatever its status

    def header(self, name: str) -> str | None:
        """Returns a header by its name in any case."""
        return self.headers.get(name.lower())


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloaded(Response):
    """An answer whose content is in an open file without a name; whoever receives it closes it."""

    file: IO[bytes]
    size: int  # bytes
    sha256: str  # of the bytes, as 64 hexadecimal digits
    framed: bool  # whether the transfer itself said where it ends


def origin(url: str) -> Origin:
    """Returns scheme, host and port: what must be the same for a credential to be sent."""
    parts = urlsplit(url)
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    return parts.scheme, (parts.hostname or "").lower(), port


def with_query(url: str, query: Mapping[str, str | tuple[str, ...]]) -> str:
    """Returns an address with its query set, percent-encoded; a name with several values is repeated."""
    return f"{url}?{urlencode(query, doseq=True, quote_via=quote)}" if query else url


_KEPT = "The credential was not sent there. Check base_url of the connection, or the manifest's paging."


@dataclass(frozen=True, slots=True)
class Base:
    """Where requests go: the connection's address, and the manifest's own, which answers may mention.

    A proxy or sandbox in front of a platform passes on links that name the platform itself; those are followed
    through the connection's address. A link to anywhere else is never followed.
    """

    url: str
    declared: str

    def outside(self, address: str) -> str:
        """Returns where a token is asked for: the path or whole address of a manifest, as this connection reaches it.

        A base_url of the connection's own stands for all of the platform's hosts: a secret that was meant for a proxy,
        a sandbox or the simulator goes nowhere else.
        """
        if address.startswith("/"):
            return self.url + address
        if self.url == self.declared:
            return address
        parts = urlsplit(address)
        return (
            self.url + parts.path.removeprefix(urlsplit(self.declared).path)
            if origin(address) == origin(self.declared)
            else self.url + parts.path
        )

    def follow(self, link: str, current: str, where: str) -> str:
        """Returns the complete address of a link found in an answer, on the connection's own host.

        Args:
            link: the link as the platform wrote it; a relative one is completed as in RFC 3986.
            current: the address that gave the answer.
            where: manifest and block, for messages.

        Raises:
            PlatformError: `foreign-link` when the link names another scheme, host or port.
        """
        foreign = PlatformError("foreign-link", "The answer links to something that is no address.", _KEPT, where)
        try:
            link = urljoin(current, link)
            parts, there = urlsplit(link), origin(link)
        except ValueError:
            raise foreign from None
        if not link.isprintable():
            raise foreign
        if "@" not in parts.netloc and parts.scheme in {"http", "https"}:
            tail = urlunsplit(("", "", parts.path, parts.query, ""))
            if there == origin(self.url):
                scheme, host = urlsplit(self.url)[:2]
                return f"{scheme}://{host}{tail}"
            if there == origin(self.declared):
                return self.url + tail.removeprefix(urlsplit(self.declared).path)
        found = f"The answer links to another host ({parts.hostname or 'no host'}) than {urlsplit(self.url).hostname}."
        raise PlatformError("foreign-link", found, _KEPT, where)
