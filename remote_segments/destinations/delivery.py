"""What destinations share that are written as a whole: their abilities, and the file in which rows wait."""

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from remote_segments.destinations.abilities import Abilities, Accepted, VerbAbility
from remote_segments.destinations.batches import Answer, Batch
from remote_segments.errors import EngineError, TemporaryError

BATCH = 20_000
"""Rows that are held at once."""


def whole_abilities(title: str, key: str, identifiers: Mapping[str, Accepted], notes: str) -> Abilities:
    """What is written as a whole takes: any identifier, whatever the activation's file calls it.

    Args:
        title: its name for people.
        key: the key of `destination` that says where it is written.
        identifiers: those of the activation's file.
        notes: what its user should know.
    """
    return Abilities(
        title=title,
        ids=(key,),
        identifiers=identifiers,
        verbs={"add": VerbAbility(BATCH, BATCH, idempotent=True, tells="batch", attributes=True)},
        needs=tuple(frozenset({name}) for name in identifiers),
        creates_people=True,
        whole=True,
        notes=notes,
    )


class WholeDelivery(ABC):
    """The part of a `WholeDestination` that is the same for all: rows wait in a file on this machine's disk."""

    what: str
    """What is written, in messages: `file`, `table`."""

    calls = 0
    """How often it was put in place, or that was tried."""

    def __init__(self, scratch: Path, suffix: str) -> None:
        """Prepares it; `scratch` is the folder where rows wait, `suffix` the end of their file's name."""
        self._scratch, self._suffix = scratch, suffix
        self._made: Path | None = None

    def __enter__(self) -> Self:
        return self

    def create(self, kind: str, name: str, ids: Mapping[str, Any] | None = None) -> dict[str, str]:
        """It is made by being written.

        Raises:
            EngineError: always.
        """
        found = f"A {self.what} is not made beforehand ({kind}, {name}, {ids})."
        raise EngineError("creating-unsupported", found, "Report.")

    def settle(self, kind: str, ids: Mapping[str, Any], batch: Batch, job: str) -> Answer | None:
        """Nothing is decided later.

        Raises:
            EngineError: always.
        """
        found = f"A {self.what} has no jobs ({kind}, {ids}, {batch!r}, {job})."
        raise EngineError("no-job", found, "Report this bug.")

    def _start(self) -> None:
        """Makes an empty file that only its owner can read; raises TemporaryError `spool-unwritable`."""
        self._drop()
        try:
            self._scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._made = self._scratch / f"delivery-{os.getpid()}{self._suffix}"
            self._made.unlink(missing_ok=True)
            os.close(os.open(self._made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except OSError as error:
            raise self._unwritable(error) from error

    def _begun(self) -> Path:
        if self._made is None:
            raise EngineError("delivery-unbegun", f"A {self.what} is sent to that was not begun.", "Report this bug.")
        return self._made

    def _drop(self) -> None:
        """Closes and forgets what was begun."""
        self._close()
        if self._made is not None:
            self._made.unlink(missing_ok=True)
        self._made = None

    @abstractmethod
    def _close(self) -> None:
        """Lets go of the file; nothing when it is not open."""

    def _unwritable(self, error: OSError) -> TemporaryError:
        found = f"The folder {self._scratch} cannot be written: {error.strerror or type(error).__name__}."
        return TemporaryError("spool-unwritable", found, "Free space on that disk, or let this user write there.")
