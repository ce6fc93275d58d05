"""NDJSON files as batches of texts: one object a line, values found by paths, ids as the characters written.

https://github.com/ndjson/ndjson-spec
"""

from collections.abc import Iterator
from typing import IO, Any

import msgspec
import pyarrow as pa

from remote_segments.errors import PlatformError
from remote_segments.files.failures import unreadable

BLOCK = 1 << 20
"""Bytes read at once."""

LONGEST = 1 << 26
"""Bytes of one line at most."""

LOOKED_AT = 1_000
"""Lines that tell which paths there are."""

_ABSENT = object()


def rows(stream: IO[bytes], columns: list[str], optional: frozenset[str], where: str) -> Iterator[pa.RecordBatch]:
    """Yields the wanted values of an NDJSON file, as texts.

    Args:
        stream: the file.
        columns: paths of the values.
        optional: those that a line may leave out: whoever has no e-mail address has no key for it either.
        where: the file, for messages.

    Raises:
        PlatformError: `file-unreadable`, `column-missing`, `wrong-type`.
    """
    decoder = msgspec.json.Decoder()
    names = [(column, column.split("."), column in optional) for column in columns]
    seen, number = set[str](), 0
    for block in _blocks(stream, where):
        try:
            objects = decoder.decode_lines(block)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise unreadable(
                f"Between rows {number + 1:,} and the next {block.count(10):,}, a line is no JSON.", where
            ) from None
        values: dict[str, list[str | None]] = {column: [] for column in columns}
        for one in objects:
            number += 1
            for column, path, may_lack in names:
                value = _at(one, path)
                if value is _ABSENT and not may_lack:
                    raise _lacking(column, number, where)
                if value is not _ABSENT:
                    seen.add(column)
                values[column].append(
                    None if value is _ABSENT or value is None else _text(value, column, number, where)
                )
        yield pa.record_batch({column: pa.array(found, pa.string()) for column, found in values.items()})
    for column in columns:
        if number and column not in seen:
            raise _lacking(column, None, where)


def columns_of(stream: IO[bytes], where: str) -> list[str]:
    """Returns the paths at which the first lines have nothing but texts and whole numbers.

    Raises:
        PlatformError: `file-unreadable`.
    """
    found: dict[str, bool] = {}
    for block in _blocks(stream, where):
        try:
            objects = msgspec.json.Decoder().decode_lines(block)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise unreadable("A line is no JSON.", where) from None
        for one in objects[:LOOKED_AT]:
            for path, fits in _leaves(one, ""):
                found[path] = found.get(path, True) and fits
        break
    return [path for path, fits in found.items() if fits]


def _leaves(value: Any, path: str) -> Iterator[tuple[str, bool]]:
    """The paths of an object with a value, and whether it may be an id; a name with a dot is no piece of a path."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if "." not in name:
                yield from _leaves(inner, f"{path}.{name}" if path else name)
    elif value is not None and path:
        yield path, isinstance(value, str | int) and not isinstance(value, bool)


def _blocks(stream: IO[bytes], where: str) -> Iterator[bytes]:
    """Yields whole lines, many at once."""
    rest = b""
    first = True
    while piece := stream.read(BLOCK):
        if first:
            piece, first = piece.removeprefix(b"\xef\xbb\xbf"), False
        rest += piece
        end = rest.rfind(b"\n") + 1
        if end:
            yield rest[:end]
            rest = rest[end:]
        elif len(rest) > LONGEST:
            raise unreadable(f"A line has more than {LONGEST:,} bytes: this is one document, not a row a line.", where)
    if rest:
        yield rest


def _at(value: Any, path: list[str]) -> Any:
    for name in path:
        if value is None:
            return None
        if not isinstance(value, dict) or name not in value:
            return _ABSENT
        value = value[name]
    return value


def _text(value: Any, column: str, number: int, where: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    kind = {dict: "an object", list: "a list", bool: "true or false", float: "a number with a fraction, or too large"}
    found = f"`{column[:60]}` in row {number:,} is {kind.get(type(value), 'no text')}."
    fix = "Nothing was stored. An id is a text or a whole number; name another path under `source.columns`."
    raise PlatformError("wrong-type", found, fix, where)


def _lacking(column: str, number: int | None, where: str) -> PlatformError:
    place = "any row" if number is None else f"row {number:,}"
    fix = "Nothing was stored. Write under `source.columns` where it is, as `email: {column: profile.email}`."
    return PlatformError("column-missing", f"There is no `{column[:60]}` in {place}.", fix, where)
