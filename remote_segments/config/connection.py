"""Accounts on platforms: where they are, what proves who we are, and how much the account allows."""

from typing import Annotated, Any

from pydantic import ConfigDict, Discriminator, Field, Tag, field_validator

from remote_segments.config.names import Characters, Name
from remote_segments.rest.limits import Limits
from remote_segments.settings import Secret, Settings


def _kind_of_extra(value: Any) -> str:
    return "secret" if isinstance(value, dict | Secret) else "text"


class Connection(Settings):
    """One account on one platform; besides the keys below it takes the secrets and options that its platform names."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[
        str,
        Annotated[Annotated[Secret, Tag("secret")] | Annotated[Characters, Tag("text")], Discriminator(_kind_of_extra)],
    ]

    platform: Name = Field(
        description="The platform's name: a manifest that comes along, or one of platforms/*.yaml.",
        examples=["klaviyo"],
    )
    base_url: str | None = Field(
        None,
        description="Another address of the API: a proxy, a sandbox, a region.",
        examples=["https://a.klaviyo.example/api"],
        pattern=r"^https?://[^\s/@?#]+(/[^\s@?#]*)?$",
    )
    limits: Limits | None = Field(None, description="Limits of this account, where they differ from the platform's.")

    @field_validator("base_url", mode="before")
    @classmethod
    def _no_credentials(cls, value: Any) -> Any:
        if isinstance(value, str) and "@" in value:
            raise ValueError("an address holds no user name or password")
        return value

    @property
    def secrets(self) -> dict[str, Secret]:
        """Where each of the platform's secrets is kept."""
        return {name: value for name, value in self._extra.items() if isinstance(value, Secret)}

    @property
    def options(self) -> dict[str, str]:
        """The platform's own settings, as the characters written."""
        return {name: value for name, value in self._extra.items() if isinstance(value, str)}

    @property
    def _extra(self) -> dict[str, Any]:
        return self.__pydantic_extra__ or {}
