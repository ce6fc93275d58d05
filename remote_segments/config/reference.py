"""Writes docs/configuration.md: every key of every file, from the descriptions of the settings classes."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from remote_segments.config.activation import Activation, SendGuards, SentIdentifier, Target
from remote_segments.config.audience import Audience, Inputs, Split
from remote_segments.config.cases import Case, Cases, Member
from remote_segments.config.common import Columns, Freshness, Guards
from remote_segments.config.condition import Comparison, Condition, Enough
from remote_segments.config.connection import Connection
from remote_segments.config.duration import EXAMPLES as DURATIONS
from remote_segments.config.duration import UNITS, duration_text
from remote_segments.config.frequency import ALLOWED, in_words
from remote_segments.config.frequency import EXAMPLES as FREQUENCIES
from remote_segments.config.model import Model
from remote_segments.config.names import RULE
from remote_segments.config.permission import Listing
from remote_segments.config.project_file import EnvironmentOverlay, ProjectFile
from remote_segments.config.segment import Column, Segment, Source
from remote_segments.files.source import Completeness, CountFile, Csv, FileSource, ManifestFile
from remote_segments.membership.tables import RESERVED_NAMES
from remote_segments.rest.limits import Limits
from remote_segments.settings import Secret
from remote_segments.sources.columns import SourceColumn
from remote_segments.suggestions import listed
from remote_segments.warehouses.duckdb import DuckDBSettings
from remote_segments.warehouses.platform import QuerySource
from remote_segments.warehouses.postgres import PostgresSettings

SECTIONS: tuple[tuple[str, str, type[BaseModel]], ...] = (
    ("## project.yaml", "What all segments share.", ProjectFile),
    ("### warehouse, of kind duckdb", "", DuckDBSettings),
    (
        "### warehouse, of kind postgres",
        "Either `dsn`, or `host`, `database`, `user` and perhaps `password`.",
        PostgresSettings,
    ),
    (
        "### connections.NAME",
        "One account on one platform. Besides these keys it takes the secrets and options that its platform names.",
        Connection,
    ),
    ("### connections.NAME.limits", "Each replaces the limit of the same name in the platform's manifest.", Limits),
    ("### models.NAME", "Exactly one of `table`, `sql` and `path`.", Model),
    (
        "### environments.NAME",
        "`warehouse` and `connections` are merged key by key into those above; a secret is replaced as a whole.",
        EnvironmentOverlay,
    ),
    ("### Secrets", "A secret is never written into a file: only where it is kept, as exactly one of these.", Secret),
    ("## segments/NAME.yaml", "One file is one segment; the file's name is the segment's name.", Segment),
    (
        "### source",
        "The connection, and exactly one of the sets of id keys that its platform has (`segment_id`, or `list_id`, or "
        "both where the platform wants both). Ids are the characters written: `010` stays `010`.",
        Source,
    ),
    (
        "### source, of a connection to files",
        "Besides `connection`: see [Files and tables as sources](generic-sources.md).",
        FileSource,
    ),
    ("#### source.completeness", "Exactly one of these, or `completeness: atomic`.", Completeness),
    ("#### source.completeness.manifest", "The file's name alone, or these keys.", ManifestFile),
    ("#### source.completeness.count", "The file's name alone, or these keys.", CountFile),
    ("#### source.csv", "", Csv),
    (
        "### source, of a connection to the warehouse",
        "Besides `connection`, exactly one of `table` and `sql`.",
        QuerySource,
    ),
    ("### source.columns", "Of files and of the warehouse: the column's name alone, or these keys.", SourceColumn),
    ("### identifiers", "`email: email`, or `email:` with these keys.", Column),
    ("### columns", "Either of the two.", Columns),
    ("### freshness", "", Freshness),
    ("### guards", "", Guards),
    (
        "## audiences/NAME.yaml",
        "One file is one audience, made of segments, other audiences and columns: see [Audiences](audiences.md). "
        "`columns`, `freshness` and `guards` are those of a segment.",
        Audience,
    ),
    ("### conditions", "`vip_openers`, or a mapping, all of which must hold. Any other key is a column.", Condition),
    ("### conditions on columns", "`FR`, `[FR, BE]`, or a mapping of these, all of which must hold.", Comparison),
    ("### at_least", "", Enough),
    ("### split", "", Split),
    ("### inputs", "", Inputs),
    (
        "## activations/NAME.yaml",
        "One file is one segment or audience sent to one destination: see [Activation](activation.md).",
        Activation,
    ),
    (
        "### destination",
        "The connection, and exactly one of the sets of id keys that its platform can be sent to (`list_id`; of files "
        "`path`, of the warehouse `table`), or `create`.",
        Target,
    ),
    ("### identifiers, of an activation", "`email: email`, or `email:` with these keys.", SentIdentifier),
    ("### guards, of an activation", "", SendGuards),
    ("### suppression.NAME and consent.NAME", "In project.yaml for all activations, or in one of them.", Listing),
    (
        "## tests/NAME.yaml",
        "Cases of your own about one segment, run by `remote-segments test`: see [Testing](testing.md).",
        Cases,
    ),
    ("### cases", "Each has rows and members of its own.", Case),
    ("### members", "Either `key` or `becomes`.", Member),
)


def reference() -> str:
    """The text of docs/configuration.md."""
    parts = [_introduction(), *(_section(*section) for section in SECTIONS)]
    return "\n\n".join(parts) + "\n"


def _introduction() -> str:
    reserved = listed(sorted(RESERVED_NAMES))
    frequencies = listed(map(in_words, ALLOWED), limit=len(ALLOWED))
    return f"""# Configuration

