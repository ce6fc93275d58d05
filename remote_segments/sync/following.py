"""Follows a person through the stored tables: by any identifier, and by what the rows found lead to.

A member that was counted as a duplicate of the person leads to the same row of a model, and is an account of theirs.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import count
from typing import Any

from remote_segments.config.audience_references import same_key
from remote_segments.config.project import Project
from remote_segments.identifiers import Side
from remote_segments.membership.compile import Scope, unbound
from remote_segments.membership.literals import literal, quoted, table_name
from remote_segments.membership.tables import KEY_COLUMNS, MEMBERS
from remote_segments.sync.deriving import read_model, scope_of
from remote_segments.sync.lineage import Lineage, lineage_of
from remote_segments.sync.person import KEY, Account, Key, Person, check_one, key_condition
from remote_segments.sync.plan import Plan, plan_for
from remote_segments.sync.spelling import spellings_of
from remote_segments.warehouses.base import Session

ROWS = "rs_person"
"""The temporary table of a person's rows of `members`: segment, snapshot_id, member_no."""


@dataclass(frozen=True)
class Search:
    """A search in one session."""

    session: Session
    project: Project

    @cached_property
    def lineage(self) -> Lineage:
        """The names of the project's models."""
        return lineage_of(self.session, self.project)

    def follow(self, person: Person) -> Person:
        """Follows a person until nothing new is found; stages the rows of `members` as `ROWS`.

        Raises:
            ProjectError: `person-unclear` when the rows lead to several people of one model; what is wrong with a
                model.
        """
        if person.identifier != KEY:
            person = replace(person, keys=person.keys | self._keys_in_models(person))
        person = replace(person, keys=self._with_same_keys(person.keys))
        check_one(person)
        given = {(key.model, key.columns) for key in person.keys} if person.identifier == KEY else set()
        while True:
            self.stage(person)
            accounts = person.accounts | set(self._accounts(person))
            new = {key for key in self._keys() if (key.model, key.columns) not in given}
            keys = person.keys | self._with_same_keys(new)
            if (accounts, keys) == (person.accounts, person.keys):
                return person
            person = replace(person, accounts=frozenset(accounts), keys=frozenset(keys))
            check_one(person)

    def _with_same_keys(self, keys: Collection[Key]) -> frozenset[Key]:
        """The keys, and the same ones in the models that are said to have the same people (`same_key_as`)."""
        models = self.project.models
        own = {name: model.key_columns for name, model in models.items()}
        return frozenset(keys) | {
            Key(name, own[name], key.values)
            for key in keys
            for name in models
            if own.get(key.model) == key.columns and name != key.model and same_key(models, key.model, name)
        }

    def stage(self, person: Person, segment: str | None = None) -> int:
        """Stages the rows of `members` of a person who was followed before; returns how many there are.

        Args:
            person: the person.
            segment: the only segment whose rows are looked at.
        """
        own = f"= {literal(segment)}" if segment is not None else "IS NOT NULL"
        parts = [*self._rows_with_account(person, own), *self._rows_with_key(person, own)]
        if person.kind is not None and person.identifier in self._identifiers:
            parts += self._rows_with_identifier(person, segment)
        parts += self._rows_that_name_a_key(person, segment)
        if not parts:
            nobody = f"SELECT segment, snapshot_id, member_no FROM {self._table('members')} WHERE member_no IS NULL"
            return self.session.stage(ROWS, nobody)
        # A key leads to one member by every snapshot that was made of the same fetch: each row counts once.
        everything = f"SELECT DISTINCT * FROM ({' UNION ALL '.join(f'({part})' for part in parts)}) p"
        if person.identifier == KEY:  # an account of somebody else by now is not followed
            others = key_condition(self.lineage, person.keys, "k", others=True)
            everything += (
                f" WHERE NOT EXISTS (SELECT 1 FROM {self._table('snapshots')} s JOIN {self._leading} k "
                "ON k.segment = s.segment AND k.snapshot_id = s.snapshot_id WHERE s.segment = p.segment "
                f"AND s.members_id = p.snapshot_id AND k.member_no = p.member_no AND {others})"
            )
        return self.session.stage(ROWS, everything)

    @property
    def _leading(self) -> str:
        """Members with the key that they lead to: the mapped, and the duplicates of them."""
        columns = ", ".join(("segment", "snapshot_id", "member_no", *map(quoted, KEY_COLUMNS)))
        return (
            f"(SELECT {columns} FROM {self._table('keys')} UNION ALL "
            f"SELECT {columns} FROM {self._table('unmapped')} WHERE key IS NOT NULL)"
        )

    @property
    def _identifiers(self) -> set[str]:
        relation = self.session.relation("members", self.session.schema)
        return set(relation.columns) - set(MEMBERS) if relation else set()

    def _rows_with_account(self, person: Person, own: str) -> Iterator[str]:
        held = [
            f"(s.connection = {literal(one.connection)} AND m.{quoted(one.identifier)} = {literal(one.value)})"
            for one in sorted(person.accounts, key=lambda one: (one.connection, one.identifier, one.value))
            if one.identifier in self._identifiers
        ]
        if held:
            yield (
                f"SELECT m.segment, m.snapshot_id, m.member_no FROM {self._table('members')} m "
                f"JOIN {self._table('snapshots')} s ON s.segment = m.segment AND s.snapshot_id = m.snapshot_id "
                f"WHERE m.segment {own} AND ({' OR '.join(held)})"
            )

    def _rows_with_key(self, person: Person, own: str) -> Iterator[str]:
        if person.keys:
            yield (
                f"SELECT k.segment, s.members_id AS snapshot_id, k.member_no FROM {self._leading} k "
                f"JOIN {self._table('snapshots')} s ON s.segment = k.segment AND s.snapshot_id = k.snapshot_id "
                f"WHERE k.segment {own} AND s.members_id IS NOT NULL "
                f"AND {key_condition(self.lineage, person.keys, 'k')}"
            )

    def _rows_with_identifier(self, person: Person, segment: str | None) -> Iterator[str]:
        """The SELECTs of rows that hold the identifier, as it is compared without a segment's options and with them."""
        kinds = {person.kind: set[str]()}
        for name in sorted(self.project.segments):
            for pair in (pair for entry in plan_for(self.project, name).entries for pair in entry):
                if pair.identifier == person.identifier:
                    kinds.setdefault(pair.sides[0].kind, set()).add(name)
        for number, (kind, segments) in enumerate(kinds.items()):
            value = kind.normalise(person.value) if kind else None
            if kind is None or value is None or (segment and segments and segment not in segments):
                continue
            some = segments if segment is None else {segment}
            # of a name of its own: the next kind stages its spellings over these
            yield self._rows_holding(f"rs_person_with_{number}", person.identifier, Side(kind), value, some)

    def _rows_that_name_a_key(self, person: Person, segment: str | None) -> Iterator[str]:
        """The SELECTs of rows in which the platform names a key of the person, and that led to no row of a model.

        The model may have lost the person before the first fetch that had them: nothing else says whose those are.
        """
        nobody = (
            f"NOT EXISTS (SELECT 1 FROM {self._table('snapshots')} s JOIN {self._leading} k ON k.segment = s.segment "
            "AND k.snapshot_id = s.snapshot_id WHERE s.segment = p.segment AND s.members_id = p.snapshot_id "
            "AND k.member_no = p.member_no)"
        )
        number = count()
        for name in sorted(self.project.segments) if segment is None else [segment]:
            plan = plan_for(self.project, name) if name in self.project.segments else None
            if plan is None or len(plan.key) != 1:
                continue
            keys = {key.values[0] for key in person.keys if (key.model, key.columns) == (plan.model_name, plan.key[0])}
            for (pair,) in (entry for entry in plan.entries if len(entry) == 1):
                given, held = pair.sides
                for value in sorted({held.compared(key) for key in keys} - {None}, key=str):
                    if pair.column == plan.key[0] and pair.identifier in self._identifiers:
                        staged = f"rs_person_named_{next(number)}"
                        found = self._rows_holding(staged, pair.identifier, given, str(value), {name})
                        yield f"SELECT * FROM ({found}) p WHERE {nobody}"

    def _rows_holding(self, staged: str, identifier: str, side: Side, value: str, segments: Collection[str]) -> str:
        """Stages the rows whose identifier is compared by a value, of some segments or of all; returns their SELECT."""
        session = self.session
        scope = Scope(session.dialect, session.schema, "")
        table = unbound("members", {**MEMBERS, identifier: "text"}, session.schema)
        column = partial(_column, name=identifier)
        some = table.filter(table.segment.isin(sorted(segments))) if segments else table
        spellings = spellings_of(session, scope, [(some, column, side)])
        rows, (found_by,) = spellings.values(some, [(column, side)], session.dialect)
        found = rows.filter(found_by.comparable(rows) == scope.text(value))
        session.stage(staged, scope.sql(found.select("segment", "snapshot_id", "member_no")))
        return f"SELECT segment, snapshot_id, member_no FROM {quoted(staged)}"

    def _keys_in_models(self, person: Person) -> set[Key]:
        """The keys of the model's rows that hold the identifier today: what only `changes` knows has no other way."""
        found: set[Key] = set()
        seen = set()
        for name in sorted(self.project.segments):
            plan = plan_for(self.project, name)
            for pair in (pair for entry in plan.entries for pair in entry if pair.identifier == person.identifier):
                place = (plan.model_name, pair.column, pair.sides)
                if place not in seen:
                    seen.add(place)
                    found |= {
                        Key(plan.model_name or "", plan.key_columns, key) for key in self._keys_with(plan, person, pair)
                    }
        return found

    def _keys_with(self, plan: Plan, person: Person, pair: Any) -> Iterator[tuple[str, ...]]:
        session = self.session
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

    def _accounts(self, person: Person) -> Iterator[Account]:
        """The accounts that the staged rows belong to; of a key, those that never led to another row of its model."""
        members, snapshots = self._table("members"), self._table("snapshots")
        others = key_condition(self.lineage, person.keys, "k", others=True)
        for name in sorted(self.project.segments):
            primary = plan_for(self.project, name).primary
            if primary not in self._identifiers:
                continue
            elsewhere = (
                f"AND NOT EXISTS (SELECT 1 FROM {members} o JOIN {snapshots} s ON s.segment = o.segment "
                f"AND s.members_id = o.snapshot_id JOIN {self._leading} k ON k.segment = s.segment "
                "AND k.snapshot_id = s.snapshot_id AND k.member_no = o.member_no WHERE o.segment = m.segment "
                f"AND o.{quoted(primary)} = m.{quoted(primary)} AND {others})"
            )
            found = self.session.rows(
                f"SELECT DISTINCT s.connection, m.{quoted(primary)} FROM {quoted(ROWS)} p "
                f"JOIN {members} m ON m.segment = p.segment "
                "AND m.snapshot_id = p.snapshot_id AND m.member_no = p.member_no "
                f"JOIN {snapshots} s ON s.segment = m.segment "
                f"AND s.snapshot_id = m.snapshot_id WHERE m.segment = {literal(name)} "
                f"AND m.{quoted(primary)} IS NOT NULL AND s.connection IS NOT NULL "
                f"{elsewhere if person.identifier == KEY else ''}"
            )
            yield from (Account(connection, primary, value) for connection, value in found)

    def _keys(self) -> Iterator[Key]:
        """The keys that the staged rows were mapped to, or would have been had they come first."""
        found = self.session.rows(
            f"SELECT DISTINCT s.model, s.key_columns, k.key, k.key_2, k.key_3 FROM {quoted(ROWS)} p "
            f"JOIN {self._table('snapshots')} s ON s.segment = p.segment AND s.members_id = p.snapshot_id "
            f"JOIN {self._leading} k ON k.segment = s.segment AND k.snapshot_id = s.snapshot_id "
            "AND k.member_no = p.member_no WHERE s.model IS NOT NULL AND s.key_columns IS NOT NULL"
        )
        for model, columns, *key in found:
            yield Key(self.lineage.today(model), columns, tuple(one for one in key if one is not None))

    def _table(self, name: str) -> str:
        return table_name(self.session.schema, name)


def _column(rows: Any, name: str) -> Any:
    return rows[name]
