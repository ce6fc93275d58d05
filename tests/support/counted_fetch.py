"""Another process on the accounts of a project: `FOLDER WHAT ARGUMENT`; a line on standard output tells what came.

fetch SEGMENT        fetches it in small pages, and waits as its limits say
turn CONNECTION      takes a turn at the connection, tells so, and keeps it until it is killed
count TIMES          adds one to a number in a ledger of its own, so many times, once a line says so
change CONNECTION    begins to change the account's ledger, tells so, and never ends
"""

import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from remote_segments.config.loader import load_project
from remote_segments.config.project import Project
from remote_segments.errors import RemoteSegmentsError
from remote_segments.rest.manifest import Manifest
from remote_segments.rest.quotas.limiter import Limiter
from remote_segments.rest.quotas.store import QuotaStore
from remote_segments.sync.connecting import connect
from remote_segments.sync.fetch import fetch
from remote_segments.sync.quotas import limiters_of

PAGE = 10
"""Members per page."""


def patient(manifest: Manifest) -> Manifest:
    """The same platform with small pages."""
    sources = {
        name: kind.model_copy(update={"members": kind.members.model_copy(update={"page_size": PAGE})})
        for name, kind in manifest.sources.items()
    }
    return manifest.model_copy(update={"sources": sources})


def in_small_pages(project: Project) -> Project:
    """The same project on platforms with small pages."""
    found = {name: patient(one) if isinstance(one, Manifest) else one for name, one in project.platforms.items()}
    return replace(project, platforms=found)


def limiter_of(project: Project, connection: str) -> Limiter:
    """The limiter of an account as a whole."""
    with connect(project, connection) as platform:
        return platform._client._limiter


def store_of(project: Project) -> QuotaStore:
    """Where a project's calls are counted."""
    return limiters_of(project)._store


def told(text: object) -> None:
    """Writes a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def fetch_one(project: Project, segment: str) -> None:
    """Fetches a segment."""
    try:
        told(fetch(project, segment, partition_key=None, run_id=None, now=datetime.now(UTC)).fetched)
    except RemoteSegmentsError as error:
        told(error.code)


def turn(project: Project, connection: str) -> None:
    """Keeps a turn."""
    with limiter_of(project, connection).turn(time.monotonic, time.sleep):
        told("taken")
        sys.stdin.read()


def add_one(store: QuotaStore, times: int) -> None:
    """Adds one to a number, so many times."""
    for _ in range(times):
        store.change("number", lambda now, text: str(int(text or b"0") + 1).encode())


def count(project: Project, times: str) -> None:
    """Adds ones when it is told to begin."""
    store_of(project).read("number")
    told("ready")
    sys.stdin.readline()
    add_one(store_of(project), int(times))
    told("done")


def change(project: Project, connection: str) -> None:
    """Keeps a ledger in the middle of a change."""

    def never(now: float, text: bytes) -> bytes:
        told("locked")
        sys.stdin.read()
        return text

    store_of(project).change(limiter_of(project, connection)._account, never)


if __name__ == "__main__":
    work = {"fetch": fetch_one, "turn": turn, "count": count, "change": change}[sys.argv[2]]
    work(in_small_pages(load_project(Path(sys.argv[1]))), sys.argv[3])
