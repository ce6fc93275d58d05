"""Runs the exchanges in the YAML files of this folder: given answers, the expected calls, the expected result.

All values are invented. A platform without a file of exchanges fails here.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
import yaml

from remote_segments.errors import RemoteSegmentsError
from remote_segments.rest.catalog import bundled, load_platforms
from remote_segments.rest.platform import Platform
from tests.support.invented_platform import World

FOLDER = Path(__file__).parent
NEEDED = {"fetch", "describe", "preview", "segments"}


def cases() -> Iterator[Any]:
    """Yields every case of every platform."""
    for path in sorted(FOLDER.glob("*.yaml")):
        for name, case in yaml.safe_load(path.read_text())["cases"].items():
            yield pytest.param(path.stem, case, id=f"{path.stem}-{name}")


class Script:
    """Answers call after call as written, and notes where a call differs from what was expected."""

    def __init__(self, exchanges: list[dict[str, Any]]) -> None:
        self.left = list(exchanges)
        self.differences: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if not self.left:
            self.differences.append(f"unexpected {request.method} {request.url}")
            return httpx.Response(418)
        exchange = self.left.pop(0)
        self._compare(exchange["request"], request)
        answer = exchange["response"]
        content = answer["text"].encode() if "text" in answer else json.dumps(answer.get("json")).encode()
        media = "text/html" if "text" in answer else "application/json"
        return httpx.Response(
            answer.get("status", 200), content=content, headers={"content-type": media, **answer.get("headers", {})}
        )

    def _compare(self, expected: dict[str, Any] | str, request: httpx.Request) -> None:
        expected = {"url": expected} if isinstance(expected, str) else expected
        wanted, sent = urlsplit(expected["url"]), urlsplit(str(request.url))
        pairs = [
            (expected.get("method", "GET"), request.method),
            (wanted[:3], sent[:3]),
            (
                sorted(parse_qsl(wanted.query, keep_blank_values=True)),
                sorted(parse_qsl(sent.query, keep_blank_values=True)),
            ),
            *((value, request.headers.get(name)) for name, value in expected.get("headers", {}).items()),
        ]
        if "body" in expected:
            pairs.append((expected["body"], json.loads(request.content)))
        self.differences += [f"expected {one!r}, sent {other!r}" for one, other in pairs if one != other]


def perform(platform: Platform, case: dict[str, Any]) -> Any:
    """Does what a case asks and returns it in the words of the file."""
    kind, ids = case["source"], case.get("ids", {})
    if case["do"] == "segments":
        return [{"ids": one.ids, "name": one.name, "size": one.size} for one in platform.segments(kind, ids)]
    if case["do"] == "describe":
        found = platform.describe(kind, ids)
        updated = found.updated_at.isoformat() if found.updated_at else None
        return {
            "name": found.name,
            "size": found.size,
            "state": found.state,
            "updated_at": updated,
            "warning": found.warning,
        }
    if case["do"] == "preview":
        return platform.preview(kind, ids).columns
    fetch = platform.fetch(kind, ids)
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


@pytest.mark.parametrize(("name", "case"), list(cases()))
def test_a_platform_speaks_as_written(name: str, case: dict[str, Any]) -> None:
    """The calls are those expected, and the answers become what is expected, or the expected error."""
    manifest = load_platforms()[name]
    script, world = Script(case["exchanges"]), World()
    secrets = dict.fromkeys(manifest.connection.secrets, "invented-key")
    platform = Platform(
        manifest,
        connection=name,
        secrets=secrets,
        options=case.get("options", {}),
        transport=httpx.MockTransport(script),
        clock=world.clock,
        sleep=world.sleep,
        now=world.now,
        random=lambda: 0.0,
    )
    if "raises" in case:
        with pytest.raises(RemoteSegmentsError) as caught:
            perform(platform, case)
        assert (script.differences, caught.value.code) == ([], case["raises"])
        assert case.get("says", "") in str(caught.value)
    else:
        assert (perform(platform, case), script.differences) == (case["gives"], [])
    assert script.left == []
    if "waits" in case:
        assert world.slept == case["waits"]


@pytest.mark.parametrize("path", bundled(), ids=lambda path: path.stem)
def test_every_platform_has_exchanges(path: Path) -> None:
    """Each bundled platform replays a fetch, a description, a preview and a listing."""
    written = yaml.safe_load((FOLDER / path.name).read_text())["cases"].values()
    assert {case["do"] for case in written} >= NEEDED
    kinds = {case["source"] for case in written if case["do"] == "fetch"}
    assert kinds == set(load_platforms()[path.stem].sources)
