"""The guards before publication, with the numbers that they judge read from the warehouse."""

import json
from datetime import datetime

from remote_segments.errors import HeldError
from remote_segments.membership.guards import (
    CAUSES,
    LEAST_USUAL,
    MOST_USUAL,
    Case,
    Counts,
    Guards,
    Moved,
    Shown,
    Usual,
    match_rate,
)
from remote_segments.membership.judging import judge
from remote_segments.membership.literals import literal, table_name
from remote_segments.membership.tables import OUTCOMES
from remote_segments.sync.decisions import raised_limits
from remote_segments.sync.definitions import changes_since
from remote_segments.sync.drift import rule_changed
from remote_segments.sync.plan import Plan
from remote_segments.sync.snapshots import Snapshot, newest_published
from remote_segments.warehouses.base import Session

CHANGED_RULE = "The segment's rule was changed on the platform since the published snapshot: the likely cause."
"""What a guard adds where the platform tells the rule."""


def check_guards(session: Session, plan: Plan, snapshot: Snapshot, latest: Snapshot | None, now: datetime) -> str:
    """Judges a mapped snapshot against the published one and what is usual; returns the numbers compared, as JSON.

    Where the platform changed the segment's rule between the published one and `snapshot`, that is told as the cause.

    Raises:
        HeldError: `none-mapped`, `emptied`, `match-rate-low`, `many-left`, `many-joined`, `match-rate-dropped`,
            `below-usual`, `above-usual`.
    """
    case = Case(
        counts_of(snapshot),
        _shown(session, plan, latest),
        guards_at(session, plan, now),
        moved_by(session, snapshot, latest),
    )
    cause = CHANGED_RULE if rule_changed(latest, snapshot) else ""
    command = f"`remote-segments approve {plan.segment} --by NAME --reason WHY`"
    hold_doubtful(plan, case, cause, f"Or decide: {command} publishes this very snapshot, `reject` drops it.")
    return json.dumps(case.numbers)


def hold_doubtful(plan: Plan, case: Case, cause: str = "", decide: str = "") -> None:
    """Judges a case; `cause` is what is known of why, `decide` says how a person may have it published nevertheless.

    Raises:
        HeldError: as `check_guards`.
    """
    verdicts = judge(case)
    if not verdicts:
        return
    first, *others = verdicts
    changed = "; ".join(case.shown.changed) if case.shown else ""
    found = f"{changed}. {first.found}" if changed else first.found
    if cause:
        found += f" {cause}"
    if others:
        found += f" Also beyond: {', '.join(one.code for one in others)}."
    needed: dict[str, float] = {}
    for one in verdicts:
        needed |= {name: max(value, needed.get(name, value)) for name, value in one.needed.items()}
    numbers = {**case.numbers, "guards": [one.code for one in verdicts], "needed": needed}
    raise HeldError(first.code, found, f"{first.fix} {decide}".rstrip(), plan.where, numbers)


def guards_at(session: Session, plan: Plan, now: datetime) -> Guards:
    """The limits of the segment's file, or those that somebody raised for a while."""
    return plan.guards.widened(raised_limits(session, plan.segment, now))


def counts_of(snapshot: Snapshot) -> Counts:
    """The counts of a mapped snapshot."""
    return Counts(**{name: getattr(snapshot, name) or 0 for name in ("fetched", *OUTCOMES)})


def shown_by(latest: Snapshot | None) -> Shown | None:
    """What a published snapshot shows, without what is usual."""
    return Shown(latest.fetched or 0, latest.mapped or 0) if latest else None


def _shown(session: Session, plan: Plan, latest: Snapshot | None) -> Shown | None:
    if latest is None:
        return None
    return Shown(
        latest.fetched or 0,
        latest.mapped or 0,
        _usual(session, plan, latest),
        changes_since(session, plan, latest.definition_hash),
    )


def _usual(session: Session, plan: Plan, latest: Snapshot) -> Usual | None:
    """Averages of the newest published snapshots with members, of one definition.

    They begin anew with a snapshot that somebody approved: what is usual from then on is what that person let through.
    """
    rows: list[Snapshot] = []
    for row in newest_published(session, plan.segment, MOST_USUAL):
        if not row.mapped or (row.definition_hash, row.generation) != (plan.definition_hash, latest.generation):
            break
        rows.append(row)
        if row.approved_by is not None:
            break
    if len(rows) < LEAST_USUAL:
        return None
    rates = [match_rate(row.fetched or 0, row.mapped or 0) for row in rows]
    return Usual(len(rows), sum(row.mapped or 0 for row in rows) / len(rows), sum(rates) / len(rates))


def moved_by(session: Session, snapshot: Snapshot, latest: Snapshot | None) -> Moved:
    """Who joins and leaves with a mapped snapshot; with another key than before only how many more or fewer there are.

    Those who are there before anybody was, and those moved by a rebuild, do not count.
    """
    if latest is not None and latest.generation != snapshot.generation:
        more = (snapshot.mapped or 0) - (latest.mapped or 0)
        return Moved(joined_definition=max(0, more), left_definition=max(0, -more))
    causes = ", ".join(map(literal, CAUSES))
    rows = session.rows(
        f"SELECT event, cause, count(*) FROM {table_name(session.schema, 'changes')} "
        f"WHERE segment = {literal(snapshot.segment)} AND snapshot_id = {literal(snapshot.snapshot_id)} "
        f"AND cause IN ({causes}) GROUP BY event, cause"
    )
    return Moved(**{f"{event}_{cause}": number for event, cause, number in rows})
