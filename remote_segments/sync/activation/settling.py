"""What a person says of those who were sent without an answer, where nobody can read the list."""

from datetime import datetime
from typing import TYPE_CHECKING

from remote_segments.errors import ProjectError
from remote_segments.sync.activation.reconciling import decide_doubts, in_doubt
from remote_segments.sync.activation.terms import terms_of
from remote_segments.sync.store import ensure_store

if TYPE_CHECKING:
    from remote_segments.config.project import Project


def settle_by_hand(project: "Project", name: str, *, arrived: bool, by: str, now: datetime) -> int:
    """Takes a person's word for all of whom it is unknown whether they are there; returns how many these are.

    Raises:
        ProjectError: `unknown-activation`, `nothing-unknown`.
    """
    terms = terms_of(project, name)
    warehouse = project.open_warehouse()
    with warehouse.segment_lock(name):
        with warehouse.write() as session:
            ensure_store(session)
            doubtful = in_doubt(session, terms)
        if not doubtful:
            fix = f"See `remote-segments plan {name}`."
            raise ProjectError("nothing-unknown", f"Of nobody of {name} it is unknown.", fix, terms.where)
        return decide_doubts(warehouse, terms, arrived, now, by=by)
