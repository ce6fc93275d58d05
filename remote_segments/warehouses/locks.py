"""The lock of one segment as a file: held for a whole refresh, by one process of this machine."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from remote_segments.errors import TemporaryError
from remote_segments.warehouses.queue import open_private, try_lock


def running(segment: str, holder: str) -> TemporaryError:
    """Returns the error for a segment that somebody else refreshes."""
    return TemporaryError(
        "refresh-running",
        f"The segment {segment} is being refreshed by {holder}.",
        "Wait for that refresh to end; its snapshot will be as fresh as this one's.",
    )


@contextmanager
def file_lock(path: Path, segment: str) -> Iterator[None]:
    """Holds a lock file, which says inside who holds it and since when.

    Raises:
        TemporaryError: `refresh-running` at once when somebody else holds it.
    """
    descriptor = open_private(path)
    try:
        if not try_lock(descriptor, fcntl.LOCK_EX):
            raise running(segment, os.pread(descriptor, 200, 0).decode(errors="replace") or "another process")
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()} since {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC".encode(), 0)
        yield
    finally:
        os.close(descriptor)
