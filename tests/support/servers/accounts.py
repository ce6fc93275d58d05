"""A project on a real server, and what one fetch of a segment left in its warehouse."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from remote_segments.config.loader import load_project
from remote_segments.config.project import Project
from remote_segments.sync.fetch import fetch
from remote_segments.sync.snapshots import Snapshot

PLATFORMS = Path(__file__).parent / "platforms"
"""Manifests of the servers that are no marketing tools, as a project would keep them."""

WINDOW = "2026-11-24-11:00"


@dataclass(frozen=True)
class Account:
    """An account on a real server: what a connection to it says, and where the segment is."""

    platform: str
    base_url: str
    secrets: Mapping[str, str]
    source: Mapping[str, str]
    options: Mapping[str, str] = ()  # type: ignore[assignment]

    def project(self, folder: Path, **changes: Any) -> Project:
        """Writes a project with one segment `vip`, and loads it; `changes` replaces secrets, or ids of the source."""
        for name in ("segments", "platforms"):
            (folder / name).mkdir(parents=True)
        for file in PLATFORMS.glob(f"{self.platform}*.yaml"):
            (folder / "platforms" / file.name).write_text(file.read_text())
        keys = {}
        for name, secret in self.secrets.items():
            (folder / name).write_text(changes.get(name, secret))
            keys[name] = {"file": name}
        (folder / "contacts.csv").write_text("contact_id,email\nC1,member1@example.test\n")
        connection = {"platform": self.platform, "base_url": self.base_url, **keys, **dict(self.options)}
        document = {
            "version": "1",
            "start": "2026-11-24",
            "warehouse": {"kind": "duckdb", "path": "warehouse.duckdb"},
            "connections": {"server": connection},
            "models": {"contacts": {"path": "contacts.csv", "key": "contact_id"}},
        }
        ids = {name: changes.get(name, value) for name, value in self.source.items()}
        segment = {
            "model": "contacts",
            "source": {"connection": "server", **ids},
            "identifiers": [{"email": "email"}],
            "refresh_frequency": "1 hour",
        }
        (folder / "project.yaml").write_text(yaml.safe_dump(document))
        (folder / "segments" / "vip.yaml").write_text(yaml.safe_dump(segment))
        return load_project(folder)


def refresh(project: Project) -> Snapshot:
    """Fetches the segment, as a refresh does."""
    return fetch(project, "vip", partition_key=WINDOW, run_id=None, now=datetime.now(UTC))


def members(project: Project) -> set[tuple[str, str | None]]:
    """The primary identifier and the address of every member that the warehouse holds."""
    platform = project.platforms[project.connections["server"].platform]
    found = platform.source_kind(project.segments["vip"].source.ids)
    assert found is not None
    primary = found[1].primary
    with project.open_warehouse().read() as session:
        rows = session.rows(f"SELECT {primary}, email FROM segments.members")
    assert len(rows) == len(set(rows))
    return set(rows)
