"""CSV files as batches of texts, by Arrow: quoted newlines, nothing and an empty text told apart, ids as written.

https://arrow.apache.org/docs/python/generated/pyarrow.csv.open_csv.html
"""

import csv
import io
import re
from collections.abc import Iterator
from typing import IO

import pyarrow as pa
import pyarrow.csv

from remote_segments.errors import PlatformError
from remote_segments.files.failures import unreadable
from remote_segments.files.opening import Passing, behind, in_utf8
from remote_segments.files.source import FileSource
from remote_segments.sources.rows import lacking

HEAD = 1 << 16
"""Bytes in which the columns' names must be."""

BLOCK = 1 << 20
"""Bytes that Arrow reads at once; a row must fit into them."""

_RAGGED = re.compile(r"Row #(\d+): Expected (\d+) columns, got (\d+)")
_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r|\Z)")


def rows(stream: IO[bytes], source: FileSource, path: str, columns: list[str], where: str) -> Iterator[pa.RecordBatch]:
    """Yields the wanted columns of a CSV file, as texts.

    Raises:
        PlatformError: `column-missing`, `file-unreadable`.
    """
    dialect = source.csv
    delimiter, quote = source.delimiter_of(path), dialect.quote.encode()
    quotes = 0

    def count(piece: bytes) -> None:
        nonlocal quotes
        quotes += piece.count(quote)

    try:
        text = in_utf8(stream, dialect.encoding)
        head = text.read(HEAD)
        names, length = (list(dialect.header), 0) if dialect.header else _header(head, delimiter, dialect.quote, where)
        lacking(columns, names, where)
        body = io.BufferedReader(Passing(behind(head[length:], text), count), BLOCK)
        if not body.peek(1):
            return
        yield from pyarrow.csv.open_csv(
            body,
            read_options=pyarrow.csv.ReadOptions(use_threads=False, block_size=BLOCK, column_names=names),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=delimiter, quote_char=dialect.quote, double_quote=True, newlines_in_values=True
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                include_columns=columns,
                column_types=dict.fromkeys(columns, pa.string()),
                null_values=list(dialect.nulls),
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
    except (pa.ArrowInvalid, UnicodeDecodeError) as failure:
        raise _said(failure, dialect.encoding, where, headless=dialect.header is not None) from None
    if quotes % 2:
        # Arrow takes all that follows for one value, however many members that are
        found = "A quote is opened and never closed: the rows after it would be read as one value."
        raise unreadable(found, where)


def columns_of(stream: IO[bytes], source: FileSource, path: str, where: str) -> list[str]:
    """Returns the names of a file's columns, each that is there once.

    Raises:
        PlatformError: `file-unreadable`.
    """
    if source.csv.header:
        return list(source.csv.header)
    head = in_utf8(stream, source.csv.encoding).read(HEAD)
    names, _ = _header(head, source.delimiter_of(path), source.csv.quote, where)
    return [name for name in names if name and names.count(name) == 1]


def _header(head: bytes, delimiter: str, quote: str, where: str) -> tuple[list[str], int]:
    """Reads the names of the columns from the beginning of a file; returns them and their length in bytes."""
    reader = csv.reader(io.StringIO(head.decode(errors="ignore"), newline=""), delimiter=delimiter, quotechar=quote)
    names = next(reader, [])
    if not names:
        raise unreadable("The first line, which holds the columns' names, is empty.", where)
    length = 0
    for _ in range(reader.line_num):
        found = _LINE.match(head, length)
        length = found.end() if found else length
    return names, length


def _said(failure: Exception, encoding: str, where: str, *, headless: bool) -> PlatformError:
    """Says what Arrow found without what it quotes of the row."""
    text = str(failure)
    ragged = _RAGGED.search(text)
    if ragged:
        number = int(ragged[1]) + (0 if headless else 1)
        found = f"Row {number:,} has {ragged[3]} values, and there are {ragged[2]} columns."
    elif isinstance(failure, UnicodeDecodeError) or "UTF8" in text:
        found = f"A value is not written in {encoding}."
    elif "straddling" in text:
        found = f"A row has more than {BLOCK:,} bytes, as when a quote is never closed."
    else:
        found = "It is not written as CSV, or its end is missing."
    return unreadable(found, where)
