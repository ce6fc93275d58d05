"""Rebuilding: an older window mapped with today's model, in its place in history; `<segment>` is never touched.

Also a fetch that was mapped too late, after a newer one was published, finds its place in history here: then it
causes the events that it would have caused in time.
"""

from dataclasses import replace
from datetime import datetime

from remote_segments.errors import EngineError, HeldError, ProjectError
from remote_segments.membership.guards import Case
from remote_segments.sync.choosing import check_source
from remote_segments.sync.definitions import remember
from remote_segments.sync.deriving import Derived
from remote_segments.sync.guarding import guards_at, hold_doubtful, moved_by, shown_by
from remote_segments.sync.lineage import same_model
from remote_segments.sync.plan import Plan
from remote_segments.sync.results import Mapped
from remote_segments.sync.returning import derive_without_erased
from remote_segments.sync.since import restore_since
from remote_segments.sync.snapshots import (
    TICK,
    Snapshot,
    get,
    latest_published,
    published_after,
    published_at,
    published_before,
    update,
)
from remote_segments.sync.writing import Writing, effective
from remote_segments.warehouses.base import Session


def rebuild(session: Session, plan: Plan, snapshot_id: str, *, now: datetime) -> Mapped:
    """Rewrites an older snapshot's keys, unmapped and events, and corrects the events of the snapshot after it.

    Events that were there before keep their cause; new ones are `rebuilt`, as it was neither the person's doing nor
    the platform's. Those of a snapshot that was never published get the causes they would have had in time.

    Raises:
        ProjectError: `rebuild-key-changed` when the model's key is another one than then; `beyond-retention`;
            what is wrong with the model.
        HeldError: what would hold it, had it come in time; `none-mapped` for one that was published.
    """
    snapshot = get(session, plan.segment, snapshot_id)
    if snapshot is not None and snapshot.state != "published":
        snapshot = replace(snapshot, effective_at=_instant(session, snapshot))
    following = published_after(session, snapshot) if snapshot else None
    if snapshot is None or following is None:
        raise EngineError("no-later-snapshot", f"Nothing follows {snapshot_id}.", "Report this bug.", plan.where)
    published = snapshot.state == "published"
    preceding = published_before(session, snapshot)
    _check_key(session, plan, snapshot if published else following)
    if not published:
        check_source(plan, snapshot)
    snapshot, derived = derive_without_erased(session, plan, snapshot, now)
    remember(session, plan, now)
    case = Case(derived.counts, shown_by(preceding), guards_at(session, plan, now))
    _check_counts(plan, case, published)
    placed = replace(
        snapshot,
        previous_id=preceding.snapshot_id if preceding else None,
        generation=snapshot.generation if published else following.generation,
        definition_hash=plan.definition_hash,
        model=plan.model_name,
        key_columns=plan.key_columns,
        model_read_at=now,
        published_at=snapshot.published_at or now,
    )
    writing = Writing(
        session=session,
        plan=plan,
        snapshot=placed,
        previous=preceding,
        identifiers=derived.identifiers,
        rebuilt=published,
    )
    written = _rewrite(writing, snapshot, derived)
    if not published:
        hold_doubtful(plan, replace(case, moved=moved_by(session, written, preceding)))
    _correct_following(writing, following, written)
    restore_since(session, plan.segment)
    return Mapped.of(written, "rebuild")


def _rewrite(writing: Writing, snapshot: Snapshot, derived: Derived) -> Snapshot:
    """Writes the outcomes and the row of the rebuilt snapshot."""
    events = writing.outcomes(derived)
    return update(
        writing.session,
        snapshot,
        **{name: getattr(writing.snapshot, name) for name in _REWRITTEN},
        **vars(derived.counts),
        **events,
        state="published",
        reason=None,
        message=None,
    )


def _instant(session: Session, snapshot: Snapshot) -> datetime:
    """Where an overtaken snapshot belongs: at its own instant, yet before what overtook it, and with nobody else.

    Not where an earlier mapping had put it, after what was published then.
    """
    own = effective(snapshot) if snapshot.kind == "remap" or snapshot.fetched_at is None else snapshot.fetched_at
    latest = latest_published(session, snapshot.segment)
    if latest is not None:
        own = min(own, effective(latest) - TICK)
    while published_at(session, snapshot.segment, own) is not None:
        own -= TICK
    return own


_REWRITTEN = (
    "effective_at",
    "previous_id",
    "generation",
    "definition_hash",
    "model",
    "key_columns",
    "model_read_at",
    "published_at",
)


def _correct_following(writing: Writing, following: Snapshot, rebuilt: Snapshot) -> None:
    """Counts the next snapshot's events against the rebuilt one; keys of another generation cannot be compared."""
    if following.generation != rebuilt.generation:
        return
    counts = replace(writing, snapshot=following, previous=rebuilt).corrected_changes()
    update(writing.session, following, previous_id=rebuilt.snapshot_id, **counts)


def _check_key(session: Session, plan: Plan, snapshot: Snapshot) -> None:
    if not same_model(session, plan, snapshot):
        model = f"{snapshot.model or 'the model'} by {snapshot.key_columns}"
        raise ProjectError(
            "rebuild-key-changed",
            f"The keys of then are those of {model}, today's of {plan.model_name or 'the model'} by "
            f"{plan.key_columns}: the window's neighbours cannot be compared with new ones.",
            "Leave that window as it is; the windows since the model or its key changed can be rebuilt.",
            plan.where,
        )


def _check_counts(plan: Plan, case: Case, published: bool) -> None:
    """Holds what must not enter history; of a published window only what would empty it by mistake."""
    try:
        hold_doubtful(plan, case)
    except HeldError as held:
        if not published or held.code == "none-mapped":
            raise
