"""Sending an activation: exactly the plan that was looked at, or word that it is outdated.

Everything happens under one lock per activation. A send that a killed process left open is closed first: what was
acknowledged counts, what was announced and not answered is unknown. Then the plan is made anew from what is known,
judged, written down row by row, and sent.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from remote_segments.destinations.destination import Destination
from remote_segments.errors import HeldError, ProjectError, RemoteSegmentsError
from remote_segments.sync.activation import records
from remote_segments.sync.activation.closing import close, close_interrupted
from remote_segments.sync.activation.connecting import ids_of, make_list, open_destination
from remote_segments.sync.activation.planning import Computed, Plan, compute
from remote_segments.sync.activation.planning import plan as make_plan
from remote_segments.sync.activation.reconciling import find_out, in_doubt
from remote_segments.sync.activation.records import Send
from remote_segments.sync.activation.running import Pace, Running
from remote_segments.sync.activation.terms import Terms, terms_of
from remote_segments.sync.activation.writing import Stretch, log_held_out, write_rows
from remote_segments.sync.store import ensure_store
from remote_segments.warehouses.base import Session, Warehouse

if TYPE_CHECKING:
    from remote_segments.config.project import Project


@dataclass(frozen=True, kw_only=True)
class Applied:
    """What a send did; `send` is None where there was nothing to do, and no call was made."""

    plan: Plan
    send: Send | None
    calls: int = 0
    found_out: int = 0
    """People of whom it was unknown whether they are there, and who were found out by reading the list."""


def apply(
    project: "Project",
    name: str,
    *,
    plan_id: str | None = None,
    run_id: str | None = None,
    pace: Pace | None = None,
    connect: Callable[..., Destination] = open_destination,
    **surroundings: Any,
) -> Applied:
    """Sends an activation.

    Args:
        project: the loaded project.
        name: the activation.
        plan_id: the plan that somebody looked at: another one is not sent.
        run_id: the run that sends it.
        pace: the clock.
        connect: how the destination is opened.
        surroundings: what a platform's account takes beside its connection (`sleep`, `transport`, ...).

    Raises:
        ProjectError: `unknown-activation`, `activations-off`, `plan-outdated`; what `plan` raises.
        HeldError: a person must decide first: `first-plan`, `many-removed`, `many-added`, `destination-emptied`,
            `many-rejected`, `plan-rejected`.
        RemoteSegmentsError: what ended the sending; what was sent until then is in the ledger.
    """
    terms, pace = terms_of(project, name), pace or Pace()
    if not terms.allowed:
        raise ProjectError(
            "activations-off",
            f"Nothing is sent from the environment {terms.environment}.",
            "Choose another one (REMOTE_SEGMENTS_ENV), or set `activations: true` for it in project.yaml.",
            terms.where,
        )
    warehouse = project.open_warehouse()
    with warehouse.segment_lock(name):
        return _Application(
            warehouse, terms, run_id, pace, lambda: connect(project, terms.connection, **surroundings)
        ).carry_out(project, plan_id)


def propose(
    project: "Project", name: str, *, run_id: str | None = None, pace: Pace | None = None
) -> tuple[Plan, HeldError | None]:
    """Plans an activation, and keeps a plan that is held, so that a person can decide; nothing is sent.

    Where this environment sends nothing, nothing is kept either. Raises what `planning.plan` raises.
    """
    terms, pace = terms_of(project, name), pace or Pace()
    if not terms.allowed:
        return make_plan(project, name, pace.now()), None
    warehouse = project.open_warehouse()
    with warehouse.segment_lock(name), warehouse.write() as session:
        ensure_store(session)
        found = compute(session, terms, pace.now()).plan
        application = _Application(warehouse, terms, run_id, pace, lambda: open_destination(project, terms.connection))
        return found, application.held(session, found, pace.now())


@dataclass
class _Application:
    """One call of `apply`, under the activation's lock."""

    warehouse: Warehouse
    terms: Terms
    run_id: str | None
    pace: Pace
    open: Callable[[], Destination]

    def carry_out(self, project: "Project", plan_id: str | None) -> Applied:
        """Closes what was interrupted, finds out what is unknown, then plans and sends."""
        with self.warehouse.write() as session:
            ensure_store(session)
            close_interrupted(session, self.terms.activation, self.pace.now())
            doubtful = in_doubt(session, self.terms)
        found_out = find_out(project, self.warehouse, self.terms, self.pace.now()) if doubtful else 0
        now, held = self.pace.now(), None
        with self.warehouse.write() as session:
            computed = compute(session, self.terms, now, small=True)
            plan = computed.plan
            send: Send | None = None
            stretches: list[Stretch] = []
            if plan_id is not None and plan_id != plan.plan_id:
                raise _outdated(self.terms, plan_id, plan)
            held = self.held(session, plan, now)
            if held is None:
                send, stretches = self._begun(session, computed, now)
        if held is not None:
            raise held
        if send is None or not stretches:
            return Applied(plan=plan, send=send, found_out=found_out)
        sent, calls = self._sent(send, stretches, plan)
        return Applied(plan=plan, send=sent, calls=calls, found_out=found_out)

    def held(self, session: Session, plan: Plan, now: datetime) -> HeldError | None:
        """Why a person must decide first; the plan is then kept with its numbers."""
        waiting = [
            one for one in records.sends(session, self.terms.activation, "held") if one.reason == "many-rejected"
        ]
        if waiting:
            return _decide(self.terms, waiting[0].reason or "", waiting[0].message or "", waiting[0].send_id)
        known = records.get(session, self.terms.activation, plan.plan_id)
        if known is not None and known.state == "rejected":
            found = f"Plan {plan.plan_id} was rejected, and nothing has changed since."
            return HeldError("plan-rejected", found, "It is planned anew once the audience changes.", self.terms.where)
        if not plan.held:
            return None
        code, found, numbers = _reasons(plan)
        if known is None:
            records.supersede(session, self.terms.activation)
            row = _row(self.terms, plan, "held", now, self.run_id)
            records.insert(session, replace(row, reason=code, message=found, numbers=json.dumps(numbers)))
        return _decide(self.terms, code, found, plan.plan_id, numbers)

    def _begun(self, session: Session, computed: Computed, now: datetime) -> tuple[Send | None, list[Stretch]]:
        """Writes down the plan as a send, with everything that is to be sent; nothing where there is nothing."""
        plan = computed.plan
        send = _row(self.terms, plan, "sending", now, self.run_id)
        stretches = write_rows(session, self.terms, computed, send.send_id) if plan.moves else []
        logged = log_held_out(session, computed, send, max((one.last for one in stretches), default=0), now)
        if not stretches and not logged:
            return None, []
        records.supersede(session, self.terms.activation, plan.plan_id)
        if records.get(session, self.terms.activation, plan.plan_id) is None:
            records.insert(session, send)
        else:
            values = {name: getattr(send, name) for name in ("state", "run_id", "planned_at")}
            send = records.update(session, send, **values, approved_by=plan.approved_by)
        return (send, stretches) if stretches else (close(session, send, "applied", now), [])

    def _sent(self, send: Send, stretches: list[Stretch], plan: Plan) -> tuple[Send, int]:
        """Sends what was written down, and closes the send whatever happens.

        Raises:
            HeldError: `many-rejected`.
            RemoteSegmentsError: what ended the sending.
        """
        began, running, failure = time.monotonic(), None, None
        try:
            with self.open() as destination:
                running = Running(self.warehouse, self._terms(plan), send, destination, {}, self.pace)
                running.ids = dict(self._list(destination))
                destination.check(self.terms.kind, running.ids)
                running.go(stretches)
                failure = running.failure
        except RemoteSegmentsError as raised:  # the list could not be made or may not be sent to: nobody was sent
            failure = raised
            raise
        finally:
            calls = running.destination.calls if running else 0
            closed = self._closed(send, running, failure, calls, time.monotonic() - began)
        if running.verdict is not None:
            raise _decide(self.terms, running.verdict.code, running.verdict.found, send.send_id)
        if running.failure is not None:
            raise running.failure
        return closed, calls

    def _terms(self, plan: Plan) -> Terms:
        """The terms; whoever approved a send that stopped for its rejections has seen them."""
        with self.warehouse.read() as session:
            history = records.sends(session, self.terms.activation)
        last = next((one for one in history if one.send_id != plan.plan_id), None)
        if last is None or last.reason != "many-rejected" or last.approved_by is None:
            return self.terms
        return replace(self.terms, limits=replace(self.terms.limits, max_rejects=100.0))

    def _list(self, destination: Destination) -> Mapping[str, str]:
        with self.warehouse.read() as session:
            known = ids_of(session, self.terms)
        return known if known is not None else make_list(self.warehouse, destination, self.terms)

    def _closed(
        self, send: Send, running: Running | None, failure: RemoteSegmentsError | None, calls: int, seconds: float
    ) -> Send:
        """Settles the send; what could not be sent is left for the next one."""
        state, reason, message = "applied", None, None
        if running is None or not running.ended or failure is not None or running.left:
            state, reason, message = "stopped", "interrupted", "It did not get to its end; the next send goes on."
        if failure is not None:
            reason, message = failure.code, failure.problem.found
        elif running is not None and running.left and running.doubted:
            reason, message = "adds-in-doubt", "Nobody was removed, because it is not known whether all were added."
        if running is not None and running.verdict is not None:
            state, reason, message = "held", running.verdict.code, running.verdict.found
        now = self.pace.now()
        with self.warehouse.write() as session:
            session.stay_small(send.rows)
            return close(session, send, state, now, reason=reason, message=message, calls=calls, seconds=seconds)


