"""What is known of files before any is opened: which keys a connection to them has, and how far that was tried."""

from collections.abc import Iterator, Mapping
from datetime import date
from urllib.parse import urlsplit

from remote_segments.files.source import FileSource
from remote_segments.settings import Texts
from remote_segments.sources.audiences import Audiences
from remote_segments.sources.columns import ColumnPlatform
from remote_segments.sources.connection import ConnectionKeys, Option

SCHEMES = ("file", "sftp", "s3", "gs")
"""Beginnings of an address that are read; without one it is a folder of this machine."""


_FORMS = "Write sftp://HOST/FOLDER, s3://BUCKET/FOLDER, gs://BUCKET/FOLDER or a folder of this machine."


class OptionalKeys(ConnectionKeys):
    """Keys of which a connection needs only some: each place wants others."""

    must: Texts = ()

    def needed(self) -> Mapping[str, str]:
        """Returns what every place wants."""
        return {name: self.options[name].description for name in self.must}


def _check(options: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    url = options.get("url", "")
    try:
        parts = urlsplit(url)
        user, port = parts.username or parts.password, parts.port
    except ValueError:
        yield (
            "url",
            "is not an address.",
            "Write sftp://HOST/FOLDER, s3://BUCKET/FOLDER, gs://BUCKET/FOLDER or a folder.",
        )
        return
    if user:
        yield "url", "holds a user name or password.", "Write `username: ...` and `password: {env: NAME}` beside it."
    elif "://" in url and parts.scheme not in SCHEMES:
        found = f"begins with `{parts.scheme[:20]}://`, which is not read."
        yield "url", found, _FORMS
    elif parts.scheme in SCHEMES[1:] and not parts.hostname:
        yield "url", "names no server or bucket.", f"Write {parts.scheme}://NAME/FOLDER."
    elif parts.scheme in ("s3", "gs") and port:
        yield "url", "has a port.", "Write the server's address as `endpoint_url`, and the bucket in `url`."


FILES = ColumnPlatform(
    name="files",
    title="Files",
    kind="file",
    docs={
        "members": "https://filesystem-spec.readthedocs.io/en/latest/",
        "describe": "https://arrow.apache.org/docs/python/csv.html",
        "list": "https://filesystem-spec.readthedocs.io/en/latest/api.html",
    },
    api_version="fsspec 2026",
    checked=date(2026, 11, 24),
    proof="live",
    notes="CSV, NDJSON and Parquet files, one or many, also packed by gzip. How it is known that they are whole is "
    "written in each segment's file. See [Files and tables as sources](generic-sources.md).",
    key_help="Give the user or key the right to list and to read this folder, and nothing else.",
    connection=OptionalKeys(
        must=("url",),
        secrets={
            "password": "SFTP: the user's password",
            "private_key": "SFTP: the user's private key, in the form of OpenSSH",
            "passphrase": "SFTP: what the private key is locked with",
            "access_key_id": "S3: the id of an access key; without keys, this machine's own role is used",
            "secret_access_key": "S3: the secret of the access key",
            "session_token": "S3: the token of a key that expires",
            "service_account": "Google Cloud Storage: a service account's JSON key; without it, this machine's own",
        },
        options={
            "url": Option(
                description="Where paths begin: sftp://HOST/FOLDER, s3://BUCKET/FOLDER, gs://BUCKET/FOLDER, or a "
                "folder of this machine, from the project's folder on."
            ),
            "username": Option(description="SFTP: the user's name."),
            "host_key": Option(
                description="SFTP: the server's public key as `ssh-keyscan HOST` prints it, from the second word on; "
                "without it, the server must be in ~/.ssh/known_hosts."
            ),
            "region": Option(description="S3: the bucket's region."),
            "endpoint_url": Option(description="S3, Google Cloud Storage: address of another server of this kind."),
        },
    ),
    source=FileSource,
    ids_help="Write the file's path from the connection's `url` on.",
    completeness="marker, manifest, count or statement",
    audiences=Audiences(
        opened_or_clicked="Export the events of the tool, or let it drop its own segment of them as a file each day.",
        journey_step="Let the tool or a job of your own write who is in the step now: a file of everybody, not of "
        "who came.",
        did_not_respond="Write who was sent the last campaign and is not among who opened or clicked it.",
        cohort="One file for each branch; files of one folder become one membership.",
    ),
    check=_check,
)
"""The platform `files`."""