<!-- Generated from the settings classes by `make docs`; edit their descriptions, not this file. -->

A project is a folder with `project.yaml`, one file per segment in `segments/`, and, if need be, one per audience in
`audiences/`, platforms of its own in `platforms/` and cases of its own in `tests/`. `remote-segments validate` checks
all of it without a network and without a secret.

**Every value is the characters written.** YAML's own rules would read `010` as 8, `12:30` as 750 and `yes` as true;
here only a key that is a number, a day or a switch becomes one. Nothing, `null` and `~` mean that a key is not set. A
key written twice is an error, and so is a key that is not listed here.

**Names** of segments, connections, models and environments have {RULE}. A
segment cannot be called {reserved}.

**Durations** are a number and a unit ({listed(f"{unit}s" for unit in UNITS)}): {listed(DURATIONS)}.

**Frequencies** are written in words: {frequencies}; a day and a week may name a time, a week its day.
Anything else is a cron expression of five fields. Examples: {listed(FREQUENCIES)}.

**Paths** start from the project's folder.

**Environments**: the variable `REMOTE_SEGMENTS_ENV` chooses one, else it is `development`, which always exists, starts
no schedule and sends nothing."""


def _section(heading: str, text: str, model: type[BaseModel]) -> str:
    rows = ["| key | what it is | if not written |", "|---|---|---|", *_rows(model)]
    return "\n\n".join(filter(None, (heading, text, "\n".join(rows))))


def _rows(model: type[BaseModel]) -> Iterator[str]:
    needed_first = sorted(model.model_fields.items(), key=lambda item: not item[1].is_required())
    for name, field in needed_first:
        if not field.exclude:
            yield f"| `{field.alias or name}` | {_cell(field)} | {_default(field)} |"


def _cell(field: FieldInfo) -> str:
    examples = [_shown(example) for example in field.examples or ()]
    text = (field.description or "").rstrip(".") + "."
    return (text + (f" Example: {', '.join(examples)}." if examples else "")).replace("|", "\\|")


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**must be written**"
    if isinstance(field.json_schema_extra, dict) and "default" in field.json_schema_extra:
        return _shown(field.json_schema_extra["default"])  # as it is written, where it is read as something else
    default = field.get_default(call_default_factory=True, validated_data={})
    return "" if default in (None, PydanticUndefined, {}, ()) or isinstance(default, BaseModel) else _shown(default)


def _shown(value: Any) -> str:
    """A value as it is written in YAML."""
    return f"`{_written(value)}`"


def _written(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_written(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_written, value)) + "]"
    if isinstance(value, timedelta):
        return duration_text(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def write_reference(file: Path) -> Path:
    """Writes the reference into a file; returns it."""
    file.write_text(reference(), encoding="utf-8")
    return file
