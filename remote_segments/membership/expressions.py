"""What an audience is, as a tree: segments and other audiences, attributes of a model, and how they are combined.

The tree is plain values that know nothing of files, tables or the clock; `combination.py` makes SQL of it, and
`tests/reference/audiences.py` judges that.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any, Literal

BASIS = 10_000
"""Parts that everybody is spread over by a split: hundredths of a percent."""


@dataclass(frozen=True)
class Within:
    """Who is a member of a segment or audience now."""

    name: str


@dataclass(frozen=True)
class Past:
    """Who was a member at some time of the last stretch, or joined or left in it by their own doing."""

    event: Literal["was_in", "joined", "left"]
    name: str
    during: timedelta


@dataclass(frozen=True)
class Attribute:
    """Who has a value in a column of a model; nobody has one whose value is null, except for `is`.

    `operator` is one of `=`, `!=`, `<`, `<=`, `>`, `>=`, `in`, `between`, `contains`, `is`, `within`, `older_than`;
    `values` are the characters written, for the last two a number of seconds, for `is` one of `null`, `not null`.
    """

    model: str
    column: str
    operator: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Share:
    """Who falls, by the hash of key and salt, into a part of all people: from `low` up to `high` of `BASIS`."""

    salt: str
    low: int
    high: int


@dataclass(frozen=True)
class Every:
    """Who is in all parts."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True)
class Some:
    """Who is in one part or more."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True)
class No:
    """Who is in none of the parts; of all people of the model."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True)
class AtLeast:
    """Who is in so many parts or more."""

    count: int
    parts: tuple["Expression", ...]


Expression = Within | Past | Attribute | Share | Every | Some | No | AtLeast


def parts_of(expression: Expression) -> tuple[Expression, ...]:
    """What an expression is made of; nothing for a leaf."""
    return expression.parts if isinstance(expression, Every | Some | No | AtLeast) else ()


def leaves(expression: Expression) -> Iterator[Expression]:
    """All leaves, in the order written."""
    inside = parts_of(expression)
    if not inside:
        yield expression
    for part in inside:
        yield from leaves(part)


def inputs(expression: Expression) -> tuple[str, ...]:
    """The segments and audiences that are named, each once."""
    named = (leaf.name for leaf in leaves(expression) if isinstance(leaf, Within | Past))
    return tuple(dict.fromkeys(named))


def delicate_inputs(expression: Expression, inside: bool = False) -> frozenset[str]:
    """The inputs under `none` or `at_least`: what is missing there is not seen in the result."""
    if isinstance(expression, Within | Past):
        return frozenset([expression.name] if inside else [])
    inside = inside or isinstance(expression, No | AtLeast)
    return frozenset(name for part in parts_of(expression) for name in delicate_inputs(part, inside))


def is_bounded(expression: Expression) -> bool:
    """Whether somebody must be in something named to be in it; `none` alone is everybody else whom the model has."""
    if isinstance(expression, No | Share):
        return False
    bounded = [is_bounded(part) for part in parts_of(expression)]
    if isinstance(expression, Every):
        return any(bounded)
    if isinstance(expression, Some):
        return all(bounded)
    if isinstance(expression, AtLeast):
        return bounded.count(False) < expression.count
    return True


def tree(expression: Expression) -> dict[str, Any]:
    """An expression as plain values, equal for equal expressions."""
    found: dict[str, Any] = {"is": type(expression).__name__}
    for field in fields(expression):
        value = getattr(expression, field.name)
        if field.name == "parts":
            value = [tree(part) for part in value]
        found[field.name] = value.total_seconds() if isinstance(value, timedelta) else value
    return found


def text(expression: Expression) -> str:
    """An expression as one text, for hashes and for people who compare two."""
    return json.dumps(tree(expression), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
