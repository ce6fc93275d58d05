"""The sensors of a project: one that judges the age of the data, one that acts on refreshed models."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg

from remote_segments.config.project import Project
from remote_segments.errors import RemoteSegmentsError
from remote_segments.orchestration.checks import DATA_AGE
from remote_segments.orchestration.keys import segment_key
from remote_segments.sync.freshness import verdict
from remote_segments.sync.status import read_status

AGE_INTERVAL = 60
"""Seconds between two looks at the age of the data; a verdict is written only when it changes."""

_SEVERITY = {"late": dg.AssetCheckSeverity.WARN}

_WELL = ("fresh", "frozen")
"""Verdicts that need nobody: a frozen segment is old on purpose, and an alarm for ever would say nothing."""


@dataclass(frozen=True)
class Age:
    """How old the data of a segment is, in a word and a sentence."""

    name: str
    word: str
    message: str
    snapshot_at: datetime | None

    @property
    def said(self) -> str:
        """What makes a verdict worth writing again: another one, or the same on other data."""
        return f"{self.word} {self.snapshot_at.isoformat() if self.snapshot_at else ''}"


def _status(project: Project) -> dg.DefaultSensorStatus:
    on = project.environment.schedules
    return dg.DefaultSensorStatus.RUNNING if on else dg.DefaultSensorStatus.STOPPED


def build_age_check(project: Project, asset_prefix: tuple[str, ...]) -> dg.AssetChecksDefinition:
    """The check `data_age` of every segment, which a person may also run by hand."""
    names = {segment_key(name, asset_prefix): name for name in project.published}

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
                    passed=status.age in _WELL,
                    check_name=DATA_AGE,
                    asset_key=key,
                    severity=_SEVERITY.get(status.age, dg.AssetCheckSeverity.ERROR),
                    description=status.age_message,
                    metadata=_metadata(status.snapshot_at),
                )

    return data_age


def _metadata(at: datetime | None) -> dict[str, dg.MetadataValue]:
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
        now = datetime.now(UTC)
        try:
            ages = [Age(one.name, one.age, one.age_message, one.snapshot_at) for one in read_status(project, now)]
        except RemoteSegmentsError as error:
            # Data grows older while nobody can look at it: what was seen last is judged again.
            context.log.warning(str(error))
            ages = [_aged(project, name, said, now) for name, said in before.items() if name in project.published]
        changed = [age for age in ages if before.get(age.name) != age.said]
        if not changed:
            return dg.SkipReason("No verdict changed.")
        return dg.SensorResult(
            asset_events=[_evaluation(age, asset_prefix) for age in changed],
            cursor=json.dumps({**before, **{age.name: age.said for age in ages}}, sort_keys=True),
        )

    return data_age_sensor


def _aged(project: Project, name: str, said: str, now: datetime) -> Age:
    """The age, now, of what the cursor remembers; what was frozen stays so until somebody can look."""
    word, _, instant = said.partition(" ")
    snapshot_at = datetime.fromisoformat(instant) if instant else None
    if word == "frozen":
        return Age(name, word, "It was frozen when the warehouse could be read last.", snapshot_at)
    return Age(name, *verdict(project.published[name], snapshot_at, now), snapshot_at)


def _evaluation(age: Age, asset_prefix: tuple[str, ...]) -> dg.AssetCheckEvaluation:
    return dg.AssetCheckEvaluation(
        asset_key=segment_key(age.name, asset_prefix),
        check_name=DATA_AGE,
        passed=age.word in _WELL,
        severity=_SEVERITY.get(age.word, dg.AssetCheckSeverity.ERROR),
        description=age.message,
        metadata=_metadata(age.snapshot_at),
    )


def build_automation_sensor(project: Project, keys: list[dg.AssetKey]) -> dg.AutomationConditionSensorDefinition:
    """Evaluates the conditions of our own assets only; Dagster's default one for the location is created stopped."""
    return dg.AutomationConditionSensorDefinition(
        "remote_segments_automation",
        target=dg.AssetSelection.assets(*keys),
        default_status=_status(project),
        description="What follows a refreshed model, source or input: maps again, reads again, combines anew.",
    )
