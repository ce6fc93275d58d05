"""Files in a bucket of the user's own, to which a platform exports: asked for by values, so that flows do no I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from remote_segments.errors import PlatformError, ProjectError, TemporaryError
from remote_segments.rest.messages import Downloaded, Wish
from remote_segments.rest.scratch import nameless, unwritable

MISSING = "file-missing"
"""Code of a bucket's error for a folder that is not there (yet)."""


@dataclass(frozen=True, slots=True)
class Shelved:
    """A file or folder of a bucket as it was listed; two that are equal are the same content."""

    path: str  # from the bucket's root on
    folder: bool
    size: int | None  # bytes
    version: str | None  # what changes with the content

    @property
    def name(self) -> str:
        """Its last part."""
        return self.path.rstrip("/").rsplit("/", 1)[-1]


class Bucket(Protocol):
    """Where files are; whoever opens the account gives one, if its connection names one."""

    def shelved(self, folder: str) -> Sequence[Shelved]:
        """Returns what is in a folder; raises TemporaryError `file-missing` where there is none."""

    def copy(self, path: str, into: IO[bytes]) -> None:
        """Writes the content of a file into another."""

    def close(self) -> None:
        """Lets go of it."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """Asks what is in a folder; the answer is a list of `Shelved`, empty where the folder is not there."""

    folder: str
    where: str


@dataclass(frozen=True, slots=True)
class Taking:
    """Asks for a file; the answer is a `Downloaded`."""

    file: Shelved
    wish: Wish
    where: str


def attended(bucket: Bucket | None, step: Shelf | Taking, scratch: Path | None) -> list[Shelved] | Downloaded:
    """Does what a step asks of a bucket.

    Args:
        bucket: that of the connection; None where it names none.
        step: what is asked.
        scratch: folder of files while they are read.

    Raises:
        ProjectError: `bucket-missing`.
        PlatformError: `answer-too-large`.
        TemporaryError: `file-damaged`, `scratch-unwritable`, and what the bucket raises.
    """
    if bucket is None:
        found = "The platform exports into a bucket, which the connection does not name."
        raise ProjectError("bucket-missing", found, "Name its connection, of the platform files.", step.where)
    if isinstance(step, Taking):
        return _taken(bucket, step, scratch)
    try:
        return list(bucket.shelved(step.folder))
    except TemporaryError as error:
        if error.code == MISSING:
            return []
        raise


def _taken(bucket: Bucket, step: Taking, scratch: Path | None) -> Downloaded:
    if step.file.size is not None and step.file.size > step.wish.largest:
        found = f"The file is larger than {step.wish.largest:,} bytes."
        fix = "Nothing was stored. Raise largest_file in the manifest if the segment is that large."
        raise PlatformError("answer-too-large", found, fix, step.where)
    file = nameless(scratch)
    try:
        bucket.copy(step.file.path, file)
        size = file.tell()
        file.seek(0)
    except OSError as error:
        file.close()
        raise unwritable(scratch, error) from error
    except BaseException:
        file.close()
        raise
    if step.file.size is not None and size != step.file.size:
        file.close()
        found = f"The bucket lists {step.file.size:,} bytes of a file, and gave {size:,}."
        fix = "Nothing was stored. The next refresh exports again."
        raise TemporaryError("file-damaged", found, fix, step.where)
    return Downloaded(status=200, file=file, size=size, sha256="", framed=step.file.size is not None)
