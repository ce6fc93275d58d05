"""Days and time zones in YAML."""

import re
from datetime import date, datetime
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


def moment(text: str, timezone: str) -> datetime:
    """Returns the instant that somebody wrote as a date, perhaps with a time of day and an offset.

    Args:
        text: `2026-12-24`, `2026-12-24T08:00`, or with an offset.
        timezone: the zone of a text without one.

    Raises:
        ValueError: it is none of these.
    """
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=ZoneInfo(timezone))


def moment_to_come(text: str, timezone: str, now: datetime, name: str) -> datetime:
    """Returns the instant that somebody wrote as a date, or as a date and a time of day.

    Args:
        text: `2026-12-24`, `2026-12-24T08:00`, or with an offset.
        timezone: the zone of a text without one.
        now: the present instant.
        name: what the text was given for, for the message.

    Raises:
        ProjectError: `bad-value`.
    """
    try:
        found = moment(text, timezone)
    except ValueError:
        said = f"{name} {text[:40]} is not a date."
        raise ProjectError("bad-value", said, "Write 2026-12-24 or 2026-12-24T08:00.") from None
    if found <= now:
        raise ProjectError("bad-value", f"{name} {text[:40]} has passed.", "Name a moment to come.")
    return found


Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
"""A day, written as 2026-11-24."""

TimeZone = Annotated[str, AfterValidator(_zone)]
"""The name of a time zone of the IANA database, https://www.iana.org/time-zones."""
