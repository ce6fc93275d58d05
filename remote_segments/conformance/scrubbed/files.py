"""Files of members: each cell or line replaced, packed as before, so that they can be read again."""

import csv
import gzip
import io
import zipfile
import zlib
from typing import Any, Literal

from remote_segments.conformance.scrubbed.documents import Documents
from remote_segments.conformance.scrubbed.invented import NOTHING
from remote_segments.rest.files.formats import Csv

Packed = Literal["none", "gzip", "zip"]
_DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}


def unpacked(content: bytes) -> tuple[list[str], Packed]:
    """Returns the texts of a file and how it was packed; none where it cannot be unpacked."""
    try:
        if content[:2] == b"\x1f\x8b":
            return [gzip.decompress(content).decode()], "gzip"
        if content[:2] == b"PK":
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                return [archive.read(name).decode() for name in archive.namelist()], "zip"
        return [content.decode()], "none"
    except (OSError, zlib.error, zipfile.BadZipFile, UnicodeDecodeError):
        return [], "none"


def file_text(documents: Documents, parts: list[str], layout: Any) -> str:
    """Returns one scrubbed text for all parts of a file: a header row stands once."""
    if not isinstance(layout, Csv):
        return "".join(documents.lines(part) for part in parts)
    written = io.StringIO()
    writer = csv.writer(written, delimiter=_DELIMITERS[layout.delimiter], lineterminator="\n")
    for number, part in enumerate(parts):
        rows = csv.reader(io.StringIO(part.removeprefix("\ufeff"), newline=""), delimiter=_DELIMITERS[layout.delimiter])
        for place, row in enumerate(rows):
            header = place == 0 and layout.columns is None
            if header and number:
                continue
            writer.writerow(_columns(documents, row) if header else [_cell(documents, cell, layout) for cell in row])
    return written.getvalue()


def _columns(documents: Documents, row: list[str]) -> list[str]:
    """Names of columns: those that are public, numbers for the others."""
    public = documents.addresses.public
    known = [name in public.keys or name in public.words for name in row]
    documents.dropped += known.count(False)
    return [name if good else f"column_{number}" for number, (name, good) in enumerate(zip(row, known, strict=True), 1)]


def _cell(documents: Documents, cell: str, layout: Csv) -> str:
    if cell in layout.nulls:
        return cell
    return documents.addresses.invented.text(cell) or documents.addresses.invented.instant(cell) or NOTHING
