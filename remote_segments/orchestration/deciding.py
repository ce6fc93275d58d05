"""A person's decision on a held snapshot, as a job with typed configuration: one for the whole project.

The command line runs the same job in its own process, so that the UI shows every decision, whoever took it where.
"""

from datetime import UTC, datetime
from enum import Enum
from typing import Any

import dagster as dg
from pydantic import Field

from remote_segments.config.moments import moment_to_come
from remote_segments.config.project import Project
from remote_segments.orchestration import checks, metadata
from remote_segments.orchestration.failures import translated
from remote_segments.orchestration.keys import segment_key
from remote_segments.sync.activation.deciding import decide as decide_on_plan
from remote_segments.sync.deciding import RAISED_FOR, Choice, Decided, decide

JOB, DECIDE = "remote_segments_decide", "decide"
"""The names of the job and of its one op."""


class What(Enum):
    """What is done with the held snapshot."""

    approve = "approve"
    reject = "reject"


class DecisionConfig(dg.Config):
    """What a person writes into the Launchpad."""

    segment: str = Field(description="The segment or activation whose hold is decided on.")
    decision: What = Field(description="`approve` publishes this very snapshot, `reject` drops it for good.")
    by: str = Field(description="Who decides; kept in the table `decisions`.")
    reason: str = Field(description="Why, for whoever reads that table; it names no member.")
    raise_limit: bool = Field(False, description="Let the next snapshots through that go as far as this one.")
    until: str | None = Field(None, description="When a raised limit ends, as 2026-12-24; by default in 7 days.")
    snapshot_id: str | None = Field(None, description="The held snapshot that you looked at; by default the newest.")


def build_decision_job(project: Project, asset_prefix: tuple[str, ...]) -> dg.JobDefinition:
    """The job that approves or rejects a held snapshot."""

    @dg.op(name=DECIDE, description="Approves or rejects what is held.")
    def decide_on_held(context: dg.OpExecutionContext, config: DecisionConfig) -> None:
        if config.segment in project.activations:
            with translated(None):
                decision, _ = decide_on_plan(
                    project, config.segment, _choice(project, config), now=datetime.now(UTC), run_id=context.run_id
                )
            context.log.info(f"{config.segment}: {decision.decision} by {decision.decided_by}.")
            return
        with translated(None):
            done = decide(
                project,
                config.segment,
                _choice(project, config),
                now=datetime.now(UTC),
                run_id=context.run_id,
            )
        key = segment_key(config.segment, asset_prefix)
        context.log.info(f"{config.segment}: {done.decision.decision} by {done.decision.decided_by}.")
        for event in _events(project, done, key):
            context.log_event(event)

    @dg.job(
        name=JOB,
        description="Decide on the held snapshot of a segment: publish this very one, or drop it.",
        executor_def=dg.in_process_executor,
    )
    def decision_job() -> None:
        decide_on_held()

    return decision_job


def _choice(project: Project, config: DecisionConfig) -> Choice:
    now = datetime.now(UTC)
    until = None
    if config.raise_limit or config.until:
        sent = project.activations.get(config.segment)
        zone = sent.timezone or project.timezone if sent else project.timezone_of(project.named(config.segment))
        until = moment_to_come(config.until, zone, now, "until") if config.until else now + RAISED_FOR
    return Choice(
        approve=config.decision is What.approve,
        by=config.by,
        reason=config.reason,
        snapshot_id=config.snapshot_id or None,
        raise_until=until,
    )


def _events(project: Project, done: Decided, key: dg.AssetKey) -> list[Any]:
    """What the asset shows: the verdict of its window anew and, if it was published, its materialization."""
    row, decision = done.snapshot, done.decision
    approved = row.state == "published"
    verdict = dg.AssetCheckEvaluation(
        asset_key=key,
        check_name=checks.PUBLISHABLE,
        passed=approved,
        # Whoever rejects a snapshot has looked at it: what is published is good, and nothing downstream need wait.
        severity=dg.AssetCheckSeverity.WARN,
        blocking=True,
        description=f"{decision.decision.capitalize()} by {decision.decided_by}: {decision.reason}",
        metadata=checks.numbers_of(row.numbers),
        partition=row.partition_key,
    )
    if not approved:
        return [verdict]
    audience = row.segment in project.audiences
    shown = metadata.of_audience(project, row) if audience else metadata.published(project, row)
    return [dg.AssetMaterialization(asset_key=key, partition=row.partition_key, metadata=shown), verdict]
