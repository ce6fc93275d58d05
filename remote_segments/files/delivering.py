"""A file as a destination: everybody at once, written aside, and put in its place in one step.

Objects of a bucket are there whole or not at all when they are uploaded; on a disk and on an SFTP server the file is
written beside its place and renamed.
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from remote_segments.destinations.abilities import Abilities, Accepted, VerbAbility
from remote_segments.destinations.batches import Answer, Batch
from remote_segments.errors import EngineError, ProjectError, TemporaryError
from remote_segments.files.places import open_place
from remote_segments.files.writing import FORMATS, RowFile, format_of, row_file
from remote_segments.sources.members import Description

FILE = "file"
"""The one kind of destination that files have."""

BATCH = 20_000
"""Rows that are held at once."""


def file_abilities(identifiers: Mapping[str, Accepted]) -> Abilities:
    """What a file takes: any identifier, whatever the activation's file calls it."""
    return Abilities(
        title="File",
        ids=("path",),
        identifiers=identifiers,
        verbs={"add": VerbAbility(BATCH, BATCH, idempotent=True, tells="batch", attributes=True)},
        needs=tuple(frozenset({name}) for name in identifiers),
        creates_people=True,
        whole=True,
        notes="CSV, NDJSON or Parquet by the path's ending; `.gz` behind the first two packs it.",
    )


class FileDestination:
    """Implements `destinations.destination.WholeDestination` for one connection to files."""

    def __init__(
        self, connection: str, options: Mapping[str, str], secrets: Mapping[str, str], folder: Path, scratch: Path
    ) -> None:
        """Opens the folder of a connection; `scratch` is where the file is made, on this machine's disk."""
        self._place = open_place(connection, options, secrets, folder)
        self._scratch = scratch
        self._made: Path | None = None
        self._file: RowFile | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._drop()
        self._place.close()

    def abilities(self, kind: str) -> Abilities:  # noqa: ARG002 - there is one kind
        """Returns what a file can do."""
        return file_abilities({})

    def check(self, kind: str, ids: Mapping[str, Any]) -> Description:  # noqa: ARG002 - there is one kind
        """Looks whether the format is known; the folder is written to at `finish` only.

        Raises:
            ProjectError: `bad-value`.
        """
        path = str(ids["path"])
        if format_of(path) is None:
            found = f"The ending of `{path}` names no format."
            fix = f"End it in {', '.join(FORMATS)}; `.gz` behind it packs text."
            raise ProjectError("bad-value", found, fix, self._place.where())
        return Description(path)

    def create(self, kind: str, name: str, ids: Mapping[str, Any] | None = None) -> dict[str, str]:
        """A file is made by being written.

        Raises:
            EngineError: always.
        """
        raise EngineError("creating-unsupported", f"A file is not made beforehand ({kind}, {name}, {ids}).", "Report.")

    def begin(self, kind: str, ids: Mapping[str, Any]) -> None:
        """Starts a file on this machine's disk, readable by its owner only."""
        self.check(kind, ids)
        self._drop()
        try:
            self._scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._made = self._scratch / f"delivery-{os.getpid()}.partial"
            self._made.unlink(missing_ok=True)
            os.close(os.open(self._made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except OSError as error:
            raise self._unwritable(error) from error

    def send(self, kind: str, ids: Mapping[str, Any], batch: Batch) -> Answer:  # noqa: ARG002 - there is one kind
        """Appends rows: one column per identifier, then one per attribute.

        Raises:
            TemporaryError: `disk-full` and the like, as `spool-unwritable`.
        """
        columns = {**batch.identifiers, **batch.attributes}
        try:
            if self._file is None:
                self._file = row_file(self._begun(), str(ids["path"]), list(columns))
            self._file.add(columns)
        except OSError as error:
            raise self._unwritable(error) from error
        return Answer.alike(len(batch), "accepted")

    def settle(self, kind: str, ids: Mapping[str, Any], batch: Batch, job: str) -> Answer | None:
        """Nothing is decided later.

        Raises:
            EngineError: always.
        """
        raise EngineError("no-job", f"A file has no jobs ({kind}, {ids}, {batch!r}, {job}).", "Report this bug.")

    def finish(self, kind: str, ids: Mapping[str, Any]) -> None:  # noqa: ARG002 - there is one kind
        """Puts the file in place of the one before it.

        Raises:
            TemporaryError: `files-unreachable`.
            ProjectError: `key-refused`.
        """
        made = self._begun()
        try:
            if self._file is None:
                self._file = row_file(made, str(ids["path"]), ())
            self._file.close()
            self._file = None
        except OSError as error:
            raise self._unwritable(error) from error
        self._place.put(made, str(ids["path"]))
        self._drop()

    def _begun(self) -> Path:
        if self._made is None:
            raise EngineError("delivery-unbegun", "A file is sent to that was not begun.", "Report this bug.")
        return self._made

    def _drop(self) -> None:
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
        if self._made is not None:
            self._made.unlink(missing_ok=True)
        self._file = self._made = None

    def _unwritable(self, error: OSError) -> TemporaryError:
        found = f"The folder {self._scratch} cannot be written: {error.strerror or type(error).__name__}."
        return TemporaryError("spool-unwritable", found, "Free space on that disk, or let this user write there.")
