"""What a project needs from its secrets, the network and the warehouse it runs with, found out line by line."""

import os
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from remote_segments.config.connection import Connection
from remote_segments.config.project import Project
from remote_segments.errors import HeldError, ProjectError, RemoteSegmentsError, TemporaryError
from remote_segments.rest.manifest import Manifest
from remote_segments.rest.placeholders import fill
from remote_segments.rest.reaching import Reached, reach
from remote_segments.settings import Secret
from remote_segments.sources.columns import ColumnPlatform
from remote_segments.sync.connecting import connect
from remote_segments.sync.forewarning import forewarnings
from remote_segments.sync.freezing import EXPIRED
from remote_segments.sync.freshness import age_text
from remote_segments.sync.machine import Finding, bad, of_error
from remote_segments.sync.missing import MISSING, may_be_gone
from remote_segments.sync.spool import KEPT
from remote_segments.sync.status import read_status
from remote_segments.sync.store import stored_version
from remote_segments.warehouses.duckdb import DuckDBSettings
from remote_segments.warehouses.queue import holders

PATIENCE = 2.0
"""Seconds that a look waits for a warehouse that somebody keeps."""

LARGEST_SKEW = 30.0
"""Seconds that the clock may differ from a platform's: snapshots are stamped with it, and signed keys expire by it."""


def examine_project(project: Project, now: datetime) -> Iterator[Finding]:
    """Everything that a loaded project runs with; reads only."""
    yield _environment(project)
    yield from _secrets(project)
    yield from _platforms(project)
    for problem in forewarnings(project, now):
        if problem.code != "segment-expired":  # told with the segments below
            yield Finding("platforms", "warn", problem.found, problem.fix)
    yield from _warehouse(project, now)
    yield from _leftovers(project)


def _environment(project: Project) -> Finding:
    chosen = "REMOTE_SEGMENTS_ENV" if os.environ.get("REMOTE_SEGMENTS_ENV") else "by default"
    schedules = "on" if project.environment.schedules else "off"
    found = f"{project.environment.name} ({chosen}), {project.folder}; schedules are {schedules} here"
    return Finding("environment", "ok", found)


def _secrets(project: Project) -> Iterator[Finding]:
    """Whether each secret is set; its value is read and never shown."""
    for name, connection in project.connections.items():
        for secret, place in connection.secrets.items():
            yield _secret(f"{name}.{secret}", place)
    for key in ("dsn", "password"):
        kept: Secret | None = getattr(project.warehouse, key, None)
        if kept is not None:
            yield _secret(f"warehouse.{key}", kept)


def _secret(name: str, place: Secret) -> Finding:
    kept = f"${place.env}" if place.env else f"file {place.file}"
    try:
        place.read(name)
    except (ProjectError, OSError, UnicodeDecodeError) as error:
        fix = error.problem.fix if isinstance(error, ProjectError) else "Let this user read it, as text."
        return bad("secrets", f"{name} is not set ({kept})", fix)
    return Finding("secrets", "ok", f"{name} is set ({kept})")


def _platforms(project: Project) -> Iterator[Finding]:
    for name, connection in project.connections.items():
        platform = project.platforms[connection.platform]
        if isinstance(platform, ColumnPlatform):
            yield _answer(project, name, platform.title.lower())
            continue
        url = address_of(platform, connection)
        reached = reach(url)
        where = f"{reached.host}{f' through the proxy {reached.proxy}' if reached.proxy else ''}"
        if reached.failure:
            found = f"{name}: {where} does not answer ({reached.failure})"
            yield bad("platforms", found, _unreached(connection), TemporaryError.exit_code)
            continue
        yield _answer(project, name, where)
        yield from _clock(name, reached)


def address_of(manifest: Manifest, connection: Connection) -> str:
    """Where a connection's calls go."""
    options = manifest.option_values(connection.options)
    return connection.base_url or fill(manifest.base_url, options)


def _unreached(connection: Connection) -> str:
    if connection.base_url and "//127.0.0.1:" in connection.base_url:
        return "Start what listens there: `remote-segments simulator` for the simulated accounts."
    return "Look at the network, the proxy (HTTPS_PROXY, NO_PROXY) and `base_url`."


def _answer(project: Project, name: str, where: str) -> Finding:
    """Whether the platform knows one segment of the connection: key, rights and address are right then."""
    here = [one for one in project.segments.values() if one.source.connection == name]
    segment = min(here, key=lambda one: (one.expires is not None, one.on_deleted == "freeze"), default=None)
    if segment is None:
        return Finding("platforms", "ok", f"{name}: {where} answers; no segment uses it, so the key was not tried")
    try:
        with connect(project, name) as platform:
            identifiers = project.identifiers_read(segment)
            described = platform.describe(project.source_kind_name(segment), segment.source.ids, identifiers)
    except RemoteSegmentsError as error:
        if error.code == "secret-unset":
            return Finding("platforms", "warn", f"{name}: {where} answers; the key is not set", "See secrets.")
        if error.code == MISSING and may_be_gone(project, segment):
            return Finding(
                "platforms", "ok", f"{name}: {where} answers; it has {segment.name} no more, which may freeze"
            )
        return of_error("platforms", error)
    return Finding("platforms", "ok", f"{name}: {where} knows {segment.name} as `{described.name}`")


