"""The only place where bytes of a file arrive: from the network into a file without a name, in constant memory.

A download that was cut goes on where it ended when the server can prove that the file is still the same one
(RFC 9110, 13.1.5 and 14), else it begins anew. Sizes are in bytes, durations in seconds.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import httpx

from remote_segments.errors import PlatformError
from remote_segments.rest.credentials import Credential
from remote_segments.rest.messages import Base, Downloaded, Request, Response, Wish
from remote_segments.rest.outside import file_address
from remote_segments.rest.scratch import nameless, unwritable
from remote_segments.rest.silence import unlogged
from remote_segments.rest.transport import CREDENTIAL, certificates, proxy

LARGEST_REFUSAL = 64 * 1024
"""Bytes read of an answer that is not the file."""

REDIRECTS = 3
"""Hosts that a storage may lead to before the one that has the file."""

_MOVED = frozenset({301, 302, 303, 307, 308})
_RANGE = re.compile(r"bytes (\d+)-\d+/(?:\d+|\*)")


class Download:
    """One file over all tries; used as a context manager, which closes the file unless it was handed over."""

    def __init__(
        self,
        request: Request,
        wish: Wish,
        own: httpx.Client,
        base: Base,
        *,
        clock: Callable[[], float],
        folder: Path | None,
        transport: httpx.BaseTransport | None,
    ) -> None:
        self._request, self._wish, self._own, self._base = request, wish, own, base
        self._clock, self._folder, self._transport = clock, folder, transport
        self._file: IO[bytes] | None = None
        self._digest = hashlib.sha256()
        self._size = 0
        self._tag: str | None = None  # what proves that a rest belongs to the beginning

    def close(self) -> None:
        """Closes the file, which deletes it."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def read(self, request: Request, credential: Credential) -> Response:
        """Makes one try: returns the file whole, or the answer of a server that does not give it.

        Raises:
            httpx.HTTPError: the transfer failed or was cut.
            PlatformError: `answer-too-large`, `foreign-link`, `redirected`.
            TemporaryError: `scratch-unwritable`.
        """
        url, outside = request.url, self._wish.outside
        for _ in range(REDIRECTS + 1):
            answer = self._get(url, None if outside else credential)
            if answer.status not in _MOVED or not (outside or self._wish.redirects):
                return answer
            url, away = file_address(self._base, answer.header("location") or "", url, request.where)
            if outside and not away:
                break  # a storage that leads back to the platform would be called with the credential
            outside = away
        found = f"The file is not found behind {REDIRECTS} redirects."
        raise PlatformError("redirected", found, "The platform may have changed its answer.", request.where)

    def _get(self, url: str, credential: Credential | None) -> Response:
        headers = {"accept": "*/*", "accept-encoding": "identity" if self._wish.packed else "gzip"}
        if self._size and self._tag:
            headers |= {"range": f"bytes={self._size}-", "if-range": self._tag}
        if credential is not None:
            return self._stream(self._own, url, headers, {CREDENTIAL: credential})
        below = self._transport or httpx.HTTPTransport(verify=certificates(), proxy=proxy(url))
        headers |= {"user-agent": "remote-segments"}
        with httpx.Client(transport=below, headers=headers, follow_redirects=False, trust_env=False) as client:
            return self._stream(client, url, headers, {})

    def _stream(self, client: httpx.Client, url: str, headers: dict[str, str], more: dict[str, Any]) -> Response:
        silence = self._wish.timeout or self._own.timeout.read
        timeout = httpx.Timeout(silence, connect=self._own.timeout.connect)
        # POST and a body are for files that a platform makes on the spot; outside, a file is always just there.
        method, body = (self._request.method, self._request.body) if client is self._own else ("GET", None)
        if body is not None:
            headers = {"content-type": self._request.media_type, **headers}
        calling = client.stream(method, url, content=body, headers=headers, timeout=timeout, extensions=more)
        with unlogged(), calling as answer:
            if answer.status_code not in (200, 206) or answer.status_code in self._request.accepted:
                return Response(answer.status_code, dict(answer.headers), _beginning(answer))
            if answer.status_code == 200:
                return self._written(answer, self._begun(answer))
            if self._file is None or not self._continues(answer):
                self._tag = None  # so that the next try asks for the whole file
                raise httpx.RemoteProtocolError("another part of the file came than was asked for")
            return self._written(answer, self._file)

    def _begun(self, answer: httpx.Response) -> IO[bytes]:
        """Starts anew with an empty file."""
        self.close()
        self._file = nameless(self._folder)
        tag = answer.headers.get("etag", "")
        self._tag = None if tag.startswith("W/") else tag or None
        self._digest, self._size = hashlib.sha256(), 0
        return self._file

    def _continues(self, answer: httpx.Response) -> bool:
        part = _RANGE.fullmatch(answer.headers.get("content-range", ""))
        return part is not None and int(part[1]) == self._size and answer.headers.get("etag") == self._tag

    def _written(self, answer: httpx.Response, file: IO[bytes]) -> Downloaded:
        started, before = self._clock(), self._size
        for piece in _as_sent(answer):
            self._size += len(piece)
            if self._size > self._wish.largest:
                found = f"The file is larger than {self._wish.largest:,} bytes."
                fix = "Nothing was stored. Raise largest_file in the manifest if the segment is that large."
                raise PlatformError("answer-too-large", found, fix, self._request.where)
            if self._clock() - started > self._wish.deadline:
                raise httpx.ReadTimeout("the file comes too slowly")
            try:
                file.write(piece)
            except OSError as error:
                raise unwritable(self._folder, error) from error
            self._digest.update(piece)
        length = answer.headers.get("content-length")
        if length is not None and int(length) != self._size - before:
            raise httpx.RemoteProtocolError("fewer bytes came than were announced")
        framed = length is not None or "chunked" in answer.headers.get("transfer-encoding", "").lower()
        try:
            file.seek(0)  # writes what is held back
        except OSError as error:
            raise unwritable(self._folder, error) from error
        self._file = None  # handed over
        return Downloaded(
            status=200,
            headers=dict(answer.headers),
            file=file,
            size=self._size,
            sha256=self._digest.hexdigest(),
            framed=framed or answer.http_version == "HTTP/2",
        )


def _as_sent(answer: httpx.Response) -> Iterator[bytes]:
    """Yields the body as it was sent, packed where it was packed for its way: its check sum is checked later."""
    body = answer.stream  # `iter_raw` refuses answers that were made in memory, as doubles of the network do
    if isinstance(body, httpx.SyncByteStream):
        yield from body


def _beginning(answer: httpx.Response) -> bytes:
    """Returns the first bytes of an answer, unpacked; the rest is not read."""
    pieces: list[bytes] = []
    for piece in answer.iter_bytes():
        pieces.append(piece)
        if sum(map(len, pieces)) >= LARGEST_REFUSAL:
            break
    return b"".join(pieces)[:LARGEST_REFUSAL]
