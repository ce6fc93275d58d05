"""Members whose pages tell ids only, completed in batches by look-ups, without I/O."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from remote_segments.errors import RemoteSegmentsError
from remote_segments.rest.buckets import Shelf, Taking
from remote_segments.rest.decoding import IdentifierField
from remote_segments.rest.export.members import Export
from remote_segments.rest.files.flow import FileFlow
from remote_segments.rest.files.stream import Stream
from remote_segments.rest.lookup import Lookup
from remote_segments.rest.members import Members, MembersFlow
from remote_segments.rest.messages import Base, Pause, Request, Response
from remote_segments.rest.python.declared import PythonMembers
from remote_segments.rest.python.flow import PythonFlow
from remote_segments.sources.members import Description, Page, Proof

PREVIEWED = 1_000
"""Members of a page that are looked up for a preview: some platforms give 100,000 ids at once."""

BATCHES = 10
"""Batches of members that are passed on as one page: small pages cost time further on."""

Pages = Generator[Request | Pause | Shelf | Taking | Description | Page, Any, Proof]


@dataclass
class Counted:
    """What came of the look-ups so far."""

    asked: int = 0
    missing: int = 0


@dataclass(frozen=True)
class LookedUp:
    """A flow of members, each page of which is completed before it is passed on."""

    inner: MembersFlow | FileFlow | PythonFlow
    lookup: Lookup
    fields: Mapping[str, IdentifierField]  # those that are looked up
    primary: str
    base: Base
    values: Mapping[str, str]
    where: str

    @property
    def members(self) -> Members | Stream | Export | PythonMembers:
        """How the members themselves are read."""
        return self.inner.members

    def pages(self) -> Pages:
        """Yields what the inner flow yields, its pages completed and cut anew; returns its proof, and what was missing.

        Raises:
            PlatformError: `lookup-unanswered`, `lookup-foreign`, and what the inner flow raises.
        """
        counted = Counted()
        held: list[Page] = []
        inner = self.inner.pages()
        try:
            step = next(inner)
            while True:
                if isinstance(step, Page):
                    held.append(step)
                    yield from self._whole_batches(held, counted)
                    step = next(inner)
                    continue
                try:
                    answer = yield step
                except RemoteSegmentsError as error:  # the inner flow may know what to do
                    step = inner.throw(error)
                else:
                    step = inner.send(answer)
        except StopIteration as stop:
            proof: Proof = stop.value
        finally:
            inner.close()
        if held:
            yield (yield from self._completed(_joined(held), counted))
        return self._proof(proof, counted)

    def first_page(self) -> Generator[Request | Pause | Shelf | Taking, Any, Page]:
        """Reads one page for a preview, and looks up its first members."""
        page = yield from self.inner.first_page()
        return (yield from self._completed(_cut(page, 0, PREVIEWED), Counted()))

    def _whole_batches(self, held: list[Page], counted: Counted) -> Generator[Any, Any, None]:
        """Passes on as many members as fill batches; the others wait for the next page, so that no call is wasted."""
        length = sum(page.length for page in held)
        if length < self.lookup.most * BATCHES:
            return
        page, whole = _joined(held), length - length % self.lookup.most
        held[:] = [_cut(page, whole, length)] if whole < length else []
        size = self.lookup.most * BATCHES
        for start in range(0, whole, size):
            yield (yield from self._completed(_cut(page, start, min(whole, start + size)), counted))

    def _completed(self, page: Page, counted: Counted) -> Generator[Request, Response, Page]:
        keys = page.columns[self.primary]
        found = {name: list[str | None]() for name in self.fields}
        for start in range(0, page.length, self.lookup.most):
            ids = [key or "" for key in keys[start : start + self.lookup.most]]
            rows = yield from self.lookup.rows(
                list(dict.fromkeys(ids)), self.fields, self.base, self.values, self.where
            )
            for one in ids:
                row = rows[one]
                counted.asked, counted.missing = counted.asked + 1, counted.missing + (row is None)
                for name, values in found.items():
                    values.append(None if row is None else row[name])
        return replace(page, columns={**page.columns, **found})

    def _proof(self, proof: Proof, counted: Counted) -> Proof:
        words = f"all of {counted.asked:,} ids looked up"
        if counted.missing:
            words = f"{counted.asked:,} ids looked up, {counted.missing:,} of which the platform does not know any more"
        return replace(proof, completeness=f"{proof.completeness}; {words}", missing=counted.missing)


def _joined(pages: list[Page]) -> Page:
    """Returns several pages as one."""
    if len(pages) == 1:
        return pages[0]
    names = list(pages[0].columns)
    columns = {name: [value for page in pages for value in page.columns[name]] for name in names}
    joined = [instant for page in pages for instant in page.joined_at or [None] * page.length]
    return Page(columns, None if pages[0].joined_at is None else joined, sum(page.length for page in pages))


def _cut(page: Page, start: int, end: int) -> Page:
    """Returns the members of a page from one position up to another."""
    columns = {name: values[start:end] for name, values in page.columns.items()}
    joined = None if page.joined_at is None else page.joined_at[start:end]
    return Page(columns, joined, len(range(page.length)[start:end]))
