"""Mapping: the stage from stored ids to keys, unmapped members and changes, under a snapshot that is not published yet.

Which snapshot, and what is done with it:
a fetch that was not published is mapped; the published one is mapped again, as a new snapshot of kind `remap`;
an older one is rebuilt in its place in history (`rebuilding.py`).
"""

import json
import time
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from remote_segments.errors import HeldError, ProjectError, RemoteSegmentsError
from remote_segments.sync.choosing import check_clock, check_source, choose, is_late
from remote_segments.sync.combining import combine
from remote_segments.sync.definitions import remember
from remote_segments.sync.drift import drift
from remote_segments.sync.holding import settle
from remote_segments.sync.lineage import same_model
from remote_segments.sync.plan import Plan, plan_for
from remote_segments.sync.rebuilding import rebuild
from remote_segments.sync.renaming import carry_over
from remote_segments.sync.results import Mapped
from remote_segments.sync.returning import derive_without_erased
from remote_segments.sync.snapshots import TICK, Snapshot, get, insert, latest_published, new_snapshot_id, update
from remote_segments.sync.store import ensure_store
from remote_segments.sync.writing import Writing, clear
from remote_segments.warehouses.base import Session, Warehouse

if TYPE_CHECKING:
    from remote_segments.config.project import Project

_UNPUBLISHED = ("fetched", "mapped", "held", "superseded")


def map_segment(
    project: "Project",
    segment_name: str,
    *,
    partition_key: str | None,
    run_id: str | None,
    now: datetime,
    snapshot_id: str | None = None,
) -> Mapped:
    """Maps what is stored for a window of a segment, in one writing session, without calling the platform.

    Args:
        project: the loaded project.
        segment_name: the segment.
        partition_key: the window.
        run_id: the run that asks; its own fetch goes before others of the window.
        now: the instant at which the model is read.
        snapshot_id: a snapshot to map instead of the window's newest.

    Raises:
        ProjectError: `nothing-fetched`, `beyond-retention`, `source-changed`, `rebuild-key-changed`, `clock-behind`; of
            the model: `model-missing`, `model-empty`, `model-key-null`, `model-key-duplicated`, `model-key-type`,
            `identifier-column-type`, `unknown-column`, `column-collision`.
        HeldError: `none-mapped`, when an old window would be rewritten to nobody.
    """
    plan = plan_for(project, segment_name)
    return map_with(
        project.open_warehouse(), plan, partition_key=partition_key, run_id=run_id, now=now, snapshot_id=snapshot_id
    )


def map_with(
    warehouse: Warehouse,
    plan: Plan,
    *,
    partition_key: str | None = None,
    run_id: str | None = None,
    now: datetime,
    snapshot_id: str | None = None,
) -> Mapped:
    """Does what `map_segment` does, for a plan; what went wrong is noted on the snapshot's row."""
    chosen: Snapshot | None = None
    try:
        with warehouse.write(plan.segment) as session:
            ensure_store(session)
            carry_over(session, plan.renamed_from, plan.segment)
            chosen = choose(session, plan, partition_key=partition_key, run_id=run_id, snapshot_id=snapshot_id)
            return _map(session, plan, chosen, partition_key=partition_key, run_id=run_id, now=now)
    except (ProjectError, HeldError) as failure:
        if chosen is not None:
            with suppress(RemoteSegmentsError):  # the first error is the one to be seen
                note_failure(warehouse, chosen, failure)
        raise


def note_failure(warehouse: Warehouse, snapshot: Snapshot, failure: RemoteSegmentsError) -> None:
    """Writes why a snapshot is not published on its row, in a transaction of its own; a held one loses its events."""
    with warehouse.write(snapshot.segment) as session:
        found = get(session, snapshot.segment, snapshot.snapshot_id)
        if found is None or found.state not in _UNPUBLISHED:
            return
        state = "held" if isinstance(failure, HeldError) else found.state
        message = f"{failure.problem.found} {failure.problem.fix}"
        numbers = {}
        if isinstance(failure, HeldError):
            clear(session, found, ("changes",))
            numbers["numbers"] = json.dumps(failure.numbers)
        update(session, found, state=state, reason=failure.code, message=message, **numbers)
        settle(session, snapshot.segment)


