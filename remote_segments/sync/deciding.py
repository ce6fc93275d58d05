"""What a person decides on the held snapshot of a segment: publish this very one, or drop it."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from remote_segments.errors import ProjectError
from remote_segments.sync.decisions import Decision, append, read_decisions
from remote_segments.sync.deriving import stored_identifiers
from remote_segments.sync.holding import open_hold
from remote_segments.sync.plan import Plan, plan_for
from remote_segments.sync.publication import mark_published, write_segment
from remote_segments.sync.snapshots import Snapshot, get, latest_published, newest_complete, update
from remote_segments.sync.store import ensure_store
from remote_segments.sync.writing import Writing
from remote_segments.warehouses.base import Session, Warehouse

if TYPE_CHECKING:
    from remote_segments.config.project import Project

RAISED_FOR = timedelta(days=7)
"""How long a raised limit holds where nobody says until when."""

_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What a person says about a held snapshot.

    `snapshot_id` is the one whose numbers they saw, where they name it; `raise_until` an instant up to which the limits
    that held it shall let as much through.
    """

    approve: bool
    by: str
    reason: str
    snapshot_id: str | None = None
    raise_until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Decided:
    """A decision as it was recorded, and the row of its snapshot as it now stands."""

    decision: Decision
    snapshot: Snapshot


class Held(Protocol):
    """What a guard found: the row of a snapshot, or of a plan to send."""

    @property
    def reason(self) -> str | None:
        """The guard's code."""

    @property
    def message(self) -> str | None:
        """The sentence behind it."""

    @property
    def numbers(self) -> str | None:
        """What was compared, as JSON."""


@dataclass(frozen=True)
class Subject:
    """What is decided on."""

    name: str
    """The segment, audience or activation."""
    held_id: str
    published_id: str | None
    """The published snapshot that it was counted against."""
    where: str
    """The place that errors name."""
    what: str = "snapshot"


def decision_on(subject: Subject, held: Held, choice: Choice, *, now: datetime, run_id: str | None) -> Decision:
    """What a person decides on something that is held, as it is recorded.

    Raises:
        ProjectError: `limit-not-raisable`.
    """
    return Decision(
        segment=subject.name,
        snapshot_id=subject.held_id,
        decided_at=now,
        decided_by=choice.by,
        decision="approved" if choice.approve else "rejected",
        reason=choice.reason,
        guard=held.reason,
        message=held.message,
        numbers=held.numbers,
        published_id=subject.published_id,
        raised_limits=_raised(subject, held) if choice.raise_until else None,
        raised_until=choice.raise_until,
        run_id=run_id,
    )


def _raised(subject: Subject, held: Held) -> str:
    """The limits that would have let something through that is held, as JSON.

    Raises:
        ProjectError: `limit-not-raisable`.
    """
    needed = json.loads(held.numbers or "{}").get("needed")
    if not needed:
        raise ProjectError(
            "limit-not-raisable",
            f"{held.reason} has no limit that could be raised.",
            f"Approve this one {subject.what} without --raise-limit.",
            subject.where,
        )
    return json.dumps(needed)


def decide(
    project: "Project", segment_name: str, choice: Choice, *, now: datetime, run_id: str | None = None
) -> Decided:
    """Publishes the held snapshot of a segment, or rejects it; the decision is recorded in the same transaction.

    Args:
        project: the loaded project.
        segment_name: the segment.
        choice: what the person says.
        now: the instant of the decision.
        run_id: the run that carries it out.

    Raises:
        ProjectError: `unknown-segment`, `nothing-held`, `hold-outdated`, `limit-not-raisable`, `bad-value`; what is
            wrong with the model.
    """
    plan = plan_for(project, segment_name)
    return decide_with(project.open_warehouse(), plan, choice, now=now, run_id=run_id)


def decide_with(
    warehouse: Warehouse, plan: Plan, choice: Choice, *, now: datetime, run_id: str | None = None
) -> Decided:
    """Does what `decide` does, for a plan."""
    check_words(choice, plan.where, now)
    with warehouse.write(plan.segment) as session:
        ensure_store(session)
        held = _held(session, plan, choice)
        subject = Subject(plan.segment, held.snapshot_id, held.previous_id, plan.where)
        decision = decision_on(subject, held, choice, now=now, run_id=run_id)
        done = _published(session, plan, held, choice, now) if choice.approve else _rejected(session, held, choice)
        append(session, decision)
    return Decided(decision=decision, snapshot=done)


