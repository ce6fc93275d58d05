"""What a send leaves behind: the rows of `recipients` that follow from the outcomes in the ledger.

    add or upsert accepted   there, under the identifiers that were sent
    add rejected             not there, to be tried again at growing distance unless the reason is permanent
    upsert rejected          as before, to be tried again
    remove accepted          the row goes: nothing is known of a stranger
    remove rejected          there, to be tried again
    anything unknown         nobody knows; kept so until somebody finds out

Whoever is added under other identifiers than before keeps a row of the former ones, until these are removed.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from remote_segments.membership.compile import Scope, finished, unbound
from remote_segments.membership.functions import hashed
from remote_segments.membership.literals import literal, table_name
from remote_segments.membership.tables import KEY_COLUMNS, LEDGER, OUTGOING, RECIPIENTS

SETTLED, NEXT = "rs_settled", "rs_next_recipients"
"""Temporary tables: what became of each row that was sent, and the rows of `recipients` that follow."""

FIRST_WAIT, LONGEST_WAIT = timedelta(hours=1), timedelta(days=7)
"""How long a rejected person is left alone after the first rejection, and at most; each time twice as long."""

DOUBLINGS = 8
"""After so many rejections in a row the longest wait is reached."""


@dataclass(frozen=True)
class Send:
    """One send of an activation to a destination."""

    scope: Scope
    """Its segment is the activation."""
    send_id: str
    destination: str
    width: int

    @property
    def keys(self) -> tuple[str, ...]:
        """The key columns in use."""
        return KEY_COLUMNS[: self.width]


def settled(send: Send) -> Any:
    """What became of each row: `position, verb, outcome, ..., key..., identifiers, digest`.

    An unknown outcome that was found out later has two rows in the ledger, of which the later one counts. What was
    skipped leaves no trace, but for the people who are held out.
    """
    import ibis

    scope = send.scope
    rows = unbound("ledger", LEDGER, scope.schema)
    rows = rows.filter(rows.activation == scope.text(scope.segment), rows.send_id == scope.text(send.send_id))
    newest = ibis.row_number().over(
        ibis.window(group_by="position", order_by=[rows.decided_at.desc(), (rows.outcome == "unknown").asc()])
    )
    rows = finished(rows.mutate(place=newest))
    rows = rows.filter(rows.place == 0, (rows.outcome != "skipped") | rows.reason.startswith("holdout"))
    rows = rows.select("position", *send.keys, "verb", "outcome", "reason", "permanent", "attempt", "decided_at")
    sent = unbound("outgoing", OUTGOING, scope.schema)
    sent = sent.filter(sent.activation == scope.text(scope.segment), sent.send_id == scope.text(send.send_id))
    sent = sent.select("identifiers", "attributes", sent_position=sent.position)
    both = rows.left_join(sent, [("position", "sent_position")])
    return both.select(*rows.columns, "identifiers", "attributes")


def staged_settled(send: Send) -> Any:
    """The same as a temporary table."""
    names = ("verb", "outcome", "reason", "identifiers", "attributes")
    kinds = {"position": "bigint", **dict.fromkeys(send.keys, "text"), **dict.fromkeys(names, "text")}
    kinds |= {"permanent": "bigint", "attempt": "bigint", "decided_at": "timestamp"}
    return unbound(SETTLED, kinds)


def next_recipients(send: Send) -> Any:
    """The rows of `recipients` that replace those under the same key and identifiers, once `retiring` was run."""
    import ibis

    scope = send.scope
    known = unbound("recipients", RECIPIENTS, scope.schema)
    known = known.filter(
        known.activation == scope.text(scope.segment), known.destination == scope.text(send.destination)
    )
    names = ("identifiers", "digest", "present", "former")
    known = known.select(**{f"was_{name}": known[name] for name in (*send.keys, *names)})
    rows = staged_settled(send)
    same = [(name, f"was_{name}") for name in (*send.keys, "identifiers")]
    rows = finished(rows.left_join(known, same))
    rows = rows.filter(~((rows.verb == "remove") & (rows.outcome == "accepted")))
    removed, rejected = rows.verb == "remove", rows.outcome == "rejected"
    before = rows.was_present.fill_null("no")
    kept = ibis.cases((removed, "yes"), else_=before)
    present = ibis.cases(
        (rows.outcome == "unknown", "unknown"), (rows.outcome == "accepted", "yes"), (rejected, kept), else_="no"
    )
    digest = ibis.cases((removed, rows.was_digest), else_=hashed(rows.attributes, "md5", scope.dialect))
    return rows.select(
        **{name: rows[name] for name in send.keys},
        identifiers=rows.identifiers,
        former=ibis.cases((removed, rows.was_former), else_=ibis.null("int64")),
        digest=digest,
        present=present,
        verb=rows.verb,
        outcome=rows.outcome,
        reason=rows.reason,
        permanent=rows.permanent,
        attempts=ibis.cases((rejected, rows.attempt), else_=0).cast("int64"),
        retry_at=ibis.cases((rejected, _retry_at(rows)), else_=ibis.null("timestamp('UTC')")),
        decided_at=rows.decided_at,
    )


def _retry_at(rows: Any) -> Any:
    """From when a rejected person is tried again: after 1, 2, 4, ... hours, at most a week."""
    import ibis

    waits = [FIRST_WAIT * 2**number for number in range(DOUBLINGS)]
    cases = [
        (rows.attempt <= number + 1, rows.decided_at + ibis.interval(hours=int(wait.total_seconds() // 3600)))
        for number, wait in enumerate(waits)
        if wait < LONGEST_WAIT
    ]
    return ibis.cases(*cases, else_=rows.decided_at + ibis.interval(hours=int(LONGEST_WAIT.total_seconds() // 3600)))


def retiring(send: Send) -> tuple[str, str]:
    """Statements that come before the rest: former addresses of people who were sent under new ones.

    Those that may be there are kept as former ones, to be removed; of those that are not, nothing is left to do.
    """
    met = _met(send, "coalesce(r.identifiers, '') <> s.identifiers AND s.verb IN ('add', 'upsert')")
    table = table_name(send.scope.schema, "recipients")
    return (
        f"UPDATE {table} AS r SET former = 1 WHERE {_own(send)} AND r.present <> 'no' AND {met}",
        f"DELETE FROM {table} AS r WHERE {_own(send)} AND r.present = 'no' AND {met}",
    )


def replacing(send: Send) -> str:
    """The statement that makes room for the new rows, after these were staged."""
    table = table_name(send.scope.schema, "recipients")
    return f"DELETE FROM {table} AS r WHERE {_own(send)} AND {_met(send, 'r.identifiers = s.identifiers')}"


def _own(send: Send) -> str:
    return f"r.activation = {literal(send.scope.segment)} AND r.destination = {literal(send.destination)}"


def _met(send: Send, condition: str) -> str:
    keys = " AND ".join(f"r.{name} = s.{name}" for name in send.keys)
    return f"EXISTS (SELECT 1 FROM {SETTLED} AS s WHERE {keys} AND {condition})"


def new_rows(send: Send) -> tuple[list[str], Any]:
    """The columns of `recipients`, and the staged rows in that order."""
    import ibis

    kinds = {name: RECIPIENTS[name] for name in RECIPIENTS if name not in ("activation", "destination", "send_id")}
    rows = unbound(NEXT, {name: kinds[name] for name in kinds if name not in set(KEY_COLUMNS) - set(send.keys)})
    scope = send.scope
    padded = {name: rows[name] if name in send.keys else ibis.null("string") for name in KEY_COLUMNS}
    owner = {
        "activation": scope.text(scope.segment),
        "destination": scope.text(send.destination),
        "send_id": scope.text(send.send_id),
    }
    return list(RECIPIENTS), rows.mutate(**owner, **padded).select(*RECIPIENTS)
