"""What an audience file says about people: in which segments they are, which attributes they have, how that combines.

Everything in one mapping must hold. A bare name is a segment or an audience; a key that is no word of ours is a column
of the model.
"""

import re
from datetime import date, timedelta
from difflib import get_close_matches
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, GetJsonSchemaHandler, ValidationInfo, model_validator

from remote_segments.config.duration import Duration
from remote_segments.config.names import Characters
from remote_segments.explanations import kind_of, refusal
from remote_segments.membership.expressions import AtLeast, Attribute, Every, Expression, No, Past, Some, Within
from remote_segments.settings import Settings

_OPERATOR_WORDS = ("is null", "is not null", "within ", "older than ", "between ", "contains ", "in [", "<", ">", "!=")


def _comparison(value: Any) -> Any:
    if value is None:
        raise refusal("bad-value", "A column is compared with nothing.", "Write `{is: null}`, or a value.")
    if isinstance(value, str):
        meant = next((word for word in _OPERATOR_WORDS if value.lower().startswith(word)), None)
        if meant:
            fix = 'Write a mapping: {is: null}, {within: 30 days}, {">": 18}; or {"=": ...} for these very characters.'
            raise refusal("bad-value", f"`{value[:40]}` is a text here, and looks like a condition.", fix)
        return {"=": value}
    return {"in": value} if isinstance(value, list) else value


def _is_null(value: Any) -> Any:
    if value is None or value in ("null", "not null"):
        return value or "null"
    raise refusal("bad-value", "`is` asks for null or for not null.", "Write `is: null` or `is: not null`.")


def _two(value: Any) -> Any:
    if not isinstance(value, list) or len(value) != 2:
        raise refusal("bad-value", "`between` has two values.", "Write `between: [LEAST, GREATEST]`.")
    if _upside_down(*value):
        raise refusal("bad-value", "`between` has the greater value first: nobody is.", "Write the lesser one first.")
    return value


def _upside_down(least: Any, greatest: Any) -> bool:
    """Whether two numbers or two days, as they are written, stand the wrong way round; of texts a column decides."""
    for kind in (float, date.fromisoformat):
        try:
            return bool(kind(str(least)) > kind(str(greatest)))  # type: ignore[operator]
        except ValueError:
            continue
    return False


class Comparison(Settings):
    """What a column's value must be; all of it must hold. A null value fits nothing but `is: null`."""

    model_config = ConfigDict(populate_by_name=False)

    equal: Characters | None = Field(None, alias="=", description="Equal to this.", examples=["FR"])
    unequal: Characters | None = Field(None, alias="!=", description="Anything else than this, but not null.")
    less: Characters | None = Field(None, alias="<", description="Less than this, or earlier.")
    at_most: Characters | None = Field(None, alias="<=", description="At most this.")
    greater: Characters | None = Field(None, alias=">", description="Greater than this, or later.", examples=["100"])
    at_least: Characters | None = Field(None, alias=">=", description="At least this.", examples=["18"])
    among: tuple[Characters, ...] | None = Field(
        None, alias="in", description="One of these.", examples=[["FR", "BE"]], min_length=1
    )
    between: Annotated[tuple[Characters, Characters] | None, BeforeValidator(_two)] = Field(
        None,
        validate_default=False,
        description="From the first up to the second, both included.",
        examples=[["18", "25"]],
    )
    contains: str | None = Field(None, description="Has these characters in it.", examples=["gold"], min_length=1)
    null: Annotated[str | None, BeforeValidator(_is_null)] = Field(
        None,
        alias="is",
        description="`null` or `not null`.",
        validate_default=False,
        json_schema_extra={"enum": [None, "null", "not null"]},
    )
    within: Duration | None = Field(
        None, description="A day or an instant of the last so and so many days, hours or minutes.", examples=["30 days"]
    )
    older_than: Duration | None = Field(None, description="A day or an instant before that.", examples=["1 week"])

    @model_validator(mode="after")
    def _not_empty(self) -> "Comparison":
        if not self.model_fields_set:
            raise ValueError("a comparison names at least one operator")
        return self

    def tests(self) -> list[tuple[str, tuple[str, ...]]]:
        """Operators with their values."""
        found = []
        for name in self.model_fields_set:
            value = getattr(self, name)
            written = type(self).model_fields[name].alias or name
            if isinstance(value, timedelta):
                value = str(round(value.total_seconds()))
            found.append((written, value if isinstance(value, tuple) else (value,)))
        return sorted(found)


