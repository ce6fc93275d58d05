"""Publication: the moment a snapshot becomes what everybody reads, in one transaction, or not at all."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from remote_segments.errors import EngineError, HeldError, ProjectError, RemoteSegmentsError
from remote_segments.membership.enrichment import enriched
from remote_segments.membership.models import published_columns
from remote_segments.sync.choosing import check_clock, check_source, choose, is_late
from remote_segments.sync.deriving import check_model, read_model, scope_of
from remote_segments.sync.guarding import check_guards
from remote_segments.sync.holding import settle
from remote_segments.sync.mapping import map_members, map_with, note_failure, remap
from remote_segments.sync.plan import Plan, plan_for
from remote_segments.sync.results import Published
from remote_segments.sync.retention import expire
from remote_segments.sync.snapshots import Snapshot, data_time, get, latest_published, update
from remote_segments.sync.store import ensure_store
from remote_segments.warehouses.base import Session, Warehouse

if TYPE_CHECKING:
    from remote_segments.config.project import Project


def publish_segment(
    project: "Project",
    segment_name: str,
    *,
    partition_key: str | None,
    run_id: str | None,
    now: datetime,
    snapshot_id: str | None = None,
) -> Published:
    """Publishes what was mapped for a window of a segment.

    Args:
        project: the loaded project.
        segment_name: the segment.
        partition_key: the window.
        run_id: the run that asks.
        now: the instant of publication.
        snapshot_id: a snapshot to publish instead of the window's newest.

    Returns:
        The published row; of an older window, which is part of history already, with `replaced` False.

    Raises:
        HeldError: `none-mapped`, `emptied`, `match-rate-low`, `many-left`, `many-joined`, `match-rate-dropped`,
            `below-usual`, `above-usual`; recorded, and the published segment stays.
        ProjectError: `not-mapped`, `snapshot-superseded`, `source-changed`, `clock-behind`; what is wrong with the
            model.
    """
    plan = plan_for(project, segment_name)
    return publish_with(
        project.open_warehouse(), plan, partition_key=partition_key, run_id=run_id, now=now, snapshot_id=snapshot_id
    )


def publish_with(
    warehouse: Warehouse,
    plan: Plan,
    *,
    partition_key: str | None = None,
    run_id: str | None = None,
    now: datetime,
    snapshot_id: str | None = None,
) -> Published:
    """Does what `publish_segment` does, for a plan; a held snapshot is recorded in a transaction of its own."""
    chosen: Snapshot | None = None
    try:
        with warehouse.write(plan.segment) as session:
            ensure_store(session)
            chosen = choose(session, plan, partition_key=partition_key, run_id=run_id, snapshot_id=snapshot_id)
            return publish(session, plan, chosen, now=now)
    except (HeldError, ProjectError) as failure:
        if chosen is not None:
            with suppress(RemoteSegmentsError):  # the first error is the one to be seen
                if isinstance(failure, HeldError):
                    chosen = _as_judged(warehouse, plan, chosen, failure, run_id=run_id, now=now)
                note_failure(warehouse, chosen, failure)
        raise


def _as_judged(
    warehouse: Warehouse, plan: Plan, chosen: Snapshot, failure: HeldError, *, run_id: str | None, now: datetime
) -> Snapshot:
    """Stores the mapping that was judged, where publishing had made it anew: what a person approves is what was held.

    The published ids with today's model become a snapshot of their own.
    """
    with warehouse.read() as session:
        stored = get(session, plan.segment, chosen.snapshot_id) or chosen
        again = _must_be_mapped_again(plan, stored, latest_published(session, plan.segment))
    if stored.state == "mapped" and not again and stored.mapped == failure.numbers["mapped"]:
        return stored
    return map_with(warehouse, plan, run_id=run_id, now=now, snapshot_id=chosen.snapshot_id)


def publish(session: Session, plan: Plan, snapshot: Snapshot, *, now: datetime) -> Published:
    """Replaces `<segment>` by a mapped snapshot and marks its row published, in the session's transaction.

    A snapshot that was mapped against another published one than today's is mapped again first; so is a held one,
    and one whose model lost or gained keys since. The published snapshot itself is only shown anew.

    Raises:
        HeldError: before anything is written; the caller rolls back and records it.
        ProjectError: `not-mapped`, `snapshot-superseded`, `source-changed`, `clock-behind`.
    """
    latest = latest_published(session, plan.segment)
    check_clock(session, plan, latest, now)
    if snapshot.state == "fetched":
        raise ProjectError(
            "not-mapped",
            f"Snapshot {snapshot.snapshot_id} is not mapped yet.",
            "Materialize mapped_keys of this window first.",
            plan.where,
        )
    if snapshot.state == "published":
        if latest is not None and latest.snapshot_id != snapshot.snapshot_id:
            return Published.of(snapshot, replaced=False, rows=snapshot.mapped or 0)
        return _show_again(session, plan, snapshot, now)
    if is_late(snapshot, latest):
        raise ProjectError(
            "snapshot-superseded",
            "Newer ids were published in the meantime; the segment shows those.",
            "Materialize mapped_keys of this window again to add it to the history; the segment needs nothing.",
            plan.where,
        )
    if _must_be_mapped_again(plan, snapshot, latest):
        snapshot = map_members(session, plan, snapshot, latest, now=now)
    return _publish_mapped(session, plan, snapshot, latest, now)


def _must_be_mapped_again(plan: Plan, snapshot: Snapshot, latest: Snapshot | None) -> bool:
    against = (latest.snapshot_id if latest else None, plan.definition_hash, plan.key_columns)
    return snapshot.state in ("held", "superseded") or against != (
        snapshot.previous_id,
        snapshot.definition_hash,
        snapshot.key_columns,
    )


def _publish_mapped(
    session: Session, plan: Plan, snapshot: Snapshot, latest: Snapshot | None, now: datetime
) -> Published:
    numbers = check_guards(session, plan, snapshot, latest, now)
    rows = write_segment(session, plan, snapshot, latest)
    if rows != snapshot.mapped:  # the model changed since it was mapped
        snapshot = map_members(session, plan, snapshot, latest, now=now)
        numbers = check_guards(session, plan, snapshot, latest, now)
        rows = write_segment(session, plan, snapshot, latest)
    if rows != snapshot.mapped:
        found = f"{rows:,} rows were written for {snapshot.mapped or 0:,} keys."
        raise EngineError("rows-short", found, "Nothing was published. Report this bug.", plan.where)
    published = mark_published(session, plan, snapshot, now, numbers=numbers)
    return Published.of(published, replaced=True, rows=rows)


def mark_published(session: Session, plan: Plan, snapshot: Snapshot, now: datetime, **values: str | None) -> Snapshot:
    """Makes a snapshot whose rows `<segment>` shows the published one; a hold that it overtakes is closed."""
    published = update(session, snapshot, state="published", published_at=now, reason=None, message=None, **values)
    settle(session, plan.segment)
    expire(session, plan, published, now)
    return published


def _show_again(session: Session, plan: Plan, snapshot: Snapshot, now: datetime) -> Published:
    """Writes the published rows anew; another definition, or a model without the same keys, makes it a new snapshot."""
    check_source(plan, snapshot)
    if (snapshot.definition_hash, snapshot.key_columns) == (plan.definition_hash, plan.key_columns):
        rows = write_segment(session, plan, snapshot, snapshot)
        if rows == snapshot.mapped:
            return Published.of(snapshot, replaced=True, rows=rows)
    again = remap(session, plan, snapshot, partition_key=None, run_id=snapshot.run_id, now=now)
    return _publish_mapped(session, plan, again, snapshot, now)


def write_segment(session: Session, plan: Plan, snapshot: Snapshot, latest: Snapshot | None) -> int:
    """Replaces `<segment>` by the rows of today's model that a snapshot's keys name; returns how many there are.

    Args:
        session: a writing session.
        plan: the segment.
        snapshot: whose keys are shown.
        latest: the published snapshot that `<segment>` shows until now.

    Raises:
        ProjectError: `column-dropped`; what is wrong with the model.
    """
    model = read_model(session, plan)
    check_model(session, plan, model)  # one key lost and another there twice would give the same number of rows
    columns = published_columns(model, plan.include, plan.exclude, plan.where)
    instant = data_time(snapshot)
    if instant is None:
        raise EngineError("no-instant", f"Snapshot {snapshot.snapshot_id} has no instant.", "Report this bug.")
    _refuse_lost_columns(session, plan, snapshot, latest, columns)
    scope = scope_of(session, plan)
    rows = enriched(scope, snapshot.snapshot_id, model, columns, instant)
    return session.replace_table(plan.segment, scope.sql(rows))


def _refuse_lost_columns(
    session: Session, plan: Plan, snapshot: Snapshot, latest: Snapshot | None, columns: Sequence[str]
) -> None:
    """Refuses to take columns away from the published table that nobody asked to be taken away.

    Raises:
        ProjectError: `column-dropped`.
    """
    shown = session.relation(plan.segment, session.schema)
    if (
        shown is None
        or latest is None
        or plan.include is not None
        or latest.definition_hash != snapshot.definition_hash
    ):
        return
    kept = {name.lower() for name in (*columns, *plan.exclude, "joined_at", "snapshot_at")}
    lost = [name for name in shown.columns if name.lower() not in kept]
    if lost:
        names = ", ".join(f"`{name}`" for name in lost)
        raise ProjectError(
            "column-dropped",
            f"The model no longer has {names}, which the published segment shows.",
            "Nothing was published. Bring it back, or write the columns it shall have: `columns: {include: [...]}`.",
            plan.where_model,
        )
