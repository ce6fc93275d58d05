"""From a file, or several, to pages of members and the proof that none is missing, without I/O of its own."""

from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from remote_segments.errors import PlatformError, TemporaryError
from remote_segments.rest.buckets import Shelf, Taking
from remote_segments.rest.describing import DESCRIBED, Describer, naming, still_computing
from remote_segments.rest.export.members import Export
from remote_segments.rest.files.answers import Ready
from remote_segments.rest.files.arrivals import Arrivals, arrivals
from remote_segments.rest.files.reading import FileReader
from remote_segments.rest.files.stream import Stream
from remote_segments.rest.files.unpacking import Meter, unpacked
from remote_segments.rest.members import sifted
from remote_segments.rest.messages import Base, Downloaded, Pause, Request, Response
from remote_segments.rest.refusals import looks_like_page, media_type
from remote_segments.rest.where import Sieve, Where
from remote_segments.sources.members import Description, Page, Proof

_TRANSFER = {
    "total": "file whole",
    "rows": "file whole",
    "archive": "file whole, by the check sums in it",
    "transfer": "file as long as announced, which nothing else confirms",
}


@dataclass(frozen=True)
class FileFlow:
    """Everything that one fetch of files needs to know, put together by the platform."""

    members: Stream | Export
    describe: Describer
    reader: FileReader
    primary: str
    base: Base
    values: Mapping[str, str]
    where: str
    described_where: str
    scratch: Path | None = None  # folder of what does not fit into memory
    filter: Where | None = None

    def description(self) -> Generator[Request, Response, Description]:
        """Describes the segment and refuses one that is still being computed.

        Raises:
            TemporaryError: `segment-computing`.
        """
        found = yield from self.describe.flow(self.base, self.values, self.described_where)
        if found.state == "computing":
            raise still_computing(found, self.described_where)
        return found

    def pages(self) -> Generator[Request | Pause | Shelf | Taking | Description | Page, Any, Proof]:
        """Yields the calls (and is sent their answers), waits, the description, and each page; returns the proof.

        Raises:
            PlatformError: `not-a-file`, `end-unproven`, `total-mismatch`, and what reading a file raises.
            TemporaryError: `segment-computing`, `membership-moved`, `file-damaged`, `export-*`.
        """
        before = yield from self.description()
        yield before
        total = self.members.total
        apart = total is not None and total.source == "describe"
        counts = [before.size] if apart and before.size is not None else []
        values = {**self.values, **naming(before, self.members.placeholders(), self.described_where)}
        ready: Ready = yield from self.members.prepare(self.base, values, self.where)
        if not ready.links and self.members.empty == "error":
            raise self._empty("The export holds no file.")
        sieve = self._sieve()
        with arrivals(self.scratch) as arrived:
            for number in range(len(ready.links)):
                file, ready = yield from self.members.obtain(ready, number, self.base, self.where)
                if total is not None and (counted := total.read({}, dict(file.headers), self.where)) is not None:
                    counts.append(counted)
                for page in self._read(file, ready):
                    arrived.add(page, self.primary)
                    kept = sieve.kept(page)
                    if kept.length:
                        yield kept
            repeated = arrived.repeated()
        distinct = arrived.members - repeated
        if apart and counts != [distinct]:  # a count that agrees exactly needs no second look
            after = yield from self.description()
            counts += [after.size] if after.size is not None else []
        return sifted(self._proof(ready, counts, arrived, repeated), sieve)

    def _sieve(self) -> Sieve:
        return Sieve(self.filter, self.values, self.where)

    def first_page(self) -> Generator[Request | Pause | Shelf | Taking, Any, Page]:
        """Reads the first members for a preview; an export is made for it like for any fetch."""
        values = self.values
        if DESCRIBED in set(self.members.placeholders()):
            described = yield from self.description()
            values = {**values, **naming(described, self.members.placeholders(), self.described_where)}
        ready: Ready = yield from self.members.prepare(self.base, values, self.where)
        nothing = Page({name: [] for name in self.reader.names()}, None, 0)
        if not ready.links:
            return nothing
        if isinstance(self.members, Stream):
            file, ready = yield from self.members.glance(ready, self.base, self.where)
        else:
            file, ready = yield from self.members.obtain(ready, 0, self.base, self.where)
        with closing(self._read(file, ready)) as pages:
            page = next(pages, None)
            return nothing if page is None else self._sieve().kept(page)

    def _read(self, answer: Downloaded, ready: Ready) -> Generator[Page, None, None]:
        """Yields the members of a downloaded file and closes it."""
        with closing(answer.file) as file:
            self._refuse_other(answer, ready)
            encoded = (answer.header("content-encoding") or "identity").strip().lower()
            if encoded not in {"identity", "gzip"}:
                found = f"The answer is packed as {encoded[:20]!r}, which was not asked for."
                raise PlatformError("wrong-format", found, "The platform may have changed its answer.", self.where)
            meter = Meter(self.members.largest_file, self.where)
            yield from self._members(
                unpacked(file, self.members.compression, encoded=encoded == "gzip", meter=meter, where=self.where)
            )

    def _members(self, files: Iterable[Iterator[bytes]]) -> Iterator[Page]:
        anything = False
        for blocks in files:
            first = next(blocks, b"")
            anything = anything or bool(first)
            if first:
                yield from self.reader.pages(chain([first], blocks))
            elif self.members.empty == "error":
                raise self._empty()
        if not anything and self.members.empty == "error":
            raise self._empty()

    def _empty(self, found: str = "The file does not hold a single byte.") -> PlatformError:
        fix = "Nothing was stored. If that is how the platform says that nobody is a member, write empty: no-members."
        return PlatformError("file-empty", found, fix, self.where)

    def _refuse_other(self, answer: Downloaded, ready: Ready) -> None:
        """Refuses a web page, another file than was announced, and one whose end nothing proves."""
        beginning = Response(answer.status, answer.headers, answer.file.read(200))
        kind, wanted = media_type(beginning), self.members.media_type
        if looks_like_page(beginning) or (wanted is not None and kind != wanted.lower()):
            found = f"The answer is {'a web page' if looks_like_page(beginning) else kind or 'without a type'}, no file"
            fix = "Check base_url of the connection: a login page, a proxy or a wrong host may have answered."
            raise PlatformError("not-a-file", f"{found} of members.", fix, self.where)
        if ready.sha256 is not None and answer.sha256 != ready.sha256:
            found = "The file is not the one that the platform announced: its check sum differs."
            raise TemporaryError("file-damaged", found, "Nothing was stored. The next refresh tries again.", self.where)
        proven = answer.framed or ready.sha256 is not None or self.members.compression != "none"
        if not proven:
            found = "The transfer did not say where it ends, so that a cut one cannot be told from a whole one."
            fix = "Nothing was stored. A proxy on the way may have changed the answer; ask the platform otherwise."
            raise PlatformError("end-unproven", found, fix, self.where)

    def _proof(self, ready: Ready, counts: list[int], arrived: Arrivals, repeated: int) -> Proof:
        words, total, doubt = [_TRANSFER[self.members.end]], None, 0
        if ready.shelved:
            words.append("in the bucket unchanged for a while, which nothing else confirms")
        if ready.rows is not None:
            if ready.rows != arrived.members:
                found = f"The job counts {ready.rows:,} rows, but its files held {arrived.members:,}."
                fix = "Nothing was stored. If it lasts, check which count the manifest takes for that of rows."
                raise PlatformError("total-mismatch", found, fix, self.where)
            words, total = [*words, "the job's own count agrees"], ready.rows
        if self.members.total is not None and counts:
            agreement, doubt = self.members.total.verdict(counts, arrived.members - repeated, self.where)
            words, total = [*words, agreement], counts[-1]
        elif self.members.end == "total":
            found = "The platform did not tell how many members there are."
            fix = "Nothing was stored. If it lasts, name another proof under `end` in the manifest."
            raise PlatformError("end-unproven", found, fix, self.where)
        return Proof("; ".join(words), total, arrived.pages, arrived.members, doubt, repeated)
