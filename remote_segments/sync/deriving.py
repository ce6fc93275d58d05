"""From stored ids to outcomes: every member ends as mapped, unknown, ambiguous, invalid or duplicate.

Nothing here is kept: matches and outcomes are temporary tables of the session. Where nothing is in doubt, which one
cheap count shows, the matches are the mapped members and nothing is grouped.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from remote_segments.errors import EngineError, ProjectError
from remote_segments.membership import conflicts, matching, models
from remote_segments.membership.compile import Scope, unbound
from remote_segments.membership.guards import Counts
from remote_segments.membership.tables import MEMBERS, REASONS
from remote_segments.sync.plan import Plan
from remote_segments.sync.snapshots import Snapshot
from remote_segments.sync.spelling import stage_spellings, watched_addresses
from remote_segments.warehouses.base import Session

REPEATS, CANDIDATES, MAPPED, LOST = "rs_repeats", "rs_candidates", "rs_mapped", "rs_lost"
"""Temporary tables of a mapping session."""


@dataclass(frozen=True)
class Derived:
    """What became of the members of a snapshot."""

    counts: Counts
    current: Any
    """The mapped members as an expression: `member_no, remote_joined_at, key..., matched`."""
    lost: Any | None
    """The others, `member_no, reason, key...`; None when there are none."""
    identifiers: tuple[str, ...]
    """The identifiers that the table of members has."""


def scope_of(session: Session, plan: Plan) -> Scope:
    """Whose rows this session reads for this plan."""
    return Scope(session.dialect, session.schema, plan.segment)


def read_model(session: Session, plan: Plan) -> models.Model:
    """Makes the model readable in this session and checks its columns.

    Raises:
        ProjectError: `model-missing`, `unknown-column`, `model-key-type`, `identifier-column-type`, `column-collision`.
    """
    try:
        found = session.expose(table=plan.model.table, sql=plan.model.sql, path=plan.model.path)
    except ProjectError as error:
        error.placed(plan.where_model)
        raise
    model = models.Model(found.schema, found.name, found.columns, plan.key)
    models.check_columns(
        model, plan.matched_columns, (*(plan.include or ()), *plan.exclude), plan.where_model, plan.places
    )
    models.published_columns(model, plan.include, plan.exclude, plan.where_model)
    return model


def check_model(session: Session, plan: Plan, model: models.Model) -> tuple[int | None, int | None]:
    """Counts the model's rows and keys; returns the least and greatest key, where it is one whole number.

    Raises:
        ProjectError: `model-empty`, `model-key-null`, `model-key-duplicated`.
    """
    scope = scope_of(session, plan)
    rows, *present, low, high = _one_row(session, scope, model.totals())
    keys = 0
    if rows and min(present) == rows:
        (keys,) = _one_row(session, scope, model.distinct_keys(low, high, session.dialect))
    models.check_counts(model, rows, present, keys, plan.where_model)
    return low, high


def derive(session: Session, plan: Plan, snapshot: Snapshot, now: datetime | None) -> Derived:
    """Maps the stored members of a snapshot to the model as it is now.

    Args:
        session: a session.
        plan: the segment.
        snapshot: the snapshot.
        now: the instant at which spellings are kept; None in a session that may not write.

    Raises:
        ProjectError: what `read_model` and `check_model` raise; `beyond-retention` when the ids are no longer kept.
    """
    model = read_model(session, plan)
    bounds = check_model(session, plan, model)
    members = _members(session, plan, snapshot)
    fetched, highest, repeated, watched = _totals(session, plan, members, snapshot)
    _refuse_unfetched(session, plan, members, fetched)
    members = replace(members, spellings=stage_spellings(session, plan, members, model, watched=watched, now=now))
    again = session.stage(REPEATS, members.scope.sql(members.repeats())) if repeated else 0
    repeats = REPEATS if again else None
    staged, later = _stage_matches(session, plan, members, model)
    names = [name for name, _ in staged]
    unique = matching.uniqueness(names, model, highest, bounds, session.dialect)
    count, *different = _one_row(session, members.scope, unique)
    current, found = matching.all_matches(staged, model), None
    if repeats or different != [count, count]:
        count, current, found = _stage_mapped(session, members.scope, model, current, repeats)
    lost, reasons = None, {}
    if count < fetched:
        left = members.only(matching.nowhere(names, model)) if found is None else members.without(current)
        session.stage(LOST, members.scope.sql(matching.lost(members, plan.entries, left, found, repeats)))
        lost = unbound(LOST, matching.LOST_COLUMNS)
        grouped = lost.group_by("reason").aggregate(number=lost.count())
        reasons = dict(session.rows(members.scope.sql(grouped)))
    reasons |= {
        "same_row": reasons.get("duplicate", 0) - again,
        "conflicting": _conflicting(session, members.scope, model, later, None if found is None else current),
    }
    counts = _counts(fetched, count, reasons)
    return Derived(counts, current, lost, members.identifiers)


def _counts(fetched: int, mapped: int, reasons: dict[str, int]) -> Counts:
    try:
        named = (*REASONS, "same_row", "conflicting")
        return Counts(fetched=fetched, mapped=mapped, **{name: reasons.get(name, 0) for name in named})
    except ValueError as difference:
        raise EngineError("accounting", str(difference), "Nothing was published. Report this bug.") from difference


def stored_identifiers(session: Session) -> tuple[str, ...]:
    """The identifiers that the table of members has."""
    relation = session.relation("members", session.schema)
    return tuple(name for name in relation.columns if name not in MEMBERS) if relation else ()


def _members(session: Session, plan: Plan, snapshot: Snapshot) -> matching.Fetched:
    identifiers = stored_identifiers(session)
    return matching.Fetched(scope_of(session, plan), snapshot.members_id or "", plan.primary, identifiers)


def _refuse_unfetched(session: Session, plan: Plan, members: matching.Fetched, fetched: int) -> None:
    """Refuses ids that were fetched before the segment's file asked for an identifier that must be looked up.

    Raises:
        ProjectError: `identifier-not-fetched`: every member would look like somebody whom nobody knows.
    """
    wanted = {pair.identifier for entry in plan.entries for pair in entry} & plan.looked_up
    for name in sorted(wanted if fetched else ()):
        known = name in members.identifiers and session.rows(members.scope.sql(members.known(name)))[0][0]
        if not known:
            found = (
                f"None of {fetched:,} stored members has `{name}`, which is fetched only for a segment that uses it."
            )
            fix = "Materialize raw_remote_ids to fetch it; the published segment stays until then."
            raise ProjectError("identifier-not-fetched", found, fix, plan.where)


def _totals(session: Session, plan: Plan, members: matching.Fetched, snapshot: Snapshot) -> tuple[int, int, bool, bool]:
    """The number of members, the greatest, whether some came twice, whether some domain may have to be looked up."""
    unsure = snapshot.repeated != 0  # the fetch counts them when it loads; a trial and an older release do not
    totals = members.totals(different=unsure, addresses=watched_addresses(plan))
    fetched, highest, present, different, watched = _one_row(session, members.scope, totals)
    if fetched != snapshot.fetched:
        if fetched:
            found = f"{fetched:,} of {snapshot.fetched or 0:,} fetched members are stored."
            raise EngineError("members-short", found, "Nothing was published. Report this bug.", plan.where)
        raise ProjectError(
            "beyond-retention",
            f"The ids of snapshot {snapshot.snapshot_id} are no longer kept: retention is {plan.retention.days} days.",
            "Who was a member then can still be read from `changes`; to map again, raise `retention` beforehand.",
            plan.where,
        )
    return fetched, highest or 0, present != different, watched > 0


Later = list[tuple[str, list[str]]]
"""For each entry but the first: all that it meets, and what the entries before it met, as staged tables."""


def _stage_matches(
    session: Session, plan: Plan, members: matching.Fetched, model: models.Model
) -> tuple[list[tuple[str, matching.Entry]], Later]:
    """Writes the matches of each entry into a temporary table: members met by an earlier one belong to that.

    All that a later entry meets is staged beside it, because it may lead to other rows than the one that decided.
    """
    staged: list[tuple[str, matching.Entry]] = []
    later: Later = []
    for number, entry in enumerate(plan.entries, start=1):
        name, every = f"rs_matches_{number}", f"rs_every_{number}"
        earlier = [name for name, _ in staged]
        matches = members.scope.sql(matching.matches(members, model, entry, everybody=not earlier))
        if not earlier:
            session.stage(name, matches)
            staged.append((name, entry))
        elif session.stage(every, matches):
            later.append((every, earlier))
            if session.stage(name, members.scope.sql(matching.unmet(every, earlier, model))):
                staged.append((name, entry))
    return staged, later


def _conflicting(session: Session, scope: Scope, model: models.Model, later: Later, decided: Any | None) -> int:
    """The number of mapped members whose later identifiers lead to other rows; one join of numbers where none do."""
    found = []
    for number, (every, earlier) in enumerate(later):
        elsewhere, name = f"rs_elsewhere_{number}", f"rs_conflicts_{number}"
        if session.stage(elsewhere, scope.sql(conflicts.elsewhere(every, earlier, model))):
            session.stage(name, scope.sql(conflicts.in_conflict(elsewhere, every, model, decided)))
            found.append(name)
    return int(_one_row(session, scope, conflicts.in_any(found))[0]) if found else 0


def _stage_mapped(
    session: Session, scope: Scope, model: models.Model, everything: Any, repeats: str | None
) -> tuple[int, Any, Any]:
    """Decides where some members are in doubt: the number of the mapped, the mapped, and the candidates."""
    session.stage(CANDIDATES, scope.sql(matching.candidates(everything, model, repeats)))
    found = matching.staged_candidates(CANDIDATES, model)
    count = session.stage(MAPPED, scope.sql(matching.mapped(found, model)))
    return count, matching.mapped_columns(MAPPED, len(model.key)), found


def _one_row(session: Session, scope: Scope, expression: Any) -> tuple[Any, ...]:
    return session.rows(scope.sql(expression))[0]
