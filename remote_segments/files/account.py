"""One connection to files: describe, fetch, preview and list what its segments' sources name."""

import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import pyarrow as pa
from pydantic import ValidationError

from remote_segments.errors import ProjectError
from remote_segments.files import columnar, delimited, lines
from remote_segments.files.failures import changed, unfinished
from remote_segments.files.opening import opened
from remote_segments.files.places import Entry, Place, open_place
from remote_segments.files.proving import Expectation, expect
from remote_segments.files.source import NEWEST, FileSource
from remote_segments.sources.account import ProvenFetch
from remote_segments.sources.columns import Identifier
from remote_segments.sources.members import Description, Listed, Page, Proof
from remote_segments.sources.rows import member_page, places
from remote_segments.sources.sampling import MOST, Sample

MOST_LISTED = 1_000
"""Files and folders of a listing."""


class FileFetch(ProvenFetch):
    """Implements `sources.account.Fetch`: the pages of some files."""

    def __init__(self, reading: "Reading") -> None:
        super().__init__()
        self._reading = reading
        self._before = reading.place.calls

    @property
    def calls(self) -> int:
        """Listings and openings so far."""
        return self._reading.place.calls - self._before

    def __iter__(self) -> Iterator[Page]:
        self._proof = None
        started, reading = time.monotonic(), self._reading
        expected = expect(reading.place, reading.source)
        if expected.unfinished is not None:
            raise unfinished(expected.unfinished, reading.where)
        self.description = reading.described(expected)
        pages = members = 0
        for file in expected.files:
            rows = 0
            for page in reading.pages(file):
                pages, rows = pages + 1, rows + page.length
                yield page
            expected.check_file(file, rows, reading.place.where(file.path))
            members += rows
        if expect(reading.place, reading.source) != expected:
            raise changed(reading.where)
        expected.check_all(members, reading.where)
        self._proof = Proof(
            expected.words,
            expected.total,
            pages,
            members,
            data_at=expected.data_at,
            calls=self.calls,
            seconds=time.monotonic() - started,
        )


class Reading:
    """How the files of one source are read."""

    def __init__(self, place: Place, source: FileSource, identifiers: Mapping[str, Identifier], primary: str) -> None:
        self.place, self.source = place, source
        self._identifiers, self._primary = identifiers, primary
        self.where = place.where(source.path)

    def described(self, expected: Expectation) -> Description:
        """Says what is known of the files before they are read."""
        name = self.source.path.replace(NEWEST, expected.newest or NEWEST)
        state, warning = ("ready", None) if expected.unfinished is None else ("computing", f"{expected.unfinished}.")
        return Description(name, expected.total, state, expected.data_at, warning)  # type: ignore[arg-type]

    def pages(self, file: Entry) -> Generator[Page, None, None]:
        """Yields the members of one file.

        Raises:
            PlatformError: `column-missing`, `identifier-column-type`, `member-without-id`, `wrong-type`, `file-empty`,
                `file-unreadable`.
            TemporaryError: `file-damaged`, `file-missing`, `files-unreachable`.
        """
        for batch in self.rows(file):
            values = {name: batch.column(one.column).to_pylist() for name, one in self._identifiers.items()}
            joined = self.source.joined_at
            times = None if joined is None else batch.column(joined).to_pylist()
            if batch.num_rows:
                yield member_page(values, self._primary, times, self.place.where(file.path))

    def rows(self, file: Entry) -> Generator[pa.RecordBatch, None, None]:
        """Yields the rows of one file with the columns of the identifiers, as texts; raises as `pages` does."""
        with opened(self.place, file, self.source) as stream:
            yield from self._rows(stream, file, self.place.where(file.path))

    def _rows(self, stream: Any, file: Entry, where: str) -> Iterator[pa.RecordBatch]:
        columns = places(self._identifiers, self.source.joined_at)
        kind = self.source.format_of(file.path)
        if kind == "parquet":
            return columnar.rows(stream, columns, frozenset(filter(None, [self.source.joined_at])), where)
        if kind == "ndjson":
            whole = self._identifiers.get(self._primary)
            optional = frozenset(columns) - ({whole.column} if whole else set())
            return lines.rows(stream, columns, optional, where)
        return delimited.rows(stream, self.source, file.path, columns, where)


