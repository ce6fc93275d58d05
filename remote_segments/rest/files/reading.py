"""From the bytes of a file to pages of members; a line that is cut or misshapen is an error, never skipped.

Nothing is guessed: not the encoding (UTF-8), not the columns, not how values are quoted.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import chain, islice

from remote_segments.errors import PlatformError
from remote_segments.rest.decoding import DECIDING, IdentifierField, JoinedAt, PageDecoder
from remote_segments.rest.files import FileFormat
from remote_segments.rest.files.formats import Csv, JsonLines
from remote_segments.rest.formats import BareArray
from remote_segments.rest.messages import Response
from remote_segments.rest.paths import Path, missing, wrong_type
from remote_segments.sources.members import Page

ROWS = 10_000
"""Members of a page."""

LONGEST_LINE = 4_000_000
"""Bytes; a longer line is an error, because it is held in memory."""

_DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
_MARK = b"\xef\xbb\xbf"  # a byte order mark, which some tools write before UTF-8


class FileReader:
    """Reads the files of one source: made once, used for every file."""

    def __init__(
        self,
        *,
        layout: FileFormat,
        identifiers: Mapping[str, IdentifierField],
        primary: str,
        joined_at: JoinedAt | None,
        where: str,
        deciding: Path | None = None,
    ) -> None:
        """Args: what the manifest says of a file; `deciding` is read into the column DECIDING, as text."""
        self._layout, self._identifiers, self._primary, self._where = layout, identifiers, primary, where
        self._joined_at, self._deciding = joined_at, deciding
        if isinstance(layout, JsonLines):
            bare = BareArray(kind="array")
            self._decoder = PageDecoder(
                layout=bare,
                identifiers=identifiers,
                primary=primary,
                joined_at=joined_at,
                extras={},
                where=where,
                deciding=deciding,
            )

    def names(self) -> list[str]:
        """Returns the names of the identifiers that are read."""
        return list(self._identifiers)

    def columns(self) -> list[str]:
        """Returns the names of the columns of its pages: the identifiers, and what decides who is a member."""
        return [*self._identifiers, *([DECIDING] if self._deciding is not None else [])]

    def pages(self, blocks: Iterable[bytes]) -> Iterator[Page]:
        """Yields the members of one file that holds at least one byte.

        Args:
            blocks: the file's bytes.

        Raises:
            PlatformError: `wrong-format`, `row-width`, `path-missing`, `wrong-type`, `not-json`, `member-without-id`.
        """
        lines = _whole_lines(blocks, self._where)
        if isinstance(self._layout, Csv):
            return self._rows(self._layout, lines)
        if isinstance(self._layout, JsonLines):
            return self._objects(lines)
        return self._texts(lines)

    def _texts(self, lines: Iterator[bytes]) -> Iterator[Page]:
        for block in lines:
            texts = [line.removesuffix("\r") for line in _text(block, self._where).removesuffix("\n").split("\n")]
            yield self._page({self._primary: texts})  # type: ignore[dict-item] # a list that never holds None

    def _objects(self, lines: Iterator[bytes]) -> Iterator[Page]:
        """A line break within JSON is always white space, so that lines joined by commas are an array."""
        for block in lines:
            array = b"[" + block.rstrip().replace(b"\n", b",") + b"]"
            yield self._decoder.decode(Response(200, {"content-type": "application/x-ndjson"}, array))[0]

    def _rows(self, layout: Csv, lines: Iterator[bytes]) -> Iterator[Page]:
        # csv takes a quoted line break from the next piece, so that pieces end where lines do, and only there.
        texts = chain.from_iterable(_split(_text(block, self._where)) for block in lines)
        reader = csv.reader(texts, delimiter=_DELIMITERS[layout.delimiter], strict=True)
        try:
            names = list(layout.columns) if layout.columns is not None else next(reader, [])
            places = self._places(names)
            while rows := list(islice(reader, ROWS)):
                yield self._table(rows, len(names), places, frozenset(layout.nulls))
        except csv.Error:
            raise _unlike("CSV: a quoted value does not end, or is followed by something else", self._where) from None

    def _places(self, names: list[str]) -> dict[str, int | None]:
        """Returns the position of each identifier's column; None where it may be and is absent."""
        if len(set(names)) < len(names):
            raise _unlike("CSV with one name for each column", self._where)
        wanted = {name: (field.path or name, field.absent) for name, field in self._identifiers.items()}
        if self._deciding is not None:
            wanted[DECIDING] = (self._deciding, "error")
        if self._joined_at is not None:
            wanted[""] = (self._joined_at.path, self._joined_at.absent)
        places: dict[str, int | None] = {}
        for name, (path, absent) in wanted.items():
            if path not in names and absent == "error":
                raise missing(path, path, self._where)
            places[name] = names.index(path) if path in names else None
        return places

    def _table(
        self, rows: list[list[str]], width: int, places: Mapping[str, int | None], nulls: frozenset[str]
    ) -> Page:
        if any(len(row) != width for row in rows):
            found = f"A row does not have {width} values, as the others do."
            fix = "Nothing was stored. Check delimiter and columns in the manifest; the file may be cut."
            raise PlatformError("row-width", found, fix, self._where)
        columns: dict[str, list[str | None]] = {}
        for name, place in places.items():
            values = [None] * len(rows) if place is None else [row[place] for row in rows]
            columns[name] = [None if value in nulls else value for value in values]
        joined, how = columns.pop("", None), self._joined_at
        return self._page(columns, None if joined is None or how is None else self._instants(joined, how))

    def _page(self, columns: dict[str, list[str | None]], joined: list[datetime | None] | None = None) -> Page:
        keys = columns[self._primary]
        if not all(keys):
            found = f"A line has no `{self._primary}`, which every member must have."
            fix = "Nothing was stored. Check the manifest; the platform may have changed its files."
            raise PlatformError("member-without-id", found, fix, self._where)
        for name, field in self._identifiers.items():
            if field.type == "integer" and not all(value is None or value.isdecimal() for value in columns[name]):
                raise wrong_type(field.path or name, "no whole number", self._where)
        return Page(columns, joined, len(keys))

    def _instants(self, texts: list[str | None], how: JoinedAt) -> list[datetime | None]:
        unix = how.form == "unix"
        try:
            return [
                None if text is None else datetime.fromtimestamp(float(text), UTC) if unix else _instant(text)
                for text in texts
            ]
        except (ValueError, OverflowError):
            raise wrong_type(how.path, f"no time in the form {how.form}", self._where) from None


