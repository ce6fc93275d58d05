"""What a person decides on a plan that is held: it may be sent, or it is dropped."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from remote_segments.errors import ProjectError
from remote_segments.sync.activation import records
from remote_segments.sync.activation.records import Send
from remote_segments.sync.activation.terms import terms_of
from remote_segments.sync.deciding import Choice, Subject, check_words, decision_on
from remote_segments.sync.decisions import Decision, append, read_decisions
from remote_segments.sync.store import ensure_store
from remote_segments.warehouses.base import Session

if TYPE_CHECKING:
    from remote_segments.config.project import Project


def decide(
    project: "Project", name: str, choice: Choice, *, now: datetime, run_id: str | None = None
) -> tuple[Decision, Send]:
    """Lets the held plan of an activation be sent by the next run, or drops it; recorded in the same transaction.

    Args:
        project: the loaded project.
        name: the activation.
        choice: what the person says.
        now: the instant of the decision.
        run_id: the run that carries it out.

    Raises:
        ProjectError: `unknown-activation`, `nothing-held`, `hold-outdated`, `limit-not-raisable`, `bad-value`.
    """
    terms = terms_of(project, name)
    check_words(choice, terms.where, now)
    with project.open_warehouse().write(name) as session:
        ensure_store(session)
        held = _held(session, name, choice, terms.where)
        subject = Subject(name, held.send_id, held.snapshot_id, terms.where, "plan")
        decision = decision_on(subject, held, choice, now=now, run_id=run_id)
        append(session, decision)
        done = records.update(session, held, state=decision.decision, approved_by=choice.by if choice.approve else None)
    return decision, done


def _held(session: Session, name: str, choice: Choice, where: str) -> Send:
    found = records.sends(session, name, "held")
    if not found:
        decisions = read_decisions(session, name)
        last = f" The last one was {decisions[-1].decision} by {decisions[-1].decided_by}." if decisions else ""
        fix = f"See `remote-segments plan {name}`; `remote-segments apply {name}` sends what passes."
        raise ProjectError("nothing-held", f"No plan of {name} is held.{last}", fix, where)
    if choice.snapshot_id not in (None, found[0].send_id):
        told = found[0].planned_at.astimezone(UTC) if found[0].planned_at else None
        at = f", planned at {told:%Y-%m-%d %H:%M} UTC" if told else ""
        raise ProjectError(
            "hold-outdated",
            f"Plan {found[0].send_id}{at}, is held by now, not {choice.snapshot_id} any more.",
            f"Nothing was decided. Look at `remote-segments plan {name}`, then decide on that.",
            where,
        )
    return found[0]
