"""What stands of every segment: its latest published snapshot, what happened since, and how old its data is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from remote_segments.config.project import Project
from remote_segments.config.segment import Segment
from remote_segments.membership.literals import table_name
from remote_segments.membership.tables import REASONS
from remote_segments.sync.freezing import Freeze, read_freezes
from remote_segments.sync.freshness import verdict
from remote_segments.sync.pausing import Pause, read_pauses
from remote_segments.sync.store import reading
from remote_segments.warehouses.base import Session

UNFINISHED = ("fetched", "mapped")
"""States of a snapshot whose refresh runs now, or stopped before it published."""

_COLUMNS = (
    "segment", "snapshot_id", "state", "reason", "message", "fetched_at", "data_at", "effective_at", "published_at",
    "fetched", "mapped", *REASONS, "joined_count", "left_count", "completeness", "calls", "seconds", "source_name",
    "warning", "remote_state", "drift",
)  # fmt: skip


@dataclass(frozen=True)
class SegmentStatus:
    """One segment as it stands; counts are those of the latest published snapshot, None before the first.

    `state` is what a person should know first: `never_fetched`, `published`, `empty` (proven to have no members),
    and, when the newest attempt did not publish, `held`, `failed`, `missed`, `skipped`, `running`; `paused`; `frozen`
    (expired, or deleted on the platform: what is published stays). `drift` is what the platform changed with the
    snapshot that is published.
    """

    name: str
    state: str
    reason: str | None
    message: str | None
    fetched: int | None
    mapped: int | None
    unmapped: Mapping[str, int] | None
    joined: int | None
    left: int | None
    snapshot_at: datetime | None
    seconds: float | None
    age: str
    age_message: str
    remote_name: str | None = None
    remote_state: str | None = None
    drift: str | None = None

    @property
    def fresh(self) -> bool:
        """Whether the data is young enough; a late segment is not, nor is a frozen one."""
        return self.age == "fresh"

    def as_json(self) -> dict[str, Any]:
        """The published form, kept stable for scripts."""
        return {
            "name": self.name,
            "state": self.state,
            "reason": self.reason,
            "message": self.message,
            "fetched": self.fetched,
            "mapped": self.mapped,
            "unmapped": dict(self.unmapped) if self.unmapped is not None else None,
            "joined": self.joined,
            "left": self.left,
            "seconds": None if self.seconds is None else round(self.seconds, 3),
            "snapshot_at": self.snapshot_at.isoformat() if self.snapshot_at else None,
            "remote_name": self.remote_name,
            "remote_state": self.remote_state,
            "drift": self.drift,
            "age": self.age,
            "fresh": self.fresh,
        }


PUBLISHED_ORDER = "effective_at DESC, snapshot_id DESC"
"""The published snapshot that everybody reads comes first: a fetch that was mapped late is older than its id says."""

ATTEMPT_ORDER = "snapshot_id DESC"
"""Ids sort by the instant they were made, and an attempt that failed has nothing else."""


def _first(session: Session, condition: str, order: str) -> dict[str, dict[str, Any]]:
    """The first row of `snapshots` per segment."""
    relation = session.relation("snapshots", session.schema)
    present = relation.columns if relation else {}  # a release before this one wrote fewer
    columns = ", ".join(f'"{name}"' if name in present else f'NULL AS "{name}"' for name in _COLUMNS)
    rows = session.rows(
        f"SELECT {columns} FROM (SELECT *, row_number() OVER (PARTITION BY segment ORDER BY {order}) AS place "
        f"FROM {table_name(session.schema, 'snapshots')} WHERE {condition}) ranked WHERE place = 1"
    )
    return {row[0]: dict(zip(_COLUMNS, row, strict=True)) for row in rows}


def read_status(project: Project, now: datetime) -> list[SegmentStatus]:
    """The status of every segment of the project, in the order of their names."""
    published: dict[str, dict[str, Any]] = {}
    newest: dict[str, dict[str, Any]] = {}
    with reading(project.open_warehouse()) as session:
        pauses, freezes = read_pauses(session), read_freezes(session, project, now)
        if session.relation("snapshots", session.schema) is not None:
            published = _first(session, "state = 'published'", PUBLISHED_ORDER)
            newest = _first(session, "state IS NOT NULL", ATTEMPT_ORDER)
    return [
        _status(segment, published.get(name), newest.get(name), _Stop(pauses.get(name), freezes.get(name)), now)
        for name, segment in sorted(project.segments.items())
    ]


@dataclass(frozen=True)
class _Stop:
    """Why a segment is not fetched, if it is not."""

    pause: Pause | None
    freeze: Freeze | None


def _status(
    segment: Segment, row: dict[str, Any] | None, newest: dict[str, Any] | None, stop: _Stop, now: datetime
) -> SegmentStatus:
    frozen = str(stop.freeze) if stop.freeze else None
    instant = (row["data_at"] or row["fetched_at"]) if row else None
    age, words = verdict(segment, instant, now, frozen)
    state, reason, message = _state(row, newest)
    message = message or _few_mapped(segment, row)
    if stop.freeze:
        state, reason, message = ("frozen" if row else state), stop.freeze.reason, frozen
    elif stop.pause and stop.pause.holds_at(now):
        state, reason, message = "paused", "paused", str(stop.pause)
    return SegmentStatus(
        name=segment.name,
        state=state,
        reason=reason,
        message=message,
        fetched=row["fetched"] if row else None,
        mapped=row["mapped"] if row else None,
        unmapped={reason: row[reason] for reason in REASONS} if row else None,
        joined=row["joined_count"] if row else None,
        left=row["left_count"] if row else None,
        snapshot_at=instant,
        seconds=row["seconds"] if row else None,
        age=age,
        age_message=words,
        remote_name=row["source_name"] if row else None,
        remote_state=row["remote_state"] if row else None,
        drift=row["drift"] if row else None,
    )


def _few_mapped(segment: Segment, row: dict[str, Any] | None) -> str | None:
    """What is said of a published snapshot whose match rate is below the one that the segment's file names."""
    least = segment.guards.warn_match_rate
    if row is None or least is None or not row["fetched"] or 100 * row["mapped"] >= least * row["fetched"]:
        return None
    rate = 100 * row["mapped"] / row["fetched"]
    return f"{rate:.1f} % of its members are in the model, fewer than {least:g} %: see `unmapped {segment.name}`."


