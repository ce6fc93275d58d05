"""Holds the exchanges with Klaviyo against the vendor's own OpenAPI description, where that file is at hand.

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
import yaml

ROOT = Path(__file__).parents[2]
SPECIFICATION = Path(os.environ.get("REMOTE_SEGMENTS_SHARED", ROOT.parent / "shared")) / "vendor_specs" / "klaviyo.json"
EXCHANGES = ROOT / "remote_segments" / "platforms" / "exchanges" / "klaviyo.yaml"

pytestmark = pytest.mark.skipif(
    not SPECIFICATION.is_file(), reason=f"the vendor's description is not at {SPECIFICATION}"
)


@cache
def specification() -> dict[str, Any]:
    """Returns the description with OpenAPI's `nullable` written as JSON Schema says it."""
    return json.loads(SPECIFICATION.read_text(), object_hook=_with_null)


def _with_null(schema: dict[str, Any]) -> dict[str, Any]:
    if schema.get("nullable") is True:
        return {"anyOf": [{name: value for name, value in schema.items() if name != "nullable"}, {"type": "null"}]}
    return schema


def exchanges() -> Iterator[Any]:
    """Yields every exchange of every case, once."""
    for name, case in yaml.safe_load(EXCHANGES.read_text())["cases"].items():
        for number, exchange in enumerate(case["exchanges"], 1):
            yield pytest.param(exchange, id=f"{name}-{number}")


def asked(exchange: dict[str, Any]) -> dict[str, Any]:
    """Returns the request of an exchange, which may be an address alone."""
    request: dict[str, Any] | str = exchange["request"]
    return request if isinstance(request, dict) else {"url": request}


def operation(request: dict[str, Any]) -> dict[str, Any]:
    """Returns the described operation that a call is."""
    path, method = urlsplit(request["url"]).path, request.get("method", "GET").lower()
    for template, methods in specification()["paths"].items():
        if method in methods and re.fullmatch(re.sub(r"\{[^}]*\}", "[^/]+", template), path):
            found: dict[str, Any] = methods[method]
            return found
    raise AssertionError(f"the vendor describes no {method} {path}")


@pytest.mark.parametrize("exchange", list(exchanges()))
def test_a_call_is_one_that_the_vendor_describes(exchange: dict[str, Any]) -> None:
    """Path, parameters, their values, the required headers and the body are in the vendor's description."""
    request = asked(exchange)
    parts = urlsplit(request["url"])
    assert f"{parts.scheme}://{parts.netloc}" in {server["url"] for server in specification()["servers"]}
    parameters = {parameter["name"]: parameter for parameter in operation(request)["parameters"]}
    for name, value in parse_qsl(parts.query):
        schema = parameters[name]["schema"]
        given: Any = (
            value.split(",") if schema["type"] == "array" else int(value) if schema["type"] == "integer" else value
        )
        jsonschema.validate(given, schema)
    needed = {
        name for name, parameter in parameters.items() if parameter.get("required") and parameter["in"] == "header"
    }
    assert needed == {"revision"}
    if "body" in request:
        (content,) = operation(request)["requestBody"]["content"].values()
        document = json.loads(json.dumps(request["body"]))
        jsonschema.validate(document, {**content["schema"], "components": specification()["components"]})


@pytest.mark.parametrize("exchange", [one for one in exchanges() if "json" in one.values[0]["response"]])
def test_an_answer_is_one_that_the_vendor_describes(exchange: dict[str, Any]) -> None:
    """The hand-written answers fit the vendor's schemas, refusals those of refusals."""
    answer = exchange["response"]
    path = operation(asked(exchange))
    status = answer.get("status", 200)
    described = path["responses"]["200" if status == 200 else f"{status // 100}XX"]
    described = resolve(described)
    (content,) = described["content"].values()
    document = json.loads(json.dumps(answer["json"]))
    links = document.get("links", {})
    # The vendor's servers answer null where its description leaves a link out.
    document |= {"links": {name: link for name, link in links.items() if link is not None}} if links else {}
    jsonschema.validate(document, {**content["schema"], "components": specification()["components"]})


def resolve(schema: dict[str, Any]) -> dict[str, Any]:
    """Returns what a reference points to."""
    found: Any = specification()
    for name in schema.get("$ref", "").removeprefix("#/").split("/") if "$ref" in schema else ():
        found = found[name]
    return found if "$ref" in schema else schema


def test_the_revision_is_the_described_one() -> None:
    """The manifest asks for the revision that was compared here."""
    manifest = yaml.safe_load((ROOT / "remote_segments" / "platforms" / "klaviyo.yaml").read_text())
    assert manifest["headers"]["revision"] == specification()["info"]["version"] == manifest["api_version"]
