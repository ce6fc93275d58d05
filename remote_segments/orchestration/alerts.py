"""Alerts: one when the state of a segment changes for the worse, one when it is well again, none in between.

The state is judged from the warehouse, once a minute, so it does not matter who refreshed, or whether anybody did.
What a retry may still heal is no state yet: a failed fetch counts once the run that made it has ended.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from remote_segments.config.project import Project
from remote_segments.errors import RemoteSegmentsError
from remote_segments.orchestration.keys import segment_key
from remote_segments.sync.freshness import verdict
from remote_segments.sync.status import SegmentStatus, read_status

ALERT_INTERVAL = 60
"""Seconds between two looks."""

WELL = "recovered"

_WAITING = ("paused", "skipped", "running", "never_fetched", "frozen")
"""States that say nothing new about whether the segment is well."""


@dataclass(frozen=True)
class Alert:
    """What somebody should know about a segment, once.

    `state` is `held` (a person decides), `failed`, `stale` (nothing new for too long) or `recovered`; `code` is the
    stable code behind it; `message` says what was found and what to do, without identifiers or secrets.
    """

    segment: str
    state: str
    code: str | None
    message: str
    at: datetime


Tell = Callable[[Alert], None]
"""What a team does with an alert: a message to a channel, a page."""


def state_of(status: SegmentStatus) -> str | None:
    """The state that alerts are about; None where the last one stands."""
    if status.state == "failed":
        return "failed"
    if status.held is not None:
        return "held"
    if status.state in _WAITING:
        return None
    if status.age == "stale":
        return "stale"
    return None if status.state == "missed" else WELL


def build_alert_sensor(project: Project, asset_prefix: tuple[str, ...], tell: Tell | None) -> dg.SensorDefinition:
    """Judges every segment once a minute; an alert is an observation of the asset, a line in the log, and `tell`."""
    on = project.environment.schedules

    @dg.sensor(
        name="remote_segments_alert_sensor",
        minimum_interval_seconds=ALERT_INTERVAL,
        default_status=dg.DefaultSensorStatus.RUNNING if on else dg.DefaultSensorStatus.STOPPED,
        description="Tells once when a segment is held, fails or grows stale, and once when it is well again.",
    )
    def alert_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        known: dict[str, dict[str, Any]] = json.loads(context.cursor or "{}")
        told = []
        for alert, seen in _seen(context, project, known, datetime.now(UTC)):
            if alert is not None and not _told(context, alert, tell):
                continue  # it is told in a minute
            known[seen.pop("name")] = seen
            if alert is not None:
                told.append(_observation(alert, asset_prefix))
        cursor = json.dumps(known, sort_keys=True)
        if cursor == context.cursor:
            return dg.SkipReason("No state changed.")
        return dg.SensorResult(asset_events=told, cursor=cursor)

    return alert_sensor


def _seen(
    context: dg.SensorEvaluationContext, project: Project, known: dict[str, dict[str, Any]], now: datetime
) -> list[tuple[Alert | None, dict[str, Any]]]:
    """For each segment what the cursor shall remember, and the alert where the state is another one."""
    try:
        statuses = read_status(project, now)
    except RemoteSegmentsError as error:
        # Data grows older while nobody can look at it: what was seen last is judged again.
        context.log.warning(str(error))
        return [_aged(project, name, seen, now) for name, seen in known.items() if name in project.published]
    return [_judged(context, status, known.get(status.name, {}), now) for status in statuses]


def _judged(
    context: dg.SensorEvaluationContext, status: SegmentStatus, before: dict[str, Any], now: datetime
) -> tuple[Alert | None, dict[str, Any]]:
    last = before.get("state", WELL)
    state = state_of(status)
    if state is None or (state == "failed" and _may_heal(context, status.run_id)):
        state = last
    at = status.snapshot_at.isoformat() if status.snapshot_at else None
    seen = {"name": status.name, "state": state, "at": at, "frozen": status.state == "frozen"}
    if state == last:
        return None, seen
    hold = status.held if state == "held" else None
    code = hold.reason if hold else status.reason
    said = {WELL: status.message or status.age_message, "stale": status.age_message}
    message = (hold.message if hold else said.get(state, status.message)) or ""
    return Alert(status.name, state, code if state in ("held", "failed") else None, message, now), seen


def _aged(project: Project, name: str, seen: dict[str, Any], now: datetime) -> tuple[Alert | None, dict[str, Any]]:
    at = datetime.fromisoformat(seen["at"]) if seen["at"] else None
    word, message = verdict(project.published[name], at, now)
    if seen["state"] != WELL or word != "stale" or seen.get("frozen"):
        return None, {"name": name, **seen}
    return Alert(name, "stale", None, message, now), {"name": name, **seen, "state": "stale"}


def _may_heal(context: dg.SensorEvaluationContext, run_id: str | None) -> bool:
    """Whether the run that failed is still at it, or Dagster will start it again."""
    run = context.instance.get_run_by_id(run_id) if run_id else None
    return run is not None and (not run.is_finished or run.tags.get("dagster/will_retry") == "true")


def _told(context: dg.SensorEvaluationContext, alert: Alert, tell: Tell | None) -> bool:
    """Tells; False when that failed."""
    log = context.log.info if alert.state == WELL else context.log.error
    log(f"{alert.segment}: {alert.state}. {alert.message}")
    if tell is None:
        return True
    try:
        tell(alert)
    except Exception as error:  # of the team's own code: no other alert is lost by it
        context.log.exception(f"{alert.segment}: the alert was not told: {type(error).__name__}.")
        return False
    return True


def _observation(alert: Alert, asset_prefix: tuple[str, ...]) -> dg.AssetObservation:
    return dg.AssetObservation(
        asset_key=segment_key(alert.segment, asset_prefix),
        description=f"{alert.state}: {alert.message}",
        metadata={"alert": alert.state, "code": alert.code or "", "message": alert.message},
    )
