"""The one thing a text of a manifest may do: `{name}` stands for an id of the segment or an option of the connection.

Names are checked when the manifest is loaded; there are no expressions, defaults or filters.
"""

import re
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import quote

from pydantic import AfterValidator, BeforeValidator

from remote_segments.errors import ProjectError

_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")


def well_formed(text: str) -> str:
    """Returns a text whose braces are all placeholders.

    Raises:
        ValueError: for any other brace.
    """
    if "{" in _PLACEHOLDER.sub("", text) or "}" in _PLACEHOLDER.sub("", text):
        raise ValueError("a brace that is not part of a placeholder such as {segment_id}")
    return text


class Declared(str):
    """A value that a manifest itself lists: it may hold slashes, and stays as it is in an address."""

    __slots__ = ()


Template = Annotated[str, AfterValidator(well_formed)]
"""A text with `{name}` placeholders and no other brace."""

Templates = Annotated[
    tuple[Template, ...],
    BeforeValidator(
        lambda value: [value] if isinstance(value, str) else value, json_schema_input_type=str | tuple[str, ...]
    ),
]
"""One such text, or a list of them; always a tuple once read."""


def names(template: str) -> tuple[str, ...]:
    """Returns the names that a template uses, in order of appearance."""
    return tuple(_PLACEHOLDER.findall(template))


def fill(template: str, values: Mapping[str, str]) -> str:
    """Returns the template with its values as they are; for what is encoded later, such as a query."""
    return _PLACEHOLDER.sub(lambda match: values[match[1]], template)


def fill_path(template: str, values: Mapping[str, str]) -> str:
    """Returns the template with its values percent-encoded, so that an id is one piece of a path whatever it holds.

    Raises:
        ProjectError: `bad-value` for an empty id, or one of dots only, which would name another path.
    """
    for name in names(template):
        if values[name].strip(". ") == "":
            found = f"`{name}` is {values[name]!r}, which cannot be a piece of an address."
            raise ProjectError("bad-value", found, f"Write the {name} as the platform shows it.")
    return _PLACEHOLDER.sub(lambda match: _quoted(values[match[1]]), template)


def _quoted(value: str) -> str:
    return quote(value, safe="/" if isinstance(value, Declared) else "")
