"""Erasing a person from everything that this project keeps, with a receipt that does not name anybody.

First the digests that keep the person away, so that a fetch which is under way brings nobody back; then the rows of
each segment, in one transaction per segment, their counts and the published table with them; then the kept spools;
then the places on the disk where deleted rows linger. An erasure that was interrupted is simply repeated. The models
are the team's own tables: which of them led to the person is told, none is touched.
"""

import json
import os
import secrets
from collections import Counter
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from remote_segments.config.project import Project
from remote_segments.errors import EngineError, HeldError, ProjectError, TemporaryError
from remote_segments.membership.literals import quoted, table_name
from remote_segments.membership.tables import TABLES
from remote_segments.sync.activation.erasing import forget
from remote_segments.sync.following import ROWS, Search
from remote_segments.sync.lineage import Lineage, same_model
from remote_segments.sync.person import Person, sought
from remote_segments.sync.plan import plan_for
from remote_segments.sync.publication import publish, write_segment
from remote_segments.sync.removing import Removal
from remote_segments.sync.snapshots import latest_published
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
    destinations: tuple[str, ...] = ()
    """Activations that sent the person, who may still be at their destinations: erase the person there, too."""
    models: tuple[str, ...] = ()
    """Models that led to the person by their key: erase the person there, too."""
    proven: bool = False
    """Whether a search afterwards found nothing."""


