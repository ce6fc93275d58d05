"""Sources whose members are rows with columns: which column is which identifier is written in the segment's file."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, WithJsonSchema, field_validator

from remote_segments.explanations import refusal
from remote_segments.identifiers import KINDS
from remote_segments.settings import Settings, Texts, text_as
from remote_segments.sources.audiences import Audiences
from remote_segments.sources.connection import ConnectionKeys
from remote_segments.suggestions import choose

RESERVED = ("segment", "snapshot_id", "member_no", "remote_joined_at")
"""Columns of the table `members`, in which identifiers are kept beside these."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,47}")


def _known(kind: str) -> str:
    if kind not in KINDS:
        raise refusal("bad-value", f"There is no kind of identifier `{kind[:40]}`.", choose(kind, KINDS))
    return kind


KindName = Annotated[str, AfterValidator(_known), WithJsonSchema({"type": "string", "enum": list(KINDS)})]
"""A kind of identifier in a settings class."""


class SourceColumn(Settings):
    """Where an identifier is, and how it is compared."""

    column: str | None = Field(
        None,
        description="The column's name in the source, where it is another; a path as `profile.email` in NDJSON and "
        "in structs of Parquet.",
        examples=["E-Mail"],
        min_length=1,
    )
    kind: KindName | None = Field(
        None,
        description="What kind of identifier it is, which decides how it is compared: `text` exactly, `email` without "
        "case. By default an identifier that is called like a kind is of this kind, and any other `text`.",
    )


class ColumnSource(Settings):
    """What every source of rows is told about its columns."""

    member_id: str | None = Field(
        None,
        description="The identifier by which members are told apart: every row has it, and a row that has it again "
        "counts once. By default the first one under `identifiers`.",
        examples=["contact_id"],
    )
    columns: dict[str, Annotated[SourceColumn, text_as("column", SourceColumn)]] = Field(
        default_factory=dict,
        description="Identifier to column of the source, where the two are called differently or are compared "
        "otherwise than as text.",
        examples=[{"email": "E-Mail", "mobile": {"kind": "phone"}}],
    )
    joined_at: str | None = Field(
        None,
        description="The column with the time at which a member joined: a time with its zone.",
        examples=["subscribed_at"],
    )

    asset: Texts | None = Field(
        None,
        description="The Dagster asset that writes what is read, one text per part of its key, for lineage. Tables of "
        "models and of other segments are known by themselves.",
        examples=[["dbt", "vip_customers"]],
        min_length=1,
    )

    @field_validator("member_id")
    @classmethod
    def _fits(cls, value: str | None) -> str | None:
        if value is not None:
            refuse_misnamed([value])
        return value

    @field_validator("columns")
    @classmethod
    def _named(cls, value: dict[str, SourceColumn]) -> dict[str, SourceColumn]:
        refuse_misnamed(value)
        return value

    def identifiers(self, names: Sequence[str]) -> dict[str, "Identifier"]:
        """Returns the identifiers to be read: those that a segment matches by, and those that are written here.

        Args:
            names: the identifiers under `identifiers` of the segment, in order.
        """
        found = {}
        for name in dict.fromkeys([*([self.member_id] if self.member_id else []), *names, *self.columns]):
            written = self.columns.get(name, SourceColumn())
            kind = written.kind or (name if name in KINDS else "text")
            found[name] = Identifier(column=written.column or name, kind=kind)
        return found


def refuse_misnamed(names: Mapping[str, Any] | Sequence[str]) -> None:
    """Refuses names that cannot be columns of the table `members`.

    Raises:
        PydanticCustomError: `name-invalid`, for a validator of a settings class.
    """
    for name in names:
        if not is_identifier(name):
            raise refusal("name-invalid", f"`{name[:60]}` is not a name for an identifier.", IDENTIFIER_FIX)


def is_identifier(name: str) -> bool:
    """Whether a text can name an identifier of a source of rows."""
    return _NAME.fullmatch(name) is not None and name not in RESERVED


IDENTIFIER_FIX = (
    "Use lower-case letters, digits and `_`, at most 48; under `source.columns` say which column it is, as "
    '`contact_id: "Contact ID"`.'
)
"""What to do about a name that cannot be an identifier's."""


@dataclass(frozen=True)
class Identifier:
    """One identifier of a source of rows."""

    column: str
    """Its name or path in the source."""
    kind: str = "text"


@dataclass(frozen=True)
class ColumnKind:
    """The source of one segment: what the engine asks of a kind of membership."""

    title: str
    ids_help: str
    identifiers: Mapping[str, Identifier]
    primary: str

    def coming(self) -> Mapping[str, Identifier]:
        """Returns the identifiers that come with the members, which are all."""
        return self.identifiers

    def read(self, names: Collection[str]) -> tuple[str, ...]:  # noqa: ARG002 - of rows, all are read at once
        """Returns the identifiers that a fetch reads."""
        return tuple(self.identifiers)


def nothing_wrong(_: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yields no problem."""
    yield from ()


@dataclass(frozen=True)
class ColumnPlatform:
    """A platform whose segments are described in the segment's file, and not in a manifest."""

    name: str
    title: str
    kind: str
    """What its sources are called, in the singular."""
    docs: Mapping[str, str]
    api_version: str
    checked: date
    proof: Literal["documented", "replayed", "live"]
    notes: str
    key_help: str
    connection: ConnectionKeys
    source: type[ColumnSource]
    """The settings class of `source:`, but for its key `connection`."""
    ids_help: str
    completeness: str
    """How it is known that no member is missing, for the table of platforms."""
    audiences: Audiences
    check: Callable[[Mapping[str, str]], Iterator[tuple[str, str, str]]] = nothing_wrong
    """Looks at the options of a connection; yields key, what is wrong with it, and what to do."""

    sunset: Mapping[str, date] = field(default_factory=dict)
    """Last days of versions of its API: of files and tables there is none."""

    def version_of(self, options: Mapping[str, str]) -> str:  # noqa: ARG002 - no connection chooses another
        """Returns the version that a connection speaks."""
        return self.api_version

    @property
    def verbs(self) -> tuple[str, ...]:
        """What it can be asked for."""
        return ("members", "describe", "list")

    def kind_of(self, written: Mapping[str, Any], names: Sequence[str]) -> ColumnKind:
        """Returns the source of one segment.

        Args:
            written: the keys of `source:`, but for `connection`.
            names: the identifiers that the segment matches by, in order.

        Raises:
            ValidationError: of pydantic; a project that was loaded has no such source.
        """
        source = self.source.model_validate(dict(written))
        found = source.identifiers(names)
        return ColumnKind(self.kind, self.ids_help, found, source.member_id or next(iter(names), next(iter(found))))
