"""A token that the caller signs himself: a JSON Web Token (RFC 7519) with HMAC-SHA256, made anew for every call."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal

from pydantic import Field, model_validator

from remote_segments.errors import ProjectError
from remote_segments.rest.auth.ways import Asking, Way
from remote_segments.rest.credentials import Credential, Grant, Keys
from remote_segments.rest.messages import Base
from remote_segments.rest.placeholders import Template, fill, names


class Jwt(Way):
    """A JSON Web Token (HS256) that is signed with the secret for every call, as Ghost's Admin API wants it."""

    kind: Literal["jwt"]
    secret: str = Field(description="Name of the connection's secret that signs.")
    form: Literal["text", "hex"] = Field(
        "text", description="Whether the secret's characters are the key, or their bytes in hexadecimal."
    )
    id_before: str | None = Field(
        None,
        min_length=1,
        description="Sign in the secret before which the key's id stands (`id:key`); the id becomes the header kid.",
        examples=[":"],
    )
    audience: Template | None = Field(None, description="Claim aud.", examples=["/admin/"])
    issuer: Template | None = Field(None, description="Claim iss; may hold options.")
    subject: Template | None = Field(None, description="Claim sub; may hold options.")
    lifetime_seconds: int = Field(120, ge=10, le=3600, description="Seconds between the claims iat and exp.")
    word: str = Field("Bearer", description="The word before the token in the authorization header.")

    @model_validator(mode="after")
    def _claims(self) -> "Jwt":
        if self.audience is None and self.issuer is None and self.subject is None:
            raise ValueError("a signed token says something: an audience, an issuer or a subject")
        return self

    def uses(self) -> tuple[str, ...]:
        """Returns the names of the secrets it needs."""
        return (self.secret,)

    def names(self) -> Iterator[str]:
        """Yields the options that its claims name."""
        for text in (self.audience, self.issuer, self.subject):
            yield from names(text or "")

    def flow(self, keys: Keys, base: Base, now: datetime, where: str) -> Asking:  # noqa: ARG002 - one signature for all
        """Makes no call, and returns a token that is good for one.

        Raises:
            ProjectError: `secret-unreadable` for a secret that is not written as the platform gives it.
        """
        yield from ()
        key, header = self._key(keys.secrets[self.secret], where)
        issued = int(now.timestamp())
        claims: dict[str, Any] = {"iat": issued, "exp": issued + self.lifetime_seconds}
        for name, text in {"aud": self.audience, "iss": self.issuer, "sub": self.subject}.items():
            claims |= {} if text is None else {name: fill(text, keys.options)}
        signed = f"{_encoded(header)}.{_encoded(claims)}"
        signature = _base64(hmac.digest(key, signed.encode(), hashlib.sha256))
        return Grant(Credential({"authorization": f"{self.word} {signed}.{signature}"}), seconds=0)

    def _key(self, secret: str, where: str) -> tuple[bytes, dict[str, str]]:
        header = {"alg": "HS256", "typ": "JWT"}
        if self.id_before is not None:
            name, sign, secret = secret.partition(self.id_before)
            if not name or not sign:
                found = f"The secret {self.secret} does not hold an id and a key with `{self.id_before}` between them."
                raise ProjectError("secret-unreadable", found, "Copy the whole key again.", where)
            header["kid"] = name
        try:
            return bytes.fromhex(secret) if self.form == "hex" else secret.encode(), header
        except ValueError:
            found = f"The key in the secret {self.secret} is not hexadecimal."
            raise ProjectError("secret-unreadable", found, "Copy the whole key again.", where) from None


def _encoded(part: dict[str, Any]) -> str:
    return _base64(json.dumps(part, separators=(",", ":")).encode())


def _base64(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()