def look(project: Project, identifier: str, value: str, model: str | None = None) -> dict[str, int]:
    """Counts the rows of each segment that belong to a person, and deletes nothing.

    Raises:
        ProjectError: what `sought` and `Search.follow` raise.
    """
    person = sought(project, identifier, value, model)
    with reading(project.open_warehouse()) as session:
        if session.relation("members", session.schema) is None:
            return {}
        Search(session, project).follow(person)
        return _staged(session)


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
        ProjectError: `person-unclear`, `unknown-identifier`, `key-parts`, `bad-value`; `erasure-without-key` and
            `erasure-held` of a published table that shows no key; what is wrong with a model.
        TemporaryError: `erasure-overtaken` when refreshes kept writing; repeat it.
    """
    warehouse = project.open_warehouse()
    erasure = Erasure(project, warehouse, sought(project, identifier, value, model), now, tombstone)
    erasure.erase()
    _forget_spellings(warehouse)
    touched = sorted(erasure.touched)
    receipt = Receipt(
        receipt_id=f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}",
        erased_at=now.astimezone(UTC).isoformat(),
        identifier=identifier,
        by=by,
        reason=reason,
        rows=dict(sorted(erasure.gone.items())),
        segments=tuple(touched),
        spools=_forget_spools(project, warehouse),
        tombstones=erasure.buried,
        destinations=tuple(sorted(erasure.sent)),
        models=tuple(sorted({key.model for key in erasure.person.keys})),
        proven=True,
    )
    warehouse.scrub([*TABLES, *touched])
    _write(project.state / "receipts", receipt)
    return receipt


@dataclass
class Erasure:
    """One person being erased: who that is by now, and what is gone already."""

    project: Project
    warehouse: "Warehouse"
    person: Person
    now: datetime
    tombstone: bool
    gone: Counter[str] = field(default_factory=Counter)
    """Rows deleted per table."""
    touched: set[str] = field(default_factory=set)
    """Segments whose rows were among them."""
    buried: int = 0
    """New digests."""
    sent: set[str] = field(default_factory=set)
    """Activations that sent the person."""

    def erase(self) -> None:
        """Erases until a search finds nothing: a refresh may have written rows meanwhile.

        Raises:
            TemporaryError: `erasure-overtaken`.
        """
        names, lineage, _ = self._search()
        for _ in range(ATTEMPTS):
            for name in names:
                self._erase_segment(name, lineage)
            self._forget_sends(lineage)
            names, lineage, left = self._search()
            if not left:
                self._prove(names, lineage)
                return
        raise TemporaryError(
            "erasure-overtaken",
            "Refreshes wrote rows of this person while they were erased.",
            "Repeat the command; pause the segments if it happens again.",
        )

    def _forget_sends(self, lineage: Lineage) -> None:
        """Erases from what is known of sends."""
        with self.warehouse.write() as session:
            forgotten = forget(session, self.person.keys, lineage)
        self.gone.update(forgotten.rows)
        self.sent |= forgotten.there

    def _search(self) -> tuple[list[str], Lineage, int]:
        """Follows the person, keeps digests of what is known; returns all segments, and how many rows there are.

        Those without a snapshot, too: the first fetch of one may be loaded now, by who cannot see the digests yet.
        """
        with self.warehouse.write() as session:
            ensure_store(session)
            search = Search(session, self.project)
            self.person = search.follow(self.person)
            if self.tombstone:
                self.buried += bury(session, self.person, search.lineage, self.now)
            stored = {row[0] for row in session.rows(f"SELECT DISTINCT segment FROM {_table(session, 'snapshots')}")}
            return sorted(stored | set(self.project.published)), search.lineage, sum(_staged(session).values())

    def _erase_segment(self, name: str, lineage: Lineage) -> None:
        """Erases from one segment, with a file or without."""
        with self.warehouse.write(name) as session:
            Search(session, self.project).stage(self.person, name)
            removal = Removal(session, name, self.person.keys, lineage)
            counts = removal.rows()
            shown, anew = removal.shown()
            if anew:
                shown = _show_anew(session, self.project, name, self.now)
        if shown or any(counts.values()):
            self.touched.add(name)
            self.gone.update({**counts, name: shown})

    def _prove(self, names: list[str], lineage: Lineage) -> None:
        """Looks for events of the person.

        Raises:
            EngineError: `erasure-incomplete` when some are left, which no refresh can have written.
        """
        with self.warehouse.read() as session:
            for name in names:
                events = Removal(session, name, self.person.keys, lineage).events()
                if events:
                    found = f"{events} events of {name} are left."
                    raise EngineError("erasure-incomplete", found, "Repeat the command, and report this bug.")


def _show_anew(session: Session, project: Project, name: str, now: datetime) -> int:
    """Writes a published table that shows no key anew from its snapshot's keys, whatever newer snapshots wait.

    Returns:
        How many rows it has fewer.

    Raises:
        ProjectError: `erasure-without-key` for a table that cannot be made anew, `erasure-held` where a guard holds
            what it would show; what is wrong with the model. Nothing of the segment is erased then.
    """
    if name not in project.published:
        raise ProjectError(
            "erasure-without-key",
            f"The published table {name} shows no key, and no file says any more how it is made.",
            f"Remove it by `remote-segments prune {name}`, or bring its file back; then repeat the command.",
        )
    plan, latest, before = plan_for(project, name), latest_published(session, name), _size(session, name)
    if latest is None:
        return 0
    if not same_model(session, plan, latest) or write_segment(session, plan, latest, latest) != latest.mapped:
        try:  # the model lost other people, too: a snapshot of its own, judged as every other
            publish(session, plan, latest, now=now)
        except HeldError as held:
            raise ProjectError(
                "erasure-held",
                f"The published table {name} shows no key, so that it is written anew, and a guard holds that: "
                f"{held.problem.found}",
                f"Nothing of {name} was erased. Mend that, or run `remote-segments run {name}` and decide on what is "
                "held then; then repeat the command.",
                plan.where,
            ) from held
    return before - _size(session, name)


def _size(session: Session, name: str) -> int:
    return int(session.rows(f"SELECT count(*) FROM {_table(session, name)}")[0][0])


def _staged(session: Session) -> dict[str, int]:
    """How many rows of `members` are staged, by segment."""
    return dict(session.rows(f"SELECT segment, count(*) FROM {quoted(ROWS)} GROUP BY segment ORDER BY segment"))


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
