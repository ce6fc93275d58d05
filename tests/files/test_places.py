"""The same delivery on this machine, on an SFTP server, in S3 and in Google Cloud Storage, each served by a program."""

import os
import shutil
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from remote_segments.errors import ProjectError, RemoteSegmentsError, TemporaryError
from remote_segments.files.account import FileAccount
from tests.support.buckets import gs_server, s3_server
from tests.support.deliveries import MEMBERS, content, deliver, read, wanted
from tests.support.sftp_server import PASSWORD, USER, SftpServer, sftp_server

MARKED = {"path": "vip/", "completeness": {"marker": "_SUCCESS"}}

S3_KEYS = {"access_key_id": "testing", "secret_access_key": "a secret that nobody may see"}


@dataclass
class Far:
    """A folder somewhere: how it is opened, and how files get there."""

    folder: Path
    options: dict[str, str]
    secrets: dict[str, str]
    upload: Callable[[Path, str], None]

    def opened(self, **changes: str) -> FileAccount:
        """The connection, with some options changed."""
        return FileAccount("drop", {**self.options, **changes}, self.secrets, self.folder)

    def deliver(self, proof: str = "_SUCCESS") -> None:
        """Brings a delivery of three parts there; the marker comes last."""
        deliver(self.folder / "vip", "csv.gz", proof=proof)
        for file in sorted((self.folder / "vip").iterdir(), key=lambda one: (one.name == proof, one.name)):
            self.upload(file, f"vip/{file.name}")


@pytest.fixture(scope="module")
def sftp_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the SFTP server serves."""
    return tmp_path_factory.mktemp("sftp")


@pytest.fixture(scope="module")
def sftp(sftp_folder: Path) -> Iterator[SftpServer]:
    """An SFTP server."""
    with sftp_server(sftp_folder) as server:
        yield server


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """A server of S3."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the server's own
        with s3_server() as url:
            yield url


@pytest.fixture(scope="module")
def gs() -> Iterator[str]:
    """A server of Google Cloud Storage."""
    with gs_server() as url:
        yield url


@pytest.fixture(params=["local", "sftp", "s3", "gs"])
def far(request: pytest.FixtureRequest, tmp_path: Path) -> Far:
    """Each place."""
    maker = {"local": _local, "sftp": _sftp, "s3": _s3, "gs": _gs}[request.param]
    return maker(request, tmp_path)


def _local(request: pytest.FixtureRequest, folder: Path) -> Far:
    return Far(folder, {"url": "."}, {}, lambda file, name: None)


def _sftp(request: pytest.FixtureRequest, folder: Path) -> Far:
    server: SftpServer = request.getfixturevalue("sftp")
    served: Path = request.getfixturevalue("sftp_folder")
    name = folder.name

    def upload(file: Path, path: str) -> None:
        target = served / name / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, target)

    options = {"url": f"{server.url}/{name}", "username": USER, "host_key": server.host_key}
    return Far(folder, options, {"password": PASSWORD}, upload)


def _s3(request: pytest.FixtureRequest, folder: Path) -> Far:
    from s3fs import S3FileSystem

    url: str = request.getfixturevalue("s3")
    bucket = folder.name.replace("_", "-").lower()[:50].strip("-")
    system = S3FileSystem(
        key=S3_KEYS["access_key_id"], secret=S3_KEYS["secret_access_key"], endpoint_url=url, skip_instance_cache=True
    )
    system.mkdir(bucket)
    options = {"url": f"s3://{bucket}/exports", "endpoint_url": url, "region": "us-east-1"}
    return Far(
        folder, options, S3_KEYS, lambda file, path: system.pipe_file(f"{bucket}/exports/{path}", file.read_bytes())
    )


def _gs(request: pytest.FixtureRequest, folder: Path) -> Far:
    url: str = request.getfixturevalue("gs")
    bucket = folder.name.replace("_", "-").lower()[:50].strip("-")
    httpx.post(f"{url}/storage/v1/b", params={"project": "test"}, json={"name": bucket}).raise_for_status()

    def upload(file: Path, path: str) -> None:
        where = {"uploadType": "media", "name": f"exports/{path}"}
        address = f"{url}/upload/storage/v1/b/{bucket}/o"
        httpx.post(
            address, params=where, content=file.read_bytes() or b"\n"
        ).raise_for_status()  # it takes nothing empty

    return Far(folder, {"url": f"gs://{bucket}/exports", "endpoint_url": url}, {}, upload)


def code(opened: FileAccount, kind: type[RemoteSegmentsError] = RemoteSegmentsError, **source: Any) -> str:
    """The code of the error in which a fetch ends."""
    with pytest.raises(kind) as caught:
        read(opened, **source)
    return caught.value.code


def test_a_delivery_is_read_wherever_it_is(far: Far) -> None:
    """Three packed parts and a marker give all members, with the time of the marker as that of the data."""
    far.deliver()
    found = read(far.opened(), **MARKED)
    assert found.rows == wanted()
    assert found.proof.data_at is not None
    assert found.proof.calls > 0


def test_a_delivery_without_its_marker_is_an_error(far: Far) -> None:
    """Promise 3: what is under way is not read."""
    far.deliver(proof="")
    assert code(far.opened(), TemporaryError, **MARKED) == "file-unfinished"


