"""Names that a person gives: one rule for segments, models, connections and environments.

Names become tables, asset keys and groups, so they must fit everywhere: Postgres cuts a name at 63 bytes
(https://www.postgresql.org/docs/current/sql-syntax-lexical.html), and `__` separates the parts of generated names.
"""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, WithJsonSchema

from remote_segments.explanations import refusal
from remote_segments.membership.tables import RESERVED_NAMES

RULE = "lower-case letters, digits and single `_`, beginning with a letter, at most 48 characters"

PATTERN = "[a-z](?!.*__)[a-z0-9_]{0,47}"

_SHAPE = re.compile(PATTERN)


def is_name(text: str) -> bool:
    """Whether a text is a name."""
    return _SHAPE.fullmatch(text) is not None


def is_reserved(name: str) -> bool:
    """Whether a segment's own table of this name would hide a shared table."""
    return name in RESERVED_NAMES


def as_name(text: str) -> str:
    """The nearest name to a text that is none: `VIP-openers (new)` gives `vip_openers_new`."""
    plain = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    return (plain if plain[:1].isalpha() else f"s_{plain}".rstrip("_"))[:48].rstrip("_")


def name_fix(text: str) -> str:
    """What to do about a text that is not a name."""
    return f"Use {RULE}, for example `{as_name(text)}`."


def _checked(value: Any) -> Any:
    if not is_name(value):
        raise refusal("name-invalid", f"`{value[:60]}` is not a name.", name_fix(value))
    return value


Name = Annotated[str, AfterValidator(_checked), WithJsonSchema({"type": "string", "pattern": f"^{PATTERN}$"})]
"""A name in a settings class."""

Characters = Annotated[str, WithJsonSchema({"type": ["string", "number", "boolean"]})]
"""Text taken as the characters written: also `010`, `12:30` and `true`, which editors take for something else."""
