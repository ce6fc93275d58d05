"""Writes segment files: ids and names as the characters they are, also for readers that know YAML's own types."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import yaml

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.@/ -]*|[0-9]+ [a-z][a-z0-9: ]*")
"""Words, or a number and a word: what is a text for every release of YAML."""

WIDTH = 100
"""Characters of a line that is still read at a glance."""

SCHEMA_LINE = "# yaml-language-server: $schema={path}"
"""The first line of a file, by which an editor finds its schema."""


def scalar(text: str) -> str:
    """A text as it is written in YAML: plain where every reader takes it for that text, else in double quotes."""
    plain = _PLAIN.fullmatch(text) and text == text.strip() and len(text) < 100 and ": " not in text
    if plain and yaml.safe_load(text) == text and yaml.safe_load(f"[{text}]") == [text]:
        return text
    return json.dumps(text, ensure_ascii=False)


def flow(values: Mapping[str, Any]) -> str:
    """A mapping of texts and mappings on one line: `{connection: klaviyo, segment_id: "010"}`."""
    pairs = (f"{scalar(key)}: {_value(value)}" for key, value in values.items())
    return "{" + ", ".join(pairs) + "}"


def _value(value: Any) -> str:
    return flow(value) if isinstance(value, Mapping) else scalar(value)


def _source(values: Mapping[str, Any]) -> list[str]:
    """The lines of `source:`: one, unless there is much to say of it."""
    line = f"source: {flow(values)}"
    if len(line) <= WIDTH and not any(isinstance(value, Mapping) for value in values.values()):
        return [line]
    return ["source:", *(f"  {scalar(key)}: {_value(value)}" for key, value in values.items())]


@dataclass(frozen=True)
class Match:
    """One entry of `identifiers`: the platform's identifier, the model's column, and its hash, if it is hashed."""

    identifier: str
    column: str
    hashed: str | None = None
    note: str | None = field(default=None, compare=False)
    """Written behind it as a comment."""

    def line(self) -> str:
        """The entry as it is written."""
        column = flow({"column": self.column, "hashed": self.hashed}) if self.hashed else scalar(self.column)
        comment = f"   # {self.note}" if self.note else ""
        return f"  - {scalar(self.identifier)}: {column}{comment}"


def segment_text(
    *,
    description: str,
    model: str,
    connection: str,
    source: Mapping[str, Any],
    identifiers: Sequence[Match],
    frequency: str,
    start: date | None = None,
    schema: str | None = None,
) -> str:
    """The text of a segment file.

    Args:
        description: who is in it; left out when empty.
        model: a model of project.yaml.
        connection: a connection of project.yaml.
        source: the platform's id keys, or what is said of files or a table.
        identifiers: alternatives, in the order to be tried.
        frequency: how often it is refreshed.
        start: its first partition; None for the project's.
        schema: path of its JSON Schema from the file; None where there is none.
    """
    lines = [SCHEMA_LINE.format(path=schema)] if schema else []
    lines += [f"description: {scalar(description)}"] if description else []
    lines += [f"model: {scalar(model)}", *_source({"connection": connection, **source}), "identifiers:"]
    lines += [one.line() for one in identifiers]
    lines.append(f"refresh_frequency: {scalar(frequency)}")
    lines += [f"start: {start}   # its first partition; never change it later"] if start else []
    return "\n".join(lines) + "\n"
