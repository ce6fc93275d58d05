"""Who must not be sent, and who has consented: written in project.yaml for all activations, or in one for it alone."""

from typing import Literal

from pydantic import Field, field_validator, model_validator

from remote_segments.config.names import Characters, Name
from remote_segments.membership.tables import MAX_KEY_COLUMNS
from remote_segments.settings import Settings, Texts

TRUE = ("true", "t", "yes", "y", "1")
"""Values of a column that mean yes, in lower case, where a file names none."""

ANY = "any"
"""Means every value of a column, whatever it is: a column with a date of unsubscription."""


class Listing(Settings):
    """People by a segment or audience, by a column of the model, or by a table of keys: exactly one of these."""

    segment: Name | None = Field(
        None,
        description="A segment or audience of the same model: those of its last published snapshot.",
        examples=["unsubscribed"],
    )
    table: str | None = Field(
        None, description="A table or view of the warehouse with the model's key.", examples=["crm.blocked"]
    )
    key: Texts | None = Field(
        None,
        description="The table's columns with the model's key, in its order; by default called as in the model.",
        min_length=1,
        max_length=MAX_KEY_COLUMNS,
    )
    column: str | None = Field(
        None, description="A column of the model, or of `table` where that is written.", examples=["do_not_mail"]
    )
    values: tuple[Characters, ...] | Literal["any"] | None = Field(
        None,
        description=f"Values of the column that count, without case; `{ANY}` for all but null. By default those that "
        "mean yes: true, yes, 1.",
        examples=[["granted"], ANY],
    )
    model: Name | None = Field(
        None, description="Only for activations of this model; by default for all, which then need the column."
    )
    connections: Texts | None = Field(
        None, description="Only for destinations of these connections; by default for all.", min_length=1
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> "Listing":
        if self.segment and (self.table or self.column):
            raise ValueError("it has `segment`, and nothing else says who")
        if not (self.segment or self.table or self.column):
            raise ValueError("it has one of `segment`, `column` and `table`")
        if self.values is not None and not self.column:
            raise ValueError("`values` are those of a `column`, and there is none")
        if self.key and not self.table:
            raise ValueError("`key` names columns of a `table`, and there is none")
        return self

    @field_validator("values")
    @classmethod
    def _some(cls, value: tuple[str, ...] | str | None) -> tuple[str, ...] | str | None:
        if isinstance(value, tuple) and not value:
            raise ValueError("the list of values is empty")
        return value

    @property
    def counted(self) -> tuple[str, ...] | None:
        """The values that count, in lower case; None for any."""
        if self.values == ANY:
            return None
        return TRUE if self.values is None else tuple(value.lower() for value in self.values)

    def concerns(self, model: str, connection: str) -> bool:
        """Whether it is for an activation of this model through this connection."""
        return self.model in (None, model) and (self.connections is None or connection in self.connections)
