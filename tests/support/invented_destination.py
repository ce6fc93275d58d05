"""A platform that nobody has, to which members are sent, and the answers that a test gives it."""

import json
from collections.abc import Callable
from typing import Any

import httpx

from remote_segments.conformance.world import World
from remote_segments.destinations.batches import Answer, Batch
from remote_segments.rest.destination import PlatformDestination
from remote_segments.rest.manifest import Manifest
from remote_segments.rest.platform import Platform

IDS = {"list_id": "7"}

Reply = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


def manifest(*, identifiers: dict[str, Any] | None = None, **block: Any) -> Manifest:
    """Returns a manifest with one destination; `block` are its keys, `add` first of all."""
    base = {"path": "/lists/{list_id}/add", "idempotent": True}
    refusals = block.pop("refusals", [])
    add = {**base, **block.pop("add", {"members": {"at": "emails"}, "most": 10})}
    content = {
        "name": "invented",
        "title": "Invented",
        "docs": {},
        "api_version": "1",
        "checked": "2026-11-24",
        "proof": "documented",
        "base_url": "https://api.invented.test",
        "connection": {"secrets": {"key": "a key"}},
        "key_help": "none",
        "auth": {"kind": "bearer", "secret": "key"},
        "limits": {},
        "refusals": refusals,
        "retries": {"attempts": 3},
        "destinations": {
            "list": {
                "title": "List",
                "ids": "list_id",
                "ids_help": "somewhere",
                "identifiers": identifiers or {"email": {"kind": "email"}},
                "creates_people": False,
                "add": add,
                **block,
            }
        },
    }
    return Manifest.model_validate(content)


class Talk:
    """Sends to the platform and answers as a test says, call after call."""

    def __init__(self, described: Manifest, *replies: Reply) -> None:
        self.manifest, self.replies = described, list(replies)
        self.requests: list[httpx.Request] = []
        self.world = World()

    def _answer(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply if isinstance(reply, httpx.Response) else reply(request)

    def open(self) -> PlatformDestination:
        """Opens the destination."""
        return PlatformDestination(
            Platform(
                self.manifest,
                connection="invented",
                secrets={"key": "a-secret"},
                transport=httpx.MockTransport(self._answer),
                clock=self.world.clock,
                sleep=self.world.sleep,
                now=self.world.now,
                random=self.world.random,
            )
        )

    def send(self, *people: str | None, verb: str = "add", **columns: Any) -> Answer:
        """Sends people by their addresses, or by the columns given."""
        identifiers = columns.pop("identifiers", {"email": list(people)})
        batch = Batch(verb, identifiers, columns.pop("attributes", {}), key="k1")  # type: ignore[arg-type]
        with self.open() as destination:
            answer = destination.send("list", IDS, batch)
            if answer.job is not None and self.replies:
                return destination.settle("list", IDS, batch, answer.job) or answer
            return answer

    def bodies(self) -> list[Any]:
        """Returns the JSON of every call."""
        return [json.loads(request.content) for request in self.requests]


def reply(document: Any = None, status: int = 200, **headers: str) -> httpx.Response:
    """Returns an answer with a JSON body."""
    return httpx.Response(status, json=document, headers={key.replace("_", "-"): text for key, text in headers.items()})
