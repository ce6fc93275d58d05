"""The sensors of a project: one that judges the age of the data, one that acts on refreshed models."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg

from remote_segments.config.project import Project
from remote_segments.errors import RemoteSegmentsError
from remote_segments.orchestration.checks import DATA_AGE
from remote_segments.orchestration.keys import segment_key
from remote_segments.sync.status import SegmentStatus, read_status

AGE_INTERVAL = 60
"""Seconds between two looks at the age of the data; a verdict is written only when it changes."""

_SEVERITY = {"late": dg.AssetCheckSeverity.WARN}


def _status(project: Project) -> dg.DefaultSensorStatus:
    on = project.environment.schedules
    return dg.DefaultSensorStatus.RUNNING if on else dg.DefaultSensorStatus.STOPPED


def build_age_check(project: Project, asset_prefix: tuple[str, ...]) -> dg.AssetChecksDefinition:
    """The check `data_age` of every segment, which a person may also run by hand."""
    names = {segment_key(name, asset_prefix): name for name in project.segments}

    @dg.multi_asset_check(
        name="remote_segments_data_age",
        specs=[
            dg.AssetCheckSpec(DATA_AGE, asset=key, description="The instant the ids were fetched is recent enough.")
            for key in names
        ],
        can_subset=True,
    )
    def data_age(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        wanted = {key.asset_key for key in context.selected_asset_check_keys}
        for status in read_status(project, datetime.now(UTC)):
            key = segment_key(status.name, asset_prefix)
            if key in wanted:
                yield dg.AssetCheckResult(
                    passed=status.fresh,
                    check_name=DATA_AGE,
                    asset_key=key,
                    severity=_SEVERITY.get(status.age, dg.AssetCheckSeverity.ERROR),
                    description=status.age_message,
                    metadata=_metadata(status),
                )

    return data_age


def _metadata(status: SegmentStatus) -> dict[str, dg.MetadataValue]:
    at = status.snapshot_at
    return {"snapshot instant": dg.MetadataValue.timestamp(at)} if at else {}


def build_age_sensor(project: Project, asset_prefix: tuple[str, ...]) -> dg.SensorDefinition:
    """Judges the age of every segment's data once a minute; writes a verdict only when it changes."""

    @dg.sensor(
        name="remote_segments_data_age_sensor",
        minimum_interval_seconds=AGE_INTERVAL,
        default_status=_status(project),
        description="Judges how old the data of each segment is, whatever ran last.",
    )
    def data_age_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        before: dict[str, str] = json.loads(context.cursor or "{}")
        try:
            statuses = read_status(project, datetime.now(UTC))
        except RemoteSegmentsError as error:
            return dg.SkipReason(str(error))
        changed = [status for status in statuses if before.get(status.name) != _said(status)]
        if not changed:
            return dg.SkipReason("No verdict changed.")
        return dg.SensorResult(
            asset_events=[_evaluation(status, asset_prefix) for status in changed],
            cursor=json.dumps({status.name: _said(status) for status in statuses}, sort_keys=True),
        )

    return data_age_sensor


def _said(status: SegmentStatus) -> str:
    """What makes a verdict worth writing again: another one, or the same on other data."""
    return f"{status.age} {status.snapshot_at.isoformat() if status.snapshot_at else ''}"


def _evaluation(status: SegmentStatus, asset_prefix: tuple[str, ...]) -> dg.AssetCheckEvaluation:
    return dg.AssetCheckEvaluation(
        asset_key=segment_key(status.name, asset_prefix),
        check_name=DATA_AGE,
        passed=status.fresh,
        severity=_SEVERITY.get(status.age, dg.AssetCheckSeverity.ERROR),
        description=status.age_message,
        metadata=_metadata(status),
    )


def build_automation_sensor(project: Project, keys: list[dg.AssetKey]) -> dg.AutomationConditionSensorDefinition:
    """Evaluates the conditions of our own assets only; Dagster's default one for the location is created stopped."""
    return dg.AutomationConditionSensorDefinition(
        "remote_segments_automation",
        target=dg.AssetSelection.assets(*keys),
        default_status=_status(project),
        description="Maps the latest snapshot again when its data model was refreshed.",
    )
