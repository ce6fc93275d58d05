"""What a send writes down before it goes: the plan row by row, and who is held out of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from remote_segments.membership import sending
from remote_segments.membership.changes import padded_keys
from remote_segments.membership.sending import Comparison
from remote_segments.membership.tables import LEDGER, OUTGOING

ORDER = ("add", "upsert", "remove")
"""Adds are acknowledged before removals start: nobody is ever missing from both sides of a change."""


def selections(comparison: Comparison, people: Any, whole: bool) -> dict[str, Any]:
    """The rows of each verb, in the order in which they are sent; `keep` where everybody is written anew.

    Args:
        comparison: what was compared; its moves are staged.
        people: as `addressing.people` makes them.
        whole: whether the destination is written as a whole.
    """
    import ibis

    found = {verb: sending.outgoing(comparison, verb) for verb in ORDER}
    if comparison.mode in ("mirror", "remove_only"):
        found["remove"] = found["remove"].union(sending.former_removals(comparison))
    if whole:
        found["keep"] = sending.kept(comparison, people).mutate(attempt=ibis.literal(1, "int64"))
    return found


def outgoing_rows(comparison: Comparison, send_id: str, verb: str, rows: Any, after: int) -> Any:
    """Rows of `outgoing` for one verb, numbered behind those of the verbs before it."""
    import ibis

    scope = comparison.scope
    number = ibis.row_number().over(ibis.window(order_by=[*comparison.keys, "identifiers"]))
    placed = rows.mutate(
        activation=scope.text(scope.segment),
        send_id=scope.text(send_id),
        position=number + 1 + after,
        verb=ibis.literal(verb),
        **padded_keys(rows, comparison.width),
    )
    return placed.select(*OUTGOING)


def held_out_rows(comparison: Comparison, fixed: Mapping[str, str | None], after: int, now: datetime) -> Any:
    """Rows of `ledger` for those who are held out for the first time; `fixed` are the columns that all share."""
    import ibis

    scope = comparison.scope
    rows = sending.held_out(comparison)
    number = ibis.row_number().over(ibis.window(order_by=[*comparison.keys]))
    placed = rows.mutate(
        batch=ibis.null("int64"),
        position=number + 1 + after,
        verb=ibis.literal("add"),
        outcome=ibis.literal("skipped"),
        reason=rows.why,
        permanent=ibis.literal(0, "int64"),
        attempt=ibis.literal(1, "int64"),
        sent_at=ibis.null("timestamp('UTC')"),
        decided_at=scope.instant(now),
        **{name: ibis.null("string") if value is None else scope.text(value) for name, value in fixed.items()},
        **padded_keys(rows, comparison.width),
    )
    return placed.select(*LEDGER)
