"""Who is told how far a fetch is: the run's log by default, a progress bar where the command line put one."""

from collections.abc import Callable
from contextvars import ContextVar

import dagster as dg

Reporter = Callable[[str, int, int, int | None], None]
"""Called with the segment, pages, members so far, and the members expected where the platform says."""

reporter: ContextVar[Reporter | None] = ContextVar("remote_segments_progress", default=None)
"""Set by whoever runs a refresh in its own process and wants to draw."""

PAGES_PER_LINE = 100
"""One line in the run's log per this many pages: a long fetch is seen to be alive, a short one is quiet."""


def reporting(context: dg.AssetExecutionContext, segment: str) -> Callable[[int, int, int | None], None]:
    """The function that a fetch calls after every page."""
    drawn = reporter.get()

    def report(pages: int, members: int, expected: int | None) -> None:
        if drawn is not None:
            drawn(segment, pages, members, expected)
        elif pages % PAGES_PER_LINE == 0:
            of = f" of {expected:,}" if expected is not None else ""
            context.log.info(f"{segment}: {pages:,} pages, {members:,}{of} members so far")

    return report