def _row(terms: Terms, plan: Plan, state: str, now: datetime, run_id: str | None) -> Send:
    return records.send_of(
        terms,
        plan.plan_id,
        state,
        plan.snapshot_id,
        identifiers=",".join(one.name for one in terms.message.addresses),
        run_id=run_id,
        planned_at=now,
        present=plan.present,
        approved_by=plan.approved_by,
        **plan.counts,
    )


def _reasons(plan: Plan) -> tuple[str, str, dict[str, Any]]:
    """Code and sentence of why a plan is held, and what was compared."""
    needed: dict[str, float] = {}
    for one in plan.verdicts:
        needed |= one.needed
    numbers = {**plan.counts, "present": plan.present, "listed": plan.listed, "needed": needed,
               "guards": [one.code for one in plan.verdicts]}  # fmt: skip
    return plan.verdicts[0].code, " ".join(one.found for one in plan.verdicts), numbers


def _decide(terms: Terms, code: str, found: str, plan_id: str, numbers: Mapping[str, Any] | None = None) -> HeldError:
    name = terms.activation
    fix = (
        f"Look at it with `remote-segments plan {name}`, then decide: `remote-segments approve {name} --by NAME "
        f"--reason WHY --snapshot {plan_id}` lets it be sent, `reject` drops it."
    )
    return HeldError(code, found, fix, terms.where, numbers)


def _outdated(terms: Terms, wanted: str, plan: Plan) -> ProjectError:
    return ProjectError(
        "plan-outdated",
        f"Plan {wanted} is outdated: the audience, the model, a list or the ledger changed; it would be "
        f"{plan.plan_id} now.",
        f"Nothing was sent. Run `remote-segments plan {terms.activation}` and look at the new one.",
        terms.where,
    )
