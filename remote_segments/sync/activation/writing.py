"""What a send writes down while it goes: the plan row by row, each batch before it is sent, each outcome after it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from remote_segments.membership import outbox
from remote_segments.membership.literals import literal, table_name
from remote_segments.membership.tables import KEY_COLUMNS, LEDGER, OUTGOING
from remote_segments.sync.activation.delivering import Delivery, Row
from remote_segments.sync.activation.planning import Computed
from remote_segments.sync.activation.records import Send
from remote_segments.sync.activation.terms import Terms
from remote_segments.warehouses.base import Session


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


def announce(session: Session, send: Send, number: int, stretch: Stretch, now: datetime) -> None:
    """Writes down that a batch is about to be sent."""
    row = {
        "activation": send.activation, "send_id": send.send_id, "batch": number, "verb": stretch.verb,
        "first_position": stretch.first, "last_position": stretch.last, "announced_at": now,
    }  # fmt: skip
    session.append("batches", [row])


def read_rows(session: Session, send: Send, first: int, last: int) -> list[Row]:
    """The rows at some positions that have no outcome yet, in order."""
    table = table_name(session.schema, "outgoing")
    names = "position, verb, key, key_2, key_3, identifiers, attributes, attempt"
    found = session.rows(
        f"SELECT {names} FROM {table} WHERE activation = {literal(send.activation)} "
        f"AND send_id = {literal(send.send_id)} AND position BETWEEN {first} AND {last} ORDER BY position"
    )
    return [Row(row[0], row[1], row[2:5], row[5], row[6], row[7]) for row in found]


def record(session: Session, send: Send, deliveries: Sequence[Delivery], now: datetime) -> None:
    """Writes down what became of the rows of some deliveries."""
    import pyarrow as pa

    instant = pa.timestamp("us", tz="UTC")
    for delivery in deliveries:
        rows, length = delivery.rows, len(delivery.rows)
        if not length:
            continue
        unsent = [outcome == "unsent" for outcome in delivery.outcomes]
        outcomes = ["skipped" if left else one for left, one in zip(unsent, delivery.outcomes, strict=True)]
        reasons = ["unsent" if left else one for left, one in zip(unsent, delivery.reasons, strict=True)]
        keys = {name: [row.key[place] for row in rows] for place, name in enumerate(KEY_COLUMNS)}
        fixed = {name: getattr(send, name) for name in _FIXED}
        columns = {
            **{name: pa.array([value] * length, pa.string()) for name, value in {**fixed, **_owner(send)}.items()},
            **{name: pa.array(values, pa.string()) for name, values in keys.items()},
            "batch": pa.array([delivery.number] * length, pa.int64()),
            "position": pa.array([row.position for row in rows], pa.int64()),
            "verb": pa.array([row.verb for row in rows], pa.string()),
            "outcome": pa.array(outcomes, pa.string()),
            "reason": pa.array(reasons, pa.string()),
            "permanent": pa.array([int(one) for one in delivery.permanent], pa.int64()),
            "attempt": pa.array([row.attempt for row in rows], pa.int64()),
            "sent_at": pa.array([delivery.announced_at] * length, instant),
            "decided_at": pa.array([now] * length, instant),
        }
        session.append_table("ledger", pa.table({name: columns[name] for name in LEDGER}))


_FIXED = ("environment", "destination", "snapshot_id", "run_id")
"""Columns of the ledger that all rows of a send share."""


def _owner(send: Send) -> dict[str, str]:
    return {"activation": send.activation, "send_id": send.send_id}


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
