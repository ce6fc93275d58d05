"""What nobody knows: whoever was sent without an answer is looked for in the list, where the list can be read."""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from remote_segments.identifiers import KINDS
from remote_segments.membership.literals import literal, table_name
from remote_segments.membership.tables import KEY_COLUMNS, LEDGER
from remote_segments.sync.activation.connecting import ids_of
from remote_segments.sync.activation.terms import Terms
from remote_segments.sync.connecting import connect
from remote_segments.warehouses.base import Session, Warehouse

if TYPE_CHECKING:
    from remote_segments.config.project import Project

FOUND, MISSING = "found-in-the-list", "not-in-the-list"
"""Reasons in the ledger of an outcome that was found out later."""

_KNOWN = ("key", "key_2", "key_3", "identifiers", "former", "verb", "send_id", "attempts")


def in_doubt(session: Session, terms: Terms) -> int:
    """How many people there are of whom nobody knows whether they are at the destination."""
    table = table_name(session.schema, "recipients")
    return int(session.rows(f"SELECT count(*) FROM {table} WHERE {_doubtful(terms)}")[0][0])


def find_out(project: "Project", warehouse: Warehouse, terms: Terms, now: datetime) -> int:
    """Reads the list, and writes down who of those in doubt is there; returns how many were found out.

    Nothing is done where the list cannot be read: what may be sent twice is sent again, and the rest is for a person.

    Raises:
        RemoteSegmentsError: the list could not be read; all stay in doubt.
    """
    if terms.abilities.readable is None:
        return 0
    with warehouse.read() as session:
        ids = ids_of(session, terms)
    if ids is None:
        return 0
    present = set(listed(project, terms, ids))
    return decide_doubts(warehouse, terms, present, now)


def listed(project: "Project", terms: Terms, ids: Any) -> Iterator[tuple[str, str]]:
    """Everybody in the list, as pairs of an identifier's name and its normalised value."""
    names = [one.name for one in terms.message.addresses]
    kinds = {one.name: KINDS[one.kind] for one in terms.message.addresses}
    kind = terms.abilities.readable or ""
    with connect(project, terms.connection) as account:
        for page in account.fetch(kind, dict(ids), tuple(names)):
            for name in names:
                for value in page.columns.get(name, ()):
                    normal = kinds[name].normalise(value)
                    if normal is not None:
                        yield name, normal


def decide_doubts(
    warehouse: Warehouse, terms: Terms, present: Collection[tuple[str, str]] | bool, now: datetime, *, by: str = ""
) -> int:
    """Writes down who of those in doubt is there.

    Args:
        warehouse: the warehouse.
        terms: the activation.
        present: who is there, by name and value of an identifier; or whether everybody is.
        now: the instant.
        by: the person who says so, where the list was not read.
    """
    with warehouse.write() as session:
        table = table_name(session.schema, "recipients")
        columns = ", ".join(_KNOWN)
        rows = session.rows(f"SELECT {columns} FROM {table} WHERE {_doubtful(terms)}")
        people = [dict(zip(_KNOWN, row, strict=True)) for row in rows]
        for one in people:
            there = present if isinstance(present, bool) else _is_there(one["identifiers"], present)
            said = f"said by {by}" if by else None
            _decide(session, terms, one, Verdict(there, said or (FOUND if there else MISSING), now))
    return len(people)


def _is_there(identifiers: str, present: Collection[tuple[str, str]]) -> bool:
    values = json.loads(identifiers or "{}", strict=False)
    return any((name, value) in present for name, value in values.items() if value is not None)


@dataclass(frozen=True)
class Verdict:
    """Whether a person is there, how it is known, and when it was found out."""

    there: bool
    reason: str
    now: datetime


def _decide(session: Session, terms: Terms, one: dict[str, Any], verdict: Verdict) -> None:
    """An add that is there was accepted, one that is not is sent again; of a removal it is the other way round."""
    table = table_name(session.schema, "recipients")
    keys = " AND ".join(f"{name} = {literal(one[name])}" for name in KEY_COLUMNS if one[name] is not None)
    where = f"{_doubtful(terms)} AND {keys} AND identifiers = {literal(one['identifiers'])}"
    removal = one["verb"] == "remove"
    there, reason, now = verdict.there, verdict.reason, verdict.now
    accepted = there != removal
    if removal and accepted:
        session.execute(f"DELETE FROM {table} WHERE {where}")
    else:
        outcome = "accepted" if accepted else "rejected"
        settings = f"present = {literal('yes' if there else 'no')}, outcome = {literal(outcome)}"
        session.execute(
            f"UPDATE {table} SET {settings}, reason = {literal(reason)}, retry_at = NULL, permanent = 0, "
            f"attempts = 0, decided_at = {literal(now)} WHERE {where}"
        )
    row: dict[str, Any] = dict.fromkeys(LEDGER)
    row |= {name: one[name] for name in ("key", "key_2", "key_3", "verb", "send_id")}
    row |= {
        "activation": terms.activation, "outcome": "accepted" if accepted else "rejected", "reason": reason,
        "permanent": 0, "attempt": one["attempts"] or 1, "decided_at": now, "environment": terms.environment,
        "destination": terms.destination,
    }  # fmt: skip
    session.append("ledger", [row])


def _doubtful(terms: Terms) -> str:
    return (
        f"activation = {literal(terms.activation)} AND destination = {literal(terms.destination)} "
        "AND present = 'unknown'"
    )
