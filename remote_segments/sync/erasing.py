"""Erasing a person from everything that this project keeps, with a receipt that does not name anybody.

First the digests that keep the person away, so that a fetch which is under way brings nobody back; then the rows of
each segment, in one transaction per segment, their counts with them; then the kept spools; then the places on the disk
where deleted rows linger. An erasure that was interrupted is simply repeated. The models are the team's own tables:
which of them led to the person is told, none is touched.
"""

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from remote_segments.config.project import Project
from remote_segments.errors import EngineError, ProjectError, TemporaryError
from remote_segments.membership.literals import literal, quoted, table_name
from remote_segments.membership.tables import TABLES
from remote_segments.sync.person import ROWS, Person, find, same_key, sought
from remote_segments.sync.publication import publish_segment
from remote_segments.sync.snapshots import Snapshot, get, latest_published, update
from remote_segments.sync.spool import Spools
from remote_segments.sync.store import ensure_store, reading
from remote_segments.sync.tombstones import bury
from remote_segments.warehouses.base import Session

if TYPE_CHECKING:
    from remote_segments.warehouses.base import Warehouse

ATTEMPTS = 3
"""How often rows that a refresh wrote meanwhile are looked for again."""


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What was erased: counts and names of tables only."""

    receipt_id: str
    erased_at: str
    identifier: str
    """The name of the identifier that was given, never its value."""
    by: str
    reason: str
    rows: dict[str, int] = field(default_factory=dict)
    """Rows deleted per table."""
    segments: tuple[str, ...] = ()
    """Segments whose rows were among them."""
    spools: int = 0
    """Kept fetches that were deleted as a whole."""
    tombstones: int = 0
    """Digests that keep the person away."""
    models: tuple[str, ...] = ()
    """Models that led to the person by their key: erase the person there, too."""
    proven: bool = False
    """Whether a search afterwards found nothing."""


def look(project: Project, identifier: str, value: str, model: str | None = None) -> dict[str, int]:
    """Counts the rows of each segment that belong to a person, and deletes nothing.

    Raises:
        ProjectError: what `sought` and `find` raise.
    """
    person = sought(project, identifier, value, model)
    with reading(project.open_warehouse()) as session:
        if session.relation("members", session.schema) is None:
            return {}
        find(session, project, person)
        found = session.rows(f"SELECT segment, count(*) FROM {quoted(ROWS)} GROUP BY segment ORDER BY segment")
    return dict(found)


def erase(
    project: Project,
    identifier: str,
    value: str,
    *,
    by: str,
    reason: str,
    now: datetime,
    model: str | None = None,
    tombstone: bool = True,
) -> Receipt:
    """Removes one person from every table, kept fetch and file of this project.

    Args:
        project: the loaded project.
        identifier: the name of an identifier of any platform, or `key`.
        value: its value.
        by: who asks.
        reason: why, without naming the person.
        now: the present instant.
        model: the model of a key.
        tombstone: whether digests are kept, so that the next fetch does not bring the person back.

    Returns:
        The receipt, which is also written to the folder `receipts` of the project's state.

    Raises:
        ProjectError: `person-unclear`, `unknown-identifier`, `key-parts`, `bad-value`, `erasure-without-key`; what is
            wrong with a model.
        TemporaryError: `erasure-overtaken` when refreshes kept writing; repeat it.
    """
    asked = sought(project, identifier, value, model)
    warehouse = project.open_warehouse()
    with warehouse.write() as session:
        ensure_store(session)
        person = find(session, project, asked)
        buried = bury(session, person, now) if tombstone else 0
    gone: dict[str, int] = {}
    touched: set[str] = set()
    for _ in range(ATTEMPTS):
        for name, counts in _erased(project, warehouse, person):
            touched.add(name)
            gone = {table: gone.get(table, 0) + counts.get(table, 0) for table in {**gone, **counts}}
        if _is_gone(project, warehouse, asked, person):
            break
    else:
        raise TemporaryError(
            "erasure-overtaken",
            "Refreshes wrote rows of this person while they were erased.",
            "Repeat the command; pause the segments if it happens again.",
        )
    _forget_spellings(warehouse)
    receipt = Receipt(
        receipt_id=f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}",
        erased_at=now.astimezone(UTC).isoformat(),
        identifier=identifier,
        by=by,
        reason=reason,
        rows=dict(sorted(gone.items())),
        segments=tuple(sorted(touched)),
        spools=_forget_spools(project, warehouse),
        tombstones=buried,
        models=tuple(sorted({name for name, _ in person.keys})),
        proven=True,
    )
    warehouse.scrub([*TABLES, *sorted(touched)])
    _write(project.state / "receipts", receipt)
    return receipt


def _erased(project: Project, warehouse: "Warehouse", person: Person) -> Iterator[tuple[str, dict[str, int]]]:
    """Erases from one segment after the other, those without a file included; gives counts where there were rows."""
    with warehouse.read() as session:
        stored = {row[0] for row in session.rows(f"SELECT DISTINCT segment FROM {_table(session, 'snapshots')}")}
    # Those without a snapshot, too: the first fetch of one may be loaded now, by who cannot see the digests yet.
    for name in sorted(stored | set(project.segments)):
        anew: str | None = None
        with warehouse.write(name) as session:
            find(session, project, person)
            counts, shown_anew = _erase_segment(session, name, person)
            if shown_anew:
                anew = _to_be_shown_anew(session, project, name)
        if anew is not None:
            now = datetime.now(UTC)
            publish_segment(project, name, partition_key=None, run_id=None, now=now, snapshot_id=anew)
        if any(counts.values()):
            yield name, counts


def _to_be_shown_anew(session: Session, project: Project, name: str) -> str | None:
    """The published snapshot, whatever newer ones wait.

    Raises:
        ProjectError: `erasure-without-key` for a table that cannot be made anew; nothing of the segment is erased then.
    """
    if name not in project.segments:
        raise ProjectError(
            "erasure-without-key",
            f"The published table {name} shows no key, and no file says any more how it is made.",
            f"Remove it by `remote-segments prune {name}`, or bring its file back; then repeat the command.",
        )
    latest = latest_published(session, name)
    return latest.snapshot_id if latest else None


def _erase_segment(session: Session, name: str, person: Person) -> tuple[dict[str, int], bool]:
    """Deletes a person's rows of one segment and lowers its counts; says whether its table must be written anew."""
    own = f"segment = {literal(name)}"
    session.stage(
        "rs_person_keys",
        f"SELECT k.snapshot_id, k.member_no, s.key_columns, k.key, k.key_2, k.key_3 FROM {_table(session, 'keys')} k "
        f"JOIN {_table(session, 'snapshots')} s ON s.segment = k.segment AND s.snapshot_id = k.snapshot_id "
        f"JOIN {quoted(ROWS)} p ON p.segment = s.segment AND p.snapshot_id = s.members_id "
        f"AND p.member_no = k.member_no WHERE k.{own}",
    )
    session.stage(
        "rs_person_lost",
        f"SELECT u.snapshot_id, u.member_no, u.reason FROM {_table(session, 'unmapped')} u "
        f"JOIN {_table(session, 'snapshots')} s ON s.segment = u.segment AND s.snapshot_id = u.snapshot_id "
        f"JOIN {quoted(ROWS)} p ON p.segment = s.segment AND p.snapshot_id = s.members_id "
        f"AND p.member_no = u.member_no WHERE u.{own}",
    )
    keys = _keys_of(session, name, person)
    session.stage("rs_person_events", _events(session, own, keys))
    _recount(session, name)
    counts = {
        "members": _delete(session, "members", own, f"SELECT snapshot_id, member_no FROM {quoted(ROWS)} WHERE {own}"),
        "keys": _delete(session, "keys", own, 'SELECT snapshot_id, member_no FROM "rs_person_keys"'),
        "unmapped": _delete(session, "unmapped", own, 'SELECT snapshot_id, member_no FROM "rs_person_lost"'),
        "changes": sum(
            max(0, session.execute(f"DELETE FROM {_table(session, 'changes')} AS c WHERE {own} AND {condition}"))
            for condition in _conditions(session, own, keys)
        ),
    }
    shown, anew = _delete_shown(session, name, keys)
    return {**counts, name: shown}, anew


