"""Fetching one segment's members: platform to spool while nothing is locked, spool to warehouse in one transaction.

Only a fetch that the platform proved complete is loaded; anything else leaves the warehouse as it was, except for a
row of `snapshots` that says what failed. A proven spool that could not be loaded is loaded by the next try, without
another call to the platform.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from remote_segments.config.project import Project
from remote_segments.config.segment import Segment
from remote_segments.errors import EngineError, ProjectError, RemoteSegmentsError, TemporaryError
from remote_segments.membership.functions import POSTGRES
from remote_segments.membership.literals import literal, quoted, table_name
from remote_segments.membership.tables import MEMBERS
from remote_segments.sources.account import Account, Fetch
from remote_segments.sync.choosing import is_late
from remote_segments.sync.connecting import connect
from remote_segments.sync.drift import drift
from remote_segments.sync.missing import MISSING, when_missing
from remote_segments.sync.plan import source_text
from remote_segments.sync.renaming import carry_over_stored
from remote_segments.sync.snapshots import (
    Snapshot,
    get,
    insert,
    latest_published,
    new_snapshot_id,
    record_without_members,
)
from remote_segments.sync.spool import ProvenSpool, Spools, adopted, sweep
from remote_segments.sync.store import ensure_store
from remote_segments.sync.tombstones import drop_erased
from remote_segments.warehouses.base import Session, Warehouse

log = logging.getLogger(__name__)

Progress = Callable[[int, int, int | None], None]
"""Called after each page with pages and members so far, and the members announced by the platform, if it does so."""

Connect = Callable[[Project, str], Account]


def fetch(
    project: Project,
    segment_name: str,
    *,
    partition_key: str | None,
    run_id: str | None,
    now: datetime,
    progress: Progress | None = None,
    connect: Connect = connect,
) -> Snapshot:
    """Fetches who is a member now, proves it complete and loads it; nothing is published yet.

    Args:
        project: the loaded project.
        segment_name: the segment to fetch.
        partition_key: the label of the window it is filed under.
        run_id: the run that asks.
        now: the present instant, with a time zone; the snapshot is stamped with it.
        progress: told after each page how far it is.
        connect: opens the account; replaced where waiting must not take time.

    Returns:
        The new row of `snapshots`: in state `fetched`; `frozen` where the platform no longer has the segment, the file
        says `on_deleted: freeze`, and there is a published snapshot that stays.

    Raises:
        TemporaryError: among them `refresh-running`, `warehouse-busy`, `spool-unwritable`, `rate-limited`.
        ProjectError: among them `key-refused`, `segment-not-found`, `secret-unset`.
        PlatformError: the answer is not what the manifest says.
    """
    attempt = Attempt(project, project.segment(segment_name), partition_key, run_id, now)
    warehouse = project.open_warehouse()
    sweep(project.state)
    with warehouse.segment_lock(segment_name):
        carry_over_stored(warehouse, attempt.segment)
        spools = Spools(project.state, segment_name)
        for kept in spools.kept(now):
            if kept.snapshot.definition_hash != attempt.definition_hash:
                kept.remove()  # undoing an edit must not bring the ids of before it back
            elif attempt.is_answered_by(kept.snapshot) and (
                loaded := _loaded(attempt, warehouse, adopted(kept, run_id))
            ):
                return loaded
        spool = _retrieved(attempt, spools, progress, connect)
        if isinstance(spool, Snapshot):
            return spool
        loaded = _loaded(attempt, warehouse, spool)
    if loaded is None:
        raise EngineError("snapshot-twice", "A new snapshot's id was taken already.", "Report this bug.")
    return loaded


def retrieve(
    project: Project,
    segment_name: str,
    *,
    partition_key: str | None,
    run_id: str | None,
    now: datetime,
    progress: Progress | None = None,
    connect: Connect = connect,
) -> ProvenSpool | Snapshot | None:
    """Fetches into a proven spool, which the next `fetch` of this segment and window loads without a call.

    Returns:
        The spool; None when one is there already; the row in state `frozen` when the platform has the segment no more
        and it froze: then there is nothing left to fetch.

    Raises:
        RemoteSegmentsError: as `fetch`, but for the load.
    """
    attempt = Attempt(project, project.segment(segment_name), partition_key, run_id, now)
    with project.open_warehouse().segment_lock(segment_name):
        spools = Spools(project.state, segment_name)
        if any(attempt.is_answered_by(kept.snapshot) for kept in spools.kept(now)):
            return None
        return _retrieved(attempt, spools, progress, connect)


def load(warehouse: Warehouse, spool: ProvenSpool) -> Snapshot | None:
    """Loads a proven spool and its row of `snapshots` in one transaction, then deletes the spool.

    Returns:
        The row; None when an earlier process loaded this spool and only failed to delete it, and when newer ids were
        published while it waited.

    Raises:
        TemporaryError: `membership-moved` when members came twice on pages far apart, and so many others are missing.
    """
    snapshot = spool.snapshot
    with warehouse.write(snapshot.segment) as session:  # an erasure waits for it, or is seen by it
        ensure_store(session)
        known = get(session, snapshot.segment, snapshot.snapshot_id) is not None
        latest = None if known else latest_published(session, snapshot.segment)
        wanted = not known and not (spool.adopted and is_late(snapshot, latest))
        if wanted:
            identifiers = spool.identifiers
            session.ensure_table("members", {**MEMBERS, **dict.fromkeys(identifiers, "text")})
            constants = {"segment": snapshot.segment, "snapshot_id": snapshot.snapshot_id}
            rows = session.load("members", spool.path, constants)
            if rows != snapshot.fetched:
                found = f"{rows:,} of {snapshot.fetched or 0:,} members arrived in the warehouse."
                raise EngineError("load-short", found, "Nothing was stored. Report this bug.")
            whole = _without_erased(session, _told_apart(session, spool), identifiers)
            snapshot = replace(whole, drift=drift(latest, whole))
            insert(session, snapshot)
    spool.remove()
    return snapshot if wanted else None


def _told_apart(session: Session, spool: ProvenSpool) -> Snapshot:
    """Counts the different members that were loaded; returns the row with how many came again.

    While pages are read one after the other, only neighbours are compared: a member who came again later hides that
    another one, whom the platform counts, was not read.
    """
    snapshot = spool.snapshot
    if not snapshot.fetched or spool.primary is None:
        return snapshot
    primary = quoted(spool.primary)
    different = snapshot.fetched
    if session.dialect == POSTGRES or _different(session, snapshot, f"hash({primary})") < snapshot.fetched:
        different = _different(session, snapshot, primary)  # two texts may share a hash
    if spool.fewest is not None and different < spool.fewest:
        raise TemporaryError(
            "membership-moved",
            f"The platform counts {snapshot.declared_total or 0:,} members; {snapshot.fetched:,} were read, but only "
            f"{different:,} different ones: they moved while pages were read, and others were not seen.",
            "Nothing was stored. The next refresh reads it again.",
        )
    repeated = snapshot.fetched - different
    completeness = snapshot.completeness
    if repeated:
        completeness = f"{completeness}; {repeated:,} members came twice and count once"
    return replace(snapshot, repeated=repeated, completeness=completeness)


def _without_erased(session: Session, snapshot: Snapshot, identifiers: list[str]) -> Snapshot:
    """Leaves out who was erased; what was read is proven complete before."""
    gone = drop_erased(session, snapshot, identifiers)
    if not gone:
        return snapshot
    return replace(snapshot, fetched=(snapshot.fetched or 0) - gone, erased=gone, repeated=None)


def _different(session: Session, snapshot: Snapshot, value: str) -> int:
    """Counts the different values of an expression among the members of a snapshot."""
    members = table_name(session.schema, "members")
    with session.spilling():
        ((count,),) = session.rows(
            f"SELECT count(*) FROM (SELECT DISTINCT {value} FROM {members} "
            f"WHERE segment = {literal(snapshot.segment)} AND snapshot_id = {literal(snapshot.snapshot_id)}) AS people"
        )
    return int(count)


def _loaded(attempt: "Attempt", warehouse: Warehouse, spool: ProvenSpool) -> Snapshot | None:
    """Loads a spool; one whose members moved is deleted and recorded as failed: another try must read anew."""
    try:
        return load(warehouse, spool)
    except TemporaryError as error:
        if error.code == "membership-moved":
            spool.remove()
            error.placed(attempt.place)
            _record_failure(attempt, error, spool.snapshot.calls or 0)
        raise


@dataclass(frozen=True)
class Attempt:
    """One try to fetch a segment."""

    project: Project
    segment: Segment
    partition_key: str | None
    run_id: str | None
    now: datetime

    @property
    def definition_hash(self) -> str:
        """What the segment file asks for, in short."""
        return self.project.definition_hash(self.segment)

    @property
    def place(self) -> str:
        """Where the segment's file says what is fetched, for errors."""
        return self.project.place(self.segment, ("source", *list(self.segment.source.ids)[:1]))

    def is_answered_by(self, snapshot: Snapshot) -> bool:
        """Says whether a spool that was kept is what this attempt wants."""
        return (snapshot.definition_hash, snapshot.partition_key) == (self.definition_hash, self.partition_key)

    def columns(self) -> dict[str, str | datetime | None]:
        """What is known of the row of `snapshots` before the first call."""
        source = self.segment.source
        options = self.project.connections[source.connection].options
        return {
            "kind": "fetch",
            "definition_hash": self.definition_hash,
            "platform": self.project.connections[source.connection].platform,
            "connection": source.connection,
            "source": source_text(self.segment),
            "api_version": self.project.manifest_of(self.segment).version_of(options),
            "fetched_at": self.now,
        }

    def record(self, state: str, reason: str, message: str, calls: int) -> Snapshot:
        """Writes the row of an attempt that brought no members."""
        return record_without_members(
            self.project,
            self.segment.name,
            state=state,
            reason=reason,
            message=message,
            partition_key=self.partition_key,
            run_id=self.run_id,
            now=self.now,
            calls=calls,
            **self.columns(),
        )

    def snapshot(self, snapshot_id: str, pages: Fetch) -> Snapshot:
        """The row of a fetch that reached its proven end."""
        proof, told = pages.proof, pages.description
        return Snapshot(
            segment=self.segment.name,
            snapshot_id=snapshot_id,
            members_id=snapshot_id,
            state="fetched",
            partition_key=self.partition_key,
            run_id=self.run_id,
            effective_at=self.now,
            data_at=proof.data_at,
            source_name=told.name if told else None,
            warning=told.warning if told else None,
            remote_state=told.state if told else None,
            remote_updated_at=told.updated_at if told else None,
            remote_rule_hash=told.rule_hash if told else None,
            completeness=proof.completeness,
            declared_total=proof.declared_total,
            fetched=proof.members,
            pages=proof.pages,
            calls=proof.calls,
            seconds=proof.seconds,
            **self.columns(),  # type: ignore[arg-type]
        )


