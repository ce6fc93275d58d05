"""What a destination of an activation can do, known from its connection's platform and the ids that are written."""

from collections.abc import Mapping
from dataclasses import fields, replace

from remote_segments.config.activation import Activation
from remote_segments.config.platforms import Platform
from remote_segments.destinations.abilities import Abilities, Accepted
from remote_segments.files.delivering import FILE, file_abilities
from remote_segments.files.platform import FILES
from remote_segments.membership.addressing import Address
from remote_segments.rest.manifest import Manifest
from remote_segments.warehouses.delivering import TABLE, table_abilities
from remote_segments.warehouses.platform import WAREHOUSE

WRITTEN_AS_A_WHOLE = {FILES.name: (FILE, file_abilities), WAREHOUSE.name: (TABLE, table_abilities)}
"""Platforms without a manifest: the kind of destination that each has, and what it can do."""


def kinds_of(platform: Platform, activation: Activation) -> dict[str, Abilities]:
    """Every kind of destination that a platform has, by name; none where it is only read."""
    if isinstance(platform, Manifest):
        return {name: kind.abilities() for name, kind in platform.destinations.items()}
    if platform.name not in WRITTEN_AS_A_WHOLE:
        return {}
    name, make = WRITTEN_AS_A_WHOLE[platform.name]
    return {name: make({one: Accepted(kind) for one, kind in generic_kinds(activation).items()})}


def generic_kinds(activation: Activation) -> dict[str, str]:
    """What each identifier is, where the activation's file says it and no platform does."""
    return {name: one.kind_named(name) for name, one in activation.identifiers.items()}


def kind_of(platform: Platform, activation: Activation) -> tuple[str, Abilities] | None:
    """The kind of destination that an activation's ids name; None where there is none."""
    target, found = activation.destination, kinds_of(platform, activation)
    if target.create is not None:
        creatable = {
            name: one
            for name, one in found.items()
            if one.creatable and target.kind in (None, name) and set(one.create_needs) == set(target.ids)
        }
        return next(iter(creatable.items())) if len(creatable) == 1 else None
    return next(((name, one) for name, one in found.items() if set(one.ids) == set(target.ids)), None)


def addresses(activation: Activation, abilities: Abilities) -> tuple[Address, ...]:
    """How each identifier is made of the model's column, by the platform's rules and the file's."""
    return tuple(
        _address(name, activation, accepted)
        for name in activation.identifiers
        if (accepted := abilities.identifiers.get(name)) is not None
    )


def _address(name: str, activation: Activation, accepted: Accepted) -> Address:
    written = activation.identifiers[name]
    own = {field.name: value for field in fields(written.options) if (value := getattr(written.options, field.name))}
    return Address(
        name=name,
        kind=accepted.kind,
        column=written.column,
        hashed=written.hashed,
        options=replace(accepted.options, **own),
        without=accepted.without,
        form=accepted.form,
    )


def needs(abilities: Abilities, names: Mapping[str, object]) -> tuple[tuple[str, ...], ...]:
    """The sets of identifiers of which one must be there, as far as the activation sends them."""
    return tuple(tuple(sorted(some)) for some in abilities.needs if some <= set(names))
