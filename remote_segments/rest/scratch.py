"""Files without a name: only this process can read them, and they are gone with it, whatever happens (on Linux)."""

import tempfile
from pathlib import Path
from typing import IO

from remote_segments.errors import TemporaryError


def nameless(folder: Path | None) -> IO[bytes]:
    """Returns a new file in a folder, which is made where it is missing, for its owner only.

    Args:
        folder: the system's own for temporary files when None.

    Raises:
        TemporaryError: `scratch-unwritable`.
    """
    try:
        if folder is not None:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return tempfile.TemporaryFile(dir=folder)
    except OSError as error:
        raise unwritable(folder, error) from error


def unwritable(folder: Path | None, error: OSError) -> TemporaryError:
    """Returns the error for a folder that cannot be written to, as when its disk is full."""
    found = f"No file can be written to {folder or tempfile.gettempdir()}: {error.strerror or type(error).__name__}."
    fix = "Free space on that disk, or let this user write there; then refresh again."
    return TemporaryError("scratch-unwritable", found, fix)
