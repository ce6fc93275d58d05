"""A file as a destination: everybody at once, written aside, and put in its place in one step.

Objects of a bucket are there whole or not at all when they are uploaded; on a disk and on an SFTP server the file is
written beside its place and renamed.
"""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from remote_segments.destinations.abilities import Abilities, Accepted
from remote_segments.destinations.batches import Answer, Batch
from remote_segments.destinations.delivery import WholeDelivery, whole_abilities
from remote_segments.errors import ProjectError
from remote_segments.files.places import open_place
from remote_segments.files.writing import FORMATS, RowFile, format_of, row_file
from remote_segments.sources.members import Description

FILE = "file"
"""The one kind of destination that files have."""


def file_abilities(identifiers: Mapping[str, Accepted]) -> Abilities:
    """What a file takes."""
    notes = "CSV, NDJSON or Parquet by the path's ending; `.gz` behind the first two packs it."
    return whole_abilities("File", "path", identifiers, notes)


class FileDestination(WholeDelivery):
    """Implements `destinations.destination.WholeDestination` for one connection to files."""

    what = "file"

    def __init__(
        self, connection: str, options: Mapping[str, str], secrets: Mapping[str, str], folder: Path, scratch: Path
    ) -> None:
        """Opens the folder of a connection; `scratch` is where the file is made, on this machine's disk."""
        super().__init__(scratch, ".partial")
        self._place = open_place(connection, options, secrets, folder)
        self._file: RowFile | None = None

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

    def begin(self, kind: str, ids: Mapping[str, Any]) -> None:
        """Starts a file on this machine's disk, readable by its owner only."""
        self.check(kind, ids)
        self._start()

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

    def finish(self, kind: str, ids: Mapping[str, Any]) -> None:  # noqa: ARG002 - there is one kind
        """Puts the file in place of the one before it.

        Raises:
            TemporaryError: `files-unreachable`.
            ProjectError: `key-refused`.
        """
        made = self._begun()
        self.calls += 1
        try:
            if self._file is None:
                self._file = row_file(made, str(ids["path"]), ())
            self._file.close()
            self._file = None
        except OSError as error:
            raise self._unwritable(error) from error
        self._place.put(made, str(ids["path"]))
        self._drop()

    def _close(self) -> None:
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
        self._file = None