def _keys_of(session: Session, name: str, person: Person) -> set[tuple[str, tuple[str, ...]]]:
    """The key columns and keys under which this segment has, or once had, the person."""
    found = session.rows('SELECT DISTINCT key_columns, key, key_2, key_3 FROM "rs_person_keys"')
    keys = {(str(columns), tuple(one for one in key if one is not None)) for columns, *key in found}
    return keys | _keys_by_model(session, name, person)


def _keys_by_model(session: Session, name: str, person: Person) -> set[tuple[str, tuple[str, ...]]]:
    """The same, as far as it follows from the models that the segment was mapped to."""
    used = session.rows(
        f"SELECT DISTINCT model, key_columns FROM {_table(session, 'snapshots')} "
        f"WHERE segment = {literal(name)} AND key_columns IS NOT NULL"
    )
    keys = {(columns, key) for model, key in person.keys for used_model, columns in used if used_model == model}
    return {(columns, key) for columns, key in keys if len(columns.split(",")) == len(key)}


def _conditions(session: Session, own: str, keys: set[tuple[str, tuple[str, ...]]]) -> Iterator[str]:
    """One condition on rows `c` of `changes` for each key: its values, under snapshots with its columns."""
    for columns, key in sorted(keys):
        yield (
            f"{same_key(key, 'c')} AND c.snapshot_id IN (SELECT snapshot_id FROM {_table(session, 'snapshots')} "
            f"WHERE {own} AND key_columns = {literal(columns)})"
        )


