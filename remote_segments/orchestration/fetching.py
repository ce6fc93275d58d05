"""The fetches of one run: begun side by side by its first step, awaited by each; and what they are expected to take.

Steps of our jobs run one after the other in one process. Without this, the time that each fetch waits for its platform
would add up over a batch.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from remote_segments.config.estimate import Estimate
from remote_segments.config.project import Project
from remote_segments.errors import RemoteSegmentsError
from remote_segments.orchestration.cadences import Cadence
from remote_segments.orchestration.keys import LAYERS, layer_key
from remote_segments.orchestration.partitions import partitions_of, window_of
from remote_segments.orchestration.progress import reporting
from remote_segments.sync.ahead import FetchesAhead
from remote_segments.sync.estimating import estimates
from remote_segments.sync.freezing import frozen_segments
from remote_segments.sync.pausing import paused_segments
from remote_segments.sync.snapshots import Snapshot

FETCHES = "remote_segments_fetches"
"""The resource key of a run's fetches."""

ONE_PROCESS = "remote_segments/one_process"
"""Tag of our own jobs, all of whose steps run in one process; elsewhere each step is a process, and fetches its own."""


class RunFetches:
    """What the raw steps of a run share."""

    def __init__(self, ahead: FetchesAhead) -> None:
        self._ahead = ahead
        self._estimates: dict[str, Estimate] | None = None

    def begin(self, context: dg.AssetExecutionContext, project: Project, asset_prefix: Sequence[str]) -> None:
        """Begins the fetches of a run's segments where it has several; only the first step of a run does anything.

        While the warehouse cannot be read nothing is begun: each step then tries by itself, and says what is wrong.
        """
        if self._estimates is not None:
            return
        self._estimates = {}
        names = _segments_of_run(context, project, asset_prefix)
        try:
            self._estimates = estimates(project, names)
            if len(names) > 1:
                self._start(context, project, names)
        except RemoteSegmentsError as error:
            context.log.warning(f"Fetches of this run do not overlap. {error}")

    def estimate(self, segment: str) -> Estimate | None:
        """What the fetch of a segment is expected to take; None where nobody knows."""
        return (self._estimates or {}).get(segment)

    def wait(self, context: dg.AssetExecutionContext, segment: str) -> Snapshot | None:
        """Waits until a segment is fetched; returns at once where it is not fetched ahead.

        Returns:
            The row of a segment that froze meanwhile; else None.

        Raises:
            RemoteSegmentsError: what stopped its fetch.
        """
        return self._ahead.wait(segment, reporting(context, segment))

    def _start(self, context: dg.AssetExecutionContext, project: Project, names: list[str]) -> None:
        now = datetime.now(UTC)
        (key,) = context.partition_keys
        if window_of(partitions_of(project, project.segment(names[0])), key).can_be_fetched(now):
            self._ahead.start(project, dict.fromkeys(_asked(project, names, now), key), context.run.run_id)


def _asked(project: Project, names: Iterable[str], now: datetime) -> list[str]:
    """Those of some segments whose platform is asked: neither paused nor frozen."""
    left_out = {*paused_segments(project, now), *frozen_segments(project, now)}
    return [name for name in names if name not in left_out]


def _segments_of_run(context: dg.AssetExecutionContext, project: Project, asset_prefix: Sequence[str]) -> list[str]:
    """The segments that this process fetches in this run and for its one window, in the order of their names."""
    keys = {layer_key(name, LAYERS[0], asset_prefix): name for name in sorted(project.segments)}
    run, this = context.run, keys[context.asset_key]
    if ONE_PROCESS not in run.tags or len(context.partition_keys) != 1:
        return [this]
    cadence, steps = Cadence.of(project, project.segment(this)), run.step_keys_to_execute
    return [
        name
        for key, name in keys.items()
        if Cadence.of(project, project.segment(name)) == cadence  # else it is not in our job
        and (not run.asset_selection or key in run.asset_selection)
        and (steps is None or "__".join(key.path) in steps)  # a run that goes on where another one failed
    ]


@dg.resource(description="The fetches of a run, several at the same time.")
def run_fetches(_: dg.InitResourceContext) -> Iterator[Any]:
    """One for each run and process; its end stops what is under way, unless several runs share it."""
    shared = _shared.get()
    if shared is not None:
        yield RunFetches(shared)
        return
    with FetchesAhead() as ahead:
        yield RunFetches(ahead)


_shared: ContextVar[FetchesAhead | None] = ContextVar("remote_segments_fetches", default=None)
"""The fetches of several runs that follow each other in this process."""


@contextmanager
def fetching_ahead(project: Project, windows: Mapping[str, str]) -> Iterator[None]:
    """Fetches segments side by side, each for its window, while the block refreshes one after the other.

    While the warehouse cannot be read nothing is begun: each refresh then says what is wrong.
    """
    with FetchesAhead() as ahead:
        with suppress(RemoteSegmentsError):
            asked = _asked(project, windows, datetime.now(UTC))
            ahead.start(project, {name: windows[name] for name in asked}, None)
        token = _shared.set(ahead)
        try:
            yield
        finally:
            _shared.reset(token)
