"""Whoever was erased and is fetched by an account that nobody knew: found when mapped, because the key is known.

Such members are deleted, their counts lowered and their accounts remembered, so that the next fetch leaves them out.
"""

from dataclasses import replace
from datetime import datetime

from remote_segments.membership.functions import hashed
from remote_segments.membership.literals import literal, quoted, table_name
from remote_segments.membership.tables import KEY_COLUMNS
from remote_segments.sync.deriving import Derived, derive, scope_of
from remote_segments.sync.following import ROWS
from remote_segments.sync.lineage import Lineage
from remote_segments.sync.person import Account, Person
from remote_segments.sync.plan import Plan
from remote_segments.sync.removing import Removal
from remote_segments.sync.snapshots import Snapshot, get
from remote_segments.sync.tombstones import ALGORITHM, SEPARATOR, bury, erased_keys, salt_of
from remote_segments.warehouses.base import Session

RETURNING = "rs_returning"
"""The temporary table of members that lead to an erased row of the model."""


def derive_without_erased(session: Session, plan: Plan, snapshot: Snapshot, now: datetime) -> tuple[Snapshot, Derived]:
    """Does what `derive` does, after deleting members that lead to erased people; the snapshot with lower counts.

    Raises:
        ProjectError: as `derive`.
    """
    derived = derive(session, plan, snapshot, now)
    if not _stage_returning(session, plan, snapshot, derived):
        return snapshot, derived
    _remember_accounts(session, plan, derived, now)
    Removal(session, plan.segment).rows()
    lowered = get(session, snapshot.segment, snapshot.snapshot_id) or snapshot
    counts = ("fetched", "erased", "repeated")
    snapshot = replace(snapshot, **{name: getattr(lowered, name) for name in counts})
    return snapshot, derive(session, plan, snapshot, now)


def _stage_returning(session: Session, plan: Plan, snapshot: Snapshot, derived: Derived) -> int:
    """Stages the rows of `members` to be deleted as `ROWS`: of this snapshot, and of others what nobody mapped.

    An account may have led elsewhere once; whom it was then mapped to stays.
    """
    digests = erased_keys(session, plan)
    if not session.rows(f"{digests} LIMIT 1"):
        return 0
    scope = scope_of(session, plan)
    value = scope.text(salt_of(session))
    for number, name in enumerate(keys := KEY_COLUMNS[: len(plan.key)]):
        value = value + (SEPARATOR if number else "") + derived.current[name]
    found = derived.current.select("member_no", *keys, digest=hashed(value, ALGORITHM, session.dialect))
    if not session.stage(RETURNING, f"SELECT * FROM ({scope.sql(found)}) f WHERE digest IN ({digests})"):
        return 0
    members, own = table_name(session.schema, "members"), f"m.segment = {literal(plan.segment)}"
    here = f"{own} AND m.snapshot_id = {literal(snapshot.members_id)}"
    numbers = f"SELECT member_no FROM {quoted(RETURNING)}"
    if derived.lost is not None:
        lost = scope.sql(derived.lost.filter(derived.lost.key.notnull()))
        same = " AND ".join(f"l.{quoted(name)} = r.{quoted(name)}" for name in keys)
        numbers += f" UNION SELECT l.member_no FROM ({lost}) l JOIN {quoted(RETURNING)} r ON {same}"
    parts = [
        f"SELECT m.segment, m.snapshot_id, m.member_no FROM {members} m WHERE {here} AND m.member_no IN ({numbers})"
    ]
    if plan.primary in derived.identifiers:
        primary = f"m.{quoted(plan.primary)}"
        mapped, snapshots = (table_name(session.schema, name) for name in ("keys", "snapshots"))
        parts.append(
            f"SELECT m.segment, m.snapshot_id, m.member_no FROM {members} m WHERE {own} AND {primary} IN "
            f"(SELECT {primary} FROM {members} m WHERE {here} AND m.member_no IN ({numbers})) AND NOT EXISTS "
            f"(SELECT 1 FROM {mapped} k JOIN {snapshots} s ON s.segment = k.segment AND s.snapshot_id = k.snapshot_id "
            "WHERE s.segment = m.segment AND s.members_id = m.snapshot_id AND k.member_no = m.member_no)"
        )
    return session.stage(ROWS, " UNION ".join(parts))


def _remember_accounts(session: Session, plan: Plan, derived: Derived, now: datetime) -> None:
    """Keeps digests of the accounts that led to an erased person."""
    if plan.connection is None or plan.primary not in derived.identifiers:
        return
    primary = f"m.{quoted(plan.primary)}"
    found = session.rows(
        f"SELECT DISTINCT {primary} FROM {table_name(session.schema, 'members')} m JOIN {quoted(ROWS)} p "
        "ON p.segment = m.segment AND p.snapshot_id = m.snapshot_id AND p.member_no = m.member_no "
        f"WHERE m.segment = {literal(plan.segment)} AND {primary} IS NOT NULL"
    )
    accounts = frozenset(Account(plan.connection, plan.primary, value) for (value,) in found)
    bury(session, Person(plan.primary, None, None, accounts), Lineage({}, frozenset()), now)
