"""What stands of every segment: its latest published snapshot, what happened since, and how old its data is."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from remote_segments.config.audience import Audience
from remote_segments.config.project import Project
from remote_segments.config.segment import Segment
from remote_segments.membership.literals import table_name
from remote_segments.membership.tables import REASONS
from remote_segments.sync.decisions import Decision, Raised, raised, read_decisions
from remote_segments.sync.freezing import Freeze, read_freezes
from remote_segments.sync.freshness import verdict
from remote_segments.sync.pausing import Pause, read_pauses
from remote_segments.sync.snapshots import NEWEST_IDS
from remote_segments.sync.store import reading
from remote_segments.warehouses.base import Session

UNFINISHED = ("fetched", "mapped")
"""States of a snapshot whose refresh runs now, or stopped before it published."""

_COLUMNS = (
    "segment", "snapshot_id", "state", "reason", "message", "fetched_at", "data_at", "effective_at", "published_at",
    "fetched", "mapped", *REASONS, "joined_count", "left_count", "completeness", "calls", "seconds", "source_name",
    "warning", "remote_state", "drift", "run_id", "approved_by", "numbers", "inputs",
)  # fmt: skip


@dataclass(frozen=True)
class Hold:
    """A snapshot that waits for a person: why, and what the guards compared."""

    snapshot_id: str
    fetched_at: datetime | None
    reason: str | None
    message: str | None
    numbers: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """The published form, kept stable for scripts."""
        return {**vars(self), "fetched_at": self.fetched_at and self.fetched_at.isoformat()}


@dataclass(frozen=True)
class SegmentStatus:
    """One segment as it stands; counts are those of the latest published snapshot, None before the first.

    `state` is what a person should know first: `never_fetched`, `published`, `empty` (proven to have no members),
    and, when the newest attempt did not publish, `held`, `rejected`, `failed`, `missed`, `skipped`, `running`;
    `paused`; `frozen` (expired, or deleted on the platform: what is published stays). A snapshot may wait for a person
    in any of them: it is `held`. `drift` is what the platform changed with the snapshot that is published.
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
    held: Hold | None = None
    raised: tuple[Raised, ...] = ()
    run_id: str | None = None
    """The run that made the newest attempt."""
    inputs: tuple[Mapping[str, Any], ...] = ()
    """Of an audience: what the published snapshot was made of, each input with its state then, the oldest first."""

    @property
    def oldest_input(self) -> str | None:
        """The input whose data is the oldest; None for a segment."""
        return next((one["name"] for one in self.inputs if one["data_at"]), None)

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
            "oldest_input": self.oldest_input,
            "inputs": [dict(one) for one in self.inputs],
            "held": self.held and self.held.as_json(),
            "raised_limits": [
                {"guard": one.guard, "value": one.value, "by": one.by, "until": one.until.isoformat()}
                for one in self.raised
            ],
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


@dataclass(frozen=True)
class _Read:
    """What the warehouse says of all segments, by name."""

    published: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    newest: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    held: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    pauses: Mapping[str, Pause] = field(default_factory=dict)
    freezes: Mapping[str, Freeze] = field(default_factory=dict)
    decisions: Sequence[Decision] = ()


def read_status(project: Project, now: datetime) -> list[SegmentStatus]:
    """The status of every segment and audience of the project, in the order of their names."""
    with reading(project.open_warehouse()) as session:
        return status_in(session, project, now)


def status_in(
    session: Session, project: Project, now: datetime, names: Collection[str] | None = None
) -> list[SegmentStatus]:
    """Does what `read_status` does, in a session; of all, or of some."""
    found = _read(session, project, now)
    wanted = sorted(project.published if names is None else names)
    return [_status(project.named(name), found, now) for name in wanted]


def _read(session: Session, project: Project, now: datetime) -> _Read:
    pauses, freezes = read_pauses(session), read_freezes(session, project, now)
    if session.relation("snapshots", session.schema) is None:
        return _Read(pauses=pauses, freezes=freezes)
    return _Read(
        published=_first(session, "state = 'published'", PUBLISHED_ORDER),
        newest=_first(session, "state <> 'superseded'", ATTEMPT_ORDER),
        held=_first(session, "state = 'held'", NEWEST_IDS),
        pauses=pauses,
        freezes=freezes,
        decisions=read_decisions(session),
    )


def _status(segment: Segment | Audience, found: _Read, now: datetime) -> SegmentStatus:
    row, paused = found.published.get(segment.name), found.pauses.get(segment.name)
    freeze = found.freezes.get(segment.name)
    frozen = str(freeze) if freeze else None
    instant = (row["data_at"] or row["fetched_at"]) if row else None
    age, words = verdict(segment, instant, now, frozen)
    newest = found.newest.get(segment.name)
    state, reason, message = _state(row, newest)
    message = message or _few_mapped(segment, row)
    if freeze:
        state, reason, message = ("frozen" if row else state), freeze.reason, frozen
    elif paused and paused.holds_at(now):
        state, reason, message = "paused", "paused", str(paused)
    made_of = _inputs(row)
    if made_of and made_of[0]["data_at"]:
        words += f" The oldest are those of the input `{made_of[0]['name']}`."
    own = [one for one in found.decisions if one.segment == segment.name]
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
        held=_hold(found.held.get(segment.name)),
        raised=tuple(raised(own, now)),
        run_id=newest["run_id"] if newest else None,
        inputs=made_of,
    )


def _inputs(row: dict[str, Any] | None) -> tuple[dict[str, Any], ...]:
    """What a published audience was made of, the oldest first; what was missing comes last."""
    found = json.loads((row["inputs"] if row else None) or "[]")
    return tuple(sorted(found, key=lambda one: one["data_at"] or "~"))


def _few_mapped(segment: Segment | Audience, row: dict[str, Any] | None) -> str | None:
    """What is said of a published snapshot whose match rate is below the one that the segment's file names."""
    least = segment.guards.warn_match_rate
    if row is None or least is None or not row["fetched"] or 100 * row["mapped"] >= least * row["fetched"]:
        return None
    rate = 100 * row["mapped"] / row["fetched"]
    return f"{rate:.1f} % of its members are in the model, fewer than {least:g} %: see `unmapped {segment.name}`."


def _hold(row: dict[str, Any] | None) -> Hold | None:
    if row is None:
        return None
    numbers = json.loads(row["numbers"] or "{}")
    return Hold(row["snapshot_id"], row["fetched_at"], row["reason"], row["message"], numbers)


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
    """Who approved a snapshot, what the platform says against relying on it, and what it changed with it."""
    approved = f"Published because {row['approved_by']} approved it." if row["approved_by"] else None
    return " ".join(filter(None, (approved, row["warning"], row["drift"]))) or None


def last_fetches(project: Project) -> dict[str, tuple[int | None, float | None]]:
    """Members and seconds of the latest published fetch of each segment; segments without one are absent."""
    with reading(project.open_warehouse()) as session:
        if session.relation("snapshots", session.schema) is None:
            return {}
        found = _first(session, "state = 'published' AND kind = 'fetch'", PUBLISHED_ORDER)
    return {name: (row["fetched"], row["seconds"]) for name, row in found.items()}
