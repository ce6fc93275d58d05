"""An invented platform that gives its members as files: in one stream, or by an export job."""

import gzip
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from remote_segments.rest.manifest import Manifest
from tests.support.invented_platform import HOST

MEMBERS = ("m1", "m2", "m3", "m4", "m5")
STORAGE = "https://storage.example.test"

LINES: Mapping[str, Any] = {"format": {"kind": "lines"}, "media_type": "text/plain"}
JSON_LINES: Mapping[str, Any] = {"format": {"kind": "ndjson"}}
CSV: Mapping[str, Any] = {"format": {"kind": "csv"}}

STREAM: Mapping[str, Any] = {"kind": "stream", "path": "/segments/{segment_id}/members", "end": "transfer"}
LINKS: Mapping[str, Any] = {"kind": "links", "at": "urls"}
JOB: Mapping[str, Any] = {
    "submit": {"method": "POST", "path": "/exports", "body": '{"segment": "{segment_id}"}', "job": "id"},
    "poll": {
        "path": "/exports/{job}",
        "status": "status",
        "pending": ["queued", "running"],
        "done": "ready",
        "failed": "failed",
        "reason": "message",
        "every": 10,
        "deadline": 100,
    },
}
EXPORT: Mapping[str, Any] = {"kind": "export", "job": JOB, "download": LINKS, "end": "transfer"}


def manifest(members: Mapping[str, Any], **changes: Any) -> Manifest:
    """Returns a manifest whose one source reads members so; `changes` are keys of the source."""
    texts = members["format"]["kind"] in {"lines", "strings"}
    source: dict[str, Any] = {
        "title": "Segment",
        "ids": "segment_id",
        "ids_help": "Look.",
        "identifiers": {"id": {} if texts else {"path": "id"}},
        "primary": "id",
        "describe": {"path": "/segments/{segment_id}", "name": "name", "size": "size", "size_absent": "unknown"},
        "members": members,
    }
    whole: dict[str, Any] = {
        "name": "invented",
        "title": "Invented",
        "docs": {},
        "api_version": "1",
        "checked": "2026-11-23",
        "proof": "documented",
        "base_url": HOST,
        "connection": {"secrets": {"key": "The key."}},
        "key_help": "Ask the inventor.",
        "auth": {"kind": "bearer", "secret": "key"},
        "headers": {"x-account": "headers of the platform's own"},
        "limits": {},
        "refusals": changes.pop("refusals", []),
    }
    return Manifest.model_validate({**whole, "sources": {"segment": {**source, **changes}}})


def lines(members: tuple[str, ...] = MEMBERS) -> bytes:
    """Returns members as plain lines."""
    return "".join(f"{member}\n" for member in members).encode()


def json_lines(members: tuple[str, ...] = MEMBERS) -> bytes:
    """Returns members as JSON lines."""
    return "".join(json.dumps({"id": member}) + "\n" for member in members).encode()


def csv(members: tuple[str, ...] = MEMBERS) -> bytes:
    """Returns members as CSV with a header, everything in quotes."""
    return ('"id","email"\n' + "".join(f'"{member}","{member}@example.test"\n' for member in members)).encode()


def packed(content: bytes) -> bytes:
    """Returns content packed by gzip."""
    return gzip.compress(content, mtime=0)


def archive(*contents: bytes) -> bytes:
    """Returns a zip archive of one file for each content."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as found:
        for number, content in enumerate(contents):
            found.writestr(f"part-{number}.txt", content)
    return file.getvalue()


Answer = Callable[[httpx.Request], httpx.Response]


@dataclass
class Exporter:
    """Serves a description, a stream, a job, and its files on another host.

    `answers` maps `METHOD /path` to what is answered instead: one answer for always, or a list whose last one stays.
    """

    files: tuple[bytes, ...] = (lines(),)
    media: str = "text/plain"
    size: int | None = len(MEMBERS)
    waits: int = 2  # looks at the job before it is done
    more: Mapping[str, Any] = field(default_factory=dict)  # beside the addresses, in the answer that says done
    answers: dict[str, Answer | list[Answer]] = field(default_factory=dict)
    requests: list[httpx.Request] = field(default_factory=list)
    looks: int = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        instead = self.answers.get(f"{request.method} {request.url.path}")
        if isinstance(instead, list):
            instead = instead.pop(0) if len(instead) > 1 else instead[0]
        return instead(request) if instead is not None else self.answer(request)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answers as the platform does when all is well."""
        path = request.url.path
        if request.url.host == "storage.example.test":
            return self.file(int(path.rpartition("/")[2]))
        if path.endswith(("/members", "/file")):
            return self.file(0)
        if path == "/exports":
            return httpx.Response(202, json={"id": 7})
        if path == "/exports/7":
            self.looks += 1
            if self.looks <= self.waits:
                return httpx.Response(200, json={"status": "running"})
            urls = [f"{STORAGE}/files/{number}?look={self.looks}" for number in range(len(self.files))]
            return httpx.Response(200, json={"status": "ready", "urls": urls, **self.more})
        return httpx.Response(200, json={"name": "VIP", "size": self.size})

    def file(self, number: int) -> httpx.Response:
        """Returns a file as a whole answer."""
        content = self.files[number]
        headers = {"content-type": self.media, "content-length": str(len(content))}
        return httpx.Response(200, content=content, headers=headers)

    def called(self) -> list[str]:
        """Returns method and path of every call."""
        return [f"{request.method} {request.url.path}" for request in self.requests]
