"""Holds what all of TikTok's calls share against its own description, where it is at hand.

The description knows audiences that are made from files, and not the stream by which the manifest sends: of that, only
the server, the name of the credential and the frame of every answer can be checked. The file is looked for in
`vendor_specs/` of REMOTE_SEGMENTS_SHARED, or of a folder `shared` beside the repository.
"""

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import pytest
import yaml

from remote_segments.conformance.exchanges import Exchange
from remote_segments.conformance.reading import load_exchanges
from remote_segments.rest.catalog import bundled, load_platforms

ROOT = Path(__file__).parents[2]
FOLDER = Path(os.environ.get("REMOTE_SEGMENTS_SHARED", ROOT.parent / "shared")) / "vendor_specs"
DESCRIPTION = FOLDER / "tiktok-audiences.yaml"

pytestmark = pytest.mark.skipif(not DESCRIPTION.is_file(), reason=f"TikTok's description is not at {DESCRIPTION}")


@cache
def description() -> dict[str, Any]:
    """Returns the description."""
    found: dict[str, Any] = yaml.load(DESCRIPTION.read_bytes(), yaml.CSafeLoader)
    return found


def frame() -> dict[str, Any]:
    """Returns the schema that answers of all described calls share: without what only one of them has."""
    schemas = [
        content["schema"]
        for path in description()["paths"].values()
        for call in path.values()
        for answer in (call.get("responses", {}) if isinstance(call, dict) else {}).values()
        for content in answer.get("content", {}).values()
        if "code" in content.get("schema", {}).get("properties", {})
    ]
    shared = set.intersection(*(set(one["properties"]) for one in schemas))
    first = schemas[0]["properties"]
    return {"properties": {name: {"type": first[name]["type"]} for name in shared}, "required": sorted(shared)}


def exchanges() -> Iterator[Any]:
    """Yields every exchange of every case."""
    path = next(file for file in bundled() if file.stem == "tiktok")
    for name, case in load_exchanges(path).cases.items():
        for number, exchange in enumerate(case.exchanges, 1):
            yield pytest.param(exchange, id=f"{name}-{number}")


def test_calls_go_to_the_server_that_the_vendor_names() -> None:
    """With the version in the address, and the credential under the vendor's own name."""
    manifest = load_platforms()["tiktok"]
    assert manifest.base_url in {server["url"] for server in description()["servers"]}
    parameters = {
        one["name"]
        for path in description()["paths"].values()
        for call in path.values()
        for one in call.get("parameters", ())
    }
    assert manifest.auth.name in parameters  # type: ignore[union-attr]


@pytest.mark.parametrize("exchange", list(exchanges()))
def test_every_answer_has_the_frame_that_the_vendor_describes(exchange: Exchange) -> None:
    """Code, message, request and data: refusals, too, come in it."""
    assert {"code", "message", "request_id"} <= set(frame()["required"])
    jsonschema.validate(exchange.response.document, frame())


@pytest.mark.parametrize("exchange", list(exchanges()))
def test_the_stream_is_in_no_description_yet(exchange: Exchange) -> None:
    """Once the vendor describes it, its calls are to be held against that, and the manifest's notes to be changed."""
    described = {path.rstrip("/") for path in description()["paths"]}
    called = urlsplit(exchange.request.url).path.removeprefix("/open_api/v1.3").rstrip("/")
    assert called not in described
