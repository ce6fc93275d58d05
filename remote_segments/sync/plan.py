"""What mapping and publishing a segment need to know of its configuration, in one frozen value."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from remote_segments.membership.guards import Guards
from remote_segments.membership.matching import Entry, Pair

if TYPE_CHECKING:
    from remote_segments.config.project import Project
    from remote_segments.config.segment import Segment


@dataclass(frozen=True, kw_only=True)
class ModelSource:
    """Where the data model is: exactly one of a table's name, a SELECT, or a file."""

    table: str | None = None
    sql: str | None = None
    path: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One segment, as mapping and publication see it."""

    segment: str
    model: ModelSource
    key: tuple[str, ...]
    entries: tuple[Entry, ...]
    primary: str
    """The platform's own id of a member, by the name it has among the identifiers."""
    definition_hash: str
    settings: Mapping[str, str] = field(default_factory=dict)
    """What the hash is made of, by the names of the files."""
    include: tuple[str, ...] | None = None
    exclude: tuple[str, ...] = ()
    guards: Guards = field(default_factory=Guards)
    retention: timedelta = timedelta(days=30)
    connection: str | None = None
    source: str | None = None
    """The id keys as JSON with sorted keys, as in `snapshots`; None accepts ids fetched from anywhere."""
    model_name: str | None = None
    renamed_from: str | None = None
    """The segment's former name."""
    places: Mapping[str, str] = field(default_factory=dict)
    """Where each column is written, for errors: `segments/vip_openers.yaml:6`."""

    looked_up: frozenset[str] = frozenset()
    """Identifiers that are fetched only when a segment's file names them."""

    @property
    def key_columns(self) -> str:
        """The key as `snapshots.key_columns` holds it."""
        return ",".join(self.key)

    @property
    def place(self) -> str | None:
        """Where the model is, as `table analytics.contacts`; None where the settings are not known."""
        return place_in(self.settings)

    @property
    def where(self) -> str:
        """The place that errors name."""
        return f"segment {self.segment}"

    @property
    def where_model(self) -> str:
        """The place that errors about the model name."""
        return f"{self.where}, model {self.model_name}" if self.model_name else self.where

    @property
    def matched_columns(self) -> tuple[str, ...]:
        """The model's columns that identifiers are matched with."""
        return tuple(pair.column for entry in self.entries for pair in entry)


PLACES = ("table", "sql", "path")
"""The settings of a definition that say where its model is; always one of them."""


def place_in(settings: Mapping[str, str]) -> str | None:
    """Where the model of a definition is, as `table analytics.contacts`; None where that was not kept."""
    return next((f"{name} {settings[name]}" for name in PLACES if name in settings), None)


def plan_for(project: "Project", segment_name: str) -> Plan:
    """Makes the plan of a segment of a project.

    Raises:
        ProjectError: `unknown-segment`.
    """
    segment = project.segment(segment_name)
    kind = project.source_kind(segment)
    model = project.model_of(segment)
    guards = segment.guards
    return Plan(
        segment=segment.name,
        model=ModelSource(table=model.table, sql=model.sql, path=model.path),
        key=model.key,
        entries=tuple(_entry(entry, kind) for entry in segment.identifiers),
        primary=kind.primary,
        definition_hash=project.definition_hash(segment),
        settings=project.definition_settings(segment),
        include=segment.columns.include if segment.columns else None,
        exclude=(segment.columns.exclude or ()) if segment.columns else (),
        guards=Guards(
            allow_empty=guards.allow_empty,
            minimum_match_rate=guards.minimum_match_rate,
            max_match_rate_drop=guards.max_match_rate_drop,
            max_left=guards.max_left,
            max_joined=guards.max_joined,
        ),
        retention=segment.retention,
        connection=segment.source.connection,
        source=source_text(segment),
        model_name=segment.model,
        renamed_from=segment.renamed_from,
        places=_places(project, segment),
        looked_up=frozenset(kind.identifiers) - frozenset(kind.coming()),
    )


def _places(project: "Project", segment: "Segment") -> dict[str, str]:
    """Where the segment's file names each column of the model, the first time."""
    chosen = segment.columns
    written: list[tuple[str, tuple[str | int, ...]]] = [
        (column.column, ("identifiers", number, identifier))
        for number, entry in enumerate(segment.identifiers)
        for identifier, column in entry.items()
    ]
    written += [(name, ("columns", "include")) for name in (chosen.include or () if chosen else ())]
    written += [(name, ("columns", "exclude")) for name in (chosen.exclude or () if chosen else ())]
    return {name: project.place(segment, path) for name, path in reversed(written)}


def source_text(segment: "Segment") -> str:
    """The id keys of a segment as `snapshots.source` holds them."""
    return json.dumps(segment.source.ids, sort_keys=True)


def _entry(entry: dict[str, Any], kind: Any) -> Entry:
    return tuple(
        Pair(
            identifier=name,
            kind=kind.identifiers[name].kind,
            column=column.column,
            hashed=column.hashed,
            options=column.options,
        )
        for name, column in entry.items()
    )
