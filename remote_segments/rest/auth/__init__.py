"""How a platform learns who calls: one class per way.

A way is a flow without I/O: it yields the calls that it needs, none where the secret itself is the credential, and
returns a grant. The session keeps the grant and asks anew in time; the client adds it to a request just before it is
sent.
"""

from typing import Annotated

from pydantic import Field

from remote_segments.rest.auth.fixed import Basic, Bearer, HeaderKey, HeaderKeys, QueryKey, SchemeWord
from remote_segments.rest.auth.login import Login
from remote_segments.rest.auth.oauth import OAuth2
from remote_segments.rest.auth.signed import Jwt
from remote_segments.rest.auth.webhook import WebhookSignature
from remote_segments.rest.credentials import Credential

Auth = Annotated[
    Bearer | SchemeWord | HeaderKey | HeaderKeys | QueryKey | Basic | OAuth2 | Login | Jwt | WebhookSignature,
    Field(discriminator="kind"),
]
"""One way of authentication."""

__all__ = [
    "Auth",
    "Basic",
    "Bearer",
    "Credential",
    "HeaderKey",
    "HeaderKeys",
    "Jwt",
    "Login",
    "OAuth2",
    "QueryKey",
    "SchemeWord",
    "WebhookSignature",
]
