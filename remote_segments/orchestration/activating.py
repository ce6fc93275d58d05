"""Activations as assets: `activation_plan -> activation`, with a check that blocks while a person must decide."""

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg
from pydantic import Field

from remote_segments.config.activation import Activation
from remote_segments.config.project import Project
from remote_segments.errors import RemoteSegmentsError
from remote_segments.orchestration.failures import translated
from remote_segments.orchestration.keys import activation_key, segment_key
from remote_segments.sync.activation.applying import Applied, apply, propose
from remote_segments.sync.activation.planning import Plan
from remote_segments.sync.activation.status import read_activations

SENDABLE = "sendable"
"""The check that fails while a person must decide on a plan."""

INTERVAL = 60
"""Seconds between two looks whether something was published that is to be sent."""

Results = Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]


class SendConfig(dg.Config):
    """What a person may write into the Launchpad."""

    plan: str | None = Field(None, description="The plan that you looked at: another one is not sent.")


def build_activations(
    project: Project, prefix: tuple[str, ...], retries: dg.RetryPolicy | None
) -> list[dg.AssetsDefinition]:
    """The two assets of every activation."""
    return [
        asset
        for _, activation in sorted(project.activations.items())
        for asset in (_plan_asset(project, activation, prefix), _send_asset(project, activation, prefix, retries))
    ]


def _shared(project: Project, activation: Activation) -> dict[str, Any]:
    owner = activation.owner
    connection = activation.destination.connection
    return {
        "group_name": "activations",
        "owners": [] if not owner else [owner if "@" in owner or owner.startswith("team:") else f"team:{owner}"],
        "tags": {"remote_segments/activation": activation.name, "remote_segments/connection": connection},
        "kinds": {project.connections[connection].platform},
    }


def _plan_asset(project: Project, activation: Activation, prefix: tuple[str, ...]) -> dg.AssetsDefinition:
    name, key = activation.name, activation_key(activation.name, "activation_plan", prefix)
    mapping = dg.LastPartitionMapping() if activation.source in project.segments else None

    options: dict[str, Any] = dict(
        key=key,
        deps=[dg.AssetDep(segment_key(activation.source, prefix), partition_mapping=mapping)],
        check_specs=[
            dg.AssetCheckSpec(
                SENDABLE, asset=key, blocking=True, description="No person must decide before it is sent."
            )
        ],
        description=f"What sending {activation.source} to {activation.destination.connection} would do now.",
        **_shared(project, activation),
    )

    def activation_plan(context: dg.AssetExecutionContext) -> Results:
        with translated(None):
            plan, held = propose(project, name, run_id=context.run.run_id)
        yield dg.MaterializeResult(asset_key=key, metadata=plan_metadata(plan))
        yield dg.AssetCheckResult(
            passed=held is None,
            check_name=SENDABLE,
            asset_key=key,
            severity=dg.AssetCheckSeverity.ERROR,
            description=None if held is None else f"{held.problem.found} {held.problem.fix}",
            metadata={} if held is None else {"code": held.code, "plan": plan.plan_id},
        )

    made: dg.AssetsDefinition = dg.asset(**options)(activation_plan)
    return made


def _send_asset(
    project: Project, activation: Activation, prefix: tuple[str, ...], retries: dg.RetryPolicy | None
) -> dg.AssetsDefinition:
    name, key = activation.name, activation_key(activation.name, "activation", prefix)

    options: dict[str, Any] = dict(
        key=key,
        deps=[activation_key(name, "activation_plan", prefix)],
        retry_policy=retries,
        description=f"{activation.source}, sent to {activation.destination.connection}.",
        **_shared(project, activation),
    )

    def send(context: dg.AssetExecutionContext, config: SendConfig) -> Results:
        with translated(retries):
            done = apply(project, name, plan_id=config.plan, run_id=context.run.run_id)
        yield dg.MaterializeResult(asset_key=key, metadata={**_overview(project, activation), **send_metadata(done)})

    made: dg.AssetsDefinition = dg.asset(**options)(send)
    return made


def plan_metadata(plan: Plan) -> dict[str, Any]:
    """Counts, as numbers that Dagster plots over time."""
    return {"plan": plan.plan_id, "there already": plan.present, **_words(plan.counts), "calls expected": plan.calls}


def send_metadata(done: Applied) -> dict[str, Any]:
    """What became of those who were sent."""
    if done.send is None:
        return {"plan": done.plan.plan_id, "calls": 0, "unchanged": done.plan.counts["unchanged"]}
    names = ("adds", "removes", "updates", "accepted", "rejected", "unanswered", "skipped", "calls")
    found = {name: getattr(done.send, name) for name in names}
    return {"plan": done.plan.plan_id, **{name: value for name, value in found.items() if value is not None}}


def _overview(project: Project, activation: Activation) -> dict[str, Any]:
    """The steps from enriched to sent as a small picture."""
    from remote_segments.report.sketch import sketch_of_sending
    from remote_segments.sync.analysis.sendings import sending_of

    found = sending_of(project, activation.name)
    return {} if found is None else {"overview": dg.MetadataValue.md(sketch_of_sending(found))}


def _words(counts: Any) -> dict[str, int]:
    return {name.replace("_", " "): number for name, number in counts.items()}


def build_activation_jobs(project: Project, prefix: tuple[str, ...]) -> list[Any]:
    """One job per activation, of its two assets."""
    return [
        dg.define_asset_job(
            job_name(name),
            selection=[activation_key(name, layer, prefix) for layer in ("activation_plan", "activation")],
            description=f"Plan and send {name}.",
            executor_def=dg.in_process_executor,
        )
        for name in sorted(project.activations)
    ]


def job_name(name: str) -> str:
    """The job of an activation."""
    return f"remote_segments_send_{name}"


def _running(project: Project) -> bool:
    return project.environment.schedules and project.environment.activations


def build_activation_schedules(project: Project) -> list[dg.ScheduleDefinition]:
    """A schedule per activation that has a frequency of its own."""
    on = dg.DefaultScheduleStatus.RUNNING if _running(project) else dg.DefaultScheduleStatus.STOPPED
    return [
        dg.ScheduleDefinition(
            name=f"{job_name(name)}_schedule",
            job_name=job_name(name),
            cron_schedule=one.frequency.cron,
            execution_timezone=one.timezone or project.timezone,
            default_status=on,
        )
        for name, one in sorted(project.activations.items())
        if one.frequency is not None
    ]


def build_activation_sensor(project: Project, jobs: Sequence[Any]) -> dg.SensorDefinition | None:
    """Sends what has no frequency whenever its segment or audience was published; each snapshot is asked for once."""
    names = [name for name, one in sorted(project.activations.items()) if one.frequency is None]
    if not names:
        return None
    on = dg.DefaultSensorStatus.RUNNING if _running(project) else dg.DefaultSensorStatus.STOPPED

    @dg.sensor(
        name="remote_segments_activations",
        jobs=jobs,
        minimum_interval_seconds=INTERVAL,
        default_status=on,
        description="Plans and sends an activation when what it sends was published.",
    )
    def activations(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        try:
            found = read_activations(project)
        except RemoteSegmentsError as error:
            yield dg.SkipReason(str(error))
            return
        due = [one for one in found if one.name in names and one.snapshot_id is not None]
        due = [one for one in due if one.sent_snapshot_id != one.snapshot_id]
        if not due:
            yield dg.SkipReason("Nothing was published since it was sent.")
        for one in due:
            yield dg.RunRequest(run_key=f"{one.name}:{one.snapshot_id}", job_name=job_name(one.name))

    return activations