def test_a_folder_that_is_not_there_is_an_error(far: Far) -> None:
    """Promise 4: no file is no empty membership."""
    far.deliver()
    assert code(far.opened(), TemporaryError, **{**MARKED, "path": "vipp/"}) in ("file-missing", "file-unfinished")
    assert code(far.opened(), TemporaryError, path="vip/other.csv", completeness="atomic") == "file-missing"


def test_a_file_that_is_replaced_while_it_is_read_is_an_error(far: Far, tmp_path: Path) -> None:
    """Promise 2: what was read of two deliveries is no membership."""
    far.deliver()
    with far.opened() as opened:
        pages = iter(opened.fetch("file", MARKED, ("contact_id", "email")))
        next(pages)
        other = far.folder / "vip" / "part-2.csv.gz"
        other.write_bytes(content([*MEMBERS, *MEMBERS], "csv.gz"))
        far.upload(other, "vip/part-2.csv.gz")
        with pytest.raises(TemporaryError) as caught:
            list(pages)
    assert caught.value.code == "file-changed"


def test_a_folder_is_listed(far: Far) -> None:
    """What a path could name is shown, with its size."""
    far.deliver()
    with far.opened() as opened:
        assert [one.ids for one in opened.segments("file")] == [{"path": "vip/"}]
        listed = opened.segments("file", {"folder": "vip"})
    assert [one.ids["path"] for one in listed] == [
        "vip/_SUCCESS",
        *(f"vip/part-{number}.csv.gz" for number in range(3)),
    ]
    assert "bytes" in listed[1].name


def test_a_parquet_file_is_read_wherever_it_is(far: Far) -> None:
    """A format that is read at several places of the file."""
    file = far.folder / "vip.parquet"
    file.write_bytes(content(MEMBERS, "parquet"))
    far.upload(file, "vip.parquet")
    assert read(far.opened(), path="vip.parquet", completeness="atomic").rows == wanted()


def test_a_server_with_another_key_gets_no_password(tmp_path: Path, sftp: SftpServer) -> None:
    """Promise 30: a server that is not the one that is known is not spoken to any further."""
    other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIbTGyCyZ0OJ1gcGH0ZjQ7LKJ8xOKmZq2gkhxyR0t3hR"
    options = {"url": f"{sftp.url}/", "username": USER, "host_key": other}
    with pytest.raises(ProjectError) as caught:
        FileAccount("drop", options, {"password": PASSWORD}, tmp_path)
    assert caught.value.code == "host-key-differs"


def test_a_server_whose_key_nobody_knows_gets_no_password(
    tmp_path: Path, sftp: SftpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise 30: the key must be written down, or be in known_hosts."""
    monkeypatch.setenv("HOME", str(tmp_path))
    options = {"url": f"{sftp.url}/", "username": USER}
    with pytest.raises(ProjectError) as caught:
        FileAccount("drop", options, {"password": PASSWORD}, tmp_path)
    assert caught.value.code == "host-key-unknown"
    known = tmp_path / ".ssh" / "known_hosts"
    known.parent.mkdir()
    known.write_text(f"[127.0.0.1]:{sftp.port} {sftp.host_key}\n")
    with FileAccount("drop", options, {"password": PASSWORD}, tmp_path) as opened:
        assert opened.segments("file") is not None


@pytest.mark.parametrize("secrets", [{"password": "wrong"}, {}])
def test_a_wrong_password_is_told_without_it(tmp_path: Path, sftp: SftpServer, secrets: dict[str, str]) -> None:
    """Promise 29: the message holds no secret, and says what to check."""
    options = {"url": f"{sftp.url}/", "username": USER, "host_key": sftp.host_key}
    with pytest.raises(ProjectError) as caught:
        FileAccount("drop", options, secrets, tmp_path)
    assert caught.value.code == "key-refused"
    assert "wrong" not in str(caught.value)


def test_a_private_key_opens_the_server(tmp_path: Path, sftp: SftpServer, sftp_folder: Path) -> None:
    """A key file is used as it is; what is no key is told."""
    options = {"url": f"{sftp.url}/", "username": USER, "host_key": sftp.host_key}
    with FileAccount("drop", options, {"private_key": sftp.client_key}, tmp_path) as opened:
        assert len(opened.segments("file")) == len(os.listdir(sftp_folder))
    with pytest.raises(ProjectError) as caught:
        FileAccount("drop", options, {"private_key": "no key"}, tmp_path)
    assert caught.value.code == "bad-value"


def test_a_server_that_is_not_there_is_tried_again(tmp_path: Path, sftp: SftpServer) -> None:
    """A server that does not answer is an error that may pass."""
    options = {"url": "sftp://127.0.0.1:1/", "username": USER, "host_key": sftp.host_key}
    with pytest.raises(TemporaryError) as caught:
        FileAccount("drop", options, {"password": PASSWORD}, tmp_path)
    assert caught.value.code == "files-unreachable"


def test_a_bucket_that_is_not_there_is_an_error(tmp_path: Path, s3: str, gs: str) -> None:
    """A misspelt bucket is told as what is not there."""
    for scheme, url, secrets in (("s3", s3, S3_KEYS), ("gs", gs, {})):
        options = {"url": f"{scheme}://nobodys-bucket/x", "endpoint_url": url}
        assert code(FileAccount("drop", options, secrets, tmp_path), TemporaryError, **MARKED) == "file-missing"
