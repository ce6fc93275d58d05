"""How rows are written into one file: CSV, NDJSON or Parquet, batch by batch, packed by gzip where its name says so."""

import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Protocol

FORMATS = {".csv": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson", ".parquet": "parquet"}
"""Endings of names, before `.gz`."""


class RowFile(Protocol):
    """A file under way."""

    def add(self, columns: Mapping[str, Sequence[Any]]) -> None:
        """Appends rows, given as columns of equal length."""

    def close(self) -> None:
        """Ends the file."""


def format_of(path: str) -> str | None:
    """The format that a path's ending names; None where it names none."""
    plain = path.removesuffix(".gz")
    found = next((kind for ending, kind in FORMATS.items() if plain.endswith(ending)), None)
    return None if found == "parquet" and plain != path else found


def row_file(path: Path, name: str, columns: Sequence[str]) -> RowFile:
    """Opens a local file to be written; `name` is what it will be called, and decides the format."""
    kind = format_of(name)
    if kind == "parquet":
        return _Parquet(path, columns)
    stream: IO[bytes] = gzip.open(path, "wb") if name.endswith(".gz") else path.open("wb")  # type: ignore[assignment]  # noqa: SIM115 - closed by `close`
    return _Csv(stream, columns) if kind == "csv" else _Lines(stream)


class _Csv:
    """Comma, quotes where needed, a header, UTF-8: what every tool reads."""

    def __init__(self, stream: IO[bytes], columns: Sequence[str]) -> None:
        import csv
        import io

        self._text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
        self._columns = list(columns)
        self._writer = csv.writer(self._text)
        self._writer.writerow(self._columns)

    def add(self, columns: Mapping[str, Sequence[Any]]) -> None:
        self._writer.writerows(zip(*(columns[name] for name in self._columns), strict=True))

    def close(self) -> None:
        self._text.close()


class _Lines:
    """One JSON object per line."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def add(self, columns: Mapping[str, Sequence[Any]]) -> None:
        for row in zip(*columns.values(), strict=True):
            line = json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False)
            self._stream.write(line.encode() + b"\n")

    def close(self) -> None:
        self._stream.close()


class _Parquet:
    """One row group per batch; the first batch with a value decides the type of a column, else it is text."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self._path, self._columns = path, list(columns)
        self._writer: Any = None

    def add(self, columns: Mapping[str, Sequence[Any]]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        if self._writer is None:
            table = pa.table({name: pa.array(columns[name]) for name in self._columns})
            kinds = [(one.name, pa.string() if pa.types.is_null(one.type) else one.type) for one in table.schema]
            self._writer = pq.ParquetWriter(self._path, pa.schema(kinds), compression="zstd")
        schema = self._writer.schema
        self._writer.write_table(pa.table({one.name: pa.array(columns[one.name], one.type) for one in schema}))

    def close(self) -> None:
        if self._writer is None:
            self.add({name: [] for name in self._columns})
        self._writer.close()
