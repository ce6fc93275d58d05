"""The fair queue beside a DuckDB file: two lock files that make readers and writers of all processes take turns.

Everybody takes the gate exclusively, then the turn (shared to read, exclusive to write), then leaves the gate. Whoever
waits for the turn keeps the gate, so nobody who came later overtakes: no writer starves behind a stream of readers.
`flock` locks belong to an open file, so threads of one process queue like processes, and a killed holder leaves none.
Waiting is done by the kernel, never by polling. All durations are in seconds.
"""

import errno
import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from remote_segments.errors import EngineError, ProjectError, RemoteSegmentsError, TemporaryError

_held = threading.local()
"""The turns that each thread holds: folder of the locks to whether it is exclusive."""


class Turnstile:
    """Turns at one database; `folder` holds the two lock files and is made when first needed, for its owner only."""

    def __init__(self, folder: Path, subject: str, patience: float) -> None:
        self._folder = folder
        self._subject = subject
        self._patience = patience

    @contextmanager
    def turn(self, exclusive: bool) -> Iterator[None]:
        """Waits for a turn and holds it while the block runs.

        A reader inside a reader of the same thread shares its turn; any other nesting would wait for itself.

        Raises:
            TemporaryError: `warehouse-busy` when the turn did not come within the patience.
            EngineError: `session-nested` for a writer inside a session of the same thread, or a reader in a writer.
        """
        held: dict[Path, bool] = _held.__dict__.setdefault("turns", {})
        if self._folder in held:
            if held[self._folder] or exclusive:
                raise EngineError(
                    "session-nested",
                    f"A session of {self._subject} was opened inside another one of the same thread.",
                    "Close the first session before the second is opened.",
                )
            yield
            return
        descriptor = self._take(exclusive)
        held[self._folder] = exclusive
        try:
            yield
        finally:
            del held[self._folder]
            os.close(descriptor)

    def _take(self, exclusive: bool) -> int:
        private_folder(self._folder)
        deadline = time.monotonic() + self._patience
        gate = self._lock(self._folder / "gate", fcntl.LOCK_EX, deadline)
        try:
            return self._lock(self._folder / "turn", fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH, deadline)
        finally:
            os.close(gate)

    def _lock(self, path: Path, operation: int, deadline: float) -> int:
        descriptor = open_private(path)
        if try_lock(descriptor, operation) or _wait(descriptor, operation, deadline):
            return descriptor
        raise TemporaryError(
            "warehouse-busy",
            f"{self._subject} was in use for {self._patience:g} seconds, by {holders(self._folder / 'turn')}.",
            "Let that work end, or stop it; then try again.",
        )


def private_folder(folder: Path) -> None:
    """Makes a folder that only its owner can enter (mode 0700), if it does not exist."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as failure:
        raise _refused(folder, failure) from None


def open_private(path: Path) -> int:
    """Opens a lock file, made with mode 0600 if it does not exist; returns a descriptor that the caller closes."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as failure:
        raise _refused(path, failure) from None


def _refused(path: Path, failure: OSError) -> RemoteSegmentsError:
    if failure.errno == errno.ENOSPC:
        return TemporaryError("disk-full", f"The disk of {path} is full.", "Free some space, then try again.")
    return ProjectError(
        "warehouse-refused",
        f"The lock file {path} cannot be made or opened: {failure.strerror}.",
        "Run as the user who owns the warehouse, in a folder that this user may write.",
    )


def try_lock(descriptor: int, operation: int) -> bool:
    """Takes a lock if that is possible at once; says whether it did."""
    try:
        fcntl.flock(descriptor, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait(descriptor: int, operation: int, deadline: float) -> bool:
    """Waits for a lock in the kernel's own queue until a deadline; a descriptor that got none is closed.

    A blocking `flock` cannot be given a deadline, so a thread blocks in it; when the deadline passes, the thread is
    left behind and gives the lock back in the moment that it gets it.
    """
    mutex, settled = threading.Lock(), threading.Event()
    locked = abandoned = False

    def block() -> None:
        nonlocal locked
        fcntl.flock(descriptor, operation)
        with mutex:
            locked = not abandoned
            if abandoned:
                os.close(descriptor)
        settled.set()

    threading.Thread(target=block, daemon=True, name="remote-segments-queue").start()
    try:
        settled.wait(max(0.0, deadline - time.monotonic()))
    except BaseException:  # an interrupt: nobody will use the lock
        with mutex:
            abandoned = not locked
        if locked:
            os.close(descriptor)
        raise
    with mutex:
        abandoned = not locked
    return locked


def holders(path: Path) -> str:
    """Names the processes that hold a lock file, where the system tells (Linux: /proc/locks, see `man 5 proc`)."""
    try:
        inode = str(path.stat().st_ino)
        lines = Path("/proc/locks").read_text().splitlines()
    except OSError:
        return "another session of this project"
    fields = [line.split() for line in lines]
    held = [field for field in fields if len(field) > 5 and field[1] == "FLOCK" and field[5].endswith(f":{inode}")]
    numbers = sorted({int(field[4]) for field in held})
    return " and ".join(f"process {number} ({_command(number)})" for number in numbers) or "a session that just ended"


def _command(process: int) -> str:
    """Returns a process's program name, without its arguments (they may hold secrets)."""
    try:
        return Path(f"/proc/{process}/comm").read_text().strip()
    except OSError:
        return "ended"
