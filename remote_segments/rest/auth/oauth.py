"""OAuth2 for a program: client id and secret, or a refresh token, are exchanged for a token that ends (RFC 6749)."""

import json
from base64 import b64encode
from collections.abc import Iterator
from datetime import datetime
from typing import Literal
from urllib.parse import quote, urlencode

from pydantic import Field, model_validator

from remote_segments.rest.auth.ways import Asking, Way, sendable
from remote_segments.rest.credentials import Credential, Grant, Keys
from remote_segments.rest.decoding import decode_document
from remote_segments.rest.messages import Base, Request, origin
from remote_segments.rest.paths import Path, find, take
from remote_segments.rest.placeholders import Template, fill, names

GRANT = ("grant_type", "client_credentials")
"""The field that says of which sort a token call is."""


class OAuth2(Way):
    """OAuth2 client credentials: a token from the token address, renewed before it ends or once it is refused."""

    kind: Literal["oauth2"]
    token_url: Template = Field(
        description="Where tokens are given: a path below base_url, or a whole address, which may hold options.",
        pattern="^(/|https://)",
        examples=["/oauth/token"],
    )
    client_id: str = Field(description="Name of the connection's secret that is the client id.")
    client_secret: str = Field(description="Name of the connection's secret that is the client secret.")
    send: Literal["form", "json", "query"] = Field(
        "form", description="How the token call is written: as a body, or as a query, where a platform wants that."
    )
    client_in: Literal["body", "basic"] = Field(
        "body", description="Whether id and secret are fields of the body, or sent as HTTP basic authentication."
    )
    refresh_token: str | None = Field(
        None,
        description="Name of the connection's secret that is a refresh token, for platforms where a person allows it "
        "once; the token is then renewed with it (RFC 6749, 6).",
    )
    scope: Template | None = Field(None, description="Scope that is asked for.")
    fields: dict[str, Template] = Field(
        default_factory=dict, description="More fields of the body, such as an audience; may hold options."
    )
    token: Path = Field("access_token", description="Path of the token in the answer.")
    lifetime: Path = Field(
        "expires_in", description="Path of the seconds that it holds; where absent, it holds until it is refused."
    )
    word: str = Field("Bearer", description="The word before the token in the authorization header.")

    @model_validator(mode="after")
    def _fields_are_more(self) -> "OAuth2":
        own = sorted({"grant_type", "client_id", "client_secret", "scope", "refresh_token"} & set(self.fields))
        if own:
            raise ValueError(f"the field {own[0]} is written by oauth2 itself")
        return self

    def uses(self) -> tuple[str, ...]:
        """Returns the names of the secrets it needs."""
        return (self.client_id, self.client_secret, *([self.refresh_token] if self.refresh_token is not None else []))

    def names(self) -> Iterator[str]:
        """Yields the options that its texts hold."""
        for text in (self.token_url, self.scope or "", *self.fields.values()):
            yield from names(text)

    def calls(self) -> int:
        """Returns the calls that it takes to be let in."""
        return 1

    def flow(self, keys: Keys, base: Base, now: datetime, where: str) -> Asking:  # noqa: ARG002 - one signature for all
        """Yields the token call, is sent its answer, returns the token.

        Raises:
            PlatformError: `path-missing`, `wrong-type`, `not-json`.
        """
        address = base.outside(fill(self.token_url, keys.options))
        answer = decode_document((yield self._call(keys, address, where)), where)
        token = sendable(take(answer, self.token, where), self.token, where)
        return Grant(
            Credential(headers={"authorization": f"{self.word} {token}"}),
            seconds_of(find(answer, self.lifetime)),
            renewable=True,
        )

    def _call(self, keys: Keys, address: str, where: str) -> Request:
        client, secret = keys.secrets[self.client_id], keys.secrets[self.client_secret]
        fields = dict([GRANT])
        if self.refresh_token is not None:
            fields = {GRANT[0]: "refresh_token", "refresh_token": keys.secrets[self.refresh_token]}
        media_type = "application/json" if self.send == "json" else "application/x-www-form-urlencoded"
        headers = {} if self.send == "query" else {"content-type": media_type}
        if self.scope is not None:
            fields["scope"] = fill(self.scope, keys.options)
        fields |= {name: fill(value, keys.options) for name, value in self.fields.items()}
        if self.client_in == "body":
            fields |= {"client_id": client, "client_secret": secret}
        else:  # both are encoded as in a form first: RFC 6749, 2.3.1
            pair = f"{quote(client, safe='')}:{quote(secret, safe='')}"
            headers["authorization"] = "Basic " + b64encode(pair.encode()).decode()
        if self.send == "query":
            login = Credential(headers, query=urlencode(fields), origin=origin(address))
        else:
            body = json.dumps(fields) if self.send == "json" else urlencode(fields)
            login = Credential(headers, body=body.encode(), origin=origin(address))
        return Request(address, "POST", where=where, names_segment=False, login=login)


def seconds_of(value: object) -> float | None:
    """Returns a lifetime in seconds, None where the platform tells none; some write the number as text."""
    try:
        return max(0.0, float(value)) if isinstance(value, str | int | float) else None
    except ValueError:
        return None
