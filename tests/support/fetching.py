"""Fetching in tests: an account that never waits, small pages, and what the warehouse and the disk hold afterwards."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from remote_segments.config.project import Project
from remote_segments.rest.manifest import Manifest
from remote_segments.rest.platform import Platform
from remote_segments.simulator import Simulator
from remote_segments.sync.connecting import connect
from remote_segments.sync.fetch import fetch
from remote_segments.sync.mapping import map_segment
from remote_segments.sync.publication import publish_segment
from remote_segments.sync.results import Published
from remote_segments.sync.snapshots import Snapshot

NOW = datetime(2026, 11, 24, 10, 0, 3, tzinfo=UTC)
WINDOW = "2026-11-24-11:00"
PAGE = 100
"""Members per page: small, so that segments of the simulator have several pages."""

IMPATIENCE = 0.25
"""Seconds without a byte after which a call is given up."""


def unhurried(project: Project, connection: str) -> Platform:
    """Opens an account whose waits take no time."""
    return connect(project, connection, sleep=lambda _: None)


def small_pages(manifest: Manifest, size: int = PAGE) -> Manifest:
    """The same platform with small pages, few tries and little patience."""
    sources = {
        name: kind.model_copy(update={"members": kind.members.model_copy(update={"page_size": size})})
        for name, kind in manifest.sources.items()
    }
    retries = manifest.retries.model_copy(update={"attempts": 2})
    return manifest.model_copy(update={"sources": sources, "retries": retries, "timeout_seconds": IMPATIENCE})


def with_small_pages(project: Project, size: int = PAGE) -> Project:
    """The same project on platforms with small pages."""
    platforms = {
        name: small_pages(one, size) if isinstance(one, Manifest) else one for name, one in project.platforms.items()
    }
    return replace(project, platforms=platforms)


@dataclass
class Refresher:
    """Fetches segments of one project, and looks at what came of it."""

    project: Project
    simulator: Simulator
    attempts: int = 0

    def fetch(
        self, segment: str = "vip", *, now: datetime | None = None, window: str = WINDOW, **more: Any
    ) -> Snapshot:
        """Fetches a segment without ever waiting; each attempt is a minute after the one before."""
        now = now or NOW + timedelta(minutes=self.attempts)
        self.attempts += 1
        arguments = {"run_id": "run-1", "connect": unhurried, **more}
        return fetch(self.project, segment, partition_key=window, now=now, **arguments)

    def refresh(self, segment: str = "vip") -> Published:
        """Fetches, maps and publishes a segment."""
        snapshot = self.fetch(segment)
        after = NOW + timedelta(minutes=self.attempts, seconds=30)
        chosen = {"partition_key": None, "run_id": None, "now": after, "snapshot_id": snapshot.snapshot_id}
        map_segment(self.project, segment, **chosen)
        return publish_segment(self.project, segment, **chosen)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a query on the warehouse; none before its first table exists."""
        with self.project.open_warehouse().read() as session:
            return session.rows(sql) if session.relation("snapshots", session.schema) else []

    def members(self, snapshot_id: str, column: str = "profile_id") -> list[str]:
        """One identifier of a snapshot's members, in the order fetched."""
        where = f"snapshot_id = '{snapshot_id}' ORDER BY member_no"
        return [row[0] for row in self.rows(f"SELECT {column} FROM segments.members WHERE {where}")]

    def states(self, segment: str = "vip") -> list[tuple[str, str | None]]:
        """State and reason of each attempt, oldest first."""
        return self.rows(
            f"SELECT state, reason FROM segments.snapshots WHERE segment = '{segment}' ORDER BY snapshot_id"
        )

    def everything(self) -> list[tuple[Any, ...]]:
        """All that was fetched: what a failed fetch must leave as it was."""
        loaded = self.rows("SELECT * FROM segments.snapshots WHERE state <> 'failed' ORDER BY ALL")
        return loaded + self.rows("SELECT * FROM segments.members ORDER BY ALL")

    def files(self, segment: str = "vip") -> list[Path]:
        """The files in the spool folder of a segment."""
        return sorted((self.project.state / "spool" / segment).glob("*"))

    def calls(self, verb: str | None = None) -> int:
        """The number of calls that the simulator got."""
        return len(self.simulator.calls(**({"verb": verb} if verb else {})))

    def expected(self, refresh: int, platform: str = "klaviyo", segment: str = "VIPOPN") -> set[str]:
        """The platform's ids of the members at a refresh."""
        return {one.profile.profile_id for one in self.simulator.expected(platform, segment, refresh)}
