"""What one audience file says: who is in it, by segments, other audiences and attributes, and how it is refreshed."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator
from pydantic.json_schema import SkipJsonSchema

from remote_segments.config.common import CommonSettings, Percent
from remote_segments.config.condition import Combination, WrittenCondition
from remote_segments.config.duration import Duration
from remote_segments.config.frequency import WrittenFrequency
from remote_segments.config.names import Characters, Name
from remote_segments.explanations import kind_of, refusal
from remote_segments.membership.expressions import BASIS, Every, Expression, No, Share, Some, delicate_inputs
from remote_segments.settings import Settings

HOLDOUT = "holdout"
"""The part of a split that nobody is to be sent anything."""

PERIOD_UNKNOWN = timedelta(days=1)
"""How old an audience may be that has neither inputs nor a frequency."""


class Split(Settings):
    """Everybody falls into one group, by a hash of key and salt: the same on every machine, today and in a year."""

    salt: Characters = Field(
        description="Any text; people fall into the same groups wherever the same is written.",
        examples=["spring_2026"],
        min_length=1,
    )
    former_salt: Characters | None = Field(
        None, description="The salt before this one, to state that everybody shall be drawn anew."
    )
    holdout: Percent | None = Field(
        None,
        description=f"The share that is left out of the audience, and is an audience of its own, NAME_{HOLDOUT}.",
        examples=["10%"],
    )
    groups: dict[Name, Percent] = Field(
        default_factory=dict,
        description="Groups and their shares, in order; each is an audience of its own, NAME_GROUP.",
        examples=[{"a": "45%", "b": "45%"}],
    )

    @model_validator(mode="after")
    def _adds_up(self) -> "Split":
        if HOLDOUT in self.groups:
            raise refusal("bad-value", "`holdout` is no group.", "Write `holdout: 10%` beside `groups`.")
        shares = [*self.groups.values(), *([] if self.holdout is None else [self.holdout])]
        if not shares:
            raise refusal("missing-key", "The split has no part.", "Add `holdout: 10%`, or `groups: {a: 50%, b: 50%}`.")
        if any(abs(share * 100 - round(share * 100)) > 1e-6 or share == 0 for share in shares):
            raise refusal("bad-value", "A share of the split is 0, or finer than 0.01%.", "Write shares as `12.25%`.")
        total = sum(round(share * 100) for share in shares)
        if total > BASIS or (self.groups and total != BASIS) or (not self.groups and total == BASIS):
            more = f" with a holdout of {self.holdout:g}%" if self.holdout is not None else ""
            found = f"The shares add up to {total / 100:g}%{more and ', the holdout included'}."
            raise refusal("shares-wrong", found, "Groups and holdout add up to 100%; a holdout alone is less.")
        return self

    def parts(self) -> dict[str, Share]:
        """The parts by name, the holdout first: it keeps its people when groups are cut otherwise."""
        found, low = {}, 0
        shares = {**({} if self.holdout is None else {HOLDOUT: self.holdout}), **self.groups}
        for name, share in shares.items():
            high = low + round(share * 100)
            found[name] = Share(self.salt, low, high)
            low = high
        return found


class Inputs(Settings):
    """What happens when a segment or audience that it is made of is stale, failed, held or was never published."""

    policy: Literal["refuse", "last_good"] | None = Field(
        None,
        description="`refuse` leaves what is published and says so; `last_good` takes what was published last, of "
        "whatever age `max_age` allows. By default `refuse` for what stands under `none`, `at_least` or in a list of "
        "priorities, else `last_good`.",
    )
    max_age: Duration | None = Field(
        None, description="How old what was published last may be to be used under `last_good`.", examples=["3 days"]
    )

    @model_validator(mode="after")
    def _of_use(self) -> "Inputs":
        if self.policy == "refuse" and self.max_age is not None:
            found = "`max_age` says nothing under `policy: refuse`, which uses nothing that is not as it should be."
            raise refusal("bad-value", found, "Leave it out, or write `policy: last_good`.")
        return self


def _priorities(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    if all(isinstance(entry, str) for entry in value):
        if len(set(value)) < len(value):
            raise refusal("bad-value", "A name stands twice in `priority`.", "Write each once.")
        return {entry: entry for entry in value}
    kind = next(kind_of(entry) for entry in value if not isinstance(entry, str))
    raise refusal("wrong-type", f"An entry of `priority` is {kind}.", "Name it: `priority: {first: {country: FR}}`.")


class Audience(CommonSettings, Combination):
    """One audience; the file's name is its name. All that is written of `all`, `any`, `none` and so on must hold."""

    priority: Annotated[
        dict[Name, WrittenCondition] | None,
        BeforeValidator(_priorities, json_schema_input_type=dict[str, WrittenCondition] | list[str]),
    ] = Field(
        None,
        description="Conditions in order: a person stays only in the first that fits. Each is an audience of its own, "
        "NAME_ENTRY; NAME has everybody who is in one.",
        examples=[["vip_openers", "win_back", "newsletter"]],
        min_length=2,
    )
    split: Split | None = Field(
        None,
        description="Groups that everybody falls into by chance, and for good.",
        examples=[{"salt": "spring", "holdout": "10%"}],
    )
    inputs: Inputs = Field(default_factory=Inputs, description="What happens when an input is not as it should be.")
    refresh_frequency: WrittenFrequency | None = Field(
        None,
        description="How often it is combined: in words, or as a cron expression; by default whenever an input "
        "was refreshed.",
        examples=["1 day at 07:00"],
    )
    part: SkipJsonSchema[str] = Field("", description="Of a split or a list of priorities.", exclude=True)
    file_name: SkipJsonSchema[str] = Field("", description="Its file, which may be that of several.", exclude=True)
    period: SkipJsonSchema[timedelta] = Field(
        PERIOD_UNKNOWN,
        description="Between two refreshes; its slowest input's if it has no frequency.",
        exclude=True,
    )

    @field_validator("part", "file_name", "period", mode="before")
    @classmethod
    def _not_written_either(cls, value: Any, info: ValidationInfo) -> Any:
        if info.context and value != cls.model_fields[info.field_name or ""].default:
            raise refusal("unknown-key", f"There is no key `{info.field_name}`.", "Remove it.")
        return value

    @model_validator(mode="after")
    def _says_who(self) -> "Audience":
        if not any((self.all, self.any, self.none, self.at_least, self.where, self.priority)):
            fix = "Add `all:`, `any:`, `at_least:`, `where:` or `priority:` with conditions."
            raise refusal("missing-key", "The file does not say who is in the audience.", fix)
        if self.priority and self.split:
            fix = "Write the split into an audience of its own, over this one or over one of its parts."
            raise refusal("bad-value", "The file has both `priority` and `split`.", fix)
        return self

    def parts(self) -> Iterator["Audience"]:
        """The audiences that the file makes: the one of its name, then one per part."""
        yield self
        names = [*(self.split.parts() if self.split else ()), *(self.priority or ())]
        for name in names:
            former = f"{self.renamed_from}_{name}" if self.renamed_from else None
            yield self.model_copy(update={"name": f"{self.name}_{name}", "part": name, "renamed_from": former})

    @property
    def expression(self) -> Expression:
        """Who is in it."""
        found = self.combined(self.model)
        if self.split is not None:
            found.extend(self._share(self.split))
        if self.priority is not None:
            found.extend(self._place(self.priority))
        return found[0] if len(found) == 1 else Every(tuple(found))

    def _share(self, split: Split) -> Iterator[Expression]:
        parts = split.parts()
        if self.part:
            yield parts[self.part]
        elif HOLDOUT in parts:
            yield Share(split.salt, parts[HOLDOUT].high, BASIS)

    def _place(self, priority: dict[str, Any]) -> Iterator[Expression]:
        conditions = {name: one.expression(self.model) for name, one in priority.items()}
        if not self.part:
            yield Some(tuple(conditions.values()))
            return
        earlier = tuple(conditions.values())[: list(conditions).index(self.part)]
        yield conditions[self.part]
        if earlier:
            yield No(earlier)

    @property
    def refusing(self) -> frozenset[str]:
        """The inputs without which it is not refreshed when they are not as they should be, where no policy is written.

        In a list of priorities all but the first part are made by `none`; so that all parts are of the same time, the
        whole list is.
        """
        whole = No((self.expression,)) if self.priority else self.expression
        return delicate_inputs(whole)
