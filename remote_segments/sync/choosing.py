"""Which stored snapshot a window means, and where it stands beside what is published."""

from datetime import UTC, datetime

from remote_segments.errors import ProjectError
from remote_segments.membership.literals import literal, table_name
from remote_segments.sync.freshness import CLOCKS_DIFFER, age_text
from remote_segments.sync.plan import Plan
from remote_segments.sync.snapshots import COMPLETE, Snapshot, get, latest_published, newest_complete, windows_after
from remote_segments.warehouses.base import Session


def choose(
    session: Session, plan: Plan, *, partition_key: str | None, run_id: str | None, snapshot_id: str | None
) -> Snapshot:
    """The snapshot that is named, else the window's: the newest of this run, else of the window.

    A window that is newer than all that is stored gets the newest of the segment. The newest window that has ids means
    the published ones, should those be newer: runs may end in another order than that of their windows.

    Raises:
        ProjectError: `nothing-fetched` when the window has no complete fetch, and no newer window could lend one.
    """
    if snapshot_id is not None:
        found = get(session, plan.segment, snapshot_id)
    else:
        own = newest_complete(session, plan.segment, partition_key, run_id) if run_id and partition_key else None
        found = own or _of_window(session, plan, partition_key)
    if found is None or found.members_id is None or found.state not in COMPLETE:
        raise ProjectError(
            "nothing-fetched",
            f"No complete fetch is stored for {partition_key or snapshot_id or 'this segment'}.",
            "Materialize raw_remote_ids of the window that is open now.",
            plan.where,
        )
    return found


def _of_window(session: Session, plan: Plan, partition_key: str | None) -> Snapshot | None:
    found = newest_complete(session, plan.segment, partition_key)
    if found is None:
        return _lent(session, plan, partition_key)
    latest = latest_published(session, plan.segment)
    history = partition_key is not None and windows_after(session, plan.segment, partition_key)
    return latest if is_late(found, latest) and not history else found


def _lent(session: Session, plan: Plan, partition_key: str | None) -> Snapshot | None:
    """The newest snapshot of the segment for a later window; keys of windows sort by time."""
    newest = newest_complete(session, plan.segment)
    if newest is None or partition_key is None or (newest.partition_key or "") > partition_key:
        return None
    return newest


def is_late(snapshot: Snapshot, latest: Snapshot | None) -> bool:
    """Whether newer ids than those of an unpublished snapshot are published already."""
    if latest is None or latest.fetched_at is None or snapshot.fetched_at is None:
        return False
    return snapshot.fetched_at < latest.fetched_at


def check_clock(session: Session, plan: Plan, latest: Snapshot | None, now: datetime) -> None:
    """Checks that what is published was not stamped by a clock that was ahead: nothing fetched now would be newer.

    Raises:
        ProjectError: `clock-behind`, with the statement that withdraws what that clock stamped.
    """
    if latest is None or latest.fetched_at is None or latest.fetched_at - now <= CLOCKS_DIFFER:
        return
    statement = (
        f"UPDATE {table_name(session.schema, 'snapshots')} SET state = 'rejected', reason = 'clock-behind' "
        f"WHERE segment = {literal(plan.segment)} AND fetched_at > now();"
    )
    raise ProjectError(
        "clock-behind",
        f"It is {now.astimezone(UTC):%Y-%m-%d %H:%M} UTC by this machine's clock, and the published ids are stamped "
        f"{age_text(latest.fetched_at - now)} later: no fetch of today would count as newer.",
        "Set this machine's clock right. If it is right, the clock that stamped them was ahead: withdraw what it "
        f"stamped by {statement} Then refresh again; the segment shows the old rows until then.",
        plan.where,
    )


def check_source(plan: Plan, snapshot: Snapshot) -> None:
    """Checks that the ids came from where the segment's file now points.

    Raises:
        ProjectError: `source-changed`: showing them under the new definition would show the wrong people.
    """
    asked, given = (plan.connection, plan.source), (snapshot.connection, snapshot.source)
    if plan.source is None or snapshot.source is None or asked == given:
        return
    raise ProjectError(
        "source-changed",
        f"The stored ids were fetched from {snapshot.connection} {snapshot.source}; the file now says "
        f"{plan.connection} {plan.source}.",
        "Materialize raw_remote_ids to fetch from there; the published segment stays until then.",
        plan.where,
    )
