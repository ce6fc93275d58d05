"""Replays the exchanges of a case: given answers, the expected calls, the expected result."""

import gzip
import io
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any

import httpx

from remote_segments.conformance.account import Bytes, answered, asked
from remote_segments.conformance.exchanges import Answer, Case, Exchange
from remote_segments.conformance.marks import Wanted
from remote_segments.conformance.secrets import invented_secrets
from remote_segments.conformance.world import World
from remote_segments.destinations.batches import Batch
from remote_segments.errors import RemoteSegmentsError
from remote_segments.rest.buckets import Shelved
from remote_segments.rest.destination import PlatformDestination
from remote_segments.rest.manifest import Manifest
from remote_segments.rest.platform import Platform


@dataclass(frozen=True)
class Difference:
    """One thing that is not as a case says: a sentence, and the error that the engine raised, if it did."""

    sentence: str
    error: RemoteSegmentsError | None = None

    def __str__(self) -> str:
        return self.sentence


class Script:
    """Answers call after call as written, and notes where a call differs from what was expected."""

    def __init__(self, exchanges: tuple[Exchange, ...]) -> None:
        self.left = list(exchanges)
        self.differences: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Gives the next answer."""
        if not self.left:
            self.differences.append(f"{request.method} {request.url.path} is one call too many")
            return httpx.Response(418)
        exchange = self.left.pop(0)
        expected = exchange.request
        wanted = Wanted(expected.method, expected.url, expected.headers, expected.body)
        self.differences += _compared(wanted, request)
        return packed(answered(exchange.response, exchange.response.body), exchange.response.packed)


class Shelves:
    """A bucket in memory, with the files that a case writes down."""

    def __init__(self, files: Mapping[str, Answer]) -> None:
        self.files = {path: packed(answered(one, one.body), one.packed).read() for path, one in files.items()}

    def shelved(self, folder: str) -> list[Shelved]:
        """Returns what is in a folder."""
        below = folder.rstrip("/") + "/"
        names = dict.fromkeys(path[len(below) :].partition("/")[:2] for path in self.files if path.startswith(below))
        found = []
        for name, slash in names:
            content = self.files.get(below + name, b"")
            found.append(Shelved(below + name, bool(slash), len(content), str(hash(content))))
        return found

    def copy(self, path: str, into: IO[bytes]) -> None:
        """Writes the content of a file into another."""
        into.write(self.files[path])

    def close(self) -> None:
        """Nothing is open."""


def packed(response: httpx.Response, way: str) -> httpx.Response:
    """Returns a response whose body is packed as a file: in one archive of one file, where that is the way."""
    if way == "none":
        return response
    content, written = response.read(), io.BytesIO()
    if way == "gzip":
        written.write(gzip.compress(content, mtime=0))
    else:
        with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("part-1.txt", content)
    headers = {**response.headers, "content-length": str(len(written.getvalue()))}
    return httpx.Response(response.status_code, headers=headers, stream=Bytes(written.getvalue()))


def _compared(wanted: Wanted, request: httpx.Request) -> list[str]:
    sent = asked(request)
    if wanted.body is None:  # a case that says nothing of the body leaves it open
        sent = type(sent)(sent.method, sent.url, sent.headers, b"")
    return wanted.read(sent)[1]


def perform(platform: Platform, case: Case) -> Any:
    """Does what a case asks and returns it in the words of the file."""
    if case.destination:
        return _sent(PlatformDestination(platform), case)
    if case.do == "segments":
        return [
            {"ids": one.ids, "name": one.name, "size": one.size} for one in platform.segments(case.source, case.ids)
        ]
    if case.do == "describe":
        found = platform.describe(case.source, case.ids)
        updated = found.updated_at.isoformat() if found.updated_at else None
        told = {"name": found.name, "size": found.size, "state": found.state}
        return {**told, "updated_at": updated, "warning": found.warning}
    read = platform.manifest.sources[case.source].read(case.identifiers)
    if case.do == "preview":
        return platform.preview(case.source, case.ids, read).columns
    fetch = platform.fetch(case.source, case.ids, read)
    columns: dict[str, list[str | None]] = {}
    joined: list[datetime | None] = []
    for page in fetch:
        joined += page.joined_at or []
        for name, values in page.columns.items():
            columns.setdefault(name, []).extend(values)
    result: dict[str, Any] = {"members": columns, "total": fetch.proof.declared_total, "pages": fetch.proof.pages}
    if joined:
        result["joined_at"] = [instant.isoformat() if instant else None for instant in joined]
    return result


def _sent(destination: PlatformDestination, case: Case) -> Any:
    if case.do == "check":
        return {"name": destination.check(case.destination, case.ids).name}
    if case.do == "create":
        return destination.create(case.destination, case.name, case.ids)
    batch = Batch(case.verb, case.members, case.attributes, key="batch-1")
    answer = destination.send(case.destination, case.ids, batch)
    for _ in case.exchanges:
        if answer.job is not None:
            answer = destination.settle(case.destination, case.ids, batch, answer.job) or answer
    return {"outcomes": answer.outcomes, "reasons": answer.reasons}


@dataclass(frozen=True)
class Replayed:
    """What came of a case: a result in the words of the file, or an error; and the calls that did not fit."""

    given: Any
    error: RemoteSegmentsError | None
    calls: tuple[str, ...]
    slept: tuple[float, ...]


def replay(manifest: Manifest, case: Case) -> Replayed:
    """Does what a case asks, and answers as it says."""
    script, world = Script(case.exchanges), World()
    given, failure = None, None
    try:
        with _platform(manifest, case, script, world) as platform:
            given = perform(platform, case)
    except RemoteSegmentsError as error:
        failure = error
    calls = [f"A call is not the documented one: {difference}." for difference in script.differences]
    if script.left:
        calls.append(f"The call {script.left[0].request.method} {script.left[0].request.url} was not made.")
    return Replayed(given, failure, tuple(calls), tuple(world.slept))


def differences(manifest: Manifest, case: Case) -> Iterator[Difference]:
    """Yields what is not as a case says; nothing when all is."""
    found = replay(manifest, case)
    if found.error is not None:
        yield from _of_error(found.error, case)
    else:
        yield from map(Difference, _of_result(found.given, case))
    yield from map(Difference, found.calls)
    if case.waits is not None and found.slept != case.waits:
        yield Difference(f"It waited {_seconds(found.slept)}, not {_seconds(case.waits)}.")


def paged(manifest: Manifest, kind: str, page_size: int | None) -> Manifest:
    """Returns a manifest that asks for so many members a page; as it is where it asks for no number."""
    source = manifest.sources.get(kind)
    if source is None or page_size is None or getattr(source.members, "page_size", None) is None:
        return manifest
    members = source.members.model_copy(update={"page_size": page_size})
    smaller = source.model_copy(update={"members": members})
    return manifest.model_copy(update={"sources": {**manifest.sources, kind: smaller}})


def _platform(manifest: Manifest, case: Case, script: Script, world: World) -> Platform:
    return Platform(
        paged(manifest, case.source, case.page_size),
        connection=manifest.name,
        secrets=invented_secrets(manifest),
        options=case.options,
        transport=httpx.MockTransport(script),
        clock=world.clock,
        sleep=world.sleep,
        now=world.now,
        random=world.random,
        bucket=Shelves(case.bucket) if case.bucket else None,
    )


def _of_error(error: RemoteSegmentsError, case: Case) -> Iterator[Difference]:
    if case.raises is None:
        yield Difference(str(error), error)
    elif error.code != case.raises:
        yield Difference(f"It must end in {case.raises}, but ended so: {error}", error)
    elif case.says not in str(error):
        yield Difference(f"The error {error.code} does not say `{case.says}`.")


def _of_result(given: Any, case: Case) -> Iterator[str]:
    if case.raises is not None:
        yield f"It must end in {case.raises}, but succeeded."
    elif isinstance(given, dict) and isinstance(case.gives, dict):
        names = [*case.gives, *(name for name in given if name not in case.gives)]
        yield from (
            f"`{name}` is not what is expected." for name in names if given.get(name, ...) != case.gives.get(name, ...)
        )
    elif given != case.gives:
        yield "The result is not what is expected."


def _seconds(waits: tuple[float, ...]) -> str:
    return ", ".join(f"{wait:g}" for wait in waits) or "not at all"
