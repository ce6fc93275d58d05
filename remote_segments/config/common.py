"""What the files of segments and audiences have in common: columns, freshness, guards, and how they are shown."""

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema

from remote_segments.config.duration import Duration
from remote_segments.config.moments import TimeZone
from remote_segments.config.names import Characters, Name
from remote_segments.explanations import kind_of, refusal
from remote_segments.settings import Settings, Texts


class Columns(Settings):
    """Which of the model's columns the segment has; all by default."""

    include: Texts | None = Field(None, description="Only these columns.", min_length=1)
    exclude: Texts | None = Field(None, description="All columns but these.", min_length=1)

    @model_validator(mode="after")
    def _one_of_two(self) -> "Columns":
        if (self.include is None) == (self.exclude is None):
            raise ValueError("it has either `include` or `exclude`")
        return self


class Freshness(Settings):
    """From which age the ids are late, and from which they are stale."""

    warn: Duration | None = Field(None, description="Late from this age on; by default 1.5 refresh periods.")
    fail: Duration | None = Field(None, description="Stale from this age on; by default 2.5 refresh periods.")

    @model_validator(mode="after")
    def _in_order(self) -> "Freshness":
        if self.warn and self.fail and self.warn > self.fail:
            raise ValueError("`warn` is a younger age than `fail`")
        return self


_PERCENT = re.compile(r"\s*(\d{1,8}(?:\.\d+)?)\s*%\s*")


def _percent(value: Any, most: int = 100) -> Any:
    if isinstance(value, float):
        return value
    match = _PERCENT.fullmatch(value) if isinstance(value, str) else None
    if not match or float(match[1]) > most:
        found = (
            f"`{value[:20]}` is not a percentage."
            if isinstance(value, str)
            else f"A percentage is text, and this is {kind_of(value)}."
        )
        raise refusal("bad-value", found, f"Write a number from 0 to {most:,} and `%`, as `80%`.")
    return float(match[1])


Percent = Annotated[
    float,
    BeforeValidator(_percent),
    WithJsonSchema({"type": "string", "pattern": r"^\s*\d{1,3}(\.\d+)?\s*%\s*$", "examples": ["80%"]}),
]
"""A number of percent from 0 to 100, written as `80%`, read as 80.0."""

Growth = Annotated[
    float,
    BeforeValidator(lambda value: _percent(value, 10_000_000)),
    WithJsonSchema({"type": "string", "pattern": r"^\s*\d{1,8}(\.\d+)?\s*%\s*$", "examples": ["300%"]}),
]
"""A number of percent that may be more than 100: a segment can grow to several times its size."""


class Guards(Settings):
    """What keeps a fetched snapshot from being published until a person decides."""

    allow_empty: bool = Field(False, description="Publish a proven empty segment although the last one had members.")
    minimum_match_rate: Percent | None = Field(
        None, description="The least share of fetched members that the model must know.", examples=["80%"]
    )
    warn_match_rate: Percent | None = Field(
        None,
        description="The share of fetched members below which a check warns and `status` says so; nothing is held.",
        examples=["95%"],
    )
    max_match_rate_drop: Percent = Field(
        10.0,
        description="By how many points the match rate may fall at once, where 100 members or more are fetched.",
        examples=["15%"],
        json_schema_extra={"default": "10%"},
    )
    max_left: Percent = Field(
        20.0,
        description="The greatest share of the published members that may leave at once, or be missing from what "
        "is usual, where more than 50 do; a segment with under 100 members may in any case shrink to half, or lose 10.",
        examples=["30%"],
        json_schema_extra={"default": "20%"},
    )
    max_joined: Growth = Field(
        100.0,
        description="The greatest number of people who may join at once, or be there beyond what is usual, as a "
        "share of the published members, where more than 500 do; a segment with under 100 members may grow at will.",
        examples=["300%"],
        json_schema_extra={"default": "100%"},
    )

    @model_validator(mode="after")
    def _in_order(self) -> "Guards":
        if self.warn_match_rate is not None and self.warn_match_rate < (self.minimum_match_rate or 0):
            raise ValueError("`warn_match_rate` is at least `minimum_match_rate`, below which a snapshot is held")
        return self


_TAG_KEY = re.compile(r"([A-Za-z0-9_.-]{1,63}/)?[A-Za-z0-9_.-]{1,63}")
_TAG_VALUE = re.compile(r"[A-Za-z0-9_.-]{0,63}")
_GROUP = re.compile(r"[A-Za-z0-9_]+(/[A-Za-z0-9_]+)*")
_OWNER = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,7}|(team:)?[A-Za-z0-9_.-]{1,63}")
"""What Dagster accepts in these places (its `_utils/tags.py`, `_core/definitions/utils.py`, release 1.13.27)."""


def _fits_dagster(shape: re.Pattern[str], rule: str) -> AfterValidator:
    def check(value: str | None) -> str | None:
        if value is not None and not shape.fullmatch(value):
            raise ValueError(rule)
        return value

    return AfterValidator(check)


Owner = Annotated[
    str | None, _fits_dagster(_OWNER, "an owner is an e-mail address or a team in one word, as `team:growth`")
]
"""Who answers for something, as Dagster accepts it."""


class CommonSettings(Settings):
    """What the files of segments and audiences have in common: how people find it, and how it is kept and shown."""

    name: SkipJsonSchema[str] = Field("", description="Given by the file's name.", exclude=True)
    description: str | None = Field(
        None, description="Who is in it, for people.", examples=["Opened a VIP campaign in the last 30 days"]
    )
    owner: Owner = Field(
        None,
        description="Who answers for it: an e-mail address, or the name of a team.",
        examples=["lifecycle@example.com"],
    )
    model: str = Field(description="A model of project.yaml.", examples=["contacts"])
    timezone: TimeZone | None = Field(None, description="The zone of its times of day; by default the project's.")
    columns: Columns | None = Field(None, description="Which of the model's columns it has; all by default.")
    freshness: Freshness | None = Field(None, description="When its data is late and when it is stale.")
    guards: Guards = Field(default_factory=Guards, description="When a snapshot waits for a person.")
    retention: Duration = Field(
        timedelta(days=30), description="How long the fetched ids are kept.", examples=["30 days"]
    )
    tags: dict[str, Characters] = Field(default_factory=dict, description="Tags of its assets in Dagster.")
    group: Annotated[
        str | None, _fits_dagster(_GROUP, "a group has letters, digits and `_`, and `/` between parts")
    ] = Field(None, description="The group of its assets in Dagster; by default the segment's name.")
    renamed_from: Name | None = Field(None, description="Its earlier name: the history is carried over.")

    @field_validator("name", mode="before")
    @classmethod
    def _not_written(cls, value: Any, info: ValidationInfo) -> Any:
        if info.context and value != "":
            found = "There is no key `name`: a segment's name is that of its file."
            raise refusal("unknown-key", found, "Remove it, and rename the file if another name is meant.")
        return value

    @field_validator("tags")
    @classmethod
    def _tags_fit(cls, value: dict[str, str]) -> dict[str, str]:
        for key, text in value.items():
            if not _TAG_KEY.fullmatch(key) or not _TAG_VALUE.fullmatch(text):
                raise ValueError(
                    f"the tag `{key[:63]}` has a character other than letters, digits, `_`, `.` and `-`, or is too long"
                )
        return value
