"""What segments were defined by, kept by hash, so that a person is told which setting was edited."""

import json
from collections.abc import Mapping
from datetime import datetime

from remote_segments.membership.literals import literal, table_name
from remote_segments.sync.plan import Plan
from remote_segments.warehouses.base import Session


def remember(session: Session, plan: Plan, now: datetime) -> None:
    """Keeps the settings of a plan, once for each hash."""
    if plan.settings and settings_of(session, plan.definition_hash) is None:
        settings = json.dumps(dict(plan.settings), ensure_ascii=False)
        row = {"definition_hash": plan.definition_hash, "settings": settings, "first_used_at": now}
        session.append("definitions", [row])


def changes_since(session: Session, plan: Plan, definition_hash: str | None) -> tuple[str, ...]:
    """What the plan has otherwise than an earlier definition, as `identifiers changed: email -> external_id`."""
    if definition_hash is None or definition_hash == plan.definition_hash:
        return ()
    before = settings_of(session, definition_hash)
    if before is None or not plan.settings:
        return _UNKNOWN
    return differences(before, plan.settings) or _UNKNOWN


_UNKNOWN = ("The definition changed",)
"""Of snapshots that were mapped before definitions were kept."""


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    """One phrase per setting that has another value, in the order in which the settings stand."""
    names = [*after, *(name for name in before if name not in after)]
    return tuple(
        f"{name} changed"
        if name == "sql"
        else f"{name} changed: {before.get(name, 'none')} -> {after.get(name, 'none')}"
        for name in names
        if before.get(name) != after.get(name)
    )


def settings_of(session: Session, definition_hash: str) -> dict[str, str] | None:
    """The settings that a definition is made of; None where they were not kept."""
    rows = session.rows(
        f"SELECT settings FROM {table_name(session.schema, 'definitions')} "
        f"WHERE definition_hash = {literal(definition_hash)}"
    )
    return json.loads(rows[0][0]) if rows else None
