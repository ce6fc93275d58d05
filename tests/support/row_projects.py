"""Projects whose segments are rows: in files of a folder, or in tables of the warehouse itself."""

from pathlib import Path
from typing import Any

import pytest
import yaml


def row_project(request: pytest.FixtureRequest, folder: Path) -> Path:
    """Writes a project with connections to files and to the warehouse; its model is the file `contacts.csv`.

    The warehouse is the one that the fixture's parameter names: `duckdb` or `postgres`.
    """
    warehouse: dict[str, Any] = {"kind": "duckdb", "path": "warehouse.duckdb"}
    if request.param == "postgres":
        (folder / "dsn").write_text(request.getfixturevalue("postgres_dsn"))
        warehouse = {"kind": "postgres", "dsn": {"file": "dsn"}}
    document = {
        "version": "1",
        "start": "2026-11-01",
        "warehouse": warehouse,
        "connections": {"drop": {"platform": "files", "url": "drop"}, "own": {"platform": "warehouse"}},
        "models": {"contacts": {"path": "contacts.csv", "key": "contact_id"}},
    }
    (folder / "project.yaml").write_text(yaml.safe_dump(document))
    return folder