def _map(
    session: Session, plan: Plan, snapshot: Snapshot, *, partition_key: str | None, run_id: str | None, now: datetime
) -> Mapped:
    latest = latest_published(session, plan.segment)
    check_clock(session, plan, latest, now)
    published = snapshot.state == "published"
    if published and latest is not None and snapshot.snapshot_id == latest.snapshot_id:
        return remap(session, plan, latest, partition_key=partition_key, run_id=run_id, now=now)
    if published or is_late(snapshot, latest):
        return rebuild(session, plan, snapshot.snapshot_id, now=now)
    return map_members(session, plan, snapshot, latest, now=now)


def map_members(session: Session, plan: Plan, snapshot: Snapshot, latest: Snapshot | None, *, now: datetime) -> Mapped:
    """Maps a snapshot that is not published, against the published one; mapping it again replaces what was written.

    Args:
        session: a writing session.
        plan: the segment.
        snapshot: the snapshot, as its row stands.
        latest: the published one.
        now: the instant at which the model is read.

    Raises:
        ProjectError: see `map_segment`.
    """
    check_source(plan, snapshot)
    if plan.combining is not None:
        snapshot, derived = combine(session, plan, plan.combining, snapshot, now)
    else:
        snapshot, derived = derive_without_erased(session, plan, snapshot, now)
    placed = replace(
        snapshot,
        previous_id=latest.snapshot_id if latest else None,
        generation=_generation(session, plan, latest),
        definition_hash=plan.definition_hash,
        model=plan.model_name,
        key_columns=plan.key_columns,
        model_read_at=now,
        effective_at=_instant(snapshot, latest, now),
        drift=drift(latest, snapshot),
    )
    remember(session, plan, now)
    writing = Writing(session=session, plan=plan, snapshot=placed, previous=latest, identifiers=derived.identifiers)
    values = writing.outcomes(derived)
    written = update(
        session,
        snapshot,
        **{name: getattr(placed, name) for name in _PLACE},
        **vars(derived.counts),
        **values,
        state="mapped",
        reason=None,
        message=None,
    )
    return Mapped.of(written, "map" if snapshot.kind == "fetch" else "remap")


_PLACE = (
    "previous_id", "generation", "definition_hash", "model", "key_columns", "model_read_at", "effective_at", "drift",
)  # fmt: skip
"""The columns that say where a snapshot stands in history, and by which definition."""


def remap(
    session: Session, plan: Plan, latest: Snapshot, *, partition_key: str | None, run_id: str | None, now: datetime
) -> Mapped:
    """Maps the ids of the published snapshot with the model as it is now, as a new snapshot of kind `remap`."""
    began = time.monotonic()
    new = replace(
        latest,
        snapshot_id=new_snapshot_id(now),
        kind="remap",
        state="fetched",
        partition_key=partition_key or latest.partition_key,
        run_id=run_id,
        published_at=None,
        numbers=None,
        approved_by=None,
        pages=0,
        calls=0,
        seconds=None,
    )
    insert(session, new)
    mapped = map_members(session, plan, new, latest, now=now)
    return Mapped.of(update(session, mapped, seconds=time.monotonic() - began), "remap")


def _generation(session: Session, plan: Plan, latest: Snapshot | None) -> int:
    """Keys of another model, or of other columns, are not comparable with the published ones: a new generation."""
    if latest is None:
        return 1
    return (latest.generation or 0) + (0 if same_model(session, plan, latest) else 1)


def _instant(snapshot: Snapshot, latest: Snapshot | None, now: datetime) -> datetime:
    """From when the membership counts: when it was fetched, or the model read; always after the published one."""
    own = now if snapshot.kind == "remap" or snapshot.fetched_at is None else snapshot.fetched_at
    return max(own, latest.effective_at + TICK) if latest and latest.effective_at else own
