"""One person in the stored tables: found by any identifier, and by what the rows found lead to.

A person is known by accounts (a connection, and the platform's own id there) and by keys of models. An e-mail address
or a phone number only leads to them: people share those, so nobody is followed from one account to another by one.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from remote_segments.config.project import Project
from remote_segments.errors import ProjectError
from remote_segments.identifiers import KINDS, Kind, Side
from remote_segments.membership.compile import Scope, unbound
from remote_segments.membership.literals import literal, quoted, table_name
from remote_segments.membership.tables import KEY_COLUMNS, MEMBERS
from remote_segments.suggestions import choose
from remote_segments.sync.deriving import read_model, scope_of
from remote_segments.sync.plan import Plan, plan_for
from remote_segments.sync.spelling import spellings_of
from remote_segments.warehouses.base import Session

KEY = "key"
"""The name by which a person is sought by the key of a model."""

ROWS = "rs_person"
"""The temporary table of a person's rows of `members`: segment, snapshot_id, member_no."""

Key = tuple[str, tuple[str, ...]]
"""A model's name, and the values of its key columns as text."""


@dataclass(frozen=True)
class Account:
    """A person on a platform: the connection, the name of the platform's own id, and its value."""

    connection: str
    identifier: str
    value: str = field(repr=False)


@dataclass(frozen=True)
class Person:
    """Whom an erasure is about."""

    identifier: str
    """The name of an identifier, or `key`."""
    value: str | None = field(repr=False)
    """What it is compared by; None for a key."""
    kind: Kind | None
    model: str | None = None
    """The model whose key was given."""
    accounts: frozenset[Account] = field(default_factory=frozenset, repr=False)
    keys: frozenset[Key] = field(default_factory=frozenset, repr=False)

    @property
    def known(self) -> bool:
        """Whether anything leads to this person."""
        return bool(self.accounts or self.keys)


def sought(project: Project, identifier: str, value: str, model: str | None) -> Person:
    """Says whom a person at the command line means.

    Args:
        project: the loaded project.
        identifier: the name of an identifier of any platform, or `key`.
        value: its value; of a key of several columns, joined by `,`.
        model: the model of a key; may be left out where the project has one.

    Raises:
        ProjectError: `unknown-identifier`, `unknown-model`, `key-parts`, `bad-value`.
    """
    if identifier == KEY:
        names = sorted(project.models)
        chosen = model or (names[0] if len(names) == 1 else "")
        if chosen not in project.models:
            found = f"There is no model `{chosen[:60]}`." if chosen else "The project has several models."
            raise ProjectError("unknown-model", found, f"Name one with --model: {', '.join(names)}.")
        width = len(project.models[chosen].key)
        parts = tuple(value.split(",")) if width > 1 else (value,)
        if len(parts) != width:
            columns = ", ".join(project.models[chosen].key)
            raise ProjectError(
                "key-parts", f"The key of {chosen} has {width} parts.", f"Give {columns}, joined by `,`."
            )
        return Person(KEY, None, None, chosen, keys=frozenset({(chosen, parts)}))
    kinds = {
        name: found.kind
        for segment in project.segments.values()
        for name, found in project.source_kind(segment).identifiers.items()
    }
    if identifier not in kinds:
        raise ProjectError(
            "unknown-identifier",
            f"No segment of this project has an identifier `{identifier[:60]}`.",
            choose(identifier, sorted([*kinds, KEY])),
        )
    kind = KINDS[kinds[identifier]]
    comparable_value = kind.normalise(value)
    if comparable_value is None:
        raise ProjectError("bad-value", f"The value given is no {kind.name}.", "Give it as the platform shows it.")
    return Person(identifier, comparable_value, kind)


def find(session: Session, project: Project, person: Person) -> Person:
    """Follows a person through the tables until nothing new is found; stages the rows of `members` as `ROWS`.

    Raises:
        ProjectError: `person-unclear` when the rows lead to several people of one model; what is wrong with a model.
    """
    if person.identifier != KEY:
        person = replace(person, keys=person.keys | _keys_in_models(session, project, person))
        _check_one(person)
    while True:
        session.stage(ROWS, _rows_of(session, project, person))
        accounts = person.accounts | set(_accounts(session, project))
        keys = person.keys | (set(_keys(session)) if person.identifier != KEY else _other_models(session, person))
        if (accounts, keys) == (person.accounts, person.keys):
            return person
        person = replace(person, accounts=frozenset(accounts), keys=frozenset(keys))
        _check_one(person)


