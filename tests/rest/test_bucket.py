"""Exports into a bucket of the user's own: found by their folder, whole only when nothing changes any more."""

from collections.abc import Mapping
from typing import IO, Any

import httpx
import pytest
from pydantic import ValidationError

from remote_segments.conformance.world import World
from remote_segments.errors import PlatformError, ProjectError, RemoteSegmentsError, TemporaryError
from remote_segments.rest.buckets import Shelved
from remote_segments.rest.manifest import Manifest
from tests.support.exporting import archive, json_lines, manifest
from tests.support.invented_platform import connect, read

EXPORT: Mapping[str, Any] = {
    "kind": "export",
    "job": {"submit": {"method": "POST", "path": "/exports", "body": '{"segment": "{segment_id}"}'}},
    "download": {"kind": "links", "at": "url", "not_ready": [403, 404], "every": 10, "deadline": 100},
    "bucket": {
        "option": "bucket",
        "at": "prefix",
        "below": "out/{segment_id}",
        "every": 10,
        "quiet": 30,
        "deadline": 200,
    },
    "format": {"kind": "ndjson"},
    "compression": "zip",
    "end": "archive",
}
FOLDER = "out/s1/2026-11-24/run-1"


def platform() -> Manifest:
    """Returns a manifest of a platform that exports into a bucket where its connection names one."""
    found = manifest({name: value for name, value in EXPORT.items() if name != "bucket"})
    keys = {"secrets": {"key": "The key."}, "options": {"bucket": {"description": "Its connection.", "default": ""}}}
    whole = {**found.model_dump(exclude_none=True), "connection": keys}
    whole["sources"]["segment"]["members"]["bucket"] = EXPORT["bucket"]
    return Manifest.model_validate(whole)


def answer(request: httpx.Request) -> httpx.Response:
    if request.method == "POST":
        return httpx.Response(201, json={"prefix": "run-1"})
    return httpx.Response(200, json={"name": "VIP"})


class Bucket:
    """Files by path; `arriving` are put in one by one, at each look at the export's folder."""

    def __init__(self, files: Mapping[str, bytes], arriving: Mapping[str, bytes] | None = None) -> None:
        self.files, self.arriving = dict(files), dict(arriving or {})
        self.cut, self.closed = 0, False

    def shelved(self, folder: str) -> list[Shelved]:
        below = folder + "/"
        if folder.startswith("out/s1") and self.arriving:
            name = next(iter(self.arriving))
            self.files[name] = self.arriving.pop(name)
        found = {path[len(below) :].partition("/")[:2] for path in self.files if path.startswith(below)}
        if not found:
            raise TemporaryError("file-missing", "There is no such folder.", "Wait.")
        return [self._described(below + name, bool(slash)) for name, slash in sorted(found)]

    def _described(self, path: str, folder: bool) -> Shelved:
        content = self.files.get(path, b"")
        return Shelved(path, folder, len(content), str(hash(content)))

    def copy(self, path: str, into: IO[bytes]) -> None:
        content = self.files[path]
        into.write(content[: len(content) - self.cut])

    def close(self) -> None:
        self.closed = True


def fetched(bucket: Bucket | None, world: World) -> tuple[list[str | None], Any]:
    fetch = connect(platform(), answer, world, bucket=bucket, options={"bucket": "exports"}).fetch(
        "segment", {"segment_id": "s1"}
    )
    return read(fetch), fetch.proof


def test_the_bucket_is_let_go_with_the_account(world: World) -> None:
    """Whoever closes the account closes what it opened."""
    bucket = Bucket({})
    connect(platform(), answer, world, bucket=bucket).close()
    assert bucket.closed


def zipped(*members: str) -> bytes:
    return archive(json_lines(members))