def _whole_lines(blocks: Iterable[bytes], where: str) -> Iterator[bytes]:
    """Yields blocks that end with a line feed, except for the last line of a file, which need not."""
    rest = b""
    begun = False
    for block in blocks:
        held = rest + block
        if not begun and len(held) >= len(_MARK):
            begun, held = True, held.removeprefix(_MARK)
        end = held.rfind(b"\n") + 1 if begun else 0
        if end:
            yield held[:end]
        rest = held[end:]
        if len(rest) > LONGEST_LINE:
            raise _unlike(f"text with lines of less than {LONGEST_LINE:,} bytes", where)
    if rest:
        yield rest


def _split(text: str) -> list[str]:
    """Splits at line feeds only, which stay; `str.splitlines` would also split at characters within values."""
    lines = text.split("\n")
    last = lines.pop()
    return [f"{line}\n" for line in lines] + ([last] if last else [])


def _text(block: bytes, where: str) -> str:
    try:
        return block.decode()
    except UnicodeDecodeError:
        raise _unlike("text in UTF-8", where) from None


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("a time without a time zone")
    return instant


def _unlike(kind: str, where: str) -> PlatformError:
    fix = "Nothing was stored. Correct format and compression in the manifest; the platform may have changed its files."
    return PlatformError("wrong-format", f"The file is not {kind}.", fix, where)