def _clock(name: str, reached: Reached) -> Iterator[Finding]:
    if reached.skew is not None and abs(reached.skew) > LARGEST_SKEW:
        ahead = "ahead of" if reached.skew > 0 else "behind"
        found = f"this clock is {abs(reached.skew):,.0f} seconds {ahead} that of {name}"
        yield Finding("clock", "warn", found, "Set it by NTP: snapshots are stamped with it.")


def _warehouse(project: Project, now: datetime) -> Iterator[Finding]:
    """Whether it opens, who keeps it, and what became of every segment."""
    settings = project.warehouse
    if isinstance(settings, DuckDBSettings):
        settings = settings.model_copy(update={"wait_seconds": PATIENCE, "queue_seconds": PATIENCE})
        path = (project.folder / settings.path).resolve()
        if not path.exists():
            yield Finding(
                "warehouse", "warn", f"{path} does not exist yet", "The first refresh makes it; models need it."
            )
            return
        yield from _refreshing(path)
    try:
        with settings.open(project.folder).read() as session:
            tables = stored_version(session)
    except RemoteSegmentsError as error:
        yield of_error("warehouse", error)
        return
    kept = f"tables of version {tables}" if tables else "no refresh has written to it yet"
    yield Finding("warehouse", "ok", f"{settings.kind}, schema {settings.schema_}: {kept}")
    yield from _segments(project, now)


def _refreshing(path: Path) -> Iterator[Finding]:
    """Segments whose lock somebody holds now."""
    for file in sorted(path.with_name(path.name + ".locks").glob("segment.*")):
        who = holders(file)
        if who.startswith("process"):
            yield Finding("locks", "ok", f"{file.name.removeprefix('segment.')} is being refreshed by {who}")


def _segments(project: Project, now: datetime) -> Iterator[Finding]:
    """What is stale, failed, held or paused, and why."""
    well = 0
    for status in read_status(project, now):
        state, age = status.state.replace("_", " "), status.age.replace("_", " ")
        said = f"{status.name}: {state}" if state == age else f"{status.name}: {state}, {age}"
        why = status.message or status.age_message
        if status.state == "frozen":
            yield Finding("segments", "ok", f"{status.name} is {why}")
        elif status.reason == EXPIRED:
            fix = f"Name a later day, or remove segments/{status.name}.yaml: there is nothing to show."
            yield Finding("segments", "warn", f"{status.name} was never fetched, and is {why}", fix)
        elif status.state == "never_fetched":
            yield Finding("segments", "warn", f"{said}.", f"`remote-segments run {status.name}`")
        elif status.state in ("failed", "held"):
            code = HeldError.exit_code if status.state == "held" else ProjectError.exit_code
            yield bad(
                "segments", f"{said} [{status.reason}]. {why}", f"Then `remote-segments run {status.name}`.", code
            )
        elif not status.fresh or status.state not in ("published", "empty"):
            yield Finding("segments", "warn", f"{said}. {why}", _refresh_again(project, status.name, status.state))
        else:
            well += 1
    if well:
        yield Finding("segments", "ok", f"{well} of {len(project.published)} published and fresh")


def _refresh_again(project: Project, name: str, state: str) -> str:
    if state == "paused":
        return f"`remote-segments resume {name}` ends the pause."
    if not project.environment.schedules:
        return f"Schedules are off in this environment; `remote-segments run {name}` refreshes it."
    return f"Look whether Dagster's daemon runs; `remote-segments run {name}` refreshes it."


def _leftovers(project: Project) -> Iterator[Finding]:
    """Fetched ids on disk: on their way, or left by a refresh that was stopped."""
    files = sorted(path for path in (project.state / "spool").glob("*/*") if path.is_file())
    if not files:
        yield Finding("leftovers", "ok", "no fetched ids are left on disk")
    for segment in sorted({path.parent.name for path in files}):
        own = [path for path in files if path.parent.name == segment]
        age = max(time.time() - path.stat().st_mtime for path in own)
        size = sum(path.stat().st_size for path in own)
        proven = any(path.suffix == ".json" for path in own)
        words = (
            "a complete fetch that waits for its warehouse" if proven else "a fetch under way, or one that was stopped"
        )
        fix = f"`remote-segments run {segment}` loads or removes it; after {age_text(KEPT)} any refresh removes it."
        yield Finding(
            "leftovers", "warn", f"{segment}: {words}, {size:,} bytes, {age_text(timedelta(seconds=age))} old", fix
        )
