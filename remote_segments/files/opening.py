"""Opens a file as its bytes, unpacked; a packed file that is cut is an error, never an end."""

import codecs
import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any

from remote_segments.files.failures import damaged, empty, translated
from remote_segments.files.places import Entry, Place
from remote_segments.files.source import FileSource


@contextmanager
def opened(place: Place, file: Entry, source: FileSource) -> Iterator[IO[bytes]]:
    """Gives the bytes of a file; whatever goes wrong while they are read becomes an error of this project.

    Raises:
        PlatformError: `file-empty`.
        TemporaryError: `file-damaged`, `files-unreachable`.
    """
    where = place.where(file.path)
    if file.size == 0:
        if source.packed(file.path) or source.format_of(file.path) == "parquet":
            raise damaged(where, "The file does not hold a single byte, which no packed file and no Parquet file does.")
        if source.completeness.atomic or (source.format_of(file.path) == "csv" and source.csv.header is None):
            raise empty(where)
    with place.open(file.path) as raw, translated(where):
        try:
            if source.packed(file.path):
                with gzip.GzipFile(fileobj=raw, mode="rb") as unpacked:
                    yield unpacked  # type: ignore[misc]  # typeshed has no common name for both
            else:
                yield raw
        except (EOFError, gzip.BadGzipFile, zlib.error):
            raise damaged(where) from None


class Passing(io.RawIOBase):
    """A stream whose pieces are looked at, or changed, on their way."""

    def __init__(self, read: Callable[[int], bytes], look: Callable[[bytes], None] = lambda _: None) -> None:
        self._read, self._look = read, look

    def readable(self) -> bool:
        """It can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fills the buffer, perhaps not wholly."""
        piece = self._read(len(buffer))
        self._look(piece)
        buffer[: len(piece)] = piece
        return len(piece)


def behind(head: bytes, rest: IO[bytes]) -> Callable[[int], bytes]:
    """Reads a stream whose beginning was read already, from there on."""
    left = [head]

    def read(size: int) -> bytes:
        if not left[0]:
            return rest.read(size)
        piece, left[0] = left[0][:size], left[0][size:]
        return piece

    return read


def in_utf8(stream: IO[bytes], encoding: str) -> IO[bytes]:
    """Gives the same text in UTF-8, without a byte order mark; a character that is cut raises UnicodeDecodeError."""
    plain = codecs.lookup(encoding).name
    decoder = codecs.getincrementaldecoder("utf-8-sig" if plain == "utf-8" else encoding)()
    held = [b""]

    def read(size: int) -> bytes:
        while not held[0]:
            piece = stream.read(max(size, 1 << 16))
            held[0] = decoder.decode(piece, final=not piece).encode()
            if not piece:
                break
        found, held[0] = held[0][:size], held[0][size:]
        return found

    return io.BufferedReader(Passing(read), 1 << 16)
