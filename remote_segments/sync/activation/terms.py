"""What planning and sending an activation need to know of its configuration, in one frozen value."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from remote_segments.config.audience import HOLDOUT, Audience
from remote_segments.config.permission import Listing
from remote_segments.config.targets import addresses, kind_of, needs
from remote_segments.destinations.abilities import Abilities, Verb
from remote_segments.errors import EngineError
from remote_segments.membership.addressing import NO_CONSENT, SUPPRESSED, Message
from remote_segments.membership.send_guards import SendLimits
from remote_segments.sync.plan import ModelSource

if TYPE_CHECKING:
    from remote_segments.config.activation import Activation
    from remote_segments.config.project import Project


@dataclass(frozen=True, kw_only=True)
class Permission:
    """One list of people who must not be sent, or who alone may be."""

    why: str
    name: str
    listing: Listing


@dataclass(frozen=True, kw_only=True)
class Terms:
    """One activation, as planning and sending see it."""

    activation: str
    source: str
    """The segment or audience."""
    holdout: str | None
    """The audience of those who are held out of it."""
    environment: str
    allowed: bool
    """Whether this environment sends anything."""
    connection: str
    kind: str
    ids: Mapping[str, str]
    create: str | None
    abilities: Abilities
    message: Message
    permissions: tuple[Permission, ...]
    mode: str
    hold_first: bool
    limits: SendLimits
    most_adds: int | None = None
    """People whom one run adds at most."""
    most_removes: int | None = None
    model: ModelSource
    model_name: str
    key: tuple[str, ...]

    @property
    def where(self) -> str:
        """The place that errors name."""
        return f"activation {self.activation}"

    @property
    def key_columns(self) -> str:
        """The key as `sends.key_columns` holds it."""
        return ",".join(self.key)

    @property
    def repeatable(self) -> tuple[Verb, ...]:
        """Verbs that may be sent twice; what is written as a whole is written again."""
        if self.abilities.whole:
            return ("add", "remove", "upsert")
        return tuple(verb for verb, one in self.abilities.verbs.items() if one.idempotent)

    @property
    def destination(self) -> str:
        """The destination as the ledger names it; of a list that is made here, by its name."""
        made = {"create": self.create} if self.create is not None else {}
        return json.dumps({"connection": self.connection, **self.ids, **made}, sort_keys=True)


def terms_of(project: "Project", name: str) -> Terms:
    """Makes the terms of an activation of a project.

    Raises:
        ProjectError: `unknown-activation`.
    """
    activation = project.activation(name)
    connection = project.connections[activation.destination.connection]
    found = kind_of(project.platforms[connection.platform], activation)
    if found is None:
        fix = "Report it: this is checked when a project is loaded."
        raise EngineError("wrong-id-keys", "No kind of destination has these ids.", fix, name)
    kind, abilities = found
    source = project.named(activation.source)
    model = project.model_of(source)
    guards = activation.guards
    return Terms(
        activation=name,
        source=activation.source,
        holdout=_holdout(project, activation.source),
        environment=project.environment.name,
        allowed=project.environment.activations,
        connection=activation.destination.connection,
        kind=kind,
        ids=activation.destination.ids,
        create=activation.destination.create,
        abilities=abilities,
        message=Message(
            addresses=addresses(activation, abilities),
            attributes=activation.attributes,
            needs=needs(abilities, activation.identifiers),
        ),
        permissions=tuple(_permissions(project, activation, source.model)),
        mode=activation.mode,
        hold_first=activation.first_plan == "hold",
        limits=SendLimits(**{name: getattr(guards, name) for name in SendLimits.__dataclass_fields__}),
        most_adds=activation.limits.adds_per_run,
        most_removes=activation.limits.removes_per_run,
        model=ModelSource(table=model.table, sql=model.sql, path=model.path),
        model_name=source.model,
        key=model.key,
    )


def _holdout(project: "Project", name: str) -> str | None:
    """The audience of those who are held out of an audience."""
    one = project.audiences.get(name)
    held_out = f"{name}_{HOLDOUT}"
    return held_out if isinstance(one, Audience) and one.split and held_out in project.audiences else None


def _permissions(project: "Project", activation: "Activation", model: str) -> "list[Permission]":
    """Suppression before consent; those of project.yaml before those of the file, which cannot replace them."""
    written = (
        (SUPPRESSED, (project.suppression, activation.suppression)),
        (NO_CONSENT, (project.consent, activation.consent)),
    )
    connection = activation.destination.connection
    return [
        Permission(why=why, name=name, listing=listing)
        for why, blocks in written
        for block in blocks
        for name, listing in block.items()
        if listing.concerns(model, connection)
    ]