def _check_one(person: Person) -> None:
    models = [model for model, _ in person.keys]
    for model in sorted(set(models)):
        if models.count(model) > 1:
            raise ProjectError(
                "person-unclear",
                f"This {person.identifier} leads to {models.count(model)} people of the model {model}.",
                "Erase each by the key: `remote-segments erase key VALUE --model NAME`.",
            )


def _keys_in_models(session: Session, project: Project, person: Person) -> set[Key]:
    """The keys of the model's rows that hold the identifier today: what only `changes` still knows has no other way."""
    found: set[Key] = set()
    seen = set()
    for name in sorted(project.segments):
        plan = plan_for(project, name)
        for pair in (pair for entry in plan.entries for pair in entry if pair.identifier == person.identifier):
            place = (plan.model_name, pair.column, pair.sides)
            if place not in seen:
                seen.add(place)
                found |= {(plan.model_name or "", key) for key in _keys_with(session, plan, person, pair)}
    return found


def _keys_with(session: Session, plan: Plan, person: Person, pair: Any) -> Iterator[tuple[str, ...]]:
    model, scope = read_model(session, plan), scope_of(session, plan)
    given, held = pair.sides
    value = given.compared(person.value)
    if value is None:
        return
    column = (partial(model.text, pair.column), held)
    rows, (found_by,) = spellings_of(session, scope, [(model.table, *column)]).values(
        model.table, [column], session.dialect
    )
    rows = rows.filter(found_by.comparable(rows) == scope.text(value))
    keys = {name: rows[column].cast("string") for name, column in zip(KEY_COLUMNS, plan.key, strict=False)}
    for row in session.rows(scope.sql(rows.select(**keys).distinct())):
        yield tuple(map(str, row))


def _rows_of(session: Session, project: Project, person: Person) -> str:
    """The SELECT of a person's rows of `members`, of every segment."""
    members, snapshots, keys = (table_name(session.schema, name) for name in ("members", "snapshots", "keys"))
    relation = session.relation("members", session.schema)
    columns = set(relation.columns) - set(MEMBERS) if relation else set()
    held = [
        f"(s.connection = {literal(one.connection)} AND m.{quoted(one.identifier)} = {literal(one.value)})"
        for one in sorted(person.accounts, key=lambda one: (one.connection, one.identifier, one.value))
        if one.identifier in columns
    ]
    parts = []
    if held:
        parts.append(
            f"SELECT m.segment, m.snapshot_id, m.member_no FROM {members} m JOIN {snapshots} s "
            f"ON s.segment = m.segment AND s.snapshot_id = m.snapshot_id WHERE {' OR '.join(held)}"
        )
    if person.kind is not None and person.identifier in columns:
        parts += _rows_with(session, project, person)
    if person.keys:
        parts.append(
            f"SELECT k.segment, s.members_id AS snapshot_id, k.member_no FROM {keys} k JOIN {snapshots} s "
            f"ON s.segment = k.segment AND s.snapshot_id = k.snapshot_id WHERE {key_condition(person.keys, 'k')}"
        )
    if not parts:
        return f"SELECT segment, snapshot_id, member_no FROM {members} WHERE member_no IS NULL"
    everything = " UNION ".join(f"({part})" for part in parts)
    if person.identifier != KEY:
        return f"SELECT * FROM ({everything}) p"
    others = key_condition(person.keys, "k", others=True)
    return (
        f"SELECT * FROM ({everything}) p WHERE NOT EXISTS (SELECT 1 FROM {snapshots} s JOIN {keys} k "
        "ON k.segment = s.segment AND k.snapshot_id = s.snapshot_id WHERE s.segment = p.segment "
        f"AND s.members_id = p.snapshot_id AND k.member_no = p.member_no AND {others})"
    )


