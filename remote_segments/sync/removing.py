"""Removes a person's rows from one segment, in the caller's transaction, and lowers its counts so that they add up."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from remote_segments.membership.literals import literal, quoted, table_name
from remote_segments.sync.following import ROWS
from remote_segments.sync.lineage import Lineage
from remote_segments.sync.person import Key, same_key
from remote_segments.sync.snapshots import Snapshot, get, latest_published, update
from remote_segments.warehouses.base import Session

MAPPED_ROWS, LOST_ROWS, EVENT_ROWS = "rs_person_keys", "rs_person_lost", "rs_person_events"
"""Temporary tables: the person's rows of `keys`, `unmapped` and `changes`."""

COMBINED = "members_id IS NULL"
"""Of snapshots: put together from others, without members of their own, so that only the key says whose a row is."""


@dataclass(frozen=True)
class Removal:
    """A person in one segment, whose rows of `members` are staged as `ROWS`."""

    session: Session
    segment: str
    keys: Collection[Key] = ()
    lineage: Lineage | None = None
    """Needed where keys are given."""

    def rows(self) -> dict[str, int]:
        """Deletes the rows of the shared tables; returns how many, by table."""
        self._stage()
        self._recount()
        staged = f"SELECT snapshot_id, member_no FROM {quoted(ROWS)} WHERE {self._own}"
        return {
            "members": self._delete("members", staged),
            "keys": self._delete("keys", f"SELECT snapshot_id, member_no FROM {quoted(MAPPED_ROWS)}")
            + self._delete_with_key("keys", COMBINED),
            "unmapped": self._delete("unmapped", f"SELECT snapshot_id, member_no FROM {quoted(LOST_ROWS)}"),
            "changes": self._delete_with_key("changes"),
        }

    def shown(self) -> tuple[int, bool]:
        """Deletes from the published table, after `rows`; says whether it shows no key and must be written anew."""
        shown = self.session.relation(self.segment, self.session.schema)
        latest = latest_published(self.session, self.segment)
        if shown is None or latest is None or not latest.key_columns:
            return 0, False
        known = {column.lower(): column for column in shown.columns}
        columns = [known.get(column.lower()) for column in latest.key_columns.split(",")]
        if None in columns:
            return 0, self._still_shown(latest)
        gone = 0
        for key in sorted(self.keys):
            if key.columns == latest.key_columns and latest.model in self._names(key):
                same = " AND ".join(
                    f"CAST({quoted(column)} AS TEXT) = {literal(one)}"
                    for column, one in zip(columns, key.values, strict=True)
                    if column
                )
                gone += max(0, self.session.execute(f"DELETE FROM {self._table(self.segment)} WHERE {same}"))
        return gone, False

    def events(self) -> int:
        """The number of the person's events that are stored."""
        return int(self.session.rows(f"SELECT count(*) FROM ({self._with_key('changes', 'c.event')}) e")[0][0])

    def _still_shown(self, latest: Snapshot) -> bool:
        """Whether a table without key has more rows than its snapshot has keys by now."""
        ((rows,),) = self.session.rows(f"SELECT count(*) FROM {self._table(self.segment)}")
        return bool(rows > (latest.mapped or 0))

    def _stage(self) -> None:
        self.session.stage(MAPPED_ROWS, self._outcomes("keys", "o.snapshot_id, o.member_no"))
        self.session.stage(LOST_ROWS, self._outcomes("unmapped", "o.snapshot_id, o.member_no, o.reason"))
        self.session.stage(EVENT_ROWS, self._with_key("changes", "c.snapshot_id, c.event, c.cause"))

    def _outcomes(self, table: str, columns: str) -> str:
        """The rows of a table that say what became of the person's members, in every snapshot built on them."""
        return (
            f"SELECT {columns} FROM {self._table(table)} o JOIN {self._table('snapshots')} s "
            f"ON o.{self._own} AND s.segment = o.segment AND s.snapshot_id = o.snapshot_id JOIN {quoted(ROWS)} p "
            "ON p.segment = s.segment AND p.snapshot_id = s.members_id AND p.member_no = o.member_no"
        )

    def _with_key(self, table: str, columns: str, which: str = "1 = 1") -> str:
        """The rows of a table with one of the person's keys."""
        conditions = " OR ".join(f"({one})" for one in self._conditions(which)) or "1 = 0"
        return f"SELECT {columns} FROM {self._table(table)} c WHERE c.{self._own} AND ({conditions})"

    def _delete_with_key(self, table: str, which: str = "1 = 1") -> int:
        start = f"DELETE FROM {self._table(table)} AS c WHERE {self._own}"
        return sum(max(0, self.session.execute(f"{start} AND {one}")) for one in self._conditions(which))

    def _conditions(self, which: str) -> Iterator[str]:
        """One condition on rows `c` for each key: its values, under snapshots of its model."""
        for key in sorted(self.keys):
            names = ", ".join(map(literal, self._names(key)))
            yield (
                f"{same_key(key.values, 'c')} AND c.snapshot_id IN (SELECT snapshot_id FROM {self._table('snapshots')} "
                f"WHERE {self._own} AND model IN ({names}) AND key_columns = {literal(key.columns)} AND {which})"
            )

    def _names(self, key: Key) -> list[str]:
        return self.lineage.names(key.model) if self.lineage else [key.model]

    def _recount(self) -> None:
        """Lowers the counts of every snapshot by what is about to be deleted, so that they still add up."""
        fewer: dict[str, dict[str, int]] = {}
        for select in (
            f"SELECT s.snapshot_id, 'fetched', count(*) FROM {self._table('snapshots')} s JOIN {quoted(ROWS)} p "
            f"ON p.segment = s.segment AND p.snapshot_id = s.members_id WHERE s.{self._own} GROUP BY s.snapshot_id",
            f"SELECT snapshot_id, 'mapped', count(*) FROM {quoted(MAPPED_ROWS)} GROUP BY snapshot_id",
            f"SELECT snapshot_id, 'mapped', count(*) FROM ({self._with_key('keys', 'c.snapshot_id', COMBINED)}) k "
            "GROUP BY snapshot_id",
            f"SELECT snapshot_id, reason, count(*) FROM {quoted(LOST_ROWS)} GROUP BY snapshot_id, reason",
            f"SELECT snapshot_id, event || '_count', count(*) FROM {quoted(EVENT_ROWS)} WHERE cause = 'remote' "
            "GROUP BY snapshot_id, event",
        ):
            for snapshot_id, column, number in self.session.rows(select):
                fewer.setdefault(str(snapshot_id), {})[str(column)] = int(number)
        for snapshot_id, counts in fewer.items():
            row = get(self.session, self.segment, snapshot_id)
            if row is not None:
                _lower(self.session, row, counts)

    def _delete(self, table: str, rows: str) -> int:
        return max(
            0,
            self.session.execute(
                f"DELETE FROM {self._table(table)} AS d WHERE {self._own} AND EXISTS (SELECT 1 FROM ({rows}) g "
                "WHERE g.snapshot_id = d.snapshot_id AND g.member_no = d.member_no)"
            ),
        )

    @property
    def _own(self) -> str:
        return f"segment = {literal(self.segment)}"

    def _table(self, name: str) -> str:
        return table_name(self.session.schema, name)


def _lower(session: Session, row: Snapshot, counts: dict[str, int]) -> None:
    values: dict[str, int | None] = {
        column: max(0, (getattr(row, column) or 0) - number)
        for column, number in counts.items()
        if getattr(row, column) is not None
    }
    for part, whole in (("same_row", "duplicate"), ("conflicting", "mapped")):
        if values.get(whole) is not None and getattr(row, part) is not None:
            values[part] = min(getattr(row, part), values[whole] or 0)
    if "fetched" in values:
        values |= {"erased": (row.erased or 0) + counts["fetched"], "repeated": None}
    if values:
        update(session, row, **values)
