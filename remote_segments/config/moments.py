"""Days and time zones in YAML."""

import re
from datetime import date
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from remote_segments.errors import ProjectError
from remote_segments.explanations import kind_of, refusal
from remote_segments.suggestions import near

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _day(value: Any) -> Any:
    if isinstance(value, date):
        return value
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            return date.fromisoformat(value)
        found = (
            f"`{value[:20]}` is not a day."
            if isinstance(value, str)
            else f"A day is text, and this is {kind_of(value)}."
        )
    except ValueError:
        found = f"`{value}` is in no calendar."
    raise refusal("bad-value", found, "Write a day as `2026-11-24`: year, month, day.")


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):  # no such zone, no such name, a folder of zones
        pass
    else:
        return value
    meant = near(value, sorted(available_timezones()))
    hint = f"Did you mean `{meant}`?" if meant else "Write a name of the IANA database, as `Europe/Paris` or `UTC`."
    raise refusal("bad-value", f"`{value[:40]}` is not a time zone.", hint)


def check_zone(name: str) -> str:
    """Returns the name of a time zone that was given on the command line.

    Raises:
        ProjectError: `bad-value`, with the nearest name.
    """
    try:
        return _zone(name)
    except PydanticCustomError as refused:
        told = refused.context or {}
        raise ProjectError(str(told["code"]), str(told["found"]), str(told["fix"])) from None


Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
"""A day, written as 2026-11-24."""

TimeZone = Annotated[str, AfterValidator(_zone)]
"""The name of a time zone of the IANA database, https://www.iana.org/time-zones."""
