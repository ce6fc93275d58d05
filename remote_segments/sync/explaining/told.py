"""What is told of a person, and what every section is given to find it out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from remote_segments.config.project import Project
from remote_segments.errors import ProjectError
from remote_segments.membership.literals import literal, quoted, table_name
from remote_segments.sync.lineage import Lineage
from remote_segments.sync.person import Key, Person
from remote_segments.warehouses.base import Session


@dataclass(frozen=True)
class Entry:
    """One thing that the person is in or is not: a segment, an audience, a destination."""

    name: str
    inside: bool
    state: str
    """Why, in a stable word: `member`, `unknown`, `not-in-source`, ..."""
    sentence: str
    """The same for people."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Values for scripts; instants as ISO texts."""
    history: tuple[str, ...] = ()
    """What happened before, a line each, oldest first."""

    def as_json(self) -> dict[str, Any]:
        """The published form, kept stable for scripts."""
        return {
            "name": self.name,
            "inside": self.inside,
            "state": self.state,
            "sentence": self.sentence,
            **self.facts,
        }


@dataclass(frozen=True)
class Section:
    """All entries of one sort."""

    title: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Explanation:
    """Where one person is, and why not."""

    identifier: str
    shown: str
    """What was asked for, masked."""
    models: tuple[str, ...] = ()
    """Models that have, or had, a row of this person."""
    unclear: str | None = None
    """Said where the identifier is that of several people: then only entries with it are explained."""
    sections: tuple[Section, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The published form, kept stable for scripts."""
        return {
            "identifier": self.identifier,
            "value": self.shown,
            "models": list(self.models),
            "unclear": self.unclear,
            **{one.title: [entry.as_json() for entry in one.entries] for one in self.sections},
        }


@dataclass(frozen=True)
class Found:
    """A person who was followed: `following.ROWS` holds their rows of `members` in this session."""

    session: Session
    project: Project
    lineage: Lineage
    person: Person
    now: datetime

    def table(self, name: str) -> str:
        """A shared table as SQL names it."""
        return table_name(self.session.schema, name)

    def in_model(self, key: Key) -> bool:
        """Whether a model has a row of a key now; a model that cannot be read has none."""
        settings = self.project.models.get(key.model)
        if settings is None or settings.key_columns != key.columns:
            return False
        try:
            model = self.session.expose(table=settings.table, sql=settings.sql, path=settings.path)
        except ProjectError:
            return False
        same = " AND ".join(
            f"CAST({quoted(column)} AS VARCHAR) = {literal(value)}"
            for column, value in zip(settings.key, key.values, strict=True)
        )
        return bool(self.session.rows(f"SELECT 1 FROM {table_name(model.schema, model.name)} WHERE {same} LIMIT 1"))
