"""Retention as a job with its schedule: what is too old is forgotten also of segments that publish nothing any more."""

from datetime import UTC, datetime

import dagster as dg

from remote_segments.config.project import Project
from remote_segments.orchestration.failures import translated
from remote_segments.orchestration.schedules import schedule_status
from remote_segments.sync.retention import forget

JOB, FORGET = "remote_segments_retention", "forget"
"""The names of the job and of its one op."""

EVERY_NIGHT = "17 3 * * *"
"""Cron: away from the full hours, at which most segments are refreshed."""


def build_retention_job(project: Project) -> tuple[dg.JobDefinition, dg.ScheduleDefinition]:
    """The job that applies every segment's `retention`, and the schedule that starts it each night."""

    @dg.op(name=FORGET, description="Deletes fetched ids, keys and unmapped members older than `retention`.")
    def forget_what_is_old(context: dg.OpExecutionContext) -> None:
        with translated(None):
            gone = forget(project, datetime.now(UTC))
        for name, rows in gone.items():
            context.log.info(f"{name}: {rows:,} rows beyond its retention were deleted.")
        context.add_output_metadata({"segments": len(gone), "rows": sum(gone.values())})

    @dg.job(
        name=JOB,
        description="Forget ids that are older than the `retention` of their segment; history stays.",
        executor_def=dg.in_process_executor,
    )
    def retention_job() -> None:
        forget_what_is_old()

    schedule = dg.ScheduleDefinition(
        name=f"{JOB}_schedule",
        job=retention_job,
        cron_schedule=EVERY_NIGHT,
        execution_timezone=project.timezone,
        default_status=schedule_status(project),
    )
    return retention_job, schedule
