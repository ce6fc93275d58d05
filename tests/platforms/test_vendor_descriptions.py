"""Holds documented cases against the vendors' own OpenAPI descriptions, where those files are at hand.

They are looked for in `vendor_specs/` of REMOTE_SEGMENTS_SHARED, or of a folder `shared` beside the repository.
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

from remote_segments.conformance.exchanges import Exchange
from remote_segments.conformance.reading import load_exchanges
from remote_segments.rest.catalog import bundled

ROOT = Path(__file__).parents[2]
FOLDER = Path(os.environ.get("REMOTE_SEGMENTS_SHARED", ROOT.parent / "shared")) / "vendor_specs"

DESCRIPTIONS: dict[str, tuple[str, ...]] = {
    "brevo": ("brevo.yaml",),
    "mixpanel": ("mixpanel-query.yaml",),
    "onesignal": ("onesignal.yaml",),
    "sendgrid": ("sendgrid_mc_contacts.json", "sendgrid_mc_lists.json", "sendgrid_mc_segments_2.0.json"),
}
"""For each platform, the files that describe it."""

UNDESCRIBED = {
    ("mixpanel", "$distinct_id"): "described as an integer, in practice also a text",
}
"""Properties of answers whose described type is known to be wrong, and why."""

UNLIKE = {
    ("sendgrid", "/v3/marketing/segments/2.0"): "described as one segment, in practice an array of them in `results`",
}
"""Answers that are described wrong as a whole, and why."""

PREFIX = {"brevo": "/v3", "mixpanel": "/api/query"}
"""What an address has before a described path."""


class _Loader(yaml.CSafeLoader):
    """Takes a lone `=` and a date for text, which YAML 1.1 has types of its own for: some dates there are none."""


_Loader.add_constructor("tag:yaml.org,2002:timestamp", lambda loader, node: loader.construct_scalar(node))
_Loader.add_constructor("tag:yaml.org,2002:value", lambda loader, node: loader.construct_scalar(node))


def _plain(schema: Any, platform: str) -> Any:
    """Returns a description with OpenAPI's `nullable` as JSON Schema says it, without what is known to be wrong.

    `oneOf` is read as `anyOf`: vendors write it of forms that require nothing, so that each fits all of them.
    """
    if isinstance(schema, list):
        return [_plain(one, platform) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: {} if (platform, name) in UNDESCRIBED else _plain(one, platform) for name, one in schema.items()}
    if "oneOf" in found:
        found["anyOf"] = found.pop("oneOf")
    if found.pop("nullable", False) is True:
        return {"anyOf": [found, {"type": "null"}]}
    return found


@cache
def description(platform: str, file: str) -> dict[str, Any]:
    """Returns one description."""
    text = (FOLDER / file).read_bytes()
    found = json.loads(text) if file.endswith(".json") else yaml.load(text, _Loader)
    plain: dict[str, Any] = _plain(found, platform)
    return plain


def exchanges() -> Iterator[Any]:
    """Yields every exchange with the host of a described platform, of every case."""
    for path in bundled():
        if path.stem not in DESCRIPTIONS:
            continue
        lacking = [file for file in DESCRIPTIONS[path.stem] if not (FOLDER / file).is_file()]
        skip = pytest.mark.skipif(bool(lacking), reason=f"the vendor's description is not in {FOLDER}")
        for name, case in load_exchanges(path).cases.items():
            for number, exchange in enumerate(case.exchanges, 1):
                yield pytest.param(path.stem, exchange, id=f"{path.stem}-{name}-{number}", marks=skip)


def operation(platform: str, exchange: Exchange) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]] | None:
    """Returns the description, the path and the operation of a call; None for a file elsewhere."""
    method, parts = exchange.request.method.lower(), urlsplit(exchange.request.url)
    place = parts.path.removeprefix(PREFIX.get(platform, ""))
    for file in DESCRIPTIONS[platform]:
        whole = description(platform, file)
        for template, found in sorted(whole["paths"].items(), key=lambda pair: pair[0].count("{")):  # exact ones first
            pattern = re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(template.partition("?")[0]))
            if method in found and re.fullmatch(pattern, place):
                return whole, found, found[method]
    hosts = {urlsplit(server["url"]).hostname for server in whole["servers"]}
    assert parts.hostname not in hosts, f"the vendor describes no {method} {place}"
    return None


def resolved(whole: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Returns what a reference points to."""
    found: Any = whole
    for name in schema.get("$ref", "").removeprefix("#/").split("/") if "$ref" in schema else ():
        found = found[name]
    return found if "$ref" in schema else schema


def fields(whole: dict[str, Any], schema: dict[str, Any]) -> set[str]:
    """Returns the fields that a body may have, in any of its forms."""
    found = resolved(whole, schema)
    forms = [*found.get("oneOf", ()), *found.get("anyOf", ()), *found.get("allOf", ())]
    return set(found.get("properties", ())).union(*(fields(whole, one) for one in forms))


@pytest.mark.parametrize(("platform", "exchange"), list(exchanges()))
def test_a_call_is_one_that_the_vendor_describes(platform: str, exchange: Exchange) -> None:
    """Path, parameters of the query and fields of the body are in the vendor's description."""
    found = operation(platform, exchange)
    if found is None:
        pytest.skip("a file on another host, which no description knows")
    whole, path, call = found
    known = {resolved(whole, one)["name"] for one in (*path.get("parameters", ()), *call.get("parameters", ()))}
    assert {name for name, _ in parse_qsl(urlsplit(exchange.request.url).query)} <= known
    if exchange.request.body is None:
        return
    (content,) = resolved(whole, call["requestBody"])["content"].items()
    schema = resolved(whole, content[1]["schema"])
    assert set(exchange.request.body) <= fields(whole, schema)
    if content[0] == "application/json":
        jsonschema.validate(exchange.request.body, {**schema, "components": whole["components"]})


@pytest.mark.parametrize(("platform", "exchange"), list(exchanges()))
def test_an_answer_is_one_that_the_vendor_describes(platform: str, exchange: Exchange) -> None:
    """The hand-written answers fit the vendor's schemas, refusals those of refusals where it has them."""
    found = operation(platform, exchange)
    if found is None:
        pytest.skip("a file on another host, which no description knows")
    whole, _, call = found
    if reason := UNLIKE.get((platform, urlsplit(exchange.request.url).path)):
        pytest.skip(reason)
    described = call["responses"].get(str(exchange.response.status))
    content = resolved(whole, described or {}).get("content", {})
    if "application/json" not in content or exchange.response.text is not None:
        pytest.skip(f"the vendor describes no body of a {exchange.response.status}")
    schema = content["application/json"]["schema"]
    jsonschema.validate(exchange.response.document, {**schema, "components": whole["components"]})