def check_words(choice: Choice, where: str, now: datetime) -> None:
    """Checks what was written by hand, before anything is opened.

    Raises:
        ProjectError: `bad-value`.
    """
    if not choice.by.strip() or not choice.reason.strip():
        found = "A decision needs the name of who decides, and a reason."
        raise ProjectError("bad-value", found, "Write both, for whoever reads the table of decisions.", where)
    if _ADDRESS.search(choice.reason):
        raise ProjectError(
            "bad-value",
            "The reason holds an e-mail address; decisions are kept for ever, also when that person is erased.",
            "Write it without naming a member.",
            where,
        )
    if choice.raise_until is None:
        return
    if not choice.approve:
        found = "A limit is raised with an approval; this is a rejection."
        raise ProjectError("bad-value", found, "Leave --raise-limit out.", where)
    if choice.raise_until <= now:
        raise ProjectError("bad-value", "The raised limit would have ended already.", "Name a moment to come.")


def _held(session: Session, plan: Plan, choice: Choice) -> Snapshot:
    """The open hold, checked to be what the person means and what can still be decided."""
    held = open_hold(session, plan.segment)
    if held is None:
        raise ProjectError(
            "nothing-held",
            f"No snapshot of {plan.segment} is held.{_last_decision(session, plan)}",
            f"See `remote-segments status`; `remote-segments run {plan.segment}` fetches again.",
            plan.where,
        )
    if choice.snapshot_id not in (None, held.snapshot_id):
        raise _outdated(plan, f"Snapshot {held.snapshot_id} is held by now, not {choice.snapshot_id} any more.")
    if not choice.approve:
        return held
    newest = newest_complete(session, plan.segment)
    if newest is not None and newest.snapshot_id != held.snapshot_id:
        raise _outdated(plan, f"Newer ids than the held ones were fetched at {_clock(newest.fetched_at)}.")
    latest = latest_published(session, plan.segment)
    if held.previous_id != (latest.snapshot_id if latest else None):
        raise _outdated(
            plan,
            f"It was counted against snapshot {held.previous_id or 'nothing'}; "
            f"{latest.snapshot_id if latest else 'nothing'} is published now.",
        )
    if (held.definition_hash, held.key_columns) != (plan.definition_hash, plan.key_columns):
        raise _outdated(plan, "The files that define the segment were edited since it was held.")
    return held


def _last_decision(session: Session, plan: Plan) -> str:
    """Who decided last: two people may be on call."""
    decisions = read_decisions(session, plan.segment)
    if not decisions:
        return ""
    last = decisions[-1]
    return f" The last held one was {last.decision} by {last.decided_by} at {_clock(last.decided_at)}."


def _outdated(plan: Plan, found: str) -> ProjectError:
    fix = f"Nothing was decided. Run `remote-segments run {plan.segment}`: what passes is published, else decide on it."
    return ProjectError("hold-outdated", found, fix, plan.where)


def _published(session: Session, plan: Plan, held: Snapshot, choice: Choice, now: datetime) -> Snapshot:
    """Publishes the keys as they were held; their events are counted now, as nobody could see them before."""
    latest = get(session, plan.segment, held.previous_id) if held.previous_id else None
    writing = Writing(
        session=session, plan=plan, snapshot=held, previous=latest, identifiers=stored_identifiers(session)
    )
    events = writing.corrected_changes()
    rows = write_segment(session, plan, held, latest)
    if rows != held.mapped:
        raise _outdated(plan, f"The model has {rows:,} of the {held.mapped or 0:,} people of the held snapshot by now.")
    return mark_published(session, plan, update(session, held, **events), now, approved_by=choice.by)


def _rejected(session: Session, held: Snapshot, choice: Choice) -> Snapshot:
    message = f"Rejected by {choice.by}: {choice.reason}"
    return update(session, held, state="rejected", message=message)


def _clock(instant: datetime | None) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if instant else "an unknown time"
