"""Holds the exchanges with Google's Data Manager API against Google's own discovery document, where it is at hand.

The file is looked for in `vendor_specs/` of REMOTE_SEGMENTS_SHARED, or of a folder `shared` beside the repository.
"""

import json
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jsonschema
import pytest

from remote_segments.conformance.exchanges import Exchange
from remote_segments.conformance.reading import load_exchanges
from remote_segments.rest.catalog import bundled

ROOT = Path(__file__).parents[2]
FOLDER = Path(os.environ.get("REMOTE_SEGMENTS_SHARED", ROOT.parent / "shared")) / "vendor_specs"
DESCRIPTION = FOLDER / "google-datamanager.v1.discovery.json"

pytestmark = pytest.mark.skipif(not DESCRIPTION.is_file(), reason=f"Google's description is not at {DESCRIPTION}")


@cache
def description() -> dict[str, Any]:
    """Returns the discovery document."""
    found: dict[str, Any] = json.loads(DESCRIPTION.read_text())
    return found


@cache
def schemas() -> dict[str, Any]:
    """Returns its schemas as JSON Schema has them: closed, so that a misspelt field is noticed."""
    return {name: _closed(schema) for name, schema in description()["schemas"].items()}


def _closed(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: _closed(one) for name, one in schema.items() if name not in {"id", "description"} and one != "any"}
    if isinstance(schema.get("properties"), dict):
        found["properties"] = {name: _closed(one) for name, one in schema["properties"].items()}
        found["additionalProperties"] = False
    if isinstance(schema.get("$ref"), str):
        found["$ref"] = f"#/$defs/{schema['$ref']}"
    return found


def methods(resources: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yields every described method, however deep."""
    for resource in resources.values():
        yield from resource.get("methods", {}).values()
        yield from methods(resource.get("resources", {}))


def operation(exchange: Exchange) -> dict[str, Any]:
    """Returns the described method that a call is."""
    path = urlsplit(exchange.request.url).path.lstrip("/")
    for method in methods(description()["resources"]):
        pattern = re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(method["flatPath"]))
        if method["httpMethod"] == exchange.request.method and re.fullmatch(pattern, path):
            return method
    raise AssertionError(f"Google describes no {exchange.request.method} {path}")


def calls() -> list[Any]:
    """Every call of every case but the login, and those of the documented list."""
    file = next(one for one in bundled() if one.stem == "google_data_manager")
    exchanges, host = load_exchanges(file), "datamanager.googleapis.com"
    cases = [(name, one) for name, case in exchanges.cases.items() for one in case.exchanges]
    kind = exchanges.deliveries["user_list"]
    made = [("create", kind.create), *(("describe", one) for one in kind.describe)]
    found = [(name, one) for name, one in [*cases, *made] if one and urlsplit(one.request.url).hostname == host]
    return [pytest.param(one, id=f"{name}-{number}") for number, (name, one) in enumerate(found, 1)]


def valid(document: Any, schema: str) -> None:
    """Fails where a document is not of a described shape."""
    jsonschema.validate(document, {"$ref": f"#/$defs/{schema}", "$defs": schemas()})


@pytest.mark.parametrize("exchange", calls())
def test_a_call_is_one_that_google_describes(exchange: Exchange) -> None:
    """Path, parameters and every field of the body."""
    method = operation(exchange)
    assert {name for name, _ in parse_qsl(urlsplit(exchange.request.url).query)} <= set(method.get("parameters", {}))
    if exchange.request.body is not None:
        valid(exchange.request.body, method["request"]["$ref"])


@pytest.mark.parametrize("exchange", calls())
def test_an_answer_is_one_that_google_describes(exchange: Exchange) -> None:
    """Every field of a successful answer."""
    if exchange.response.status != 200:
        pytest.skip("refusals are not described")
    valid(exchange.response.document, operation(exchange)["response"]["$ref"])
