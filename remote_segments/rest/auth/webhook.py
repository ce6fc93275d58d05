"""A call that proves who sent it: its body is signed as Standard Webhooks has it, anew for every call.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import binascii
import hashlib
import hmac
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import Field

from remote_segments.errors import ProjectError
from remote_segments.rest.auth.ways import Asking, Way
from remote_segments.rest.credentials import Credential, Grant, Keys
from remote_segments.rest.messages import Base

PREFIX = "whsec_"
"""What the secret begins with; the rest is the key in base64."""

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"


@dataclass(frozen=True, repr=False)
class Signing:
    """The key, and when the call is made, in seconds since 1970."""

    key: bytes
    timestamp: int

    def headers(self, given: Mapping[str, str], content: bytes) -> dict[str, str]:
        """Returns the headers that prove a call: over its id, its time and its body."""
        signed = b".".join((given.get(ID, "").encode(), str(self.timestamp).encode(), content))
        signature = b64encode(hmac.digest(self.key, signed, hashlib.sha256)).decode()
        return {TIMESTAMP: str(self.timestamp), SIGNATURE: f"v1,{signature}"}


class WebhookSignature(Way):
    """The body of every call is signed with the secret (Standard Webhooks); the call's id is a header of its own."""

    kind: Literal["webhook-signature"]
    secret: str = Field(description="Name of the connection's secret that signs: whsec_ and the key in base64.")

    def uses(self) -> tuple[str, ...]:
        """Returns the names of the secrets it needs."""
        return (self.secret,)

    def flow(self, keys: Keys, base: Base, now: datetime, where: str) -> Asking:  # noqa: ARG002 - one signature for all
        """Makes no call, and returns a signature that is good for one.

        Raises:
            ProjectError: `secret-unreadable` for a secret that is not written as Standard Webhooks has it.
        """
        yield from ()
        text = keys.secrets[self.secret].removeprefix(PREFIX)
        try:
            key = b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            found = f"The secret {self.secret} is not {PREFIX} and a key in base64."
            raise ProjectError("secret-unreadable", found, "Copy the whole secret again.", where) from None
        return Grant(Credential(signing=Signing(key, int(now.timestamp()))), seconds=0)
