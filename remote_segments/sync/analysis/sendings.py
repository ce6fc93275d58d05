"""What becomes of a segment's people on their way to each of its destinations: the end of the funnel."""

from collections.abc import Mapping
from dataclasses import dataclass

from remote_segments.config.project import Project
from remote_segments.errors import ProjectError
from remote_segments.membership.analysis import sendings as counts
from remote_segments.membership.analysis.sendings import NOT_ADDRESSABLE, NOT_SENT, REJECTED, THERE, UNKNOWN
from remote_segments.membership.literals import table_name
from remote_segments.sync.activation import records
from remote_segments.sync.activation.people import keys_of, prepared, read_model, read_source, scope_of, stage_rules
from remote_segments.sync.activation.terms import Terms, terms_of
from remote_segments.sync.snapshots import Snapshot, newest_published_of
from remote_segments.sync.store import reading
from remote_segments.warehouses.base import Session

GONE = "gone"
"""The reason of those whose row of the model is not there any more."""

WAITING, NOT_YET, NOT_ADDED = "waiting for approval", "not sent yet", "not added by its mode"
"""Why somebody is not there who may be sent, and was never refused."""


@dataclass(frozen=True)
class Sending:
    """What one activation makes of the people of a published segment; `enriched` = `withheld` + `absent` + `there`."""

    activation: str
    enriched: int
    withheld: Mapping[str, int]
    """Who may not be sent, by the reason; those whom nobody is left out by are there with 0."""
    absent: Mapping[str, int]
    """Who may be sent and is not there by our doing."""
    there: int
    problem: str | None = None
    """The code of the error because of which nobody can tell: nothing would be sent."""


def sendings_of(session: Session, project: Project, name: str, enriched: int) -> list[Sending]:
    """What each activation of a published segment or audience makes of its people, in the order of their names.

    Args:
        session: a reading session.
        project: the loaded project.
        name: the segment or audience.
        enriched: the rows of its published table.
    """
    names = sorted(one.name for one in project.activations.values() if one.source == name)
    return [_sending(session, project, activation, enriched) for activation in names]


def _sending(session: Session, project: Project, activation: str, enriched: int) -> Sending:
    try:
        return _counted(session, terms_of(project, activation), enriched)
    except ProjectError as error:
        return Sending(activation, enriched, {}, {}, 0, error.code)


def sending_of(project: Project, activation: str) -> Sending | None:
    """What an activation makes of the people of what it sends; None where nothing of that can be told.

    Raises:
        ProjectError: `unknown-activation`.
    """
    name = project.activation(activation).source
    with reading(project.open_warehouse()) as session:
        snapshot = newest_published_of(session, [name]).get(name)
        if snapshot is None:
            return None
        found = _sending(session, project, activation, published_rows(session, snapshot))
    return None if found.problem else found


def published_rows(session: Session, snapshot: Snapshot) -> int:
    """The rows of the published table; the mapped members where it has not been written by this release."""
    if session.relation(snapshot.segment, session.schema) is None:
        return snapshot.mapped or 0
    ((rows,),) = session.rows(f"SELECT count(*) FROM {table_name(session.schema, snapshot.segment)}")
    return int(rows)


def _counted(session: Session, terms: Terms, enriched: int) -> Sending:
    source, model = read_source(session, terms), read_model(session, terms)
    rules = stage_rules(session, terms, None)
    scope = scope_of(session, terms)
    message = prepared(session, terms, model, rules)
    keys = counts.in_model(keys_of(scope, terms.source, source.snapshot.snapshot_id, len(terms.key)), model)
    withheld = dict.fromkeys((*(rule.reason for rule in rules), NOT_ADDRESSABLE), 0)
    placed = dict.fromkeys((THERE, REJECTED, UNKNOWN, NOT_SENT), 0)
    for reason, place, people in session.rows(
        scope.sql(counts.sendings(scope, keys, model, message, terms.destination))
    ):
        if reason is None:
            placed[place] += people
        else:
            withheld[reason] += people
    # Rows that came back to the model since the segment was written are sent, too: then nobody is gone.
    gone = max(0, enriched - sum(withheld.values()) - sum(placed.values()))
    there = placed.pop(THERE)
    placed[_why_not(session, terms)] = placed.pop(NOT_SENT)
    return Sending(terms.activation, enriched, {GONE: gone, **withheld}, placed, there)


def _why_not(session: Session, terms: Terms) -> str:
    if terms.mode == "remove_only":
        return NOT_ADDED
    newest = next(iter(records.sends(session, terms.activation)), None)
    return WAITING if newest is not None and newest.state == "held" else NOT_YET
