"""How a platform learns who calls: one class per way, each adds its credential to a request just before it is sent."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal
from urllib.parse import quote

from pydantic import Field

from remote_segments.rest.placeholders import Template, fill
from remote_segments.settings import Settings


@dataclass(frozen=True, repr=False)
class Credential:
    """What is added to a request: headers, and an encoded piece of the query; never shown."""

    headers: Mapping[str, str] = field(default_factory=dict)
    query: str = ""


class Bearer(Settings):
    """`Authorization: Bearer <secret>` (RFC 6750)."""

    kind: Literal["bearer"]
    secret: str = Field(description="Name of the connection's secret.")

    def credential(self, secrets: Mapping[str, str], options: Mapping[str, str]) -> Credential:  # noqa: ARG002 - one signature for all
        """Returns the header that carries the secret."""
        return Credential(headers={"authorization": f"Bearer {secrets[self.secret]}"})

    def uses(self) -> tuple[str, ...]:
        """Returns the names of the secrets it needs."""
        return (self.secret,)


class SchemeWord(Settings):
    """`Authorization: <word> <secret>`, for platforms with a word of their own."""

    kind: Literal["scheme"]
    word: str = Field(description="The word before the secret.", examples=["Klaviyo-API-Key"])
    secret: str = Field(description="Name of the connection's secret.")

    def credential(self, secrets: Mapping[str, str], options: Mapping[str, str]) -> Credential:  # noqa: ARG002 - one signature for all
        """Returns the header that carries the secret."""
        return Credential(headers={"authorization": f"{self.word} {secrets[self.secret]}"})

    def uses(self) -> tuple[str, ...]:
        """Returns the names of the secrets it needs."""
        return (self.secret,)


class HeaderKey(Settings):
    """The secret alone in a header of the platform's own."""

    kind: Literal["header"]
    name: str = Field(description="Name of the header.", examples=["Api-Token"])
    secret: str = Field(description="Name of the connection's secret.")

    def credential(self, secrets: Mapping[str, str], options: Mapping[str, str]) -> Credential:  # noqa: ARG002 - one signature for all
        """Returns the header that carries the secret."""
        return Credential(headers={self.name.lower(): secrets[self.secret]})

    def uses(self) -> tuple[str, ...]:
        """Returns the names of the secrets it needs."""
        return (self.secret,)


class QueryKey(Settings):
    """The secret as a parameter of the query; added below the level at which requests are logged."""

    kind: Literal["query"]
    parameter: str = Field(description="Name of the parameter.", examples=["api_key"])
    secret: str = Field(description="Name of the connection's secret.")

    def credential(self, secrets: Mapping[str, str], options: Mapping[str, str]) -> Credential:  # noqa: ARG002 - one signature for all
        """Returns the piece of the query that carries the secret."""
        return Credential(query=f"{quote(self.parameter, safe='')}={quote(secrets[self.secret], safe='')}")

    def uses(self) -> tuple[str, ...]:
        """Returns the names of the secrets it needs."""
        return (self.secret,)


class Basic(Settings):
    """HTTP basic authentication (RFC 7617) with a user name and a secret as password."""

    kind: Literal["basic"]
    username: Template = Field(description="User name; may be a placeholder of an option.", examples=["{username}"])
    secret: str = Field(description="Name of the connection's secret that is the password.")

    def credential(self, secrets: Mapping[str, str], options: Mapping[str, str]) -> Credential:
        """Returns the header that carries user name and secret."""
        pair = f"{fill(self.username, options)}:{secrets[self.secret]}"
        return Credential(headers={"authorization": "Basic " + b64encode(pair.encode()).decode()})

    def uses(self) -> tuple[str, ...]:
        """Returns the names of the secrets it needs."""
        return (self.secret,)


Auth = Annotated[Bearer | SchemeWord | HeaderKey | QueryKey | Basic, Field(discriminator="kind")]
"""One way of authentication."""
