"""Lays one environment over project.yaml, so that each merged value still knows the line it was written on."""

from typing import Any

from remote_segments.errors import Problem
from remote_segments.suggestions import choose
from remote_segments.yaml import Document, KeyPath


def environment_names(document: Document) -> list[str]:
    """The environments that project.yaml writes."""
    return list(_mapping(_mapping(document.content).get("environments")))


def laid_over(document: Document, name: str) -> Document:
    """The document of project.yaml as it is in one environment."""
    overlay = _mapping(_mapping(_mapping(document.content).get("environments")).get(name))
    content: dict[str, Any] = dict(_mapping(document.content))
    lines = dict(document.lines)
    warehouse, written = content.get("warehouse"), overlay.get("warehouse")
    if isinstance(written, dict):
        other_kind = written.get("kind") not in (None, _mapping(warehouse).get("kind"))
        base = {} if other_kind else _mapping(warehouse)
        content["warehouse"] = _merged(base, written, ("warehouse",), ("environments", name, "warehouse"), lines)
    connections, written = content.get("connections"), overlay.get("connections")
    if isinstance(connections, dict) and isinstance(written, dict):
        known = {key: value for key, value in written.items() if key in connections and isinstance(value, dict)}
        origin: KeyPath = ("environments", name, "connections")
        content["connections"] = _merged(connections, known, ("connections",), origin, lines)
    return Document(document.file, content, lines)


def overlay_problems(document: Document) -> list[Problem]:
    """Connections that an environment changes although the project has none of that name."""
    problems = []
    known = list(_mapping(_mapping(document.content).get("connections")))
    for name in environment_names(document):
        overlay = _mapping(_mapping(_mapping(document.content).get("environments")).get(name))
        for connection in _mapping(overlay.get("connections")):
            if connection not in known:
                where = document.locate(("environments", name, "connections", connection))
                found = f"Environment `{name}` changes a connection `{connection}`, which the project does not have."
                problems.append(Problem("unknown-connection", found, choose(connection, known, "It has none."), where))
    return problems


def _merged(
    base: dict[str, Any], over: dict[str, Any], at: KeyPath, origin: KeyPath, lines: dict[KeyPath, int]
) -> dict[str, Any]:
    """Merges `over` into `base` key by key; a secret, {env} or {file}, is replaced as a whole."""
    result = dict(base)
    for key, value in over.items():
        here, there = (*at, key), (*origin, key)
        before = base.get(key)
        if isinstance(value, dict) and isinstance(before, dict) and not _is_secret(value):
            result[key] = _merged(before, value, here, there, lines)
        else:
            result[key] = value
            moved = {(*here, *path[len(there) :]): line for path, line in lines.items() if path[: len(there)] == there}
            lines.update(moved)
    return result


def _is_secret(value: dict[str, Any]) -> bool:
    return set(value) <= {"env", "file"}


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