class FileAccount:
    """Implements `sources.account.Account`; used as a context manager, because it keeps connections open."""

    def __init__(self, connection: str, options: Mapping[str, str], secrets: Mapping[str, str], folder: Path) -> None:
        """Opens the folder of a connection, as `places.open_place` does."""
        self._place = open_place(connection, options, secrets, folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._place.close()

    def describe(
        self,
        kind: str,  # noqa: ARG002 - there is one kind of source
        ids: Mapping[str, Any],
        identifiers: tuple[str, ...] | None = None,
    ) -> Description:
        """Lists the files and reads the beginning of the first, so that a missing column is told at once."""
        reading = self._reading(ids, identifiers)
        expected = expect(self._place, reading.source)
        if expected.unfinished is None and expected.files:
            with closing(reading.pages(expected.files[0])) as pages:
                next(pages, None)
        return reading.described(expected)

    def fetch(
        self,
        kind: str,  # noqa: ARG002 - there is one kind of source
        ids: Mapping[str, Any],
        identifiers: tuple[str, ...] | None = None,
    ) -> FileFetch:
        """Returns the pages of the files of a source; nothing is opened before it is iterated."""
        return FileFetch(self._reading(ids, identifiers))

    def preview(
        self,
        kind: str,  # noqa: ARG002 - there is one kind of source
        ids: Mapping[str, Any],
        identifiers: tuple[str, ...] | None = None,
    ) -> Page:
        """Returns the first rows; of files that are not complete yet as well."""
        reading = self._reading(ids, identifiers)
        for file in expect(self._place, reading.source).files:
            with closing(reading.pages(file)) as pages:
                first = next(pages, None)
            if first is not None:
                return first
        return Page({name: [] for name in reading._identifiers}, None, 0)

    def sample(self, ids: Mapping[str, Any]) -> Sample:
        """Returns the first rows of the first file that has any, with every column that may hold ids."""
        source = self._source(ids)
        for file in expect(self._place, source).files:
            with opened(self._place, file, source) as stream:
                names = columns_of(stream, source, file.path, self._place.where(file.path))
            reading = Reading(self._place, source, {name: Identifier(name) for name in names}, "")
            with closing(reading.rows(file)) as batches:
                first = next((batch for batch in batches if batch.num_rows), None) if names else None
            if first is not None:
                return Sample({name: first.column(name).slice(0, MOST).to_pylist() for name in names})
        return Sample({})

    def segments(
        self,
        kind: str,  # noqa: ARG002 - there is one kind of source
        ids: Mapping[str, str] | None = None,
    ) -> list[Listed]:
        """Lists a folder: what a path in it is, with its bytes; folders end with `/`."""
        folder = (ids or {}).get("folder", "").rstrip("/")
        found = self._place.list(folder)[:MOST_LISTED]
        return [Listed({"path": f"{one.path}/" if one.folder else one.path}, _about(one)) for one in found]

    def _source(self, ids: Mapping[str, Any]) -> FileSource:
        try:
            return FileSource.model_validate(dict(ids))
        except ValidationError:
            found, fix = "The source is not written as one of files is.", "See `remote-segments validate`."
            raise ProjectError("bad-value", found, fix, self._place.where()) from None

    def _reading(self, ids: Mapping[str, Any], names: tuple[str, ...] | None) -> Reading:
        source = self._source(ids)
        identifiers = source.identifiers(names or ())
        return Reading(self._place, source, identifiers, source.member_id or next(iter(names or identifiers)))


def columns_of(stream: IO[bytes], source: FileSource, path: str, where: str) -> list[str]:
    """Returns the columns of a file whose values may be ids."""
    kind = source.format_of(path)
    if kind == "parquet":
        return columnar.columns_of(stream, where)
    return lines.columns_of(stream, where) if kind == "ndjson" else delimited.columns_of(stream, source, path, where)


def _about(one: Entry) -> str:
    if one.folder:
        return "folder"
    when = f", {one.modified:%Y-%m-%d %H:%M} UTC" if one.modified else ""
    return f"{one.size or 0:,} bytes{when}"