def test_an_export_is_read_from_its_own_folder_once_nothing_changes(world: World) -> None:
    """Files of an older export, and of another day, are others; the proof says that nothing else confirms it."""
    others = {"out/s1/2026-11-23/run-0/1.zip": zipped("m9"), "out/s2/2026-11-24/run-1/1.zip": zipped("m8")}
    bucket = Bucket({**others, f"{FOLDER}/1.zip": zipped("m1", "m2"), f"{FOLDER}/2.zip": zipped("m3")})
    members, proof = fetched(bucket, world)
    assert members == ["m1", "m2", "m3"]
    assert world.slept == [10, 10, 10]
    assert "in the bucket unchanged for a while, which nothing else confirms" in proof.completeness
    page = connect(platform(), answer, world, bucket=bucket, options={"bucket": "exports"}).preview(
        "segment", {"segment_id": "s1"}
    )
    assert page.columns == {"id": ["m1", "m2"]}


def test_a_file_that_comes_later_is_waited_for(world: World) -> None:
    """Promise 2: the time without a change begins anew with each file."""
    arriving = {f"{FOLDER}/{number}.zip": zipped(f"m{number}") for number in range(1, 5)}
    members, _ = fetched(Bucket({}, arriving), world)
    assert members == ["m1", "m2", "m3", "m4"]
    assert len(world.slept) >= 4


def test_an_export_that_never_comes_or_never_rests_is_an_error(world: World) -> None:
    """Nothing is read of an export that is not there, or that still changes, when its time is over."""
    restless = {f"{FOLDER}/{number}.zip": zipped(f"m{number}") for number in range(99)}
    for bucket in (Bucket({}), Bucket({"out/s1/2026-11-24/run-0/1.zip": zipped("m1")}), Bucket({}, restless)):
        with pytest.raises(TemporaryError, match="export-not-ready"):
            fetched(bucket, world)


def test_a_file_that_is_cut_or_damaged_is_an_error(world: World) -> None:
    """Promise 2: fewer bytes than are listed, and an archive without its directory, are no members."""
    bucket = Bucket({f"{FOLDER}/1.zip": zipped("m1", "m2")})
    bucket.cut = 5
    with pytest.raises(TemporaryError, match="The bucket lists"):
        fetched(bucket, world)
    with pytest.raises(TemporaryError, match="file-damaged"):
        fetched(Bucket({f"{FOLDER}/1.zip": zipped("m1", "m2")[:-30]}), world)


def test_what_the_connection_or_the_answer_lacks_is_told(world: World) -> None:
    """A bucket that nobody opened, and an answer without the folder's name."""
    with pytest.raises(ProjectError, match="bucket-missing"):
        fetched(None, world)

    def silent(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"name": "VIP", "prefix": " "})

    account = connect(platform(), silent, world, bucket=Bucket({}), options={"bucket": "exports"})
    with pytest.raises(PlatformError, match="wrong-type"):
        read(account.fetch("segment", {"segment_id": "s1"}))


def test_without_a_bucket_the_address_is_read_as_ever(world: World) -> None:
    """A connection that names no bucket is not asked for one."""

    def linked(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/file":
            content = zipped("m1")
            return httpx.Response(200, content=content, headers={"content-length": str(len(content))})
        return httpx.Response(200, json={"name": "VIP", "url": "/file"})

    assert read(connect(platform(), linked, world).fetch("segment", {"segment_id": "s1"})) == ["m1"]


def test_a_bucket_needs_an_option_that_names_it() -> None:
    """A manifest whose connections cannot name the bucket is refused when it is loaded."""
    with pytest.raises(ValidationError, match="the bucket's option bucket is not an option"):
        manifest(EXPORT)


def test_a_file_that_is_too_large_is_not_read(world: World) -> None:
    """The listed size is enough to refuse it."""
    small = platform()
    kind = small.sources["segment"]
    members = kind.members.model_copy(update={"largest_file": 10})
    sources = {"segment": kind.model_copy(update={"members": members})}
    bucket = Bucket({f"{FOLDER}/1.zip": zipped("m1")})
    account = connect(
        small.model_copy(update={"sources": sources}), answer, world, bucket=bucket, options={"bucket": "b"}
    )
    with pytest.raises(RemoteSegmentsError, match="answer-too-large"):
        read(account.fetch("segment", {"segment_id": "s1"}))
