"""What a refresh needs of a source: one account that describes, reads, previews and lists memberships."""

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Protocol, Self

from remote_segments.errors import EngineError
from remote_segments.sources.members import Description, Listed, Page, Proof


class Fetch(Protocol):
    """Iterates over the pages of one membership; `proof` exists only after the last one.

    Iterating raises for everything that is not a proven end; what was yielded before is then worth nothing.
    """

    description: Description | None
    """Known once the first page was read."""

    @property
    def expected(self) -> int | None:
        """The number of members that the source announced; for a progress bar."""

    @property
    def calls(self) -> int:
        """Calls made so far, also after an error."""

    @property
    def proof(self) -> Proof:
        """Why the fetch counts as complete; an EngineError before the last page."""

    def __iter__(self) -> Iterator[Page]: ...


class ProvenFetch:
    """What every `Fetch` shares: the description it met, and a proof that is there only after the last page."""

    def __init__(self) -> None:
        self._proof: Proof | None = None
        self.description: Description | None = None

    @property
    def expected(self) -> int | None:
        """The number of members that the source announced, once the first page was read; for a progress bar."""
        return self.description.size if self.description else None

    @property
    def proof(self) -> Proof:
        """Why the fetch counts as complete.

        Raises:
            EngineError: `fetch-unfinished` when the last page was not read.
        """
        if self._proof is None:
            raise EngineError("fetch-unfinished", "The proof was asked for before the last page.", "Report this bug.")
        return self._proof


class Account(Protocol):
    """One connection, opened; `kind` and `ids` are those of a segment's source, as its platform names them.

    `identifiers` are those to read beside the primary one; all that the platform knows when left out.
    """

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def describe(self, kind: str, ids: Mapping[str, Any], identifiers: tuple[str, ...] | None = None) -> Description:
        """Returns what is known of one segment; that it is not complete yet is told, not raised."""

    def fetch(self, kind: str, ids: Mapping[str, Any], identifiers: tuple[str, ...] | None = None) -> Fetch:
        """Returns the pages of one membership; nothing is asked before it is iterated."""

    def preview(self, kind: str, ids: Mapping[str, Any], identifiers: tuple[str, ...] | None = None) -> Page:
        """Returns the first page of one membership."""

    def segments(self, kind: str, ids: Mapping[str, str] | None = None) -> list[Listed]:
        """Returns the segments of the account."""
