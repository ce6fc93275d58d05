"""Pages that are CSV: read like a file of their own, one page at a time."""

from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from remote_segments.errors import PlatformError, TemporaryError
from remote_segments.rest.files.reading import FileReader
from remote_segments.rest.formats import CsvPage
from remote_segments.rest.messages import Response
from remote_segments.rest.paths import wrong_type
from remote_segments.rest.refusals import looks_like_page
from remote_segments.sources.members import Page


@dataclass(frozen=True)
class TableDecoder:
    """Decodes the CSV pages of one source: made once, used for every page."""

    layout: CsvPage
    reader: FileReader
    where: str

    def decode(self, response: Response) -> tuple[Page, dict[str, Any]]:
        """Returns a page; there are no values beside its members.

        Raises:
            PlatformError: `not-a-file`, and what reading a file raises.
            TemporaryError: `answer-cut` when it ends within a row, or does not hold as many rows as its header says.
        """
        if looks_like_page(response):
            fix = "Check base_url of the connection: a login page, a proxy or a wrong host may have answered."
            raise PlatformError("not-a-file", "The answer is a web page, no page of members.", fix, self.where)
        try:
            page = self._joined(list(self.reader.pages([response.content])))
        except PlatformError as error:
            if _within_row(response.content, error.code):
                raise _cut("The answer ended in the middle of a row.", self.where) from None
            raise
        self._refuse_cut(response, page.length)
        return page, {}

    def _joined(self, parts: list[Page]) -> Page:
        columns = {
            name: list(chain.from_iterable(part.columns[name] for part in parts)) for name in self.reader.columns()
        }
        joined: list[datetime | None] | None = None
        if any(part.joined_at is not None for part in parts):
            joined = list(chain.from_iterable(part.joined_at or [] for part in parts))
        return Page(columns, joined, sum(part.length for part in parts))

    def _refuse_cut(self, response: Response, rows: int) -> None:
        header = self.layout.rows
        if header is None:
            return
        told = response.headers.get(header.lower(), "").strip()
        if not told.isdecimal():
            raise wrong_type(f"header {header}", "no number of rows", self.where)
        if int(told) != rows:
            found = f"The page holds {rows:,} rows, but its header {header} says {int(told):,}."
            raise _cut(found, self.where)


def _within_row(content: bytes, code: str) -> bool:
    """Tells whether a table that could not be read is one that lacks its end: such a page is asked for again."""
    return not content.endswith(b"\n") and (code in {"wrong-format", "row-width"} or b"\n" not in content)


def _cut(found: str, where: str) -> TemporaryError:
    return TemporaryError("answer-cut", found, "The next refresh tries again.", where)
