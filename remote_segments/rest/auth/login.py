"""A login before the first call: its answer gives a token, which every further call carries."""

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from pydantic import Field, model_validator

from remote_segments.rest.auth.oauth import seconds_of
from remote_segments.rest.auth.ways import Asking, Way, absent, sendable
from remote_segments.rest.bodies import Body
from remote_segments.rest.credentials import Credential, Grant, Keys
from remote_segments.rest.decoding import decode_document
from remote_segments.rest.messages import Base, Request, Response, origin
from remote_segments.rest.paths import Path, find, take
from remote_segments.rest.placeholders import Template, fill, names
from remote_segments.settings import Settings


class TokenPlace(Settings):
    """Where the answer to a login holds the token: exactly one of the three."""

    path: Path | None = Field(None, description="Path within the JSON body.", examples=["data.token"])
    header: str | None = Field(None, description="Name of a header.", examples=["X-Auth-Token"])
    cookie: str | None = Field(None, description="Name of a cookie that is set.", examples=["session"])

    @model_validator(mode="after")
    def _one(self) -> "TokenPlace":
        if [self.path, self.header, self.cookie].count(None) != 2:
            raise ValueError("a token is at a path, in a header or in a cookie: write one of the three")
        return self

    def read(self, response: Response, where: str) -> str:
        """Returns the token.

        Raises:
            PlatformError: `path-missing`, `wrong-type`, `not-json`.
        """
        if self.path is not None:
            return sendable(take(decode_document(response, where), self.path, where), self.path, where)
        place = f"cookie {self.cookie}" if self.header is None else f"header {self.header}"
        value = response.cookies.get(self.cookie or "") if self.header is None else response.header(self.header)
        if value is None:
            raise absent(place, where)
        return sendable(value, place, where)


class Login(Way):
    """A call that sends user and password, and a token out of its answer that all other calls carry."""

    kind: Literal["login"]
    url: Template = Field(
        description="Where the login is: a path below base_url, or a whole address, which may hold options.",
        pattern="^(/|https://)",
        examples=["/auth/login"],
    )
    secrets: tuple[str, ...] = Field(min_length=1, description="Names of the connection's secrets that it sends.")
    body: Body = Field(
        description="What it sends; a placeholder is one of these secrets, or an option.",
        examples=['{"username": "{username}", "password": "{password}"}'],
    )
    token: TokenPlace = Field(description="Where the answer holds the token.")
    lifetime: Path | None = Field(None, description="Path of the seconds that the token holds.")
    lifetime_seconds: float | None = Field(
        None, gt=0, description="Seconds that it holds, where the answer does not say; without, until it is refused."
    )
    header: str = Field("Authorization", description="Header that carries the token in all other calls.")
    value: Template = Field("Bearer {token}", description="What that header holds; {token} stands for the token.")

    @model_validator(mode="after")
    def _carried(self) -> "Login":
        if names(self.value) != ("token",):
            raise ValueError("value holds {token} once, and no other placeholder")
        if set(self.secrets) - set(self.body.placeholders()):
            raise ValueError("the body uses every one of the secrets")
        if self.lifetime is not None and self.lifetime_seconds is not None:
            raise ValueError("a lifetime is told by `lifetime` or by `lifetime_seconds`, not both")
        return self

    def uses(self) -> tuple[str, ...]:
        """Returns the names of the secrets it needs."""
        return self.secrets

    def names(self) -> Iterator[str]:
        """Yields the options that its texts hold."""
        yield from (name for name in (*names(self.url), *self.body.placeholders()) if name not in self.secrets)

    def calls(self) -> int:
        """Returns the calls that it takes to be let in."""
        return 1

    def flow(self, keys: Keys, base: Base, now: datetime, where: str) -> Asking:  # noqa: ARG002 - one signature for all
        """Yields the login, is sent its answer, returns the token.

        Raises:
            PlatformError: `path-missing`, `wrong-type`, `not-json`.
        """
        address = base.outside(fill(self.url, keys.options))
        body = self.body.encode(self.body.fill(keys.both()))
        login = Credential({"content-type": self.body.media_type}, body=body, origin=origin(address))
        response = yield Request(address, "POST", where=where, names_segment=False, login=login)
        token = self.token.read(response, where)
        seconds = self.lifetime_seconds
        if self.lifetime is not None:
            seconds = seconds_of(find(decode_document(response, where), self.lifetime))
        return Grant(Credential({self.header.lower(): fill(self.value, {"token": token})}), seconds, renewable=True)
