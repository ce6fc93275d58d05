"""Writes what a snapshot's members became: its rows of `keys`, `unmapped` and `changes`, under its id.

The rows count only once the snapshot's own row says `published`; writing them again replaces them.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from remote_segments.errors import EngineError
from remote_segments.membership import changes
from remote_segments.membership.compile import Scope
from remote_segments.membership.history import keys_at
from remote_segments.membership.literals import literal, table_name
from remote_segments.sync.deriving import Derived, scope_of
from remote_segments.sync.inputs import used_by
from remote_segments.sync.plan import Plan
from remote_segments.sync.since import is_complete, restore_since
from remote_segments.sync.snapshots import Snapshot, had_members
from remote_segments.warehouses.base import Session

DERIVED_TABLES = ("keys", "unmapped", "changes")


def clear(session: Session, snapshot: Snapshot, tables: tuple[str, ...] = DERIVED_TABLES) -> None:
    """Deletes what an earlier mapping of a snapshot wrote."""
    for table in tables:
        session.execute(
            f"DELETE FROM {table_name(session.schema, table)} WHERE segment = {literal(snapshot.segment)} "
            f"AND snapshot_id = {literal(snapshot.snapshot_id)}"
        )


@dataclass(frozen=True, kw_only=True)
class Writing:
    """One snapshot to be written, and the published one that its events are counted against."""

    session: Session
    plan: Plan
    snapshot: Snapshot
    """With its `effective_at`, `generation` and `definition_hash`."""
    previous: Snapshot | None
    """The published snapshot before it, of any generation; None when there is none."""
    identifiers: tuple[str, ...]
    """The identifiers that the table of members has."""
    rebuilt: bool = False
    """Whether it was published before: then an event that was not there yet is our doing."""

    def outcomes(self, derived: Derived) -> dict[str, int]:
        """Writes keys, unmapped and changes; returns `joined_count` and `left_count`."""
        self._keep_former_events()
        if self.snapshot.state != "fetched":
            clear(self.session, self.snapshot)
        events = self._stage_events(derived.current)
        if self._compared is not None:
            self._insert("keys", changes.key_rows(changes.stayed(self._width), self._width))
        joined = changes.joined_keys(self._scope, events, self._width, self._effective_at)
        self._insert("keys", changes.key_rows(joined, self._width))
        if derived.lost is not None:
            self._insert("unmapped", derived.lost)
        return self._insert_changes(events)

    def corrected_changes(self) -> dict[str, int]:
        """Writes only the events again, after the snapshot before it changed; returns the two counts."""
        self._keep_former_events()
        clear(self.session, self.snapshot, ("changes",))
        current = changes.stored_keys(self._scope, self.snapshot.snapshot_id, self._width)
        return self._insert_changes(self._stage_events(current, only_movers=True))

    @cached_property
    def _scope(self) -> Scope:
        return scope_of(self.session, self.plan)

    @property
    def _width(self) -> int:
        return len(self.plan.key)

    @property
    def _effective_at(self) -> datetime:
        return effective(self.snapshot)

    @cached_property
    def _compared(self) -> Snapshot | None:
        """The snapshot that keys can be compared with: the one before it, of the same generation.

        None as long as no snapshot of the generation had members: the first who are there have not joined.
        """
        previous = self.previous
        if previous is None or previous.generation != self.snapshot.generation:
            return None
        return previous if previous.mapped or had_members(self.session, previous) else None

    def _keep_former_events(self) -> None:
        if self.rebuilt:
            former = changes.former_events(self._scope, self.snapshot.snapshot_id, self._width)
            self._stage(changes.FORMER_EVENTS, former)

    def _stage_events(self, current: Any, *, only_movers: bool = False) -> str:
        """Writes the events into a temporary table, and who stayed into another unless only movers are wanted.

        Returns:
            The name of the table of events.
        """
        previous = self._compared
        if previous is None:
            return self._stage(changes.EVENTS, changes.first_events(current, self._width))
        before, unknown = self._previous_keys(previous)
        comparison = changes.Comparison(
            scope=self._scope,
            width=self._width,
            primary=self.plan.primary,
            members_id=self.snapshot.members_id or "",
            previous_members_id=previous.members_id or "",
            cause=unknown or self._cause(previous),
            origins=self._origins(previous),
        )
        difference = changes.difference(comparison, current, before)
        if only_movers:
            self._stage(changes.MOVERS, changes.movers(comparison, difference))
        else:
            self._stage(changes.DIFFERENCE, difference)
            self._stage(changes.MOVERS, changes.movers(comparison))
        events = self._stage(changes.EVENTS, changes.events(comparison))
        return self._stage(changes.REBUILT_EVENTS, changes.rebuilt_events(self._width)) if self.rebuilt else events

    def _previous_keys(self, previous: Snapshot) -> tuple[Any, str | None]:
        """The keys to compare with; beyond retention they come from the events, and nobody can say why they differ."""
        rows = self._scope.rows("keys", previous.snapshot_id)
        if not previous.mapped or self.session.rows(self._scope.sql(rows.select("member_no").limit(1))):
            if not self.rebuilt and not is_complete(self.session, previous):  # mapped by an earlier release
                restore_since(self.session, self.plan.segment)
            return rows, None
        found = keys_at(self._scope, effective(previous), self._width)
        return changes.without_members(found), "rebuilt"

    def _cause(self, previous: Snapshot) -> str | None:
        """The one cause of all events, where there is one."""
        if self.snapshot.definition_hash != previous.definition_hash:
            return "definition"
        if self.plan.combining is not None:
            return None
        if self.snapshot.members_id == previous.members_id:
            return "model"
        return None if self.plan.primary in self.identifiers else "remote"

    def _origins(self, previous: Snapshot) -> tuple[changes.Origin, ...] | None:
        """Of an audience: what happened in each of its inputs between the two snapshots."""
        if self.plan.combining is None:
            return None
        before, now = used_by(previous), used_by(self.snapshot)
        return tuple(
            changes.Origin(
                name, one.generation or 0, before[name].effective_at if name in before else None, one.effective_at
            )
            for name, one in now.items()
            if one.effective_at is not None
        )

    def _stage(self, name: str, expression: Any) -> str:
        self.session.stage(name, self._scope.sql(expression))
        return name

    def _insert(self, table: str, rows: Any) -> None:
        columns, owned = changes.owned(self._scope, self.snapshot.snapshot_id, table, rows)
        self.session.insert(table, columns, self._scope.sql(owned))

    def _insert_changes(self, events: str) -> dict[str, int]:
        generation = self.snapshot.generation or 0
        rows = changes.change_rows(self._scope, events, self._width, generation, self._effective_at)
        self._insert("changes", rows)
        found = self.session.rows(self._scope.sql(changes.event_counts(events, self._width)))
        counts: dict[str, int] = dict(found)
        return {"joined_count": counts.get("joined", 0), "left_count": counts.get("left", 0)}


def effective(snapshot: Snapshot) -> datetime:
    """The instant from which a snapshot's membership counts."""
    if snapshot.effective_at is None:
        raise EngineError("no-instant", f"Snapshot {snapshot.snapshot_id} has no instant.", "Report this bug.")
    return snapshot.effective_at
