"""The inputs of an audience as they stand now, and whether it may be combined of them: what is stale is never hidden.

An input is `fresh` (young enough, or frozen on purpose), `stale`, `failed` (its newest attempt brought nothing),
`held` (its newest members wait for a person) or `never_fetched`. All but the first need a policy.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from remote_segments.config.duration import duration_text
from remote_segments.errors import TemporaryError
from remote_segments.membership.combination import Source
from remote_segments.sync.plan import Combining, Plan
from remote_segments.sync.snapshots import Snapshot, data_time, latest_published
from remote_segments.sync.status import SegmentStatus, status_in
from remote_segments.warehouses.base import Session


@dataclass(frozen=True)
class Used:
    """An input as it was used: its state then, and its snapshot; None where there was none, so that it is missing."""

    name: str
    state: str
    snapshot_id: str | None = None
    generation: int | None = None
    effective_at: datetime | None = None
    data_at: datetime | None = None


def used_inputs(session: Session, plan: Plan, combining: Combining, now: datetime) -> list[Used]:
    """The inputs that the audience is made of now, each by what it published last.

    Raises:
        TemporaryError: `input-stale`, `input-failed`, `input-held`, `input-never-fetched`, `input-too-old`, for the
            first input that its policy refuses: what is published stays, and the next refresh tries again.
    """
    standing = {one.name: one for one in status_in(session, combining.project, now, combining.inputs)}
    return [_used(session, plan, combining, standing[name], now) for name in combining.inputs]


def _used(session: Session, plan: Plan, combining: Combining, status: SegmentStatus, now: datetime) -> Used:
    state = state_of(status)
    found = latest_published(session, status.name) if status.snapshot_at else None
    if state != "fresh" and combining.policy_of(status.name) == "refuse":
        raise _refused(plan, status, state)
    at = data_time(found) if found else None
    most = combining.max_age
    if state != "fresh" and most is not None:
        if at is None:
            raise _refused(plan, status, state)
        if now - at > most:
            raise _too_old(plan, status, state, most)
    if found is None:
        return Used(status.name, state)
    return Used(status.name, state, found.snapshot_id, found.generation, found.effective_at, at)


def state_of(status: SegmentStatus) -> str:
    """How an input stands: `fresh`, `stale`, `failed`, `held`, `never_fetched`."""
    if status.snapshot_at is None:
        return "never_fetched"
    if status.held is not None:
        return "held"
    if status.state == "failed":
        return "failed"
    return "stale" if status.age == "stale" else "fresh"


def _refused(plan: Plan, status: SegmentStatus, state: str) -> TemporaryError:
    name, where = status.name, plan.where
    fix = (
        f"What is published stays. Mend {name}: `remote-segments status` says what to do. To go on with what "
        "an input published last, write `inputs: {policy: last_good, max_age: ...}`."
    )
    if state == "stale":
        return TemporaryError("input-stale", f"The input `{name}` is stale: {status.age_message}", fix, where)
    if state == "failed":
        return TemporaryError("input-failed", f"The input `{name}` failed [{status.reason}].", fix, where)
    if state == "held":
        found = f"The input `{name}` has newer members, which are held until a person decides."
        return TemporaryError("input-held", found, fix, where)
    return TemporaryError("input-never-fetched", f"The input `{name}` was never published.", fix, where)


def _too_old(plan: Plan, status: SegmentStatus, state: str, most: timedelta) -> TemporaryError:
    found = (
        f"The input `{status.name}` is {state}, and what it published last is older than {duration_text(most)}: "
        f"{status.age_message}"
    )
    fix = f"What is published stays. Mend {status.name}: `remote-segments status`; or raise `inputs: {{max_age: ...}}`."
    return TemporaryError("input-too-old", found, fix, plan.where)


def is_refusal(error: TemporaryError) -> bool:
    """Whether an audience was not combined because of an input: waiting for the input helps, trying again does not."""
    return error.code.startswith("input-")


def sources_of(used: list[Used], combining: Combining) -> dict[str, Source | None]:
    """The inputs as the combination takes them."""
    return {
        one.name: Source(one.snapshot_id, one.generation or 0, combining.same_model(one.name))
        if one.snapshot_id
        else None
        for one in used
    }


def oldest(used: list[Used]) -> Used | None:
    """The input with the oldest data; None where none was used."""
    return min((one for one in used if one.data_at), key=lambda one: one.data_at or datetime.max, default=None)


def warning_of(used: list[Used]) -> str | None:
    """What is said against relying on the audience: inputs that were not as they should be."""
    return " ".join(_warnings(used)) or None


def _warnings(used: list[Used]) -> Iterator[str]:
    for one in used:
        if one.data_at is None:
            yield f"`{one.name}` was never published: nobody is in the audience by it."
        elif one.state != "fresh":
            said = "failed" if one.state == "failed" else f"is {one.state}"
            yield f"`{one.name}` {said}: its ids of {one.data_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC are used."


def inputs_text(used: list[Used]) -> str:
    """The inputs as `snapshots.inputs` holds them: JSON, in the order of the file."""
    return json.dumps([{name: _plain(value) for name, value in asdict(one).items()} for one in used])


def inputs_in(text: str | None) -> list[Used]:
    """The inputs that a snapshot was made of; none for what is no audience."""
    return [_read(one) for one in json.loads(text or "[]")]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _read(written: Mapping[str, Any]) -> Used:
    instants = {name: written[name] and datetime.fromisoformat(written[name]) for name in ("effective_at", "data_at")}
    return Used(written["name"], written["state"], written["snapshot_id"], written["generation"], **instants)


def used_by(snapshot: Snapshot | None) -> dict[str, Used]:
    """The inputs that a snapshot was made of, by name."""
    return {one.name: one for one in inputs_in(snapshot.inputs if snapshot else None)}
