"""Reads a file of exchanges: YAML whose plain scalars are those of JSON, because answers are JSON."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from remote_segments.conformance.exchanges import Exchanges
from remote_segments.errors import InvalidProject, Location, Problem
from remote_segments.platforms import EXCHANGES, RECORDED, exchanges_files
from remote_segments.validation import check, in_order
from remote_segments.yaml import read_document

SECRET = "invented-key"  # noqa: S105 - the exchanges' own word for it, no secret
"""What every secret is in a documented exchange."""


class _Json(yaml.CSafeLoader):
    """Plain scalars as in JSON: `010`, `12:30`, `yes` and dates stay text (YAML 1.2, core schema)."""


_TAG = "tag:yaml.org,2002:"
_RULES = (
    ("null", r"(~|null|)\Z", ("~", "n", "")),
    ("bool", r"(true|false)\Z", ("t", "f")),
    ("int", r"-?(0|[1-9][0-9]*)\Z", tuple("-0123456789")),
    ("float", r"-?(0|[1-9][0-9]*)\.[0-9]+([eE][-+]?[0-9]+)?\Z", tuple("-0123456789")),
    ("merge", r"<<\Z", ("<",)),
)
_Json.yaml_implicit_resolvers = {
    first: [(_TAG + name, re.compile(pattern)) for name, pattern, firsts in _RULES if first in firsts]
    for first in {one for _, _, firsts in _RULES for one in firsts}
}


def exchanges_file(manifest: Path) -> Path:
    """Returns where the exchanges of a manifest are: beside it, or in a folder `exchanges` beside it.

    What a platform documents is the same whoever writes its manifest: a changed copy of a bundled one that has none
    is held against those that come along.
    """
    beside = manifest.with_name(f"{manifest.stem}{EXCHANGES}")
    places = (beside, _inside(manifest), exchanges_files().get(manifest.stem, beside))
    return next((file for file in places if file.is_file()), beside)


def recorded_file(manifest: Path) -> Path:
    """Returns where exchanges that were recorded with a real account are: beside the manifest, or in that folder."""
    if exchanges_file(manifest) == _inside(manifest):
        return _inside(manifest).with_name(f"{manifest.stem}{RECORDED}.yaml")
    return manifest.with_name(f"{manifest.stem}{RECORDED}{EXCHANGES}")


def _inside(manifest: Path) -> Path:
    return manifest.parent / "exchanges" / manifest.name


def load_exchanges(manifest: Path) -> Exchanges:
    """Returns the documented exchanges that belong to a manifest, with the cases that were recorded, if there are any.

    Raises:
        InvalidProject: `exchanges-missing`, or everything that is wrong with the file.
    """
    file = exchanges_file(manifest)
    if not file.is_file():
        found = f"{manifest.name} has no documented exchanges, so that nothing shows that it is right."
        fix = f"Write them from the platform's documentation in {file.name} beside it; see docs/adding-a-platform.md."
        raise InvalidProject([Problem("exchanges-missing", found, fix, Location(manifest))])
    documented, recorded = read_exchanges(file), recorded_file(manifest)
    if not recorded.is_file():
        return documented
    return documented.model_copy(update={"cases": {**documented.cases, **read_exchanges(recorded).cases}})


def read_exchanges(file: Path) -> Exchanges:
    """Returns what one file of exchanges says.

    Raises:
        InvalidProject: everything that is wrong with it.
    """
    document = read_document(file)
    if document.problems:
        raise InvalidProject(in_order(document.problems))
    settings, problems = check(replace(document, content=_typed(file)), Exchanges)
    if problems or settings is None:
        raise InvalidProject(in_order(problems))
    return settings


def _typed(file: Path) -> Any:
    return yaml.load(file.read_bytes(), _Json)  # noqa: S506 - a safe loader with other scalars
