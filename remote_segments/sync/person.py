"""One person, as an erasure knows them.

A person is known by accounts (a connection, and the platform's own id there) and by keys of models. An e-mail address
or a phone number only leads to them: people share those, so nobody is followed from one account to another by one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from remote_segments.config.project import Project
from remote_segments.errors import ProjectError
from remote_segments.identifiers import KINDS, Kind
from remote_segments.membership.literals import literal, quoted
from remote_segments.membership.tables import KEY_COLUMNS
from remote_segments.suggestions import choose
from remote_segments.sync.lineage import Lineage

KEY = "key"
"""The name by which a person is sought by the key of a model."""


class Key(NamedTuple):
    """A row of a model: what the model is called today, its key columns joined by `,`, and their values as text."""

    model: str
    columns: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Account:
    """A person on a platform: the connection, the name of the platform's own id, and its value."""

    connection: str
    identifier: str
    value: str = field(repr=False)


@dataclass(frozen=True)
class Person:
    """Whom an erasure is about."""

    identifier: str
    """The name of an identifier, or `key`."""
    value: str | None = field(repr=False)
    """What it is compared by; None for a key."""
    kind: Kind | None
    accounts: frozenset[Account] = field(default_factory=frozenset, repr=False)
    keys: frozenset[Key] = field(default_factory=frozenset, repr=False)


def sought(project: Project, identifier: str, value: str, model: str | None) -> Person:
    """Says whom a person at the command line means.

    Args:
        project: the loaded project.
        identifier: the name of an identifier of any platform, or `key`.
        value: its value; of a key of several columns, joined by `,`.
        model: the model of a key; may be left out where the project has one.

    Raises:
        ProjectError: `unknown-identifier`, `unknown-model`, `key-parts`, `bad-value`.
    """
    if identifier == KEY:
        return Person(KEY, None, None, keys=frozenset({_sought_key(project, value, model)}))
    kinds = {
        name: found.kind
        for segment in project.segments.values()
        for name, found in project.source_kind(segment).identifiers.items()
    }
    if identifier not in kinds:
        raise ProjectError(
            "unknown-identifier",
            f"No segment of this project has an identifier `{identifier[:60]}`.",
            choose(identifier, sorted([*kinds, KEY])),
        )
    kind = KINDS[kinds[identifier]]
    comparable_value = kind.normalise(value)
    if comparable_value is None:
        raise ProjectError("bad-value", f"The value given is no {kind.name}.", "Give it as the platform shows it.")
    return Person(identifier, comparable_value, kind)


def _sought_key(project: Project, value: str, model: str | None) -> Key:
    names = sorted(project.models)
    chosen = model or (names[0] if len(names) == 1 else "")
    if chosen not in project.models:
        found = f"There is no model `{chosen[:60]}`." if chosen else "The project has several models."
        raise ProjectError("unknown-model", found, f"Name one with --model: {', '.join(names)}.")
    columns = project.models[chosen].key
    parts = tuple(value.split(",")) if len(columns) > 1 else (value,)
    if len(parts) != len(columns):
        raise ProjectError(
            "key-parts",
            f"The key of {chosen} has {len(columns)} parts.",
            f"Give {', '.join(columns)}, joined by `,`.",
        )
    return Key(chosen, ",".join(columns), parts)


def check_one(person: Person) -> None:
    """Refuses an identifier that leads to several rows of one model.

    Raises:
        ProjectError: `person-unclear`.
    """
    models = [(key.model, key.columns) for key in person.keys]
    for model in sorted(set(models)):
        if models.count(model) > 1:
            raise ProjectError(
                "person-unclear",
                f"This {person.identifier} leads to {models.count(model)} people of the model {model[0]}.",
                "Erase each by the key: `remote-segments erase key VALUE --model NAME`.",
            )


def key_condition(lineage: Lineage, keys: Iterable[Key], alias: str, *, others: bool = False) -> str:
    """Whether a row with key columns, beside its row `s` of `snapshots`, has one of these keys.

    With `others`, whether it has another key of one of their models.
    """
    conditions = []
    for key in sorted(keys):
        same = same_key(key.values, alias)
        conditions.append(f"({_of_model(lineage, key)} AND {f'NOT ({same})' if others else same})")
    return f"({' OR '.join(conditions)})" if conditions else "1 = 0"


def _of_model(lineage: Lineage, key: Key) -> str:
    names = ", ".join(map(literal, lineage.names(key.model)))
    return f"s.model IN ({names}) AND s.key_columns = {literal(key.columns)}"


def same_key(values: Sequence[str], alias: str) -> str:
    """Whether a row has these values in its key columns."""
    return " AND ".join(
        f"{alias}.{quoted(name)} = {literal(one)}" for name, one in zip(KEY_COLUMNS, values, strict=False)
    )
