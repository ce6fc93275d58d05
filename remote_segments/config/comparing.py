"""What changes between two states of a project: segments, calls per day, and what history will say of it."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from remote_segments.config.audience import Audience
from remote_segments.config.model import Model
from remote_segments.config.project import Project
from remote_segments.config.quota import budgets
from remote_segments.config.segment import Segment

OTHER_PEOPLE = "other people may be in it: the next events have the cause `definition`, nobody joins or leaves"
OTHER_KEY = "keys are not comparable: all stays end, and a new `baseline` begins"
OTHER_WINDOWS = "Dagster's partitions change; history is kept by instant and stays"
OTHER_ROWS = "the published table changes at the next refresh; history stays"
FORGETS = "ids older than that are forgotten at the next refresh; events stay"
NOTHING = "history stays"

OTHER_GROUPS = "nearly everybody falls into another group: a refresh refuses it, unless `former_salt` states it"

EFFECTS = {
    **dict.fromkeys(("all", "any", "none", "at_least", "where", "priority", "shares"), OTHER_PEOPLE),
    "salt": OTHER_GROUPS,
    "source": OTHER_PEOPLE,
    "identifiers": OTHER_PEOPLE,
    "connection": OTHER_PEOPLE,
    "model": OTHER_PEOPLE,
    "model key": OTHER_KEY,
    "refresh_frequency": OTHER_WINDOWS,
    "timezone": OTHER_WINDOWS,
    "start": OTHER_WINDOWS,
    "columns": OTHER_ROWS,
    "retention": FORGETS,
}
"""What a changed setting does to history; what is not listed does nothing to it."""


Published = Segment | Audience


@dataclass(frozen=True)
class Change:
    """One setting of a segment that differs."""

    setting: str
    before: str
    after: str

    @property
    def effect(self) -> str:
        """What it does to history."""
        return EFFECTS.get(self.setting, NOTHING)


@dataclass(frozen=True)
class Compared:
    """One segment that differs."""

    name: str
    kind: str
    """added, removed, renamed, changed."""
    changes: tuple[Change, ...] = ()
    former_name: str | None = None

    @property
    def effect(self) -> str:
        """What becomes of its history, beside what the changes do."""
        return {
            "added": "its first snapshot is a `baseline`",
            "removed": "it is no longer refreshed; its rows stay until `remote-segments prune`",
            "renamed": f"the history of {self.former_name} is carried over",
        }.get(self.kind, "")


@dataclass(frozen=True)
class Calls:
    """The calls that a connection's schedules make, at least, before and after."""

    connection: str
    before: int
    after: int
    allowed: float


@dataclass(frozen=True)
class Comparison:
    """Everything that differs."""

    segments: tuple[Compared, ...] = ()
    calls: tuple[Calls, ...] = field(default=())

    def __bool__(self) -> bool:
        return bool(self.segments or any(one.before != one.after for one in self.calls))


def compare(base: Project, head: Project) -> Comparison:
    """Compares two states of a project, each as it is in its environment; neither network nor secrets are needed."""
    return Comparison(tuple(_segments(base, head)), tuple(_calls(base, head)))


def _segments(base: Project, head: Project) -> Iterator[Compared]:
    renamed = {
        segment.renamed_from: name
        for name, segment in head.published.items()
        if segment.renamed_from in base.published and name not in base.published
    }
    for name in sorted({*base.published, *head.published}):
        if name in base.published and name in head.published:
            changes = tuple(_changes(base, base.published[name], head, head.published[name]))
            if changes:
                yield Compared(name, "changed", changes)
        elif name in head.published:
            former = head.published[name].renamed_from
            if former in renamed and former is not None:
                before = base.published[former]
                changes = tuple(_changes(base, before, head, head.published[name]))
                yield Compared(name, "renamed", changes, former)
            else:
                yield Compared(name, "added")
        elif name not in renamed:
            yield Compared(name, "removed")


def _changes(base: Project, before: Published, head: Project, after: Published) -> Iterator[Change]:
    earlier, later = _settings(base, before), _settings(head, after)
    for setting in {**earlier, **later}:
        old, new = earlier.get(setting), later.get(setting)
        if old != new:
            yield Change(setting, _text(old), _text(new))


def _settings(project: Project, one: Published) -> dict[str, Any]:
    """The settings as they are written, with what they refer to in project.yaml."""
    if isinstance(one, Segment):
        return _of_segment(project, one)
    left_out = {"renamed_from", "name", "split"}
    written = one.model_dump(mode="json", exclude=left_out, exclude_unset=True, by_alias=True)
    if one.split is not None:
        parts = one.split.parts()
        written["salt"] = one.split.salt
        written["shares"] = {name: f"{(part.high - part.low) / 100:g}%" for name, part in parts.items()}
    written["model"] = f"{one.model}, {_place(project, project.model_of(one))}"
    written["model key"] = list(project.model_of(one).key)
    return written


def _of_segment(project: Project, segment: Segment) -> dict[str, Any]:
    written = segment.model_dump(mode="json", exclude={"renamed_from", "name"}, exclude_defaults=True)
    connection, model = project.connection_of(segment), project.model_of(segment)
    written["connection"] = {
        "platform": connection.platform,
        "base_url": connection.base_url,
        **dict(sorted(connection.options.items())),
    }
    written["identifiers"] = " or ".join(
        " and ".join(f"{name} = {_column(column.model_dump(exclude_defaults=True))}" for name, column in entry.items())
        for entry in segment.identifiers
    )
    written["model"] = f"{segment.model}, {_place(project, model)}"
    written["model key"] = list(model.key)
    written["refresh_frequency"] = str(segment.refresh_frequency)
    written["timezone"] = project.timezone_of(segment)
    written["start"] = project.start_of(segment).isoformat()
    return written


def _column(written: dict[str, Any]) -> str:
    """A column with its options, as `email_sha256 (hashed: sha256)`."""
    options = ", ".join(f"{name}: {value}" for name, value in written.items() if name != "column")
    return f"{written['column']} ({options})" if options else str(written["column"])


def _place(project: Project, model: Model) -> str | None:
    if model.path is not None:
        return str(model.path.relative_to(project.folder) if model.path.is_relative_to(project.folder) else model.path)
    return model.table or model.sql


def _text(value: Any) -> str:
    if value is None:
        return "not written"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _calls(base: Project, head: Project) -> Iterator[Calls]:
    earlier, later = budgets(base), budgets(head)
    for name in sorted({**earlier, **later}):
        before, after = earlier.get(name), later.get(name)
        yield Calls(
            name,
            before.calls if before else 0,
            after.calls if after else 0,
            after.allowed if after else before.allowed if before else math.inf,
        )
