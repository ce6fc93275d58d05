"""What a send writes down while it goes: the plan row by row, each batch before it is sent, each outcome after it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from remote_segments.membership import outbox
from remote_segments.membership.literals import literal, table_name
from remote_segments.membership.tables import KEY_COLUMNS, LEDGER, OUTGOING
from remote_segments.sync.activation.delivering import Delivery
from remote_segments.sync.activation.outgoing import COLUMNS, Rows, instants, numbers, texts
from remote_segments.sync.activation.planning import Computed
from remote_segments.sync.activation.records import Send
from remote_segments.sync.activation.terms import Terms
from remote_segments.warehouses.base import Session

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Stretch:
    """The positions of one verb in a send, both ends included."""

    verb: str
    first: int
    last: int


def write_rows(session: Session, terms: Terms, computed: Computed, send_id: str) -> list[Stretch]:
    """Writes down what is to be sent, row by row; returns where each verb is."""
    comparison, last = computed.comparison, 0
    stretches = []
    for verb, rows in outbox.selections(comparison, computed.people, terms.abilities.whole).items():
        placed = outbox.outgoing_rows(comparison, send_id, verb, rows, last)
        count = session.insert("outgoing", list(OUTGOING), comparison.scope.sql(placed))
        if count:
            stretches.append(Stretch(verb, last + 1, last + count))
        last += count
    return stretches


def log_held_out(session: Session, computed: Computed, send: Send, after: int, now: datetime) -> int:
    """Writes down who is held out for the first time, so that an experiment can be read from the ledger."""
    names = ("activation", "send_id", "environment", "destination", "snapshot_id", "run_id")
    fixed = {name: getattr(send, name) for name in names}
    rows = outbox.held_out_rows(computed.comparison, fixed, after, now)
    return session.insert("ledger", list(LEDGER), computed.comparison.scope.sql(rows))


def announce(session: Session, send: Send, parts: Iterable[tuple[int, Stretch]], now: datetime) -> None:
    """Writes down that batches are about to be sent, each with its number."""
    rows = [
        {
            "activation": send.activation, "send_id": send.send_id, "batch": number, "verb": part.verb,
            "first_position": part.first, "last_position": part.last, "announced_at": now,
        }
        for number, part in parts
    ]  # fmt: skip
    session.append("batches", rows)


def read_rows(session: Session, send: Send, first: int, last: int) -> Rows:
    """The rows at some positions, in order."""
    table = table_name(session.schema, "outgoing")
    return Rows(
        session.arrow(
            f"SELECT {', '.join(COLUMNS)} FROM {table} WHERE activation = {literal(send.activation)} "
            f"AND send_id = {literal(send.send_id)} AND position BETWEEN {first} AND {last} ORDER BY position"
        )
    )


def record(session: Session, send: Send, deliveries: Sequence[Delivery], now: datetime) -> None:
    """Writes down what became of the rows of some deliveries."""
    import pyarrow as pa

    parts = [_ledger(send, delivery, now) for delivery in deliveries if len(delivery.rows)]
    if parts:
        session.append_table("ledger", pa.concat_tables(parts))


def _ledger(send: Send, delivery: Delivery, now: datetime) -> "pa.Table":
    """The rows of the ledger of one delivery."""
    import pyarrow as pa

    rows, length = delivery.rows.table, len(delivery.rows)
    outcomes, reasons = list[str](delivery.outcomes), list(delivery.reasons)
    for place in (place for place, one in enumerate(outcomes) if one == "unsent"):
        outcomes[place], reasons[place] = "skipped", "unsent"
    fixed = {name: getattr(send, name) for name in ("activation", "send_id", *_FIXED)}
    columns = {
        **{name: texts([value] * length) for name, value in fixed.items()},
        **{name: rows.column(name).cast(pa.string()) for name in ("verb", *KEY_COLUMNS)},
        **{name: rows.column(name).cast(pa.int64()) for name in ("position", "attempt")},
        "batch": numbers([delivery.number] * length),
        "outcome": texts(outcomes),
        "reason": texts(reasons),
        "permanent": numbers(delivery.permanent),
        "sent_at": instants([delivery.announced_at] * length),
        "decided_at": instants([now] * length),
    }
    return pa.table({name: columns[name] for name in LEDGER})


_FIXED = ("environment", "destination", "snapshot_id", "run_id")
"""Columns of the ledger that all rows of a send share."""


def record_all(session: Session, send: Send, outcome: str, reason: str | None, now: datetime) -> None:
    """Writes down one outcome for all of a send that has none yet, as batch 1, but for those who stay."""
    ledger, outgoing = (table_name(session.schema, one) for one in ("ledger", "outgoing"))
    fixed = ", ".join(f"CAST({literal(getattr(send, name))} AS VARCHAR)" for name in _FIXED)
    session.insert(
        "ledger",
        list(LEDGER),
        f"SELECT o.activation, o.send_id, 1, o.position, o.verb, o.key, o.key_2, o.key_3, {literal(outcome)}, "
        f"CAST({literal(reason)} AS VARCHAR), 0, o.attempt, {literal(now)}, {literal(now)}, {fixed} "
        f"FROM {outgoing} o WHERE o.activation = {literal(send.activation)} AND o.send_id = {literal(send.send_id)} "
        f"AND o.verb <> 'keep' AND NOT EXISTS (SELECT 1 FROM {ledger} l WHERE l.activation = o.activation "
        "AND l.send_id = o.send_id AND l.position = o.position)",
    )
