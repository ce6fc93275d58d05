"""From rows with columns to pages of members: texts as they were written, every row with its own id."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any

from remote_segments.errors import PlatformError
from remote_segments.sources.columns import Identifier
from remote_segments.sources.members import Page
from remote_segments.suggestions import choose


def member_page(
    columns: dict[str, list[str | None]], primary: str, joined: Sequence[str | None] | None, where: str
) -> Page:
    """Makes a page of the values of some rows.

    Args:
        columns: values by identifier, lists of equal length.
        primary: the identifier that every row must have.
        joined: times of joining as text; None where the source has none.
        where: what is read, for messages.

    Raises:
        PlatformError: `member-without-id`, `wrong-type`.
    """
    keys = columns[primary]
    without = sum(not key for key in keys)
    if without:
        found = f"{without:,} of {len(keys):,} rows have no `{primary}`, by which members are told apart."
        fix = "Nothing was stored. Leave such rows out, or name as `member_id` an identifier that every row has."
        raise PlatformError("member-without-id", found, fix, where)
    instants = None if joined is None else [None if not text else instant(text, where) for text in joined]
    return Page({name: _storable(values) for name, values in columns.items()}, instants, len(keys))


def instant(text: str, where: str) -> datetime:
    """Reads a time with its zone.

    Raises:
        PlatformError: `wrong-type`.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        what = "has no zone" if found else "is not written as 2026-11-24T10:00:00Z"
        fix = "Nothing was stored. Write times with their zone, or leave `joined_at` out."
        raise PlatformError("wrong-type", f"A time under `joined_at` {what}.", fix, where)
    return found


def _storable(values: list[str | None]) -> list[str | None]:
    """Replaces the character NUL, which Postgres does not store, by U+FFFD: no identifier of a model has it either."""
    if not any("\0" in value for value in values if value is not None):
        return values
    return [value and value.replace("\0", "\ufffd") for value in values]


def lacking(wanted: Iterable[str], known: Sequence[str], where: str) -> None:
    """Refuses a source that lacks a column.

    Raises:
        PlatformError: `column-missing`, with the nearest of those that are there.
    """
    for column in wanted:
        if column not in known:
            found = f"There is no column `{column[:60]}`."
            raise PlatformError("column-missing", found, choose(column, known, "It has no column."), where)
        if list(known).count(column) > 1:
            found, fix = f"There are two columns `{column[:60]}`.", "Give them different names where they are written."
            raise PlatformError("column-missing", found, fix, where)


def places(identifiers: Mapping[str, Identifier], joined_at: str | None) -> list[str]:
    """Returns the columns to be read, each once."""
    return list(dict.fromkeys(chain((one.column for one in identifiers.values()), filter(None, [joined_at]))))


def batched(rows: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Yields lists of at most so many."""
    held: list[Any] = []
    for row in rows:
        held.append(row)
        if len(held) >= size:
            yield held
            held = []
    if held:
        yield held
