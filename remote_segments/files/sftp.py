"""An SFTP server whose key is checked: the file system of fsspec accepts any, and would show its password to anyone.

https://docs.paramiko.org/en/stable/api/client.html
"""

import base64
import binascii
import io
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import paramiko
from fsspec.implementations.sftp import SFTPFileSystem

from remote_segments.errors import ProjectError

PATIENCE = 30.0
"""Seconds without an answer after which the server is given up."""

REQUESTS = 64
"""Pieces of a file that are asked for ahead, of 32 kB each."""


class CheckedSFTP(SFTPFileSystem):  # type: ignore[misc]  # fsspec ships no types
    """The same, with a client that was connected by us."""

    def __init__(self, client: paramiko.SSHClient) -> None:
        self._connected = client
        super().__init__("", skip_instance_cache=True)

    def _connect(self) -> None:
        self.client = self._connected
        self.ftp = self.client.open_sftp()
        channel = self.ftp.get_channel()
        if channel is not None:
            channel.settimeout(PATIENCE)

    def _open(self, path: str, mode: str = "rb", **_: Any) -> Any:
        """Opens a file and asks for pieces ahead: one at a time would take a journey to the server each."""
        path = self._strip_protocol(path)
        file = self.ftp.open(path, mode, bufsize=32_768)
        file.prefetch(self.ftp.stat(path).st_size, max_concurrent_requests=REQUESTS)
        return file


def connected(options: Mapping[str, str], secrets: Mapping[str, str], where: str) -> CheckedSFTP:
    """Connects to the server of a connection.

    Raises:
        ProjectError: `host-key-unknown`, `host-key-differs`, `key-refused`, `bad-value`.
        OSError: it cannot be reached.
    """
    parts = urlsplit(options["url"])
    host, port = parts.hostname or "", parts.port or 22
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    client.load_system_host_keys()
    if options.get("host_key"):
        name = host if port == 22 else f"[{host}]:{port}"
        client.get_host_keys().clear()
        key = _host_key(options["host_key"], where)
        client.get_host_keys().add(name, key.get_name(), key)
    try:
        client.connect(
            host,
            port,
            username=options.get("username"),
            password=secrets.get("password"),
            pkey=_private_key(secrets, where),
            timeout=PATIENCE,
            allow_agent=False,
            look_for_keys=False,
        )
    except paramiko.BadHostKeyException:
        client.close()
        found = f"The server {host} shows another key than the one that is known: it may be somebody else's."
        fix = "Ask who runs the server. If the key was renewed, write the new one as `host_key`."
        raise ProjectError("host-key-differs", found, fix, where) from None
    except paramiko.SSHException as failure:
        client.close()
        if "No authentication methods" in str(failure):
            found, fix = "The connection has no password and no key.", "Add `password` or `private_key`."
            raise ProjectError("key-refused", found, fix, where) from None
        if "not found in known_hosts" not in str(failure):
            raise
        found = f"The key of the server {host} is not known, so that anybody could answer in its place."
        fix = f"Write it as `host_key`, as `ssh-keyscan -p {port} {host}` prints it, once its owner confirmed it."
        raise ProjectError("host-key-unknown", found, fix, where) from None
    except BaseException:
        client.close()
        raise
    return CheckedSFTP(client)


def _host_key(text: str, where: str) -> paramiko.PKey:
    """Reads `ssh-ed25519 AAAA...`."""
    try:
        kind, data = text.split()[-2:] if len(text.split()) < 4 else text.split()[:2]
        return paramiko.PKey.from_type_string(kind, base64.b64decode(data, validate=True))
    except (ValueError, binascii.Error, paramiko.SSHException):
        fix = "Write two words, as `ssh-ed25519 AAAA...`: the second and third that `ssh-keyscan` prints."
        raise ProjectError("bad-value", "`host_key` is no public key.", fix, where) from None


def _private_key(secrets: Mapping[str, str], where: str) -> paramiko.PKey | None:
    text = secrets.get("private_key")
    if not text:
        return None
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        try:
            return kind.from_private_key(io.StringIO(text + "\n"), password=secrets.get("passphrase"))
        except paramiko.PasswordRequiredException:
            found, fix = "The private key is locked.", "Add its `passphrase`."
            raise ProjectError("key-refused", found, fix, where) from None
        except (paramiko.SSHException, ValueError):
            continue
    fix = "Point the secret at the private key's file, in the form of OpenSSH, with its passphrase if it has one."
    raise ProjectError("bad-value", "The secret private_key is no key that can be read.", fix, where)
