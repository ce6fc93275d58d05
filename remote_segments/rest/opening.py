"""What a connection must have before its account can be opened."""

from collections.abc import Mapping

from remote_segments.errors import ProjectError
from remote_segments.rest.manifest import Manifest
from remote_segments.rest.messages import Base
from remote_segments.rest.placeholders import fill


def complete(manifest: Manifest, given: Mapping[str, str], connection: str) -> dict[str, str]:
    """Returns the values of all options; a manifest's own where the connection says nothing.

    Raises:
        ProjectError: `missing-key`.
    """
    options = dict(manifest.option_values(given))
    for name in manifest.connection.options:
        if name not in options:
            found = f"The connection lacks the option {name} of {manifest.title}."
            raise ProjectError("missing-key", found, f"Add {name} to it.", f"connection {connection}")
    return options


def refuse_unset(manifest: Manifest, secrets: Mapping[str, str], connection: str) -> None:
    """Refuses a connection that lacks a secret.

    Raises:
        ProjectError: `secret-unset`.
    """
    for name in manifest.auth.uses():
        if not secrets.get(name):
            found = f"The secret {name} of {manifest.title} is not set."
            raise ProjectError("secret-unset", found, f"Set {name}.", f"connection {connection}")


def base_of(manifest: Manifest, base_url: str | None, options: Mapping[str, str], connection: str) -> Base:
    """Returns where calls go.

    Raises:
        ProjectError: `bad-value` for what is no address.
    """
    declared = fill(manifest.base_url, options).rstrip("/")
    if not (base_url or declared).startswith(("https://", "http://")):
        found = f"base_url is {base_url}, which does not begin with https:// or http://."
        raise ProjectError("bad-value", found, "Write the whole address.", f"connection {connection}")
    return Base((base_url or declared).rstrip("/"), declared)
