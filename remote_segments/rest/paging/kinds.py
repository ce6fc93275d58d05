"""What every way of paging can do, and what makes its end provable."""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from remote_segments.rest.decoding import Extra
from remote_segments.rest.paging.turns import Call, Turn
from remote_segments.settings import Settings


@dataclass(frozen=True, slots=True)
class Declared:
    """What a manifest says beside its paging, which may help to prove the end."""

    page_size: int | None  # members asked for
    certain: bool  # whether a count that must agree comes with the members
    on_page: bool  # whether each answer tells that count, not only the description


class PagingKind(Settings):
    """One way of paging: the first call, the next one, and the sign of the last page."""

    def extras(self) -> dict[str, Extra]:
        """Returns the values a page must hold beside its members."""
        return {}

    def ends_by_absence(self) -> bool:
        """Tells whether the last page is one on which something is not there."""
        return False

    def problems(self, declared: Declared) -> Iterator[str]:
        """Yields why members could be lost without an error."""
        if self.ends_by_absence() and declared.page_size is None and not declared.certain:
            yield "an end by absence needs page_size or a total: a misspelt path would look like the last page"

    def pages(self, size: int, page_size: int | None) -> int:
        """Returns the pages that so many members take at most."""
        return max(1, ceil(size / (page_size or max(1, size))))

    def first(self, call: Call) -> Call:
        """Returns the call for the first page."""
        return call

    @abstractmethod
    def following(self, call: Call, turn: Turn) -> Call | None:
        """Returns the call for the next page, None after the last.

        Args:
            call: the call that was answered.
            turn: what its answer told.
        """
