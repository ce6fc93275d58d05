"""Ways without a call: the secret itself is what every request carries."""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Literal
from urllib.parse import quote

from pydantic import Field, model_validator

from remote_segments.rest.auth.ways import Fixed
from remote_segments.rest.credentials import Credential
from remote_segments.rest.placeholders import Template, fill, names


class Bearer(Fixed):
    """`Authorization: Bearer <secret>` (RFC 6750)."""

    kind: Literal["bearer"]
    secret: str = Field(description="Name of the connection's secret.")

    def credential(self, secrets: Mapping[str, str], options: Mapping[str, str]) -> Credential:  # noqa: ARG002 - one signature for all
        """Returns the header that carries the secret."""
        return Credential(headers={"authorization": f"Bearer {secrets[self.secret]}"})

    def uses(self) -> tuple[str, ...]:
        """Returns the names of the secrets it needs."""
        return (self.secret,)


class SchemeWord(Fixed):
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


class HeaderKey(Fixed):
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


class QueryKey(Fixed):
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


class HeaderKeys(Fixed):
    """Several secrets, each alone in a header of its own, such as an API key and an application key."""

    kind: Literal["headers"]
    headers: dict[str, str] = Field(
        min_length=1,
        description="Name of each header: name of the connection's secret in it.",
        examples=[{"Api-Key": "api_key", "Application-Key": "application_key"}],
    )

    @model_validator(mode="after")
    def _distinct(self) -> "HeaderKeys":
        if len({name.lower() for name in self.headers}) < len(self.headers):
            raise ValueError("a header is named once, in any case of its letters")
        return self

    def credential(self, secrets: Mapping[str, str], options: Mapping[str, str]) -> Credential:  # noqa: ARG002 - one signature for all
        """Returns the headers that carry the secrets."""
        return Credential(headers={name.lower(): secrets[secret] for name, secret in self.headers.items()})

    def uses(self) -> tuple[str, ...]:
        """Returns the names of the secrets it needs."""
        return tuple(dict.fromkeys(self.headers.values()))


class Basic(Fixed):
    """HTTP basic authentication (RFC 7617): a user name and a password, each a secret or not."""

    kind: Literal["basic"]
    username: Template = Field(
        "", description="User name, where it is no secret; may be a placeholder of an option.", examples=["{username}"]
    )
    username_secret: str | None = Field(None, description="Name of the connection's secret that is the user name.")
    secret: str | None = Field(None, description="Name of the connection's secret that is the password.")
    password: str = Field("", description="What stands for the password where the platform ignores it.")

    @model_validator(mode="after")
    def _each_once(self) -> "Basic":
        if self.username_secret is None and self.secret is None:
            raise ValueError("the user name or the password is a secret: write secret or username_secret")
        if (self.username and self.username_secret) or (self.password and self.secret):
            raise ValueError("user name and password are each written once: as a text, or as the name of a secret")
        return self

    def credential(self, secrets: Mapping[str, str], options: Mapping[str, str]) -> Credential:
        """Returns the header that carries user name and password."""
        username = fill(self.username, options) if self.username_secret is None else secrets[self.username_secret]
        password = self.password if self.secret is None else secrets[self.secret]
        return Credential(headers={"authorization": "Basic " + b64encode(f"{username}:{password}".encode()).decode()})

    def uses(self) -> tuple[str, ...]:
        """Returns the names of the secrets it needs."""
        return tuple(name for name in (self.username_secret, self.secret) if name is not None)

    def names(self) -> Iterator[str]:
        """Yields the options that the user name holds."""
        yield from names(self.username)
