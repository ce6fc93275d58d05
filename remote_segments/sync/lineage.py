"""Which model stored keys are of: its name in project.yaml, and its place, the table, file or SELECT behind it.

A model that is renamed stays the same as long as its place does; one whose table moved, as long as its name does.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from remote_segments.config.project import Project
from remote_segments.membership.literals import table_name
from remote_segments.sync.definitions import settings_of
from remote_segments.sync.plan import Plan, place_in
from remote_segments.sync.snapshots import Snapshot
from remote_segments.warehouses.base import Session


def same_model(session: Session, plan: Plan, snapshot: Snapshot) -> bool:
    """Whether the keys of a mapped snapshot are of the model that a segment has today, and can be compared with its."""
    if snapshot.key_columns != plan.key_columns:
        return False
    if snapshot.model is None or plan.model_name is None or snapshot.model == plan.model_name:
        return True
    before = settings_of(session, snapshot.definition_hash) if snapshot.definition_hash else None
    place = place_in(before or {})
    return place is not None and place == plan.place


@dataclass(frozen=True)
class Lineage:
    """The names that each model of a project ever had."""

    places: Mapping[str, frozenset[str]]
    """By name, all places that it was ever seen at."""
    current: frozenset[str]
    """The names in project.yaml."""

    def today(self, name: str) -> str:
        """What a model is called today; its own name where it is gone, or where several took its place."""
        if name in self.current:
            return name
        reached, found = {name}, set[str]()
        waiting = [name]
        while waiting:
            beside = self._beside(waiting.pop()) - reached
            reached |= beside
            found |= beside & self.current
            waiting += beside - self.current
        if len(found) == 1:
            return found.pop()
        return name if found else min(reached)

    def names(self, today: str) -> list[str]:
        """All names of a model, by the one that it has today."""
        return sorted(name for name in {*self.places, *self.current, today} if self.today(name) == today)

    def places_of(self, names: Iterable[str]) -> list[str]:
        """All places at which a model of these names was ever seen."""
        return sorted({place for name in names for place in self.places.get(name, ())})

    def _beside(self, name: str) -> set[str]:
        own = self.places.get(name, frozenset())
        return {other for other, places in self.places.items() if own & places}


def lineage_of(session: Session, project: Project) -> Lineage:
    """Reads the names and places of models from the definitions that were ever used, and from today's files."""
    places: dict[str, set[str]] = {}
    used = [project.definition_settings(segment) for segment in project.published.values()]
    if session.relation("definitions", session.schema) is not None:
        rows = session.rows(f"SELECT settings FROM {table_name(session.schema, 'definitions')}")
        used += [json.loads(settings) for (settings,) in rows]
    for settings in used:
        place = place_in(settings)
        if place is not None and "model" in settings:
            places.setdefault(settings["model"], set()).add(place)
    return Lineage({name: frozenset(found) for name, found in places.items()}, frozenset(project.models))