def _rows_with(session: Session, project: Project, person: Person) -> Iterator[str]:
    """The SELECTs of the rows that hold the identifier, as it is compared without a segment's options and with them."""
    kinds = {person.kind: set[str]()}
    for name in sorted(project.segments):
        for pair in (pair for entry in plan_for(project, name).entries for pair in entry):
            if pair.identifier == person.identifier:
                kinds.setdefault(pair.sides[0].kind, set()).add(name)
    scope = Scope(session.dialect, session.schema, "")
    table = unbound("members", {**MEMBERS, person.identifier: "text"}, session.schema)
    column = partial(_column, name=person.identifier)
    for number, (kind, segments) in enumerate(kinds.items()):
        value = kind.normalise(person.value) if kind else None
        if kind is None or value is None:
            continue
        some = table.filter(table.segment.isin(sorted(segments))) if segments else table
        spellings = spellings_of(session, scope, [(some, column, Side(kind))])
        rows, (found_by,) = spellings.values(some, [(column, Side(kind))], session.dialect)
        found = rows.filter(found_by.comparable(rows) == scope.text(value))
        name = f"rs_person_with_{number}"  # the next kind stages its spellings over these
        session.stage(name, scope.sql(found.select("segment", "snapshot_id", "member_no")))
        yield f"SELECT segment, snapshot_id, member_no FROM {quoted(name)}"


def _column(rows: Any, name: str) -> Any:
    return rows[name]


def key_condition(keys: Iterable[Key], alias: str, *, others: bool = False) -> str:
    """Whether a row with key columns, beside its row `s` of `snapshots`, has one of these keys.

    With `others`, whether it has another key of one of their models.
    """
    conditions = []
    for model, key in sorted(keys):
        same = same_key(key, alias)
        conditions.append(f"(s.model = {literal(model)} AND {f'NOT ({same})' if others else same})")
    return f"({' OR '.join(conditions)})" if conditions else "1 = 0"


def same_key(key: Sequence[str], alias: str) -> str:
    """Whether a row has these values in its key columns."""
    return " AND ".join(f"{alias}.{quoted(name)} = {literal(one)}" for name, one in zip(KEY_COLUMNS, key, strict=False))


def _accounts(session: Session, project: Project) -> Iterator[Account]:
    """The accounts that the staged rows belong to."""
    relation = session.relation("members", session.schema)
    columns = set(relation.columns) if relation else set()
    for name in sorted(project.segments):
        primary = plan_for(project, name).primary
        if primary not in columns:
            continue
        found = session.rows(
            f"SELECT DISTINCT s.connection, m.{quoted(primary)} FROM {quoted(ROWS)} p "
            f"JOIN {table_name(session.schema, 'members')} m ON m.segment = p.segment "
            "AND m.snapshot_id = p.snapshot_id AND m.member_no = p.member_no "
            f"JOIN {table_name(session.schema, 'snapshots')} s ON s.segment = m.segment "
            f"AND s.snapshot_id = m.snapshot_id WHERE m.segment = {literal(name)} "
            f"AND m.{quoted(primary)} IS NOT NULL AND s.connection IS NOT NULL"
        )
        yield from (Account(connection, primary, value) for connection, value in found)


def _keys(session: Session) -> Iterator[Key]:
    """The keys that the staged rows were mapped to."""
    found = session.rows(
        f"SELECT DISTINCT s.model, k.key, k.key_2, k.key_3 FROM {quoted(ROWS)} p "
        f"JOIN {table_name(session.schema, 'snapshots')} s ON s.segment = p.segment AND s.members_id = p.snapshot_id "
        f"JOIN {table_name(session.schema, 'keys')} k ON k.segment = s.segment AND k.snapshot_id = s.snapshot_id "
        "AND k.member_no = p.member_no WHERE s.model IS NOT NULL"
    )
    for model, *key in found:
        yield model, tuple(one for one in key if one is not None)


def _other_models(session: Session, person: Person) -> set[Key]:
    """The keys of other models than the one whose key was given."""
    return {key for key in _keys(session) if key[0] != person.model}
