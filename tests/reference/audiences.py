"""Who is in an audience, in plain Python: true, false, or nobody knows, because an input is missing."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from remote_segments.membership.expressions import (
    AtLeast,
    Attribute,
    Every,
    Expression,
    No,
    Past,
    Share,
    Within,
)

Key = tuple[str, ...]


@dataclass(frozen=True)
class Moved:
    """One event of a person: `joined` or `left`, its cause and instant."""

    key: Key
    event: str
    cause: str
    instant: datetime


@dataclass(frozen=True)
class Input:
    """What is known of a segment: who is in it, and the published events of its generation."""

    members: frozenset[Key]
    moved: Sequence[Moved] = ()


@dataclass(frozen=True)
class World:
    """The rows of all models by name and key, and the inputs by name; None for one that is missing."""

    models: Mapping[str, Mapping[Key, Mapping[str, Any]]]
    inputs: Mapping[str, Input | None]
    now: datetime
    zone: str = "UTC"
    own: str = field(default="contacts")

    def members(self, expression: Expression) -> set[Key]:
        """Who is certainly in it."""
        return {key for key in self.models[self.own] if self.truth(expression, key) is True}

    def truth(self, expression: Expression, key: Key) -> bool | None:
        """Whether a person is in it; None where that depends on what is missing."""
        if isinstance(expression, Within | Past):
            known = self.inputs[expression.name]
            return None if known is None else self._is_in(expression, known, key)
        if isinstance(expression, Share):
            return expression.low <= share(expression.salt, key) * 10_000 / 2**32 < expression.high
        if isinstance(expression, Attribute):
            return self._has(expression, key)
        parts = [self.truth(part, key) for part in expression.parts]
        if isinstance(expression, Every):
            return _all(parts)
        if isinstance(expression, AtLeast):
            sure, unsure = parts.count(True), parts.count(None)
            return True if sure >= expression.count else None if sure + unsure >= expression.count else False
        either = _not(_all(map(_not, parts)))
        return _not(either) if isinstance(expression, No) else either

    def _is_in(self, expression: Within | Past, known: Input, key: Key) -> bool:
        if isinstance(expression, Within):
            return key in known.members
        since = self.now - expression.during
        own = [one for one in known.moved if one.key == key and one.instant > since]
        if expression.event == "was_in":
            return key in known.members or any(one.event == "left" and one.cause in ("remote", "model") for one in own)
        return any(one.event == expression.event and one.cause == "remote" for one in own)

    def _has(self, expression: Attribute, key: Key) -> bool:
        row = self.models[expression.model].get(key)
        if row is None:
            return False
        value = row[expression.column]
        if expression.operator == "is":
            return (value is None) == (expression.values == ("null",))
        return value is not None and self._fits(value, expression.operator, expression.values)

    def _fits(self, value: Any, operator: str, values: Sequence[str]) -> bool:
        if operator in ("within", "older_than"):
            since, until = self._since(value, timedelta(seconds=int(values[0])))
            return bool(value < since) if operator == "older_than" else bool(since <= value <= until)
        wanted = [self._read(value, text) for text in values]
        return {
            "=": lambda: value == wanted[0],
            "!=": lambda: value != wanted[0],
            "<": lambda: value < wanted[0],
            "<=": lambda: value <= wanted[0],
            ">": lambda: value > wanted[0],
            ">=": lambda: value >= wanted[0],
            "in": lambda: value in wanted,
            "between": lambda: wanted[0] <= value <= wanted[1],
            "contains": lambda: wanted[0] in value,
        }[operator]()

    def _since(self, value: Any, during: timedelta) -> tuple[Any, Any]:
        if not isinstance(value, datetime):
            zone = ZoneInfo(self.zone)
            return (self.now - during).astimezone(zone).date(), self.now.astimezone(zone).date()
        plain = value.tzinfo is None
        since, until = self.now - during, self.now
        return (since.replace(tzinfo=None), until.replace(tzinfo=None)) if plain else (since, until)

    def _read(self, value: Any, text: str) -> Any:
        """A text as a value like another one."""
        if isinstance(value, bool):
            return text == "true"
        if isinstance(value, datetime):
            found = datetime.fromisoformat(text)
            if value.tzinfo is None:
                return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found
            return found if found.tzinfo else found.replace(tzinfo=ZoneInfo(self.zone))
        if isinstance(value, date):
            return date.fromisoformat(text)
        return text if isinstance(value, str) else type(value)(text)


def share(salt: str, key: Key) -> int:
    """The 32 bits that decide where somebody falls."""
    return int(hashlib.sha256("\x1f".join((salt, *key)).encode()).hexdigest()[:8], 16)


def _not(value: bool | None) -> bool | None:
    return None if value is None else not value


def _all(values: Iterable[bool | None]) -> bool | None:
    found = list(values)
    return False if False in found else None if None in found else True
