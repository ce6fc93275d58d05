"""The secrets of a documented account, in the form in which a manifest wants them."""

from base64 import b64encode

from remote_segments.conformance.reading import SECRET
from remote_segments.rest.auth.signed import Jwt
from remote_segments.rest.auth.webhook import PREFIX, WebhookSignature
from remote_segments.rest.manifest import Manifest


def invented_secrets(manifest: Manifest) -> dict[str, str]:
    """Returns the secrets of a documented account, a key that signs in the form in which the platform gives it."""
    secrets, auth = dict.fromkeys(manifest.connection.secrets, SECRET), manifest.auth
    if isinstance(auth, Jwt):
        key = SECRET.encode().hex() if auth.form == "hex" else SECRET
        secrets[auth.secret] = f"{SECRET}{auth.id_before}{key}" if auth.id_before else key
    if isinstance(auth, WebhookSignature):
        secrets[auth.secret] = PREFIX + b64encode(SECRET.encode()).decode()
    return secrets
