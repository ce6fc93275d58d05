"""Lengths of time as people write them in YAML: `30 days`, `2 hours`, `90 minutes`."""

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from remote_segments.explanations import kind_of, refusal
from remote_segments.suggestions import listed

UNITS = {"minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}
"""Units of a duration, in seconds; months and years are no fixed length."""

_SHAPE = re.compile(r"\s*(\d{1,6})\s+([A-Za-z]+)\s*")

_PATTERN = r"^\s*\d{1,6}\s+([Mm]inute|[Hh]our|[Dd]ay|[Ww]eek)s?\s*$"

EXAMPLES = ("45 minutes", "2 hours", "30 days")


def parse_duration(value: Any) -> timedelta:
    """Reads a number and a unit.

    Raises:
        PydanticCustomError: `duration-invalid`.
    """
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str):
        raise _refused(f"A duration is text, and this is {kind_of(value)}.")
    match = _SHAPE.fullmatch(value)
    unit = match[2].lower().removesuffix("s") if match else ""
    if not match or unit not in UNITS:
        raise _refused(f"`{value[:40]}` is not a duration.")
    if int(match[1]) == 0:
        raise _refused("A duration is longer than nothing.")
    return timedelta(seconds=int(match[1]) * UNITS[unit])


def duration_text(duration: timedelta) -> str:
    """A duration in the largest unit that divides it: `1 day`, `90 minutes`."""
    seconds = round(duration.total_seconds())
    unit = next((name for name, size in reversed(UNITS.items()) if seconds % size == 0), "minute")
    count = seconds // UNITS[unit]
    return f"{count} {unit}{'' if count == 1 else 's'}"


def _refused(found: str) -> Exception:
    fix = f"Write a number and a unit, as {listed(EXAMPLES)}; units: {listed(f'{unit}s' for unit in UNITS)}."
    return refusal("duration-invalid", found, fix)


Duration = Annotated[
    timedelta,
    PlainValidator(parse_duration),
    PlainSerializer(duration_text, return_type=str),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^\s*\d{1,6}\s+([Mm]inute|[Hh]our|[Dd]ay|[Ww]eek)s?\s*$",
            "examples": list(EXAMPLES),
        }
    ),
]
"""A length of time in a settings class, written as `30 days`."""
