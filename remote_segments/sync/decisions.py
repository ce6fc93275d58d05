"""The rows of `decisions`: what people decided on held snapshots; appended, never changed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from remote_segments.membership.literals import literal, quoted, table_name
from remote_segments.sync.rows import append_row
from remote_segments.warehouses.base import Session


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One row, with the columns of `membership.tables.DECISIONS` and what they mean there."""

    segment: str
    snapshot_id: str
    decided_at: datetime
    decided_by: str
    decision: str
    reason: str
    guard: str | None = None
    message: str | None = None
    numbers: str | None = None
    published_id: str | None = None
    raised_limits: str | None = None
    raised_until: datetime | None = None
    run_id: str | None = None


COLUMNS = tuple(field.name for field in fields(Decision))


@dataclass(frozen=True)
class Raised:
    """A limit of a segment that somebody raised for a while."""

    guard: str
    value: float
    by: str
    until: datetime

    def __str__(self) -> str:
        what = f"`{self.guard}` is on" if self.guard == "allow_empty" else f"`{self.guard}` is {self.value:g} %"
        return f"{what} until {self.until:%Y-%m-%d %H:%M %Z}, raised by {self.by}"


def append(session: Session, decision: Decision) -> None:
    """Adds a row."""
    append_row(session, "decisions", decision)


def read_decisions(session: Session, segment: str | None = None) -> list[Decision]:
    """The decisions on a segment, or on all, oldest first."""
    if session.relation("decisions", session.schema) is None:
        return []
    condition = f"WHERE segment = {literal(segment)} " if segment else ""
    rows = session.rows(
        f"SELECT {', '.join(map(quoted, COLUMNS))} FROM {table_name(session.schema, 'decisions')} {condition}"
        "ORDER BY decided_at, snapshot_id"
    )
    return [Decision(**dict(zip(COLUMNS, row, strict=True))) for row in rows]


def raised(decisions: Sequence[Decision], now: datetime) -> list[Raised]:
    """The raised limits that hold now; of several for one guard the newest counts."""
    found: dict[str, Raised] = {}
    for one in decisions:
        for guard, value in json.loads(one.raised_limits or "{}").items():
            if one.raised_until is not None:
                found[guard] = Raised(guard, value, one.decided_by, one.raised_until)
    return [one for one in found.values() if now < one.until]


def raised_limits(session: Session, segment: str, now: datetime) -> dict[str, float]:
    """The raised limits of a segment that hold now, by the names they have under `guards`."""
    return {one.guard: one.value for one in raised(read_decisions(session, segment), now)}
