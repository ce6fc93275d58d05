"""Where files are: a folder of this machine, of an SFTP server or of a bucket, listed and opened through fsspec.

https://filesystem-spec.readthedocs.io/en/latest/api.html
"""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urlsplit

from remote_segments.errors import ProjectError
from remote_segments.files.failures import translated

Keys = Mapping[str, str]

_OBJECTS = frozenset({"s3", "s3a", "gs", "gcs"})
"""Protocols of file systems whose files are there whole or not at all, once they are uploaded."""

LARGEST_SMALL_FILE = 16_000_000
"""Bytes of a manifest or count that are read at most."""


@dataclass(frozen=True)
class Entry:
    """A file or folder as it was listed; two that are equal are the same content."""

    path: str
    """From the connection's `url` on."""
    folder: bool
    size: int | None
    modified: datetime | None
    version: str | None
    """What changes with the content: an ETag, a generation, a number of the file on its disk."""

    @property
    def name(self) -> str:
        """Its last part."""
        return self.path.rsplit("/", 1)[-1]


class Place:
    """The folder that a connection's `url` names."""

    def __init__(self, system: Any, root: str, connection: str, stop: Callable[[], None] = lambda: None) -> None:
        """Args: the file system of fsspec, its path of the folder, the connection's name, and what ends it."""
        self._system, self._root, self._connection = system, root.rstrip("/"), connection
        self.calls = 0
        self.close = stop

    def where(self, path: str = "") -> str:
        """Names a file for a message."""
        return f"connection {self._connection}, {path}" if path else f"connection {self._connection}"

    def list(self, folder: str) -> list[Entry]:
        """Returns what is in a folder, in the order of names.

        Raises:
            TemporaryError: `file-missing`, `files-unreachable`.
            ProjectError: `key-refused`.
        """
        whole = self._whole(folder)
        with translated(self.where(folder or "its url")):
            self.calls += 1
            found = self._system.ls(whole, detail=True)
        entries = [_entry(one, whole, folder) for one in found]
        return sorted((one for one in entries if one is not None), key=lambda one: one.path)

    def look(self, path: str) -> Entry:
        """Returns one file as it is now.

        Raises:
            TemporaryError: `file-missing`, `files-unreachable`.
            ProjectError: `key-refused`.
        """
        with translated(self.where(path)):
            self.calls += 1
            found = self._system.info(self._whole(path))
        return _described(found, path)

    def open(self, path: str) -> IO[bytes]:
        """Opens a file for reading; what goes wrong later is raised as the file system does."""
        with translated(self.where(path)):
            self.calls += 1
            opened: IO[bytes] = self._system.open(self._whole(path), "rb")
        return opened

    def read(self, path: str) -> bytes:
        """Returns the content of a small file.

        Raises:
            ProjectError: `file-unexpected` when it is not small.
        """
        with self.open(path) as file, translated(self.where(path)):
            content = file.read(LARGEST_SMALL_FILE + 1)
        if len(content) > LARGEST_SMALL_FILE:
            found = f"The file has more than {LARGEST_SMALL_FILE:,} bytes: it is no manifest, marker or count."
            raise ProjectError("file-unexpected", found, "Name another under `completeness`.", self.where(path))
        return content

    def put(self, local: Path, path: str) -> None:
        """Puts a file of this machine in the place of another, in one step: readers see the one or the other.

        Raises:
            TemporaryError: `files-unreachable`.
            ProjectError: `key-refused`.
        """
        whole = self._whole(path)
        with translated(self.where(path)):
            self.calls += 1
            if self._system.protocol in _OBJECTS or _OBJECTS & set(self._system.protocol):
                self._system.put_file(str(local), whole)
                return
            self._system.makedirs(whole.rsplit("/", 1)[0], exist_ok=True)
            aside = f"{whole}.partial"
            self._system.put_file(str(local), aside)
            self._system.mv(aside, whole)

    def _whole(self, path: str) -> str:
        return f"{self._root}/{path}".rstrip("/") or "/"


