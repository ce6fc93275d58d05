"""The end of a send: what the ledger says becomes what is known of each person, and what was to be sent is forgotten.

Whatever was announced and has no row in the ledger may have arrived: a process was killed before it could write down
the answer. It becomes `unknown`, and stays so until somebody finds out.
"""

from datetime import datetime

from remote_segments.membership import settling
from remote_segments.membership.compile import Scope
from remote_segments.membership.literals import literal, table_name
from remote_segments.sync.activation import records
from remote_segments.sync.activation.records import Send
from remote_segments.warehouses.base import Session


def close(session: Session, send: Send, state: str, now: datetime, **values: object) -> Send:
    """Settles a send and forgets what was to be sent, in the session's transaction.

    Args:
        session: a writing session.
        send: the send.
        state: what becomes of it: `applied`, `stopped`, `held`.
        now: the instant from which nothing more of it is expected.
        values: further columns of its row.
    """
    _doubt_unanswered(session, send, now)
    _settle(session, send)
    counts = _outcomes(session, send)
    for table in ("outgoing",):
        session.execute(f"DELETE FROM {table_name(session.schema, table)} WHERE {_own(send)}")
    return records.update(session, send, state=state, finished_at=now, **counts, **values)


def close_interrupted(session: Session, activation: str, now: datetime) -> list[Send]:
    """Closes the sends of an activation that a process did not live to close."""
    found = records.sends(session, activation, "sending")
    message = "It was interrupted; the next send takes up what is left."
    return [close(session, one, "stopped", now, reason="interrupted", message=message) for one in found]


def _doubt_unanswered(session: Session, send: Send, now: datetime) -> None:
    """Writes down as unknown what was announced and never answered."""
    ledger, batches, outgoing = (table_name(session.schema, one) for one in ("ledger", "batches", "outgoing"))
    columns = ["activation", "send_id", "batch", "position", "verb", "key", "key_2", "key_3", "outcome", "reason",
               "permanent", "attempt", "sent_at", "decided_at", "environment", "destination", "snapshot_id",
               "run_id"]  # fmt: skip
    values = [send.environment, send.destination, send.snapshot_id, send.run_id]
    session.insert(
        "ledger",
        columns,
        "SELECT o.activation, o.send_id, b.batch, o.position, o.verb, o.key, o.key_2, o.key_3, 'unknown', "
        f"'unanswered', 0, o.attempt, b.announced_at, {literal(now)}, {', '.join(map(_text, values))} "
        f"FROM {outgoing} o JOIN {batches} b ON b.activation = o.activation AND b.send_id = o.send_id "
        "AND o.position BETWEEN b.first_position AND b.last_position "
        f"WHERE o.activation = {literal(send.activation)} AND o.send_id = {literal(send.send_id)} "
        "AND o.verb <> 'keep' AND NOT EXISTS "
        f"(SELECT 1 FROM {ledger} l WHERE l.activation = o.activation AND l.send_id = o.send_id "
        "AND l.position = o.position)",
    )


def _text(value: str | None) -> str:
    return f"CAST({literal(value)} AS VARCHAR)"


def _settle(session: Session, send: Send) -> None:
    width = len((send.key_columns or "").split(","))
    scope = Scope(session.dialect, session.schema, send.activation)
    one = settling.Send(scope, send.send_id, send.destination or "", width)
    if not session.stage(settling.SETTLED, scope.sql(settling.settled(one))):
        return
    for statement in settling.retiring(one):
        session.execute(statement)
    session.stage(settling.NEXT, scope.sql(settling.next_recipients(one)))
    session.execute(settling.replacing(one))
    columns, rows = settling.new_rows(one)
    session.insert("recipients", columns, scope.sql(rows))


_COUNTED = {"accepted": "accepted", "rejected": "rejected", "unknown": "unanswered", "skipped": "skipped"}


def _outcomes(session: Session, send: Send) -> dict[str, int]:
    """How many rows came to each outcome."""
    rows = session.rows(
        f"SELECT outcome, count(*) FROM {table_name(session.schema, 'ledger')} WHERE {_own(send)} "
        "AND batch IS NOT NULL GROUP BY outcome"
    )
    found = dict(rows)
    return {column: found.get(outcome, 0) for outcome, column in _COUNTED.items()}


def _own(send: Send) -> str:
    return f"activation = {literal(send.activation)} AND send_id = {literal(send.send_id)}"
