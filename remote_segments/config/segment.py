"""What one segment file says: who is wanted, from where, matched with what, and how often."""

import re
from datetime import date, timedelta
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, ValidationInfo, field_validator

from remote_segments.config.common import CommonSettings
from remote_segments.config.frequency import WrittenFrequency
from remote_segments.config.moments import Day
from remote_segments.explanations import refusal
from remote_segments.identifiers import Options
from remote_segments.identifiers.address import DOT_DOMAINS, PLUS_DOMAINS
from remote_segments.settings import Settings, Texts, text_as

_DOMAIN = re.compile(r"[^@\s.]+(\.[^@\s.]+)+")


class Column(Settings):
    """A column of the model that an identifier is matched with, and how the two are compared."""

    column: str = Field(description="The model's column.", examples=["email_sha256"], min_length=1)
    hashed: Literal["md5", "sha1", "sha256"] | None = Field(
        None, description="How the column's values are hashed (of the normalised identifier, in hexadecimal)."
    )
    prefix: str | None = Field(
        None,
        description="What one of the two sides writes before an id, and the other does not: left out on both.",
        examples=["crm_"],
        min_length=1,
    )
    zero_padded: int | None = Field(
        None,
        description="Digits of an id that one of the two sides fills up with zeros: shorter numbers are filled up.",
        examples=[10],
        ge=2,
        le=40,
    )
    region: str | None = Field(
        None,
        description="The country of telephone numbers written as at home (two letters of ISO 3166); without it only "
        "international spellings count.",
        examples=["FR"],
        pattern="^[A-Z]{2}$",
    )
    plus_addresses: Texts | None = Field(
        None,
        description="`ignore` leaves out what follows a plus sign before the @, at providers that deliver to the same "
        f"mailbox ({', '.join(PLUS_DOMAINS)}); or a list of other domains.",
        examples=["ignore", ["example.com"]],
    )
    dots: Texts | None = Field(
        None,
        description="`ignore` leaves out dots before the @, at providers that deliver to the same mailbox "
        f"({', '.join(DOT_DOMAINS)}); or a list of other domains.",
        examples=["ignore"],
    )

    @field_validator("plus_addresses", "dots", mode="before")
    @classmethod
    def _known_domains(cls, value: Any, info: ValidationInfo) -> Any:
        known = PLUS_DOMAINS if info.field_name == "plus_addresses" else DOT_DOMAINS
        return known if value == "ignore" else value

    @field_validator("plus_addresses", "dots")
    @classmethod
    def _are_domains(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if not all(_DOMAIN.fullmatch(domain) for domain in value or ()):
            raise ValueError("this is `ignore`, or a list of domains as `example.com`")
        return value and tuple(domain.lower() for domain in value)

    @property
    def options(self) -> Options:
        """How the two sides are compared."""
        return Options(self.prefix, self.zero_padded, self.region, self.plus_addresses or (), self.dots or ())


WrittenColumn = Annotated[Column, text_as("column", Column)]
"""`email` or `{column: email_sha256, hashed: sha256}`."""


class Source(Settings):
    """Where the members are: a connection, and the ids that name the segment or list there."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Any]

    connection: str = Field(description="A connection of project.yaml.", examples=["klaviyo"])

    @property
    def ids(self) -> dict[str, Any]:
        """The platform's id keys, as the characters written; of files and of the warehouse, also lists and mappings."""
        return dict(self.__pydantic_extra__ or {})


class Segment(CommonSettings):
    """One remote segment; the file's name is its name."""

    source: Source = Field(
        description="Where its members are.", examples=[{"connection": "klaviyo", "segment_id": "XkR2fP"}]
    )
    identifiers: tuple[dict[str, WrittenColumn], ...] = Field(
        description="Platform's identifier to model's column; alternatives in order, the first that matches wins. "
        "Several keys in one entry must all match the same row.",
        examples=[[{"external_id": "contact_id"}, {"email": "email"}]],
        min_length=1,
    )
    refresh_frequency: WrittenFrequency = Field(
        description="How often its members are fetched: in words, or as a cron expression.",
        examples=["1 hour", "1 day at 06:30"],
    )
    start: Day | None = Field(None, description="Its first partition; by default the project's. Never change it later.")
    on_deleted: Literal["fail", "freeze"] = Field(
        "fail",
        description="What happens when the platform no longer has it: its refreshes fail; or what is published stays, "
        "and it is not fetched any more until a person runs it.",
    )
    expires: Day | None = Field(
        None,
        description="From the beginning of this day on, in its time zone, it is not fetched any more; what is "
        "published stays.",
        examples=["2027-01-31"],
    )
    remap_on_model_refresh: bool = Field(
        True, description="Map the latest ids again when the model's asset was refreshed, without calling the platform."
    )
    refresh_on_source_refresh: bool = Field(
        False,
        description="Refresh also when an asset was refreshed that the source reads: of rows in the warehouse, and of "
        "files with `source.asset`.",
    )

    @property
    def period(self) -> timedelta:
        """How old its data may be when all goes well: the time between two refreshes."""
        return self.refresh_frequency.period

    @property
    def identifier_names(self) -> tuple[str, ...]:
        """The platform's identifiers that it is matched by, in order, each once."""
        return tuple(dict.fromkeys(name for entry in self.identifiers for name in entry))

    @field_validator("expires")
    @classmethod
    def _after_its_start(cls, value: date | None, info: ValidationInfo) -> date | None:
        start = info.data.get("start")
        if value is not None and start is not None and value <= start:
            raise ValueError(f"it begins on {start}, so that it would never be fetched")
        return value

    @field_validator("identifiers", mode="before")
    @classmethod
    def _as_a_list(cls, value: Any) -> Any:
        if isinstance(value, dict):
            raise refusal(
                "wrong-type",
                "`identifiers` is a mapping, so it is open which one is tried first.",
                "Write a list: `- email: email`, each entry on its own line with a dash.",
            )
        if isinstance(value, list) and any(isinstance(entry, str) for entry in value):
            raise refusal(
                "wrong-type",
                "An entry of `identifiers` names no column.",
                "Write `- IDENTIFIER: COLUMN`: the platform's identifier, then the model's column.",
            )
        return value

    @field_validator("identifiers")
    @classmethod
    def _no_empty_entry(cls, value: tuple[dict[str, Column], ...]) -> tuple[dict[str, Column], ...]:
        if not all(value):
            raise ValueError("an entry is empty")
        return value