def _retrieved(attempt: Attempt, spools: Spools, progress: Progress | None, connect: Connect) -> ProvenSpool | Snapshot:
    """Reads all pages into a spool and proves it; a failure is recorded in the warehouse where that is possible.

    Returns:
        The spool; the row in state `frozen` where the platform no longer has a segment that may freeze.
    """
    project, source = attempt.project, attempt.segment.source
    pages = None
    try:
        with connect(project, source.connection) as platform:
            kind = project.source_kind_name(attempt.segment)
            pages = platform.fetch(kind, source.ids, project.identifiers_read(attempt.segment))
            return _spooled(attempt, spools, progress, pages)
    except Exception as error:
        if isinstance(error, RemoteSegmentsError):
            error.placed(attempt.place)
        calls = pages.calls if pages else 0
        if (
            pages is not None
            and pages.description is None
            and isinstance(error, ProjectError)
            and error.code == MISSING
        ):
            # Described before, it was there: what is not found then may be a cursor or a file.
            freeze = when_missing(project, attempt.segment, error, attempt.now)
            if freeze is not None:
                return attempt.record("frozen", freeze.reason, f"It is {freeze}", calls)
        _record_failure(attempt, error, calls)
        raise


def _spooled(attempt: Attempt, spools: Spools, progress: Progress | None, pages: Fetch) -> ProvenSpool:
    kind = attempt.project.source_kind(attempt.segment)
    snapshot_id = new_snapshot_id(attempt.now)
    with spools.write(snapshot_id, attempt.project.identifiers_read(attempt.segment)) as writer:
        for count, page in enumerate(pages, start=1):
            writer.add(page.columns, page.joined_at, page.length)
            if progress is not None:
                progress(count, writer.members, pages.expected)
        snapshot = attempt.snapshot(snapshot_id, pages)
        if snapshot.fetched != writer.members:
            found = f"{writer.members:,} of {snapshot.fetched or 0:,} members were written."
            raise EngineError("spool-short", found, "Nothing was stored. Report this bug.")
        return writer.prove(snapshot, kind.primary, pages.proof.fewest)


def _record_failure(attempt: Attempt, error: Exception, calls: int) -> None:
    """Writes a row that says what failed; when that fails too, the first error is the one to be seen."""
    if isinstance(error, RemoteSegmentsError):
        reason, message = error.code, f"{error.problem.found} {error.problem.fix}"
    else:  # its text is not ours, so it may hold anything
        reason, message = "unexpected-error", f"{type(error).__name__} was raised; the run's log has the details."
    with suppress(RemoteSegmentsError):
        attempt.record("failed", reason, message, calls)
