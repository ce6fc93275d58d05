"""Counts what arrived, and how many came twice, exactly and in constant memory."""

from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from remote_segments.rest.scratch import nameless, unwritable
from remote_segments.sources.members import Page

HELD = 1_000_000
"""Hashes held in memory, eight bytes each; more are kept in a file without a name."""

PART = 2_000_000
"""Hashes that are sorted at once."""


class Arrivals:
    """A hash of 64 bits is kept of each member: two of ten million agree by chance once in 300,000 fetches.

    Python's hashes of texts are salted anew in every process, so that they tell nothing about anybody.
    """

    def __init__(self, folder: Path | None) -> None:
        self.pages = 0
        self.members = 0
        self._hashes = array("q")
        self._folder = folder
        self._file: IO[bytes] | None = None

    def add(self, page: Page, primary: str) -> None:
        """Counts a page.

        Raises:
            TemporaryError: `scratch-unwritable`.
        """
        self.pages += 1
        self.members += page.length
        self._hashes.extend(map(hash, page.columns[primary]))
        if len(self._hashes) >= HELD:
            self._file = self._file or nameless(self._folder)
            try:
                self._file.write(self._hashes.tobytes())
            except OSError as error:
                raise unwritable(self._folder, error) from error
            self._hashes = array("q")

    def repeated(self) -> int:
        """Returns how many members came again."""
        import numpy as np

        found, parts = 0, 1
        while parts * PART < self.members:
            parts *= 2
        for part in range(parts):  # equal hashes are in the same part
            hashes = np.concatenate([block[block & (parts - 1) == part] for block in self._blocks()])
            hashes.sort()
            found += int((hashes[1:] == hashes[:-1]).sum())
        return found

    def _blocks(self) -> Iterator[Any]:
        import numpy as np

        if self._file is not None:
            self._file.seek(0)
            while block := self._file.read(8 * HELD):
                yield np.frombuffer(block, dtype=np.int64)
        yield np.frombuffer(self._hashes, dtype=np.int64)

    def close(self) -> None:
        """Closes the file, which deletes it."""
        if self._file is not None:
            self._file.close()


@contextmanager
def arrivals(folder: Path | None) -> Iterator[Arrivals]:
    """Gives a new count, and closes what it keeps on disk."""
    found = Arrivals(folder)
    try:
        yield found
    finally:
        found.close()
