"""Deliveries of files for tests: the same members in every format, and what a source reads of them."""

import gzip
import io
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from remote_segments.files.account import FileAccount
from remote_segments.sources.members import Page, Proof

FORMATS = ("csv", "csv.gz", "ndjson", "ndjson.gz", "parquet")

Row = Mapping[str, str | None]

MEMBERS: tuple[Row, ...] = (
    {"contact_id": "010", "email": "Ada@example.test", "note": 'said:\n"yes", twice'},
    {"contact_id": "1e5", "email": None, "note": None},
    {"contact_id": "3", "email": "", "note": "ж"},
)
"""Ids that a careless reader takes for numbers, no address, an empty address, a quoted newline."""

WRITTEN = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
"""When deliveries of tests are said to be written."""


def content(rows: Sequence[Row], kind: str, columns: Sequence[str] = ("contact_id", "email", "note")) -> bytes:
    """A file of some rows, in one of `FORMATS`."""
    plain = kind.removesuffix(".gz")
    if plain == "csv":
        lines = [",".join(columns), *(",".join(_quoted(row[column]) for column in columns) for row in rows)]
        found = "".join(f"{line}\r\n" for line in lines).encode()
    elif plain == "ndjson":
        found = "".join(f"{json.dumps({c: row[c] for c in columns})}\n" for row in rows).encode()
    else:
        arrays = {column: pa.array([row[column] for row in rows], pa.string()) for column in columns}
        buffer = io.BytesIO()
        pq.write_table(pa.table(arrays), buffer)
        found = buffer.getvalue()
    return gzip.compress(found) if kind.endswith(".gz") else found


def _quoted(value: str | None) -> str:
    return "" if value is None else '"' + value.replace('"', '""') + '"'


def put(folder: Path, name: str, data: bytes | str = b"", minute: int = 0) -> Path:
    """Writes a file of a delivery, so many minutes after its beginning."""
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data.encode() if isinstance(data, str) else data)
    at = WRITTEN.timestamp() + 60 * minute
    os.utime(file, (at, at))
    return file


def deliver(folder: Path, kind: str, rows: Sequence[Row] = MEMBERS, parts: int = 3, proof: str = "_SUCCESS") -> None:
    """Writes some part files, the rows dealt out in order, and an empty marker after them."""
    size = -(-len(rows) // parts)
    for number in range(parts):
        put(folder, f"part-{number}.{kind}", content(rows[number * size : (number + 1) * size], kind), number)
    if proof:
        put(folder, proof, minute=10)


@dataclass(frozen=True)
class Read:
    """What a fetch gave."""

    ids: list[str | None]
    rows: list[dict[str, str | None]]
    proof: Proof


IDENTIFIERS = ("contact_id", "email")


def account(folder: Path, **options: str) -> FileAccount:
    """Opens a connection to a folder of this machine."""
    return FileAccount("drop", {"url": str(folder), **options}, {}, folder)


def read(opened: FileAccount, identifiers: tuple[str, ...] = IDENTIFIERS, **source: Any) -> Read:
    """Fetches a source to its end."""
    with opened:
        fetch = opened.fetch("file", source, identifiers)
        pages = list(fetch)
        return Read([one for page in pages for one in page.columns[identifiers[0]]], rows(pages), fetch.proof)


def rows(pages: Sequence[Page]) -> list[dict[str, str | None]]:
    """The rows of some pages."""
    return [
        dict(zip(page.columns, values, strict=True))
        for page in pages
        for values in zip(*page.columns.values(), strict=True)
    ]


def wanted(members: Sequence[Row] = MEMBERS, identifiers: Sequence[str] = IDENTIFIERS) -> list[dict[str, str | None]]:
    """What a fetch must give of some members."""
    return [{name: row[name] for name in identifiers} for row in members]