_Plain = str | int | float | bool

WrittenComparison = Annotated[
    Comparison,
    BeforeValidator(
        _comparison, json_schema_input_type=str | int | float | bool | list[str | int | float] | Comparison
    ),
]
"""`FR`, `[FR, BE]` or `{">=": 18}`."""


class Combination(Settings):
    """Lists of conditions; all that is written must hold."""

    all: "Conditions | None" = Field(
        None, description="Who is in all of these.", examples=[["vip_openers", {"country": "FR"}]]
    )
    any: "Conditions | None" = Field(
        None, description="Who is in one of these or more.", examples=[["vip_openers", "win_back"]]
    )
    none: "Conditions | None" = Field(None, description="Who is in none of these; never alone.", examples=[["churned"]])
    at_least: "Enough | None" = Field(
        None,
        description="Who is in so many of these or more; with names alone also as `2 of [vip_openers, win_back]`.",
        examples=[{"count": 2, "of": ["vip_openers", "win_back"]}],
    )
    where: dict[str, WrittenComparison] | None = Field(
        None,
        description="Columns of the model and what their values must be; of another model written as `model.column`.",
        examples=[{"country": "FR"}],
        min_length=1,
    )

    def combined(self, model: str) -> list[Expression]:
        """What must hold, as expressions; `model` is the one whose columns are meant where none is named."""
        found: list[Expression] = []
        for written, kind in ((self.all, Every), (self.any, Some), (self.none, No)):
            if written:
                found.append(kind(tuple(one.expression(model) for one in written)))
        if self.at_least:
            found.append(AtLeast(self.at_least.count, tuple(one.expression(model) for one in self.at_least.of)))
        for column, comparison in (self.where or {}).items():
            found.extend(attributes(column, comparison, model))
        return found


