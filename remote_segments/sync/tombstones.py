"""What is kept of a person who was erased: salted digests, so that the next refresh does not bring the person back.

Those of accounts and identifiers are looked for when members are loaded, those of keys when they are mapped
(`returning.py`): an account that nobody had seen before leads to the erased row of the model all the same.
"""

import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from remote_segments.identifiers import KINDS, Side, hexdigest
from remote_segments.membership.compile import Scope, unbound
from remote_segments.membership.functions import hashed
from remote_segments.membership.literals import literal, quoted, table_name
from remote_segments.membership.tables import KEY_COLUMNS, MEMBERS
from remote_segments.sync.lineage import Lineage
from remote_segments.sync.person import Person
from remote_segments.sync.plan import Plan
from remote_segments.sync.snapshots import Snapshot
from remote_segments.sync.spelling import spellings_of
from remote_segments.warehouses.base import Session

SALT = "salt"
"""The row of `meta` with what is hashed before each value: without it, a list of addresses could be tried at once."""

ALGORITHM = "sha256"
EXACT = "text"
"""The kind of a platform's own ids: compared as they are."""

OF_A_KEY = "key"
"""The kind of keys of a model, whose `identifier` is the key's columns."""

SEPARATOR = "\x1f"
"""Between the parts of a key before it is hashed."""


def bury(session: Session, person: Person, lineage: Lineage, now: datetime) -> int:
    """Keeps a person's accounts and keys, and the identifier that was given, as digests; returns how many are new."""
    wanted = {(f"{one.connection}.{one.identifier}", one.identifier, EXACT, one.value) for one in person.accounts}
    for key in person.keys:
        names = lineage.names(key.model)
        scopes = key_scopes(names, lineage.places_of(names))
        wanted |= {(scope, key.columns, OF_A_KEY, SEPARATOR.join(key.values)) for scope in scopes}
    if person.kind is not None and person.value is not None:
        wanted.add((person.identifier, person.identifier, person.kind.name, person.value))
    if not wanted:
        return 0
    salt = salt_of(session)
    rows = [
        {
            "scope": scope,
            "identifier": name,
            "kind": kind,
            "digest": hexdigest(ALGORITHM, salt + value),
            "erased_at": now,
        }
        for scope, name, kind, value in sorted(wanted)
    ]
    identity = ("scope", "identifier", "digest")
    known = set(session.rows(f"SELECT {', '.join(identity)} FROM {table_name(session.schema, 'tombstones')}"))
    new = [row for row in rows if tuple(row[name] for name in identity) not in known]
    if new:
        session.append("tombstones", new)
    return len(new)


def key_scopes(names: Iterable[str], places: Iterable[str]) -> list[str]:
    """The scopes of keys of a model: by each name, and by each place, so that either may change."""
    return [*(f"model:{name}" for name in names), *(f"model@{place}" for place in places)]


def drop_erased(session: Session, snapshot: Snapshot, identifiers: Iterable[str]) -> int:
    """Deletes those of a snapshot's loaded members who were erased; returns how many."""
    columns = list(identifiers)
    buried = session.rows(
        f"SELECT DISTINCT scope, identifier, kind FROM {table_name(session.schema, 'tombstones')} "
        f"WHERE kind <> {literal(OF_A_KEY)} ORDER BY scope"
    )
    gone = 0
    for scope_name, name, kind in buried:
        if name in columns and scope_name in (name, f"{snapshot.connection}.{name}"):
            gone += session.execute(_deletion(session, snapshot, scope_name, name, kind))
    return gone


def _deletion(session: Session, snapshot: Snapshot, scope_name: str, name: str, kind: str) -> str:
    members = table_name(session.schema, "members")
    scope = Scope(session.dialect, session.schema, snapshot.segment)
    table = unbound("members", {**MEMBERS, name: "text"}, session.schema)
    rows = table.filter(
        table.segment == scope.text(snapshot.segment), table.snapshot_id == scope.text(snapshot.snapshot_id)
    )
    column = (lambda rows: rows[name], Side(KINDS[kind]))
    spellings = spellings_of(session, scope, [(rows, *column)])
    rows, (found_by,) = spellings.values(rows, [column], session.dialect)
    value = scope.text(salt_of(session)) + found_by.comparable(rows)
    digests = (
        f"SELECT digest FROM {table_name(session.schema, 'tombstones')} WHERE scope = {literal(scope_name)} "
        f"AND kind = {literal(kind)}"
    )
    found = scope.sql(rows.select("member_no", digest=hashed(value, ALGORITHM, session.dialect)))
    return (
        f"DELETE FROM {members} WHERE segment = {literal(snapshot.segment)} "
        f"AND snapshot_id = {literal(snapshot.snapshot_id)} AND member_no IN "
        f"(SELECT member_no FROM ({found}) f WHERE digest IN ({digests}))"
    )


def salt_of(session: Session) -> str:
    """The salt of this warehouse, made when it is first needed."""
    table = table_name(session.schema, "meta")
    rows = session.rows(f"SELECT value FROM {table} WHERE name = {literal(SALT)}")
    if rows:
        return str(rows[0][0])
    salt = secrets.token_hex(16)
    session.append("meta", [{"name": SALT, "value": salt}])
    return salt


def erased_keys(session: Session, plan: Plan) -> str:
    """The SELECT of digests of erased keys of the plan's model."""
    names, places = [plan.model_name] if plan.model_name else [], [plan.place] if plan.place else []
    scopes = ", ".join(map(literal, key_scopes(names, places))) or "NULL"
    return (
        f"SELECT digest FROM {table_name(session.schema, 'tombstones')} WHERE kind = {literal(OF_A_KEY)} "
        f"AND identifier = {literal(plan.key_columns)} AND scope IN ({scopes})"
    )


def without_erased(session: Session, plan: Plan, scope: Scope, keyed: Any) -> str:
    """The SELECT of rows with keys of the plan's model, without those of erased people."""
    digests = erased_keys(session, plan)
    if not session.rows(f"{digests} LIMIT 1"):
        return scope.sql(keyed)
    value = scope.text(salt_of(session))
    for number, name in enumerate(KEY_COLUMNS[: len(plan.key)]):
        value = value + (SEPARATOR if number else "") + keyed[name]
    found = keyed.mutate(digest=hashed(value, ALGORITHM, session.dialect))
    names = ", ".join(f"f.{quoted(name)}" for name in keyed.columns)
    return f"SELECT {names} FROM ({scope.sql(found)}) f WHERE f.digest NOT IN ({digests})"
