"""One job and one schedule per set of windows, whose ticks start one run per batch of segments of a connection.

A run process costs seconds before it does anything (loading 1,000 segments takes most of them), so segments that are
due together share runs; those of different connections do not wait for each other's quota.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import dagster as dg

from remote_segments.config.project import Project
from remote_segments.config.segment import Segment
from remote_segments.errors import RemoteSegmentsError
from remote_segments.orchestration.cadences import Cadence, cadences
from remote_segments.orchestration.fetching import ONE_PROCESS
from remote_segments.orchestration.keys import chain_keys
from remote_segments.orchestration.partitions import open_window, partitions_of
from remote_segments.sync.estimating import estimates
from remote_segments.sync.freezing import Freeze, expired, frozen_segments

AssetJob = Any
"""What `dg.define_asset_job` returns; Dagster does not export its type."""

BATCH_SEGMENTS = 25
"""Segments in one run at most: more saves little and makes one run the fate of many."""

BATCH_SECONDS = 300.0
"""Expected seconds of fetching in one run at most, from what each segment's latest fetch took and its calls need."""

LONG_SECONDS = 120.0
"""Expected seconds of fetching from which on a segment has a run of its own: no other waits for it."""

UNKNOWN_SECONDS = 10.0
"""Seconds that a segment counts which was never fetched, and whose size nobody knows."""


def batches(segments: Sequence[Segment], seconds: Mapping[str, float]) -> Iterator[tuple[str, list[Segment]]]:
    """Splits segments that are due together into runs, per connection.

    Args:
        segments: those of one cadence.
        seconds: what the fetch of each is expected to take; a segment that is absent counts as 10 s.

    Yields:
        The connection and the segments of one run.
    """
    by_connection: dict[str, list[Segment]] = {}
    for segment in segments:
        by_connection.setdefault(segment.source.connection, []).append(segment)
    for connection, members in by_connection.items():
        batch: list[Segment] = []
        expected = 0.0
        for segment in members:
            cost = seconds.get(segment.name, UNKNOWN_SECONDS)
            if cost > LONG_SECONDS:
                yield connection, [segment]
                continue
            if batch and (len(batch) == BATCH_SEGMENTS or expected + cost > BATCH_SECONDS):
                yield connection, batch
                batch, expected = [], 0.0
            batch.append(segment)
            expected += cost
        if batch:
            yield connection, batch


def build_schedules(
    project: Project, asset_prefix: tuple[str, ...]
) -> tuple[list[dg.ScheduleDefinition], list[AssetJob]]:
    """The schedules and jobs of a project; schedules run where the environment says `schedules: true`."""
    schedules, jobs = [], []
    for cadence, segments in cadences(project).items():
        job = _job(project, cadence, segments, asset_prefix)
        jobs.append(job)
        schedules.append(_schedule(project, cadence, segments, job, asset_prefix))
    return schedules, jobs


def _job(project: Project, cadence: Cadence, segments: Sequence[Segment], asset_prefix: tuple[str, ...]) -> AssetJob:
    keys = [key for segment in segments for key in chain_keys(segment.name, asset_prefix)]
    return dg.define_asset_job(
        cadence.job_name(project),
        selection=dg.AssetSelection.assets(*keys),
        description=f"Refreshes the segments that are due at `{cadence.cron}` ({cadence.timezone}).",
        # On our jobs only: one process for a whole batch; an executor of the whole location would collide in a merge.
        executor_def=dg.in_process_executor,
        tags={ONE_PROCESS: "true"},
    )


def _schedule(
    project: Project,
    cadence: Cadence,
    segments: Sequence[Segment],
    job: AssetJob,
    asset_prefix: tuple[str, ...],
) -> dg.ScheduleDefinition:
    windows = partitions_of(project, segments[0])

    @dg.schedule(
        name=f"{job.name}_schedule",
        job=job,
        cron_schedule=cadence.cron,
        execution_timezone=cadence.timezone,
        default_status=schedule_status(project),
        description=f"{len(segments)} segments, in batches per connection.",
    )
    def tick(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest] | dg.SkipReason:
        when = context.scheduled_execution_time
        window = open_window(windows, when)
        if window is None:
            return dg.SkipReason(f"The first window opens on {cadence.start}.")
        frozen = _frozen(context, project, segments, when)
        due = [segment for segment in segments if segment.name not in frozen]
        if frozen:
            said = " ".join(f"{name} is {freeze}" for name, freeze in frozen.items())
            context.log.info(said)
            if not due:
                return dg.SkipReason(said)
        return [
            dg.RunRequest(
                run_key=f"{when.isoformat()}:{connection}:{number}",
                partition_key=window.key,
                asset_selection=[key for segment in batch for key in chain_keys(segment.name, asset_prefix)],
                tags={"remote_segments/connection": connection},
            )
            for number, (connection, batch) in enumerate(batches(due, _seconds(context, project)))
        ]

    return tick


def _seconds(context: dg.ScheduleEvaluationContext, project: Project) -> dict[str, float]:
    """What fetches will take; a warehouse that cannot be read now is no reason to refresh nobody."""
    try:
        return {name: one.seconds for name, one in estimates(project).items() if one.seconds is not None}
    except RemoteSegmentsError as error:
        context.log.warning(f"Batches are made without knowing how long fetches take. {error}")
        return {}


def _frozen(
    context: dg.ScheduleEvaluationContext, project: Project, segments: Sequence[Segment], now: datetime
) -> dict[str, Freeze]:
    """The segments that are not fetched any more; where the warehouse cannot be read now, only those that expired."""
    own = project.only([segment.name for segment in segments])
    try:
        return frozen_segments(own, now)
    except RemoteSegmentsError as error:
        context.log.warning(f"Whether a segment is frozen is seen only when its run begins. {error}")
        found = ((segment.name, expired(project, segment, now)) for segment in segments)
        return {name: freeze for name, freeze in found if freeze is not None}


def schedule_status(project: Project) -> dg.DefaultScheduleStatus:
    """Whether schedules run by themselves in this environment."""
    on = project.environment.schedules
    return dg.DefaultScheduleStatus.RUNNING if on else dg.DefaultScheduleStatus.STOPPED
