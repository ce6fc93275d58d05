"""What stands of every activation: who is there, what was sent last, what waits for a person."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from remote_segments.config.project import Project
from remote_segments.membership.literals import table_name
from remote_segments.sync.activation import records
from remote_segments.sync.activation.records import Send
from remote_segments.sync.snapshots import latest_published
from remote_segments.sync.store import reading
from remote_segments.warehouses.base import Session


@dataclass(frozen=True)
class ActivationStatus:
    """One activation as it stands.

    `state` is what a person should know first: `never_sent`, `applied`, `stopped` (the next run goes on), `sending`,
    and, before anything else, `held`, `approved` or `rejected`.
    """

    name: str
    source: str
    connection: str
    state: str
    reason: str | None
    message: str | None
    plan_id: str | None
    present: int
    unknown: int
    rejected: int
    snapshot_id: str | None
    """The published snapshot of what is sent."""
    sent_snapshot_id: str | None
    """The snapshot that was planned last, whether or not it could be sent."""
    sent_at: datetime | None
    calls: int = 0
    """Calls of the last send."""
    counts: Mapping[str, int | None] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The published form, kept stable for scripts."""
        return {**vars(self), "sent_at": self.sent_at.isoformat() if self.sent_at else None, "counts": {**self.counts}}


def read_activations(project: Project) -> list[ActivationStatus]:
    """The status of every activation of the project, in the order of their names."""
    if not project.activations:
        return []
    with reading(project.open_warehouse()) as session:
        history: dict[str, list[Send]] = {}
        for one in records.sends(session):
            history.setdefault(one.activation, []).append(one)
        people = _people(session)
        return [
            _status(session, project, name, history.get(name, []), people.get(name, {}))
            for name in sorted(project.activations)
        ]


def _people(session: Session) -> dict[str, dict[str, int]]:
    """How many people there are by activation, by whether they are there; `rejected` of those who are not."""
    if session.relation("recipients", session.schema) is None:
        return {}
    found: dict[str, dict[str, int]] = {}
    rows = session.rows(
        "SELECT activation, CASE WHEN present = 'no' AND outcome = 'rejected' THEN 'rejected' ELSE present END, "
        f"count(*) FROM {table_name(session.schema, 'recipients')} GROUP BY 1, 2"
    )
    for activation, what, number in rows:
        found.setdefault(activation, {})[what] = number
    return found


def _status(
    session: Session, project: Project, name: str, history: list[Send], people: Mapping[str, int]
) -> ActivationStatus:
    activation = project.activations[name]
    snapshots = session.relation("snapshots", session.schema) is not None
    published = latest_published(session, activation.source) if snapshots else None
    open_ = next((one for one in history if one.state in ("held", "approved", "rejected")), None)
    sent = next((one for one in history if one.state in ("applied", "stopped", "sending")), None)
    shown = open_ if open_ is not None and open_ is history[0] else sent
    return ActivationStatus(
        name=name,
        source=activation.source,
        connection=activation.destination.connection,
        state=shown.state if shown else "never_sent",
        reason=shown.reason if shown else None,
        message=shown.message if shown else None,
        plan_id=shown.send_id if shown else None,
        present=people.get("yes", 0),
        unknown=people.get("unknown", 0),
        rejected=people.get("rejected", 0),
        snapshot_id=published.snapshot_id if published else None,
        sent_snapshot_id=history[0].snapshot_id if history else None,
        sent_at=sent.finished_at if sent else None,
        calls=(sent.calls or 0) if sent else 0,
        counts={name: getattr(shown, name) for name in ("adds", "removes", "updates")} if shown else {},
    )
