"""The rows of `sends`: one per plan that was sent or waits for a person, with its state and counts."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from remote_segments.membership.literals import literal, quoted, table_name
from remote_segments.sync.activation.terms import Terms
from remote_segments.sync.rows import append_row, change_row
from remote_segments.warehouses.base import Session

PLANNED = ("adds", "removes", "updates", "unchanged", "suppressed", "without_consent", "not_addressable", "held_out",
           "later_adds", "later_removes", "waiting", "refused", "unknown")  # fmt: skip
"""Counts of a plan."""


@dataclass(frozen=True, kw_only=True)
class Send:
    """One row, with the columns of `membership.tables.SENDS` and what they mean there."""

    activation: str
    send_id: str
    state: str
    reason: str | None = None
    message: str | None = None
    environment: str | None = None
    destination: str | None = None
    mode: str | None = None
    source: str | None = None
    snapshot_id: str | None = None
    model: str | None = None
    key_columns: str | None = None
    identifiers: str | None = None
    run_id: str | None = None
    planned_at: datetime | None = None
    finished_at: datetime | None = None
    present: int | None = None
    adds: int | None = None
    removes: int | None = None
    updates: int | None = None
    unchanged: int | None = None
    suppressed: int | None = None
    without_consent: int | None = None
    not_addressable: int | None = None
    held_out: int | None = None
    later_adds: int | None = None
    later_removes: int | None = None
    waiting: int | None = None
    refused: int | None = None
    unknown: int | None = None
    accepted: int | None = None
    rejected: int | None = None
    unanswered: int | None = None
    skipped: int | None = None
    calls: int | None = None
    seconds: float | None = None
    numbers: str | None = None
    approved_by: str | None = None

    @property
    def rows(self) -> int:
        """Rows that its plan sends."""
        return (self.adds or 0) + (self.removes or 0) + (self.updates or 0)


COLUMNS = tuple(field.name for field in fields(Send))


def send_of(terms: Terms, send_id: str, state: str, snapshot_id: str | None, **values: Any) -> Send:
    """A row of an activation as its file has it now, not stored yet."""
    return Send(
        activation=terms.activation,
        send_id=send_id,
        state=state,
        environment=terms.environment,
        destination=terms.destination,
        mode=terms.mode,
        source=terms.source,
        snapshot_id=snapshot_id,
        model=terms.model_name,
        key_columns=terms.key_columns,
        **values,
    )


def insert(session: Session, send: Send) -> None:
    """Appends one row."""
    append_row(session, "sends", send)


def update(session: Session, send: Send, **values: Any) -> Send:
    """Writes new values into a send's row; returns it as it now stands."""
    return change_row(session, "sends", send, ("activation", "send_id"), **values)


def sends(session: Session, activation: str | None = None, *states: str) -> list[Send]:
    """The sends of an activation, or of all, newest first; only those in one of the states where any is named."""
    if session.relation("sends", session.schema) is None:
        return []
    wanted = [f"activation = {literal(activation)}"] if activation else []
    wanted += [f"state IN ({', '.join(map(literal, states))})"] if states else []
    rows = session.rows(
        f"SELECT {', '.join(map(quoted, COLUMNS))} FROM {table_name(session.schema, 'sends')} "
        f"{'WHERE ' + ' AND '.join(wanted) if wanted else ''} ORDER BY planned_at DESC, send_id DESC"
    )
    return [Send(**dict(zip(COLUMNS, row, strict=True))) for row in rows]


def get(session: Session, activation: str, send_id: str) -> Send | None:
    """One send of an activation; None if there is none of that id."""
    return next((one for one in sends(session, activation) if one.send_id == send_id), None)


def supersede(session: Session, activation: str, but: str | None = None) -> None:
    """Closes the plans that wait for a person, or were approved and never sent: a newer one takes their place."""
    session.execute(
        f"UPDATE {table_name(session.schema, 'sends')} SET state = 'superseded' WHERE activation = "
        f"{literal(activation)} AND state IN ('held', 'approved') AND send_id <> {literal(but or '')}"
    )
