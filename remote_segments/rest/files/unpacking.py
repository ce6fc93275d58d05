"""From a downloaded file to the bytes of what is packed in it, in blocks; every check sum is checked on the way.

gzip: https://www.rfc-editor.org/rfc/rfc1952, zip: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT. Sizes
are in bytes.
"""

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO

from remote_segments.errors import PlatformError, TemporaryError
from remote_segments.rest.files.formats import Compression

BLOCK = 512 * 1024
"""Bytes held at once."""

_GZIP = b"\x1f\x8b"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")  # the second is an archive of no file
_ENCRYPTED = 0x1
_BROKEN = (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile, RuntimeError)  # the last: an unknown packing


class Meter:
    """Counts unpacked bytes, so that a small file cannot unpack without end."""

    def __init__(self, largest: int, where: str) -> None:
        self._left, self._largest, self._where = largest, largest, where

    def count(self, block: bytes) -> bytes:
        """Returns the block.

        Raises:
            PlatformError: `answer-too-large`.
        """
        self._left -= len(block)
        if self._left < 0:
            found = f"The file holds more than {self._largest:,} bytes."
            fix = "Nothing was stored. Raise largest_file in the manifest if the segment is that large."
            raise PlatformError("answer-too-large", found, fix, self._where)
        return block


def unpacked(
    file: IO[bytes], compression: Compression, *, encoded: bool, meter: Meter, where: str
) -> Iterator[Iterator[bytes]]:
    """Yields, for every file that is packed in a file, its bytes in blocks; each must be read to its end.

    Args:
        file: what was downloaded, from its first byte.
        compression: how the manifest says that it is packed.
        encoded: whether it was packed by gzip for its way (`Content-Encoding`). Some storages say so of files that
            were packed before, which are then packed once only.
        meter: counts what is unpacked.
        where: manifest and block, for messages.

    Raises:
        TemporaryError: `file-damaged` when it is cut short, or a check sum is wrong.
        PlatformError: `wrong-format` when it is not packed as the manifest says; `answer-too-large`.
    """
    begins = _begins(file)
    if not begins:
        yield iter(())
    elif encoded:
        yield from _encoded(file, compression, begins, meter, where)
    elif compression == "gzip":
        if not begins.startswith(_GZIP):
            raise _wrong("gzip", where)
        yield _blocks(gzip.GzipFile(fileobj=file, mode="rb"), meter, where)  # type: ignore[arg-type] # it is an IO[bytes]
    elif compression == "zip":
        if not begins.startswith(_ZIP):
            raise _wrong("zip", where)
        yield from _archived(file, meter, where)
    else:
        yield _blocks(file, meter, where)


def _encoded(
    file: IO[bytes], compression: Compression, begins: bytes, meter: Meter, where: str
) -> Iterator[Iterator[bytes]]:
    if not begins.startswith(_GZIP) or compression == "zip":
        raise _wrong("gzip, as its Content-Encoding says" if compression != "zip" else "zip and nothing else", where)
    inner = gzip.GzipFile(fileobj=file, mode="rb")
    twice = compression == "gzip" and _read(inner, len(_GZIP), where) == _GZIP  # type: ignore[arg-type]
    file.seek(0)
    inner = gzip.GzipFile(fileobj=file, mode="rb")
    yield _blocks(gzip.GzipFile(fileobj=inner, mode="rb") if twice else inner, meter, where)  # type: ignore[arg-type]


def _begins(file: IO[bytes]) -> bytes:
    file.seek(0)
    begins = file.read(4)
    file.seek(0)
    return begins


def _archived(file: IO[bytes], meter: Meter, where: str) -> Iterator[Iterator[bytes]]:
    """Yields the files of an archive; its directory, at the end, proves that none is missing."""
    try:
        archive = zipfile.ZipFile(file)
    except zipfile.BadZipFile:
        raise _damaged("the directory at the end of the archive is missing", where) from None
    with archive:
        for entry in archive.infolist():
            if entry.is_dir():
                continue
            if entry.flag_bits & _ENCRYPTED:
                raise _wrong("zip without a password", where)
            try:
                opened = archive.open(entry)
            except _BROKEN:
                raise _damaged("a file of the archive cannot be opened", where) from None
            with opened:
                yield _blocks(opened, meter, where)


def _blocks(file: IO[bytes], meter: Meter, where: str) -> Iterator[bytes]:
    while block := _read(file, BLOCK, where):
        yield meter.count(block)


def _read(file: IO[bytes], size: int, where: str) -> bytes:
    try:
        return file.read(size)
    except EOFError:
        raise _damaged("it is cut short", where) from None
    except _BROKEN:
        raise _damaged("a check sum is wrong, or it is packed in a way of its own", where) from None


def _damaged(why: str, where: str) -> TemporaryError:
    found = f"The file that the platform sent is damaged: {why}."
    return TemporaryError("file-damaged", found, "Nothing was stored. The next refresh reads it again.", where)


def _wrong(kind: str, where: str) -> PlatformError:
    fix = "Nothing was stored. Correct compression in the manifest; the platform may have changed its files."
    return PlatformError("wrong-format", f"The file is not packed as {kind}.", fix, where)
