"""From the text of one member's JSON to what makes it: a million members a minute is not slow, a template each is.

What is the same for everybody is filled in once; what is left are columns, read by the member's place.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from remote_segments.rest.bodies import Bare
from remote_segments.rest.placeholders import fill, names

ABSENT = object()
"""In place of what says nothing, because the member lacks the identifier that it would say."""

Columns = Mapping[str, Sequence[str | None]]


def maker(template: Any, values: Mapping[str, str], columns: Columns, empty: str) -> Any:
    """Returns a function of a member's place, or a constant where the template is the same for everybody.

    Args:
        template: JSON with placeholders.
        values: what placeholders stand for that are the same for everybody.
        columns: identifiers of the members, by name.
        empty: what an identifier that a member lacks becomes: see `Entries.empty`.
    """
    if isinstance(template, Bare):
        return _bare(template, values, columns)
    if isinstance(template, str):
        return _text(template, values, columns, empty)
    if isinstance(template, dict):
        parts = {fill(key, values): maker(value, values, columns, empty) for key, value in template.items()}
        return _object(parts, empty)
    if isinstance(template, list):
        return _array([maker(one, values, columns, empty) for one in template])
    return template


def _bare(template: Bare, values: Mapping[str, str], columns: Columns) -> Any:
    if template.name not in columns:
        return template.fill(values) if template.name in values else _absent
    column = columns[template.name]

    def made(place: int) -> Any:
        value = column[place]
        return ABSENT if value is None else template.fill({template.name: value})

    return made


def _absent(_: int) -> Any:
    """What says nothing of anybody: an identifier that is not sent at all."""
    return ABSENT


def _text(template: str, values: Mapping[str, str], columns: Columns, empty: str) -> Any:
    used = names(template)
    if all(name in values for name in used):
        return fill(template, values) if used else template
    nothing = "" if empty == "text" else ABSENT
    if any(name not in values and name not in columns for name in used):
        return lambda _: nothing
    if len(used) == 1 and template == f"{{{used[0]}}}":
        column = columns[used[0]]
        return lambda place: nothing if (value := column[place]) is None else value
    own = [name for name in used if name in columns]

    def made(place: int) -> Any:
        row = {name: columns[name][place] for name in own}
        return nothing if None in row.values() else fill(template, {**values, **row})  # type: ignore[dict-item]

    return made


def _object(parts: Mapping[str, Any], empty: str) -> Any:
    changing = [(key, part) for key, part in parts.items() if callable(part)]
    if not changing:
        return dict(parts)

    def made(place: int) -> Any:
        built = dict(parts)
        for key, part in changing:
            value = part(place)
            if value is not ABSENT:
                built[key] = value
            elif empty == "object":
                return {}
            else:
                del built[key]
        return built or ABSENT

    return made


def _array(parts: list[Any]) -> Any:
    if not any(callable(part) for part in parts):
        return parts

    def made(place: int) -> Any:
        built = [part(place) if callable(part) else part for part in parts]
        return [one for one in built if one is not ABSENT] or ABSENT

    return made
