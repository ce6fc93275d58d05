"""Paths in project.yaml start from the project's folder, wherever the command is run."""

from pathlib import Path
from typing import Any


def from_folder(content: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The content of project.yaml with the paths of models, secret files, warehouse and state made absolute."""
    result = dict(content)
    if "state" in result:
        result["state"] = _from(folder, result["state"])
    for block in ("connections", "warehouse"):
        if block in result:
            result[block] = _secrets(result[block], folder)
    if "warehouse" in result:
        result["warehouse"] = _path_of(result["warehouse"], folder)
    if isinstance(result.get("models"), dict):
        result["models"] = {name: _path_of(model, folder) for name, model in result["models"].items()}
    return result


def _secrets(value: Any, folder: Path) -> Any:
    if not isinstance(value, dict):
        return value
    if set(value) == {"file"}:
        return {"file": _from(folder, value["file"])}
    return {key: _secrets(inner, folder) for key, inner in value.items()}


def _path_of(value: Any, folder: Path) -> Any:
    return {**value, "path": _from(folder, value["path"])} if isinstance(value, dict) and "path" in value else value


def _from(folder: Path, path: Any) -> Any:
    return str(folder / Path(path).expanduser()) if isinstance(path, str) and path else path
