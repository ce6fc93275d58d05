"""What a connection to a platform is made of, beside the keys that every connection has."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, model_validator

from remote_segments.settings import Settings, Texts, text_as


class Option(Settings):
    """Something that is not secret and differs between accounts: a region, a user name."""

    description: str = Field(description="What to write, for a person.")
    default: str | None = Field(
        None, description="Value when the connection does not set it; without one it must be set."
    )
    values: Texts | None = Field(None, description="The only allowed values.")

    @model_validator(mode="after")
    def _default_allowed(self) -> "Option":
        if self.values and self.default is not None and self.default not in self.values:
            raise ValueError("the default is not one of the values")
        return self


class ConnectionKeys(Settings):
    """What a connection to this platform is made of, beside the keys that every connection has."""

    secrets: dict[str, str] = Field(default_factory=dict, description="Name of each secret: what it is.")
    options: dict[str, Annotated[Option, text_as("description", Option)]] = Field(
        default_factory=dict, description="Name of each option: what it is."
    )

    def needed(self) -> Mapping[str, str]:
        """Returns what must be written: all secrets, and the options without a default."""
        options = {name: one.description for name, one in self.options.items() if one.default is None}
        return {**self.secrets, **options}
