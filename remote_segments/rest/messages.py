"""Requests and answers as plain values, so that everything but the client works without a network."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode, urljoin, urlsplit, urlunsplit

from remote_segments.errors import PlatformError
from remote_segments.rest.limits import Limits


@dataclass(frozen=True, slots=True)
class Request:
    """One call: `url` is complete and holds no secret; the client adds the credential last."""

    url: str
    method: str = "GET"
    body: bytes | None = None
    where: str = ""  # manifest and block, for messages
    names_segment: bool = True  # whether a 404 means that the segment is unknown
    repeatable: bool = True  # whether sending it twice is harmless
    limits: Limits | None = None  # a stricter limit of this call beside the platform's


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer; header names are lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""

    def header(self, name: str) -> str | None:
        """Returns a header by its name in any case."""
        return self.headers.get(name.lower())


def origin(url: str) -> tuple[str, str, int | None]:
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
