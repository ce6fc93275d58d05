"""Taking over a list that exists: whoever is in it and in the model is ours from now on, everybody else is left alone.

Nothing is called but to read the list. The next plan then adds whoever is missing, and removes whoever was taken over
and is not in the audience.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from remote_segments.errors import ProjectError
from remote_segments.membership import adoption
from remote_segments.membership.addressing import model_people
from remote_segments.sync.activation import records
from remote_segments.sync.activation.connecting import ids_of
from remote_segments.sync.activation.people import prepared, read_model, read_source, scope_of
from remote_segments.sync.activation.reconciling import listed
from remote_segments.sync.activation.terms import Terms, terms_of
from remote_segments.sync.store import ensure_store
from remote_segments.warehouses.base import Session, Warehouse

if TYPE_CHECKING:
    from remote_segments.config.project import Project


@dataclass(frozen=True, kw_only=True)
class Adoption:
    """What taking over a list means, in numbers of people."""

    activation: str
    in_list: int
    """Different identifiers in the list."""
    ours: int
    """Who is there by our doing already."""
    adopted: int
    """Who is in the list and in the model, and becomes ours."""
    wanted: int
    """Of these: who is in the audience, and stays."""
    leaving: int
    """Of these: who is not, and would be removed by the next send."""
    strangers: int
    """Identifiers that the model does not know; they stay for ever."""


def look(project: "Project", name: str, now: datetime) -> Adoption:
    """Reads the list and tells what taking it over would mean; writes nothing that stays.

    Raises:
        ProjectError: `list-unread`; what `plan` raises.
        RemoteSegmentsError: the list could not be read.
    """
    return _adopt(project, name, now, write=False)


def adopt(project: "Project", name: str, now: datetime) -> Adoption:
    """Takes the list over; raises what `look` raises."""
    return _adopt(project, name, now, write=True)


def _adopt(project: "Project", name: str, now: datetime, *, write: bool) -> Adoption:
    terms = terms_of(project, name)
    warehouse = project.open_warehouse()
    with warehouse.segment_lock(name):
        people = sorted(set(_read(project, warehouse, terms)))
        with warehouse.write() as session:
            ensure_store(session)
            return _compared(session, terms, people, now, write=write)


def _read(project: "Project", warehouse: Warehouse, terms: Terms) -> list[tuple[str, str]]:
    ids = None
    if terms.abilities.readable is not None:
        with warehouse.read() as session:
            ids = ids_of(session, terms)
    if ids is None:
        found = f"{terms.abilities.title} cannot be read back, so that nobody knows who is in it."
        if terms.abilities.readable is not None:
            found = "The list is not made yet, so that there is nothing to take over."
        raise ProjectError(
            "list-unread", found, "Leave it: what is sent is added, and nobody else removed.", terms.where
        )
    return list(listed(project, terms, ids))


def _compared(session: Session, terms: Terms, people: list[tuple[str, str]], now: datetime, *, write: bool) -> Adoption:
    import pyarrow as pa

    source = read_source(session, terms)
    model = read_model(session, terms)
    scope = scope_of(session, terms)
    rows = {"name": [name for name, _ in people], "value": [value for _, value in people]}
    session.stage_table(adoption.LISTED, pa.table({name: pa.array(one, pa.string()) for name, one in rows.items()}))
    message = prepared(session, terms, model, ())
    everybody = model_people(scope, model, message)
    taking = adoption.Taking(scope, terms.destination, len(terms.key), source.snapshot.snapshot_id, terms.source)
    session.stage(adoption.TAKEN, scope.sql(adoption.taken(taking, everybody, [one.name for one in message.addresses])))
    known, ours, wanted, identified = session.rows(scope.sql(adoption.counts(taking)))[0]
    if write and known:
        columns, new = adoption.rows(taking, now)
        session.insert("recipients", columns, scope.sql(new))
        records.insert(session, _record(terms, source.snapshot.snapshot_id, known, now))
    return Adoption(
        activation=terms.activation,
        in_list=len(people),
        ours=ours,
        adopted=known,
        wanted=wanted,
        leaving=known - wanted,
        strangers=len(people) - identified,
    )


def _record(terms: Terms, snapshot_id: str, adopted: int, now: datetime) -> records.Send:
    """That a list was taken over, among the sends: from then on it is no first plan that nobody has seen."""
    return records.send_of(
        terms,
        f"adopted {now:%Y-%m-%d %H:%M:%S}",
        "adopted",
        snapshot_id,
        planned_at=now,
        finished_at=now,
        accepted=adopted,
    )