class Condition(Combination):
    """One condition. A key that is not listed here is a column of the model, as in `where`."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, WrittenComparison]

    segment: str | None = Field(None, description="Who is in this segment or audience now.", examples=["vip_openers"])
    audience: str | None = Field(None, description="The same.", examples=["loyal"])
    was_in: str | None = Field(
        None, description="Who was in it at some time of the stretch that `within` names.", examples=["vip_openers"]
    )
    joined: str | None = Field(
        None, description="Who joined it in that stretch, by their own doing.", examples=["vip_openers"]
    )
    left: str | None = Field(None, description="Who left it in that stretch, by their own doing.")
    within: Duration | None = Field(None, description="The stretch of time until now.", examples=["30 days"])

    @model_validator(mode="after")
    def _sound(self) -> "Condition":
        past = [name for name in ("was_in", "joined", "left") if getattr(self, name) is not None]
        if past and self.within is None:
            raise refusal("missing-key", f"`{past[0]}` does not say since when.", "Add `within: 30 days`.")
        if self.within is not None and not past:
            raise refusal(
                "missing-key",
                "`within` does not say what happened then.",
                "Add `joined:`, `left:` or `was_in:`; of a column write `{created_at: {within: 30 days}}`.",
            )
        if not self.model_fields_set and not self.model_extra:
            raise ValueError("a condition names a segment, an audience, a column or a combination")
        return self

    @model_validator(mode="before")
    @classmethod
    def _no_misspelling(cls, value: Any, info: ValidationInfo) -> Any:  # noqa: ARG003 - the shape of a validator
        for key, inside in value.items() if isinstance(value, dict) else ():
            words = _NAMES if isinstance(inside, str) else _LISTS if isinstance(inside, list) else ()
            meant = get_close_matches(key, words, n=1, cutoff=0.85)
            if key not in cls.model_fields and meant:
                found = f"`{key}` would be a column of the model, and looks like `{meant[0]}`."
                fix = f"Write `{meant[0]}`; if it is a column, write `where: {{{key}: ...}}`."
                raise refusal("unknown-key", found, fix)
        return value

    def expression(self, model: str) -> Expression:
        """What must hold, as one expression."""
        found: list[Expression] = [Within(name) for name in (self.segment, self.audience) if name is not None]
        for event, name in (("was_in", self.was_in), ("joined", self.joined), ("left", self.left)):
            if name is not None and self.within is not None:
                found.append(Past(event, name, self.within))  # type: ignore[arg-type]
        found.extend(self.combined(model))
        for column, comparison in (self.model_extra or {}).items():
            found.extend(attributes(column, comparison, model))
        return found[0] if len(found) == 1 else Every(tuple(found))


_NAMES = ("segment", "audience", "was_in", "joined", "left", "within")
_LISTS = ("all", "any", "none")


_ENOUGH = re.compile(r"(\d+) of \[(.*)\]")


def _enough(value: str) -> Any:
    """`2 of [a, b, c]`, which is a text to YAML; conditions other than names need the long form."""
    found = _ENOUGH.fullmatch(value.strip())
    if found is None or not all(names := [name.strip() for name in found[2].split(",")]):
        fix = "Write `2 of [vip_openers, win_back]`, or `{count: 2, of: [vip_openers, {country: FR}]}`."
        raise refusal("wrong-type", "`at_least` is a text here that is no such list.", fix)
    return {"count": int(found[1]), "of": names}


class Enough(Settings):
    """So many of a list."""

    count: int = Field(description="How many of them, at least.", examples=[2], ge=1)
    of: "Conditions" = Field(description="Conditions.", examples=[["vip_openers", "win_back"]])

    @model_validator(mode="before")
    @classmethod
    def _of_names(cls, value: Any) -> Any:
        return _enough(value) if isinstance(value, str) else value

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [{"type": "string", "pattern": _ENOUGH.pattern}, handler(schema)]}

    @model_validator(mode="after")
    def _possible(self) -> "Enough":
        if self.count > len(self.of):
            raise ValueError(f"it asks for {self.count} of {len(self.of)}, which nobody can be in")
        return self


def _condition(value: Any) -> Any:
    if isinstance(value, str):
        return {"segment": value}
    if value is None or isinstance(value, list):
        found = f"A condition is {kind_of(value)}."
        raise refusal("wrong-type", found, "Write a segment's name, or a mapping as {country: FR} or {any: [...]}.")
    return value


WrittenCondition = Annotated[Condition, BeforeValidator(_condition, json_schema_input_type=str | Condition)]
"""`vip_openers`, `{country: FR}`, `{any: [...]}`."""


def _filled(value: Any) -> Any:
    if value == []:
        raise refusal("bad-value", "The list is empty.", "Write conditions into it, or leave the key out.")
    return value


Conditions = Annotated[
    tuple[WrittenCondition, ...], BeforeValidator(_filled, json_schema_input_type=list[WrittenCondition])
]
"""A list of conditions; pydantic's own least length would also count those that are broken."""

Combination.model_rebuild()
Condition.model_rebuild()
Enough.model_rebuild()


def attributes(column: str, comparison: Comparison, model: str) -> list[Expression]:
    """The tests of one column; a column of another model is written `model.column`."""
    named, dot, rest = column.partition(".")
    owner, name = (named, rest) if dot else (model, column)
    return [Attribute(owner, name, operator, values) for operator, values in comparison.tests()]
