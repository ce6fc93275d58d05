"""The job that combines audiences, and a schedule for those that have a frequency of their own."""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from remote_segments.config.audience import Audience
from remote_segments.config.project import Project
from remote_segments.orchestration.cadences import spoken_cadence
from remote_segments.orchestration.fetching import ONE_PROCESS
from remote_segments.orchestration.keys import segment_key
from remote_segments.orchestration.schedules import schedule_status

AUDIENCES_JOB = "combine_audiences"
"""The job of all audiences; a run combines those that it was asked for, inner ones first."""


def build_audience_job(project: Project, asset_prefix: tuple[str, ...]) -> Any:
    """One job, in one process, for all audiences of a project."""
    keys = [segment_key(name, asset_prefix) for name in sorted(project.audiences)]
    return dg.define_asset_job(
        AUDIENCES_JOB,
        selection=dg.AssetSelection.assets(*keys),
        description="Combines audiences of what their inputs published last.",
        executor_def=dg.in_process_executor,
        tags={ONE_PROCESS: "true"},
    )


def build_audience_schedules(project: Project, job: Any, asset_prefix: tuple[str, ...]) -> list[dg.ScheduleDefinition]:
    """One schedule per frequency and time zone; those without a frequency follow their inputs."""
    due: dict[tuple[str, str], list[Audience]] = {}
    for name in sorted(project.audiences):
        one = project.audiences[name]
        if one.refresh_frequency is not None:
            due.setdefault((one.refresh_frequency.cron, project.timezone_of(one)), []).append(one)
    keys = {when: [segment_key(one.name, asset_prefix) for one in ones] for when, ones in due.items()}
    return [_schedule(project, job, *when, found) for when, found in keys.items()]


def _schedule(project: Project, job: Any, cron: str, zone: str, keys: Sequence[dg.AssetKey]) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=f"{spoken_cadence('combine', cron, zone if zone != project.timezone else '')}_schedule",
        job=job,
        cron_schedule=cron,
        execution_timezone=zone,
        default_status=schedule_status(project),
        description=f"{len(keys)} audiences.",
    )
    def tick(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        return dg.RunRequest(run_key=context.scheduled_execution_time.isoformat(), asset_selection=keys)

    return tick
