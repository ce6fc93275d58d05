"""Pausing a segment without a deploy: kept in the warehouse, so that every machine and the command line agree."""

import json
from dataclasses import dataclass
from datetime import datetime

from remote_segments.config.project import Project
from remote_segments.membership.literals import table_name, text_literal
from remote_segments.sync.renaming import carry_over
from remote_segments.sync.store import ensure_store
from remote_segments.warehouses.base import Session


@dataclass(frozen=True)
class Pause:
    """Refreshes of a segment are skipped, visibly, until `until` (or until somebody resumes it)."""

    reason: str
    since: datetime
    until: datetime | None

    def holds_at(self, now: datetime) -> bool:
        """Whether the pause is still on."""
        return self.until is None or now < self.until

    def __str__(self) -> str:
        end = f"until {self.until:%Y-%m-%d %H:%M %Z}" if self.until else "until somebody resumes it"
        return f"paused since {self.since:%Y-%m-%d %H:%M %Z}, {end}: {self.reason}"


def _name(segment: str) -> str:
    return f"pause:{segment}"


def read_pauses(session: Session) -> dict[str, Pause]:
    """All pauses that were written, by segment; those that ended are among them until the segment is resumed."""
    if session.relation("meta", session.schema) is None:
        return {}
    found = session.rows(f"SELECT name, value FROM {table_name(session.schema, 'meta')} WHERE name LIKE 'pause:%'")
    return {name.removeprefix("pause:"): _parse(value) for name, value in found}


def _parse(value: str) -> Pause:
    written = json.loads(value)
    until = written["until"]
    return Pause(
        written["reason"], datetime.fromisoformat(written["since"]), datetime.fromisoformat(until) if until else None
    )


def pause_of(project: Project, segment: str, now: datetime) -> Pause | None:
    """The pause that holds for a segment now."""
    with project.open_warehouse().read() as session:
        pause = read_pauses(session).get(segment)
    return pause if pause and pause.holds_at(now) else None


def paused_segments(project: Project, now: datetime) -> set[str]:
    """The segments for which a pause holds now."""
    with project.open_warehouse().read() as session:
        return {name for name, pause in read_pauses(session).items() if pause.holds_at(now)}


def pause(project: Project, segment: str, *, reason: str, until: datetime | None, now: datetime) -> Pause:
    """Pauses a segment, replacing an earlier pause.

    Raises:
        ProjectError: `unknown-segment`.
    """
    project.named(segment)
    written = Pause(reason, now, until)
    value = json.dumps(
        {"reason": reason, "since": now.isoformat(), "until": until.isoformat() if until else None}, sort_keys=True
    )
    with project.open_warehouse().write() as session:
        ensure_store(session)
        carry_over(session, project.named(segment).renamed_from, segment)
        _remove(session, segment)
        session.append("meta", [{"name": _name(segment), "value": value}])
    return written


def resume(project: Project, segment: str) -> bool:
    """Ends a pause; returns whether there was one.

    Raises:
        ProjectError: `unknown-segment`.
    """
    project.named(segment)
    with project.open_warehouse().write() as session:
        ensure_store(session)
        carry_over(session, project.named(segment).renamed_from, segment)
        return _remove(session, segment)


def _remove(session: Session, segment: str) -> bool:
    table = table_name(session.schema, "meta")
    condition = f"WHERE name = {text_literal(_name(segment))}"
    there = bool(session.rows(f"SELECT 1 FROM {table} {condition}"))
    if there:
        session.execute(f"DELETE FROM {table} {condition}")
    return there
