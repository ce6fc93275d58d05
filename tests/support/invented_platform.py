"""A small server in memory that pages in every way the manifests know."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import httpx

from remote_segments.conformance.world import World
from remote_segments.rest.manifest import Manifest
from remote_segments.rest.platform import Fetch, Platform

HOST = "https://api.example.test"
MEMBERS = ("m1", "m2", "m3", "m4", "m5")
SIZE = 2

Change = Callable[[int, httpx.Request, httpx.Response], httpx.Response]
"""What a test does to the answer of page k (counted from 1)."""


@dataclass(frozen=True)
class Dialect:
    """One way of paging: how its manifest says it, and how its server answers."""

    format: Mapping[str, Any]
    paging: Mapping[str, Any]
    total: Mapping[str, Any] | None = None
    counted: bool = False  # the server finds the place by counting, so that it has no cursor to repeat
    members: Mapping[str, Any] = field(default_factory=dict)  # more keys of members, such as method and body


JSON = {"kind": "json", "items": "data.members"}
EXACT = {"certainty": "exact", "source": "page", "path": "meta.total"}
SESSION = {
    "kind": "session-page",
    "session": "session.id",
    "session_parameter": "session",
    "parameter": "page",
    "start": 0,
}
IN_FORM = {
    "method": "POST",
    "repeatable": True,
    "query": {},
    "body": {"kind": "form", "fields": {"size": "{page_size}", "cohort": '{"id": "{segment_id}"}'}},
}
IN_BODY = {
    "method": "POST",
    "repeatable": True,
    "query": {},
    "body": '{"segment": "{segment_id}", "paging": {"size": {page_size}}}',
}
DIALECTS: dict[str, Dialect] = {
    "next-link": Dialect(JSON, {"kind": "next-link", "path": "links.next", "end": ["null-value"]}),
    "next-link-absent": Dialect(JSON, {"kind": "next-link", "path": "links.next", "end": ["absent"]}),
    "link-header": Dialect({"kind": "array"}, {"kind": "link-header"}),
    "own-header-cursor": Dialect({"kind": "array"}, {"kind": "header", "name": "X-Cursor", "parameter": "at"}),
    "own-header-address": Dialect({"kind": "array"}, {"kind": "header", "name": "X-Next"}),
    "cursor": Dialect(JSON, {"kind": "cursor", "path": "paging.after", "parameter": "at", "end": ["blank"]}),
    "cursor-more": Dialect(JSON, {"kind": "cursor", "path": "paging.after", "parameter": "at", "more": "paging.more"}),
    "offset-total": Dialect(JSON, {"kind": "offset", "parameter": "skip", "end": "total"}, EXACT, counted=True),
    "offset-empty": Dialect(JSON, {"kind": "offset", "parameter": "skip", "end": "empty-page"}, counted=True),
    "page-total": Dialect(JSON, {"kind": "page-number", "parameter": "page", "end": "total"}, EXACT, counted=True),
    "page-short": Dialect(JSON, {"kind": "page-number", "parameter": "page", "end": "short-page"}, EXACT, counted=True),
    "page-empty": Dialect(
        JSON, {"kind": "page-number", "parameter": "page", "start": 0, "end": "empty-page"}, counted=True
    ),
    "start-index": Dialect(
        JSON, {"kind": "offset", "parameter": "startIndex", "start": 1, "end": "total"}, EXACT, counted=True
    ),
    "keyset-empty": Dialect(
        JSON, {"kind": "keyset", "parameter": "above", "order": "text", "end": "empty-page"}, counted=True
    ),
    "keyset-short": Dialect(
        JSON, {"kind": "keyset", "parameter": "above", "order": "text", "end": "short-page"}, EXACT, counted=True
    ),
    "continue": Dialect(JSON, {"kind": "continue", "path": "continue"}),
    "session-empty": Dialect(JSON, {**SESSION, "end": "empty-page"}, counted=True),
    "session-short": Dialect(JSON, {**SESSION, "end": "short-page", "told_size": "session.size"}, counted=True),
    "session-total": Dialect(JSON, {**SESSION, "place": "body", "end": "total"}, EXACT, counted=True, members=IN_FORM),
    "cursor-in-body": Dialect(
        JSON,
        {"kind": "cursor", "path": "paging.after", "parameter": "paging.at", "place": "body", "end": ["blank"]},
        members=IN_BODY,
    ),
}


IN_MEMBERS = {"max_pages", "page_size", "format", "paging", "total", "query", "path"}


def manifest(dialect: Dialect, **changes: Any) -> Manifest:
    """Returns a manifest of the invented platform; keys of `changes` are those of members, or of the whole."""
    members: dict[str, Any] = {
        "path": "/segments/{segment_id}/members",
        "query": {"size": "{page_size}"},
        "page_size": SIZE,
        "format": dialect.format,
        "paging": dialect.paging,
        "total": dialect.total,
        **dialect.members,
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
        "limits": {},
    }
    source: dict[str, Any] = {
        "title": "Segment",
        "ids": "segment_id",
        "ids_help": "Look.",
        "identifiers": {"id": {"path": "id"}},
        "primary": "id",
        "describe": {"path": "/segments/{segment_id}", "name": "name", "size": "size", "size_absent": "unknown"},
    }
    for name, value in changes.items():
        target = members if name in IN_MEMBERS else whole
        if name == "members":
            members |= value
            continue
        (source if name in {"identifiers", "primary", "joined_at", "describe", "list", "ids", "id_forms"} else target)[
            name
        ] = value
    return Manifest.model_validate({**whole, "sources": {"segment": {**source, "members": members}}})


@dataclass
class Server:
    """Answers in one dialect; `cursors` and `places` replace where page k leads to and what it holds."""

    dialect: Dialect
    members: tuple[str, ...] = MEMBERS
    change: Change | None = None
    cursors: Mapping[int, str] = field(default_factory=dict)  # page -> the cursor it gives instead
    places: Mapping[int, int] = field(default_factory=dict)  # page -> the offset it is answered from instead
    requests: list[httpx.Request] = field(default_factory=list)
    pages: int = 0
    size: int = SIZE  # members asked for

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if not request.url.path.endswith("/members"):
            return httpx.Response(200, json={"name": "VIP", "size": len(self.members)})
        assert self.dialect.members.get("method", "GET") == request.method
        self.pages += 1
        answer = self._page(request, self.pages)
        return self.change(self.pages, request, answer) if self.change else answer

    def _page(self, request: httpx.Request, page: int) -> httpx.Response:
        query = _parameters(request)
        size = int(query.get("size", SIZE))
        start = int(query.get("at", query.get("skip", 0))) + int(query.get("startIndex", 1)) - 1
        start += sum(member <= query.get("above", "") for member in self.members)
        if "page" in query:
            first = self.dialect.paging.get("start", 1)
            start = (int(query["page"]) - first) * size
            if "session.id" in self.dialect.paging.values():
                assert query.get("session") == (None if int(query["page"]) == first else "open")
        start, self.size = self.places.get(page, start), size
        items = [{"id": member} for member in self.members[start : start + size]]
        after = str(start + size) if start + size < len(self.members) else ""
        after = self.cursors.get(page, after)
        return self._answer(items, after, f"{HOST}{request.url.path}?at={after}&size={size}" if after else "")

    def _answer(self, items: list[dict[str, str]], after: str, link: str) -> httpx.Response:
        if self.dialect.format["kind"] == "array":
            headers = {"link": f'<{HOST}/first>; rel="first", <{link}>; rel="next"', "x-cursor": after, "x-next": link}
            return httpx.Response(200, json=items, headers=headers if after else {"link": f'<{HOST}/1>; rel="first"'})
        links = {"self": "here", "next": link or None}
        if not link and self.dialect.paging.get("end") == ["absent"]:
            del links["next"]
        document: dict[str, Any] = {"data": {"members": items}, "links": links, "meta": {"total": len(self.members)}}
        document["session"] = {"id": "open", "size": self.size}
        document |= {"continue": {"at": after, "by": "-||"}} if after else {}
        return httpx.Response(200, json={**document, "paging": {"after": after, "more": bool(after)}})


def _parameters(request: httpx.Request) -> dict[str, Any]:
    """Returns the parameters of a query, of a form, or of a JSON body and its object `paging`."""
    query = dict(request.url.params)
    if request.headers.get("content-type") == "application/x-www-form-urlencoded":
        return query | dict(parse_qsl(request.content.decode()))
    body = json.loads(request.content) if request.content else {}
    return query | body | body.get("paging", {})


def connect(
    platform: Manifest, server: Callable[[httpx.Request], httpx.Response], world: World, **more: Any
) -> Platform:
    """Returns a platform whose network is a function, in a world without time."""
    return Platform(
        platform,
        connection="test",
        secrets={"key": "s3cret-canary"},
        transport=httpx.MockTransport(server),
        clock=world.clock,
        sleep=world.sleep,
        now=world.now,
        random=lambda: 0.5,
        **more,
    )


def read(fetch: Fetch) -> list[str | None]:
    """Returns the ids of all members."""
    return [member for page in fetch for member in page.columns["id"]]
