"""What mapping and publishing a segment need to know of its configuration, in one frozen value."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from remote_segments.membership.expressions import Attribute, Expression, inputs, leaves
from remote_segments.membership.guards import Guards
from remote_segments.membership.matching import Entry, Pair

if TYPE_CHECKING:
    from remote_segments.config.audience import Audience
    from remote_segments.config.model import Model
    from remote_segments.config.project import Project
    from remote_segments.config.segment import Segment


@dataclass(frozen=True, kw_only=True)
class ModelSource:
    """Where the data model is: exactly one of a table's name, a SELECT, or a file."""

    table: str | None = None
    sql: str | None = None
    path: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Combining:
    """What combining an audience needs to know beside its plan."""

    project: "Project" = field(repr=False, compare=False)
    expression: Expression
    model: str
    others: Mapping[str, tuple[ModelSource, tuple[str, ...]]]
    """Other models whose columns are asked, with their keys."""
    policy: str | None
    refusing: frozenset[str]
    """Inputs that are refused where no policy is written, unless they are as they should be."""
    max_age: timedelta | None
    zone: str
    former_salt: str | None
    places: Mapping[str, str] = field(default_factory=dict)
    """Where each column and the salt are written, for errors."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """The segments and audiences that it is made of."""
        return inputs(self.expression)

    def policy_of(self, name: str) -> str:
        """What happens when an input is not as it should be: `refuse` or `last_good`."""
        return self.policy or ("refuse" if name in self.refusing else "last_good")

    def same_model(self, name: str) -> bool:
        """Whether an input's keys are those of the audience's own model."""
        return self.project.named(name).model == self.model


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
    combining: "Combining | None" = None
    """What an audience is made of; None for a segment."""

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
    """Makes the plan of a segment or an audience of a project.

    Raises:
        ProjectError: `unknown-segment`.
    """
    audience = project.audiences.get(segment_name)
    if audience is not None:
        return _plan_of_audience(project, audience)
    segment = project.segment(segment_name)
    kind = project.source_kind(segment)
    return Plan(
        **_shared(project, segment),
        entries=tuple(_entry(entry, kind) for entry in segment.identifiers),
        primary=kind.primary,
        connection=segment.source.connection,
        source=source_text(segment),
        places=_places(project, segment),
        looked_up=frozenset(kind.identifiers) - frozenset(kind.coming()),
    )


def _plan_of_audience(project: "Project", audience: "Audience") -> Plan:
    expression = audience.expression
    asked = {leaf.model for leaf in leaves(expression) if isinstance(leaf, Attribute)} - {audience.model}
    split = audience.split
    return Plan(
        **_shared(project, audience),
        entries=(),
        primary="",
        places=project.lines_of(audience),
        combining=Combining(
            project=project,
            expression=expression,
            model=audience.model,
            others={name: (_source(project.models[name]), project.models[name].key) for name in sorted(asked)},
            policy=audience.inputs.policy,
            refusing=audience.refusing,
            max_age=audience.inputs.max_age,
            zone=project.timezone_of(audience),
            former_salt=split.former_salt if split else None,
            places=project.lines_of(audience),
        ),
    )


def _shared(project: "Project", one: "Segment | Audience") -> dict[str, Any]:
    """What the plans of segments and audiences have in common."""
    model, guards = project.model_of(one), one.guards
    return {
        "segment": one.name,
        "model": _source(model),
        "key": model.key,
        "definition_hash": project.definition_hash(one),
        "settings": project.definition_settings(one),
        "include": one.columns.include if one.columns else None,
        "exclude": (one.columns.exclude or ()) if one.columns else (),
        "guards": Guards(
            allow_empty=guards.allow_empty,
            minimum_match_rate=guards.minimum_match_rate,
            max_match_rate_drop=guards.max_match_rate_drop,
            max_left=guards.max_left,
            max_joined=guards.max_joined,
        ),
        "retention": one.retention,
        "model_name": one.model,
        "renamed_from": one.renamed_from,
    }


def _source(model: "Model") -> ModelSource:
    return ModelSource(table=model.table, sql=model.sql, path=model.path)


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
