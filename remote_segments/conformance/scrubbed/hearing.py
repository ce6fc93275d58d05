"""Listens to the calls of one account on their way: what was asked, and what was answered."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx

from remote_segments.rest.transport import certificates, proxy

MOST_BYTES = 32_000_000
"""Bytes kept of one answer; of a larger one it is only known that it was larger."""


@dataclass
class Heard:
    """One call and its answer, as they went over the wire."""

    method: str
    url: str
    sent: bytes
    sent_type: str
    status: int = 0  # 0 while nothing was answered
    headers: dict[str, str] = field(default_factory=dict)  # of the answer, names in lower case
    whole: bool = False
    pieces: list[bytes] = field(default_factory=list, repr=False)
    size: int = 0

    @property
    def content(self) -> bytes:
        """The body of the answer, unpacked where it was packed for its way."""
        kept = {name: text for name, text in self.headers.items() if name == "content-encoding"}
        return httpx.Response(200, headers=kept, content=b"".join(self.pieces)).content

    @property
    def usable(self) -> bool:
        """Whether all of it came and was kept."""
        return self.whole and self.size <= MOST_BYTES

    @property
    def document(self) -> object:
        """The JSON of the answer; `...` for what is none."""
        try:
            return json.loads(self.content)
        except ValueError:
            return ...


class Listener(httpx.BaseTransport):
    """Passes calls on to the network and remembers them; gives nothing of them to any log."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self._below: dict[str | None, httpx.HTTPTransport] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Sends a request."""
        sent = request.read()
        told = Heard(request.method, str(request.url), sent, request.headers.get("content-type", ""))
        self.heard.append(told)
        response = self._through(str(request.url)).handle_request(request)
        told.status = response.status_code
        told.headers = {name.lower(): text for name, text in response.headers.items()}
        stream = response.stream
        if not isinstance(stream, httpx.SyncByteStream):
            raise TypeError("the answer is no stream")
        return httpx.Response(
            response.status_code, headers=response.headers, stream=_Kept(stream, told), extensions=response.extensions
        )

    def _through(self, url: str) -> httpx.HTTPTransport:
        way = proxy(url)
        if way not in self._below:
            self._below[way] = httpx.HTTPTransport(verify=certificates(), proxy=way)
        return self._below[way]

    def close(self) -> None:
        """Closes the connections; the next call opens new ones."""
        for transport in self._below.values():
            transport.close()
        self._below.clear()


class _Kept(httpx.SyncByteStream):
    """A body that is remembered while it is read."""

    def __init__(self, stream: httpx.SyncByteStream, told: Heard) -> None:
        self._stream, self._told = stream, told

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._stream:
            self._told.size += len(piece)
            if self._told.size <= MOST_BYTES:
                self._told.pieces.append(piece)
            yield piece
        self._told.whole = True

    def close(self) -> None:
        """Closes the body below."""
        self._stream.close()