def _state(row: dict[str, Any] | None, newest: dict[str, Any] | None) -> tuple[str, str | None, str | None]:
    """What happened last, in a word; a refresh under way counts only until it is older than what was published."""
    if newest is None:
        return "never_fetched", None, None
    if row is not None and newest["snapshot_id"] == row["snapshot_id"]:
        return ("published" if row["fetched"] else "empty"), None, _said(row)
    if newest["state"] in UNFINISHED and newest["reason"]:
        return "failed", newest["reason"], newest["message"]  # complete, and stopped on the way to its publication
    if newest["state"] in UNFINISHED:
        return "running", None, "Its ids are fetched, and not published: a refresh is under way, or was stopped."
    state = "failed" if newest["state"] == "frozen" else newest["state"]  # a freeze that its file no longer allows
    return state, newest["reason"], newest["message"]


def _said(row: dict[str, Any]) -> str | None:
    """What the platform says against relying on a snapshot, and what it changed with it."""
    return " ".join(filter(None, (row["warning"], row["drift"]))) or None


def last_fetches(project: Project) -> dict[str, tuple[int | None, float | None]]:
    """Members and seconds of the latest published fetch of each segment; segments without one are absent."""
    with reading(project.open_warehouse()) as session:
        if session.relation("snapshots", session.schema) is None:
            return {}
        found = _first(session, "state = 'published' AND kind = 'fetch'", PUBLISHED_ORDER)
    return {name: (row["fetched"], row["seconds"]) for name, row in found.items()}