def _events(session: Session, own: str, keys: set[tuple[str, tuple[str, ...]]]) -> str:
    conditions = " OR ".join(f"({one})" for one in _conditions(session, own, keys)) or "1 = 0"
    return (
        f"SELECT c.snapshot_id, c.event, c.cause FROM {_table(session, 'changes')} c WHERE c.{own} AND ({conditions})"
    )


def _recount(session: Session, name: str) -> None:
    """Lowers the counts of every snapshot by what is about to be deleted, so that they still add up."""
    fewer: dict[str, dict[str, int]] = {}
    for select in (
        f"SELECT s.snapshot_id, 'fetched', count(*) FROM {_table(session, 'snapshots')} s JOIN {quoted(ROWS)} p "
        f"ON p.segment = s.segment AND p.snapshot_id = s.members_id WHERE s.segment = {literal(name)} "
        "GROUP BY s.snapshot_id",
        "SELECT snapshot_id, 'mapped', count(*) FROM \"rs_person_keys\" GROUP BY snapshot_id",
        'SELECT snapshot_id, reason, count(*) FROM "rs_person_lost" GROUP BY snapshot_id, reason',
        "SELECT snapshot_id, event || '_count', count(*) FROM \"rs_person_events\" WHERE cause = 'remote' "
        "GROUP BY snapshot_id, event",
    ):
        for snapshot_id, column, number in session.rows(select):
            fewer.setdefault(str(snapshot_id), {})[str(column)] = int(number)
    for snapshot_id, counts in fewer.items():
        row = get(session, name, snapshot_id)
        if row is not None:
            _lower(session, row, counts)


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


def _delete(session: Session, table: str, own: str, rows: str) -> int:
    return max(
        0,
        session.execute(
            f"DELETE FROM {_table(session, table)} AS d WHERE {own} AND EXISTS (SELECT 1 FROM ({rows}) g "
            "WHERE g.snapshot_id = d.snapshot_id AND g.member_no = d.member_no)"
        ),
    )


def _delete_shown(session: Session, name: str, keys: set[tuple[str, tuple[str, ...]]]) -> tuple[int, bool]:
    """Deletes from the published table; where that does not show the key, it must be written anew."""
    shown, latest = session.relation(name, session.schema), latest_published(session, name)
    if shown is None or latest is None or not latest.key_columns:
        return 0, False
    mine = [key for columns, key in sorted(keys) if columns == latest.key_columns]
    known = {column.lower(): column for column in shown.columns}
    columns = [known.get(column.lower()) for column in latest.key_columns.split(",")]
    if None in columns:
        return 0, bool(mine)
    gone = 0
    for key in mine:
        same = " AND ".join(
            f"CAST({quoted(column)} AS TEXT) = {literal(one)}"
            for column, one in zip(columns, key, strict=True)
            if column
        )
        gone += max(0, session.execute(f"DELETE FROM {_table(session, name)} WHERE {same}"))
    return gone, False


def _is_gone(project: Project, warehouse: "Warehouse", asked: Person, person: Person) -> bool:
    """Searches anew, by all that is known of the person.

    Raises:
        EngineError: `erasure-incomplete` when rows are left that no refresh can have written.
    """
    with warehouse.read() as session:
        find(session, project, replace(asked, accounts=person.accounts, keys=person.keys))
        ((left,),) = session.rows(f"SELECT count(*) FROM {quoted(ROWS)}")
        names = [row[0] for row in session.rows(f"SELECT DISTINCT segment FROM {_table(session, 'snapshots')}")]
        for name in names if not left else ():
            own = f"segment = {literal(name)}"
            keys = _keys_by_model(session, name, person)
            ((events,),) = session.rows(f"SELECT count(*) FROM ({_events(session, own, keys)}) e")
            if events:
                found = f"{events} events of {name} are left."
                raise EngineError("erasure-incomplete", found, "Repeat the command, and report this bug.")
    return not left


def _forget_spellings(warehouse: "Warehouse") -> None:
    """Deletes all of them: they only save time, and nobody can say which of them a model has of the person."""
    with warehouse.write() as session:
        session.execute(f"DELETE FROM {_table(session, 'spellings')}")


def _forget_spools(project: Project, warehouse: "Warehouse") -> int:
    """Deletes the fetches that wait to be loaded: one may hold the person, and the next refresh fetches anew.

    A refresh that is under way keeps its own; what it loads leaves the person out.
    """
    gone = 0
    folder = project.state / "spool"
    for segment in sorted(path.name for path in folder.iterdir()) if folder.is_dir() else ():
        with suppress(TemporaryError), warehouse.segment_lock(segment):
            gone += Spools(project.state, segment).forget()
    return gone


def _write(folder: Path, receipt: Receipt) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder / f"{receipt.receipt_id}.json", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(asdict(receipt), file, indent=2, sort_keys=True)


def _table(session: Session, name: str) -> str:
    return table_name(session.schema, name)
