"""Fetches of a batch side by side, so that waiting for the network does not add up.

Each fetch ends as a proven spool, which `fetch` of the same segment and window then loads without a call. A few go at
once: each holds a page and a row group in memory, and the account's limits hold for all of them together. One that
fails keeps its error for whoever waits for it, and stops no other.
"""

import threading
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from remote_segments.config.project import Project
from remote_segments.errors import TemporaryError
from remote_segments.sources.account import Account
from remote_segments.sync.connecting import connect
from remote_segments.sync.fetch import Progress, retrieve
from remote_segments.sync.quotas import limiters_of
from remote_segments.sync.snapshots import Snapshot
from remote_segments.sync.spool import ProvenSpool
from remote_segments.warehouses.platform import WAREHOUSE

AT_ONCE = 4
"""Fetches at the same time: more of one account would only wait for each other's quota."""

PATIENCE = 5.0
"""Seconds for which the end waits for fetches that were told to stop."""

TELLING = 1.0
"""Seconds between two reports to whoever waits."""


class Stopped(BaseException):
    """Raised in a fetch that nobody waits for any more; no error of the platform or of ours, so nothing records it."""


@dataclass
class _Task:
    """One fetch: how far it is, and what came of it."""

    segment: str
    partition_key: str
    done: threading.Event = field(default_factory=threading.Event)
    progress: tuple[int, int, int | None] | None = None
    spool: ProvenSpool | None = None
    frozen: Snapshot | None = None
    error: BaseException | None = None


class FetchesAhead:
    """The fetches of one run, in threads; used as a context manager, whose end stops what is not done."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._at_once = at_once
        self._tasks: dict[str, _Task] = {}
        self._waiting: deque[_Task] = deque()
        self._threads: list[threading.Thread] = []
        self._stopping = threading.Event()
        self._project: Project | None = None

    def start(self, project: Project, windows: Mapping[str, str], run_id: str | None) -> None:
        """Begins to fetch segments, in this order, each for the window whose partition key is given.

        What the warehouse itself holds is left out: a long look at it would only keep the loads of others waiting.
        """
        self._project = project
        distant = [one for one in windows if project.manifest_of(project.segment(one)) is not WAREHOUSE]
        self._tasks = {name: _Task(name, windows[name]) for name in distant}
        self._waiting.extend(self._tasks.values())

        def work() -> None:
            while not self._stopping.is_set():
                try:
                    task = self._waiting.popleft()
                except IndexError:
                    return
                self._fetch(project, task, run_id)

        for number in range(min(self._at_once, len(self._tasks))):
            # Daemons: a run that is cancelled does not wait for an answer that does not come.
            thread = threading.Thread(target=work, name=f"remote-segments-fetch-{number}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def wait(self, segment: str, tell: Progress | None = None) -> Snapshot | None:
        """Waits until a segment is fetched; returns at once for one that was not begun.

        Args:
            segment: the segment.
            tell: called about once a second while there is progress.

        Returns:
            The row of a segment that froze, because the platform has it no more; else None, and `fetch` goes on.

        Raises:
            RemoteSegmentsError: what `fetch` would have raised.
        """
        task = self._tasks.get(segment)
        if task is None:
            return None
        told = None
        while not task.done.wait(TELLING):
            if tell is not None and task.progress is not None and task.progress != told:
                told = task.progress
                tell(*told)
        del self._tasks[segment]  # another try of the step fetches by itself
        if task.error is not None:
            raise task.error
        return task.frozen

    def close(self) -> None:
        """Stops what is under way, and deletes what was fetched for nobody."""
        self._stopping.set()
        self._waiting.clear()
        for thread in self._threads:
            thread.join(PATIENCE / len(self._threads))
        for task in self._tasks.values():
            self._discard(task)
        self._tasks.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _fetch(self, project: Project, task: _Task, run_id: str | None) -> None:
        def progress(pages: int, members: int, expected: int | None) -> None:
            if self._stopping.is_set():
                raise Stopped
            task.progress = pages, members, expected

        try:
            found = retrieve(
                project,
                task.segment,
                partition_key=task.partition_key,
                run_id=run_id,
                now=datetime.now(UTC),
                progress=progress,
                connect=self._connect,
            )
            if isinstance(found, Snapshot):
                task.frozen = found
            else:
                task.spool = found
        except BaseException as error:
            task.error = error
        finally:
            task.done.set()
        if self._stopping.is_set():
            self._discard(task)

    def _connect(self, project: Project, connection: str) -> Account:
        return connect(project, connection, sleep=self._sleep, limiters=limiters_of(project))

    def _sleep(self, seconds: float) -> None:
        if self._stopping.wait(seconds):
            raise Stopped

    def _discard(self, task: _Task) -> None:
        """Deletes a spool, unless another process is about to load it."""
        if task.spool is not None and self._project is not None:
            with suppress(TemporaryError), self._project.open_warehouse().segment_lock(task.segment):
                task.spool.remove()