def _entry(info: Mapping[str, Any], whole: str, folder: str) -> Entry | None:
    """One line of a listing; None for the folder itself, which buckets may list as an empty object."""
    name = str(info["name"]).rstrip("/").rsplit("/", 1)[-1]
    if str(info["name"]).strip("/") == whole.strip("/") or not name:
        return None
    return _described(info, f"{folder}/{name}".lstrip("/"))


def _described(info: Mapping[str, Any], path: str) -> Entry:
    version = next((str(info[key]) for key in ("ETag", "etag", "generation", "ino") if info.get(key)), None)
    size = info.get("size")
    return Entry(path, info.get("type") == "directory", None if size is None else int(size), _modified(info), version)


def _modified(info: Mapping[str, Any]) -> datetime | None:
    """When a file was written; each file system has a key of its own for it."""
    for key in ("mtime", "LastModified", "updated", "last_modified"):
        value = info.get(key)
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
        if isinstance(value, str):
            with suppress(ValueError):
                value = datetime.fromisoformat(value)
        if isinstance(value, datetime):
            return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    return None


def open_place(connection: str, options: Keys, secrets: Keys, folder: Path) -> Place:
    """Opens the folder that a connection names.

    Args:
        connection: its name, for messages.
        options: url and what goes with it.
        secrets: the texts of its secrets.
        folder: the project's folder, from which a folder of this machine starts.

    Raises:
        ProjectError: `extra-missing` where the file system is not installed, `key-refused`, `bad-value`.
        TemporaryError: `files-unreachable`.
    """
    url = options["url"]
    parts = urlsplit(url)
    if "://" not in url or parts.scheme == "file":
        path = unquote(parts.path) if parts.scheme == "file" else url
        return Place(_local(), str((folder / Path(path).expanduser()).resolve()), connection)
    maker = {"sftp": _sftp, "s3": _s3, "gs": _gs}[parts.scheme]
    with translated(f"connection {connection}"):
        try:
            return maker(connection, options, secrets)
        except ImportError:
            found = f"Reading {parts.scheme}:// needs a package that is not installed here."
            fix = f"Install it: pip install 'remote-segments[{parts.scheme}]'."
            raise ProjectError("extra-missing", found, fix, f"connection {connection}") from None


def _local() -> Any:
    from fsspec.implementations.local import LocalFileSystem

    return LocalFileSystem(skip_instance_cache=True)


def _sftp(connection: str, options: Keys, secrets: Keys) -> Place:
    from remote_segments.files.sftp import connected

    system = connected(options, secrets, f"connection {connection}")
    path = unquote(urlsplit(options["url"]).path)
    return Place(system, path or ".", connection, system.client.close)


def _s3(connection: str, options: Keys, secrets: Keys) -> Place:
    from s3fs import S3FileSystem

    system = S3FileSystem(
        key=secrets.get("access_key_id"),
        secret=secrets.get("secret_access_key"),
        token=secrets.get("session_token"),
        endpoint_url=options.get("endpoint_url"),
        client_kwargs={"region_name": options["region"]} if options.get("region") else {},
        use_listings_cache=False,
        skip_instance_cache=True,
    )
    return Place(system, _in_bucket(options["url"]), connection)


def _gs(connection: str, options: Keys, secrets: Keys) -> Place:
    from gcsfs.core import GCSFileSystem  # the one of the package asks another API first, and waits a minute for it

    token: Any = None
    if secrets.get("service_account"):
        try:
            token = json.loads(secrets["service_account"])
        except ValueError:
            fix = "Point the secret at the JSON file that Google Cloud gives for the service account."
            where = f"connection {connection}, service_account"
            raise ProjectError("bad-value", "The secret service_account is not JSON.", fix, where) from None
    elif options.get("endpoint_url"):
        token = "anon"  # noqa: S105 - no password: another server of this kind asks for no key of Google's
    system = GCSFileSystem(
        token=token, endpoint_url=options.get("endpoint_url"), use_listings_cache=False, skip_instance_cache=True
    )
    return Place(system, _in_bucket(options["url"]), connection)


def _in_bucket(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.netloc}{unquote(parts.path)}"
