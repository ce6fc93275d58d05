"""Refreshing an audience: combined of its inputs, then the way of every snapshot to its publication."""

import time
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from remote_segments.errors import ProjectError, RemoteSegmentsError, TemporaryError
from remote_segments.sync.mapping import map_members
from remote_segments.sync.plan import Plan, plan_for
from remote_segments.sync.publication import publish_with
from remote_segments.sync.renaming import carry_over
from remote_segments.sync.results import Published
from remote_segments.sync.snapshots import (
    Snapshot,
    insert,
    latest_published,
    new_snapshot_id,
    record_without_members,
    update,
)
from remote_segments.sync.store import ensure_store

if TYPE_CHECKING:
    from remote_segments.config.project import Project

COMBINATION = "combination"
"""The kind of an audience's snapshots."""


def refresh_audience(project: "Project", name: str, *, run_id: str | None, now: datetime) -> Published:
    """Combines an audience of what its inputs published last, and publishes it; a refusal is recorded as `failed`.

    Args:
        project: the loaded project.
        name: the audience.
        run_id: the run that asks.
        now: the instant from which the membership counts.

    Raises:
        TemporaryError: `input-stale`, `input-failed`, `input-held`, `input-never-fetched`, `input-too-old`.
        HeldError: as `publish_segment`.
        ProjectError: `unknown-segment`, `salt-changed`, `unknown-column`, `type-mismatch`; what is wrong with a model.
    """
    plan = plan_for(project, name)
    warehouse, began = project.open_warehouse(), time.monotonic()
    try:
        with warehouse.write(name) as session:
            ensure_store(session)
            carry_over(session, plan.renamed_from, name)
            snapshot = _new(plan, run_id, now)
            insert(session, snapshot)
            mapped = map_members(session, plan, snapshot, latest_published(session, name), now=now)
            update(session, mapped, seconds=time.monotonic() - began)
    except (ProjectError, TemporaryError) as failure:
        with suppress(RemoteSegmentsError):  # the first error is the one to be seen
            record_without_members(
                project,
                name,
                state="failed",
                reason=failure.code,
                message=f"{failure.problem.found} {failure.problem.fix}",
                partition_key=None,
                run_id=run_id,
                now=now,
                kind=COMBINATION,
            )
        raise
    return publish_with(warehouse, plan, run_id=run_id, now=now, snapshot_id=snapshot.snapshot_id)


def _new(plan: Plan, run_id: str | None, now: datetime) -> Snapshot:
    snapshot_id = new_snapshot_id(now)
    return Snapshot(
        segment=plan.segment,
        snapshot_id=snapshot_id,
        members_id=snapshot_id,
        state="fetched",
        kind=COMBINATION,
        run_id=run_id,
        fetched_at=now,
        effective_at=now,
        repeated=0,
    )
