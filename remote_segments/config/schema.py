"""JSON Schemas of what a person writes, so that an editor completes keys and marks mistakes while typing.

An editor finds them by a first line like `# yaml-language-server: $schema=../schema/segment.json`
(https://github.com/redhat-developer/yaml-language-server#using-inlined-schema). They are generated, and a test holds
that the files are current; they tell shapes only: what refers to something is checked by `validate`.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from remote_segments.config.activation import Activation
from remote_segments.config.audience import Audience
from remote_segments.config.cases import Cases
from remote_segments.config.project_file import ProjectFile
from remote_segments.config.segment import Segment
from remote_segments.files.source import FileSource
from remote_segments.rest.manifest import Manifest
from remote_segments.warehouses.platform import QuerySource

DIALECT = "https://json-schema.org/draft/2020-12/schema"

FILES: dict[str, tuple[type[BaseModel], str]] = {
    "project.json": (ProjectFile, "project.yaml of remote_segments"),
    "segment.json": (Segment, "A segment of remote_segments: one file in segments/, whose name is the segment's"),
    "activation.json": (
        Activation,
        "An activation of remote_segments: one file in activations/, whose name is the activation's",
    ),
    "audience.json": (Audience, "An audience of remote_segments: one file in audiences/, whose name is the audience's"),
    "cases.json": (Cases, "Cases of remote_segments: one file in tests/, about one segment"),
    "platform.json": (Manifest, "A platform of remote_segments: one file in platforms/, whose name is the platform's"),
}


def schemas() -> dict[str, dict[str, Any]]:
    """The schemas by file name."""
    return {file: _schema(model, title) for file, (model, title) in FILES.items()}


def schema_text(schema: dict[str, Any]) -> str:
    """A schema as it is written to its file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def write_schemas(folder: Path) -> list[Path]:
    """Writes all schemas into a folder, which is made if need be; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, schema in schemas().items():
        (folder / name).write_text(schema_text(schema), encoding="utf-8")
        written.append(folder / name)
    return written


def _schema(model: type[BaseModel], title: str) -> dict[str, Any]:
    schema = model.model_json_schema(by_alias=True, mode="validation")
    for node in _nodes(schema):
        if "description" in node and isinstance(node["description"], str):
            node["description"] = " ".join(node["description"].split())
        node.pop("title", None)  # pydantic's own, made of the class's or field's name
        if "default" in node and node["default"] is None:
            del node["default"]
    _partial_environments(schema)
    _rows_as_sources(schema)
    return {"$schema": DIALECT, "title": title, **schema}


def _nodes(node: Any) -> Iterator[dict[str, Any]]:
    """Every mapping inside a schema that is itself a schema (and not the mapping of names to schemas)."""
    if isinstance(node, list):
        for item in node:
            yield from _nodes(item)
    if isinstance(node, dict):
        yield node
        for key, inner in node.items():
            if key not in ("default", "examples", "const", "enum"):
                yield from _inner(inner) if key in ("properties", "$defs", "patternProperties") else _nodes(inner)


def _inner(named: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for schema in named.values():
        yield from _nodes(schema)


def _partial_environments(schema: dict[str, Any]) -> None:
    """Lets an environment complete the keys of warehouse and connections, of which it needs none."""
    definitions = schema.get("$defs", {})
    overlay = definitions.get("EnvironmentOverlay")
    if overlay is None:
        return
    for name in ("DuckDBSettings", "PostgresSettings", "Connection"):
        partial = {key: value for key, value in definitions[name].items() if key != "required"}
        definitions[f"{name}Overlay"] = partial
    warehouses = [{"$ref": f"#/$defs/{name}Overlay"} for name in ("DuckDBSettings", "PostgresSettings")]
    overlay["properties"]["warehouse"] = {**_described(overlay, "warehouse"), "anyOf": [*warehouses, {"type": "null"}]}
    connections = {"type": "object", "additionalProperties": {"$ref": "#/$defs/ConnectionOverlay"}}
    overlay["properties"]["connections"] = {
        **_described(overlay, "connections"),
        "anyOf": [connections, {"type": "null"}],
    }


def _rows_as_sources(schema: dict[str, Any]) -> None:
    """Completes the keys of sources of files and of the warehouse, beside the ids of platforms."""
    definitions = schema.get("$defs", {})
    source = definitions.get("Source")
    if source is None:
        return
    for model in (FileSource, QuerySource):
        found = _schema(model, "")
        definitions |= found.get("$defs", {})
        source["properties"] |= found["properties"]
    source["additionalProperties"] = {"type": ["string", "number", "boolean"]}  # an id, as the characters written


def _described(overlay: dict[str, Any], name: str) -> dict[str, Any]:
    return {"description": overlay["properties"][name]["description"]}
