"""What one activation file says: who is sent where, by what, and when a person must look first."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, ValidationInfo, field_validator, model_validator
from pydantic.json_schema import SkipJsonSchema

from remote_segments.config.common import Growth, Owner, Percent
from remote_segments.config.frequency import WrittenFrequency
from remote_segments.config.moments import TimeZone
from remote_segments.config.names import Characters, Name
from remote_segments.config.permission import Listing
from remote_segments.config.segment import Column
from remote_segments.explanations import kind_of, refusal
from remote_segments.identifiers import KINDS
from remote_segments.settings import Settings, text_as
from remote_segments.sources.columns import KindName

Mode = Literal["mirror", "add_only", "remove_only", "upsert"]


class SentIdentifier(Column):
    """A column of the model whose values are sent, and what they are."""

    kind: KindName | None = Field(
        None,
        description="What kind of identifier goes out; a hash (`email_sha256`) is made of what the column holds. Only "
        "for files and tables: a platform says it itself. By default an identifier called like a kind is of it.",
    )

    def kind_named(self, name: str) -> str:
        """The kind of the identifier, where no platform says it."""
        return self.kind or (name if name in KINDS else "text")


WrittenIdentifier = Annotated[SentIdentifier, text_as("column", SentIdentifier)]


class Target(Settings):
    """Where people are sent: a connection, and the ids of the list there, or the name of one to be made."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Characters]

    connection: str = Field(description="A connection of project.yaml.", examples=["klaviyo"])
    create: str | None = Field(
        None,
        description="Instead of an id: the name of a list that the first send makes; its id is then kept.",
        examples=["VIP openers"],
        min_length=1,
    )
    kind: Name | None = Field(None, description="What is made, where the platform can make several kinds.")

    @property
    def ids(self) -> dict[str, str]:
        """The platform's id keys, as the characters written."""
        return dict(self.__pydantic_extra__ or {})


class SendGuards(Settings):
    """What keeps a plan from being sent until a person decides."""

    allow_empty: bool = Field(False, description="Send although nobody is left to be there.")
    max_adds: Growth = Field(
        100.0,
        description="People who may be added at once, as a share of those who are there, where more than 500 are.",
        examples=["300%"],
        json_schema_extra={"default": "100%"},
    )
    max_removes: Percent = Field(
        20.0,
        description="The share of those who are there who may be removed at once, where more than 50 are; where fewer "
        "than 100 are there, half of them, or 10.",
        examples=["30%"],
        json_schema_extra={"default": "20%"},
    )
    max_add_count: int | None = Field(None, description="People who may be added at once.", examples=[10000], ge=0)
    max_remove_count: int | None = Field(None, description="People who may be removed at once.", examples=[500], ge=0)
    max_rejects: Percent = Field(
        20.0,
        description="The share of those sent whom the destination may reject, once 100 were sent; beyond it the "
        "sending stops.",
        examples=["5%"],
        json_schema_extra={"default": "20%"},
    )


class RunLimits(Settings):
    """How much one run sends at most; the rest is sent by later runs."""

    adds_per_run: int | None = Field(
        None,
        description="People whom one run adds at most; whoever has only another address is not counted.",
        examples=[5000],
        ge=1,
    )
    removes_per_run: int | None = Field(
        None,
        description="People whom one run removes at most; whoever must not be sent any more is removed at once, and "
        "not counted. The guards judge all who are to be removed.",
        examples=[500],
        ge=1,
    )


class Activation(Settings):
    """One segment or audience sent to one destination; the file's name is its name."""

    name: SkipJsonSchema[str] = Field("", description="Given by the file's name.", exclude=True)
    description: str | None = Field(None, description="What it is for, for people.")
    owner: Owner = Field(None, description="Who answers for it: an e-mail address, or the name of a team.")
    segment: Name | None = Field(None, description="The segment that is sent.", examples=["vip_openers"])
    audience: Name | None = Field(None, description="Or the audience.", examples=["win_back"])
    destination: Target = Field(
        description="Where it is sent.", examples=[{"connection": "klaviyo", "list_id": "Y6nRLr"}]
    )
    identifiers: dict[Name, WrittenIdentifier] = Field(
        description="The destination's identifier to the model's column; a list of names where both are called alike.",
        examples=[{"email": "email", "external_id": "contact_id"}],
        min_length=1,
    )
    attributes: dict[str, str] = Field(
        default_factory=dict,
        description="The destination's name of an attribute to the model's column; a change is sent, too.",
        examples=[{"first_name": "first_name"}],
    )
    mode: Mode = Field(
        "mirror",
        description="`mirror` adds and removes; `add_only` removes only whoever may not be sent; `remove_only` adds "
        "nobody; `upsert` sends attributes and changes no list.",
    )
    frequency: WrittenFrequency | None = Field(
        None,
        description="How often it is sent; by default whenever its segment or audience was published.",
        examples=["1 day at 07:00"],
    )
    timezone: TimeZone | None = Field(None, description="The zone of its times of day; by default the project's.")
    guards: SendGuards = Field(default_factory=SendGuards, description="When a plan waits for a person.")
    limits: RunLimits = Field(
        default_factory=RunLimits,
        description="How much one run sends at most. Calls per minute are a limit of the account: see `limits` of its "
        "connection.",
        examples=[{"adds_per_run": 5000}],
    )
    first_plan: Literal["hold", "send"] = Field(
        "hold", description="`hold`: nothing is sent before a person approved the first plan."
    )
    suppression: dict[Name, Listing] = Field(
        default_factory=dict,
        description="Who must not be sent by this activation, beside those of project.yaml.",
        examples=[{"complained": {"table": "crm.complaints"}}],
    )
    consent: dict[Name, Listing] = Field(
        default_factory=dict,
        description="Who alone may be sent by this activation, beside what project.yaml asks for.",
        examples=[{"newsletter": {"column": "newsletter_consent"}}],
    )

    @property
    def source(self) -> str:
        """The segment or audience that is sent."""
        return self.segment or self.audience or ""

    @property
    def period(self) -> timedelta | None:
        """Between two sends; None where it follows its source."""
        return self.frequency.period if self.frequency else None

    @field_validator("name", mode="before")
    @classmethod
    def _not_written(cls, value: Any, info: ValidationInfo) -> Any:
        if info.context and value != "":
            found = "There is no key `name`: an activation's name is that of its file."
            raise refusal("unknown-key", found, "Remove it, and rename the file if another name is meant.")
        return value

    @field_validator("identifiers", "attributes", mode="before")
    @classmethod
    def _named_alike(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {value: value}
        if not isinstance(value, list):
            return value
        found: dict[str, Any] = {}
        for entry in value:
            if isinstance(entry, str):
                found[entry] = entry
            elif isinstance(entry, dict):
                found |= entry
            else:
                raise refusal("wrong-type", f"An entry is {kind_of(entry)}.", "Write `NAME` or `NAME: COLUMN`.")
        return found

    @model_validator(mode="after")
    def _one_source(self) -> "Activation":
        if (self.segment is None) == (self.audience is None):
            raise ValueError("it has either `segment` or `audience`")
        if self.mode == "upsert" and not self.attributes:
            raise refusal("missing-key", "Mode `upsert` sends attributes, and none is named.", "Add `attributes:`.")
        return self
