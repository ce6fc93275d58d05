"""What a send would do, counted and judged; nothing is written, here or at the destination."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from remote_segments.destinations.abilities import Verb
from remote_segments.errors import ProjectError
from remote_segments.identifiers.masking import masked
from remote_segments.membership import sending
from remote_segments.membership.guards import Verdict
from remote_segments.membership.send_guards import SendCase, judge_send
from remote_segments.membership.sending import Comparison
from remote_segments.rest.manifest import Manifest
from remote_segments.sync.activation import records
from remote_segments.sync.activation.people import Source, addressed, read_model, read_source, scope_of
from remote_segments.sync.activation.terms import Terms, terms_of
from remote_segments.sync.decisions import raised_limits
from remote_segments.sync.store import reading
from remote_segments.warehouses.base import Session

if TYPE_CHECKING:
    from remote_segments.config.project import Project

SHOWN = 5
"""People of a sample."""

_COUNTED = {"add": "adds", "remove": "removes", "update": "updates", "waiting": "waiting", "refused": "refused",
            "unknown": "unknown"}  # fmt: skip
_REASONS = {"suppressed": "suppressed", "no consent": "without_consent", "holdout": "held_out",
            "not addressable": "not_addressable"}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a send would do now."""

    activation: str
    plan_id: str
    """The same for the same plan: `apply --plan` sends this one or none."""
    source: str
    snapshot_id: str
    snapshot_at: datetime | None
    destination: str
    mode: str
    present: int
    """People who are there by our doing."""
    listed: int
    counts: Mapping[str, int]
    """By the names of the columns of `sends`."""
    reasons: Mapping[str, int]
    """Of the people who are left out: the list or consent that says so."""
    calls: int
    seconds: float | None
    """The least time that the calls take under the account's limits; None where there is none."""
    verdicts: tuple[Verdict, ...] = ()
    approved_by: str | None = None
    unfinished: int = 0
    """Sends that were interrupted, which the next one closes first."""
    sample: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Some of those to be sent: the verb, and the identifiers masked."""

    @property
    def moves(self) -> int:
        """Rows that would be sent."""
        return sum(self.counts[name] for name in ("adds", "removes", "updates"))

    @property
    def held(self) -> bool:
        """Whether a person must decide before it is sent."""
        return bool(self.verdicts) and self.approved_by is None

    @property
    def first(self) -> bool:
        """Whether a person must approve it because it is the first."""
        return any(one.code == "first-plan" for one in self.verdicts)

    def as_json(self) -> dict[str, Any]:
        """The published form, kept stable for scripts."""
        return {
            "activation": self.activation,
            "plan": self.plan_id,
            "source": self.source,
            "snapshot": self.snapshot_id,
            "snapshot_at": self.snapshot_at.isoformat() if self.snapshot_at else None,
            "destination": json.loads(self.destination),
            "mode": self.mode,
            "present": self.present,
            **self.counts,
            "reasons": dict(self.reasons),
            "calls": self.calls,
            "seconds": self.seconds,
            "held": self.held,
            "guards": [{"code": one.code, "found": one.found, "fix": one.fix} for one in self.verdicts],
            "first": self.first,
            "approved_by": self.approved_by,
            "unfinished": self.unfinished,
        }


def plan(project: "Project", name: str, now: datetime) -> Plan:
    """Computes what a send of an activation would do now.

    Raises:
        ProjectError: `unknown-activation`, `source-unpublished`, `list-unreadable`, `nobody-addressable`; what is wrong
            with the model.
    """
    terms = terms_of(project, name)
    with reading(project.open_warehouse()) as session:
        found = compute(session, terms, now).plan
    return replace(found, seconds=_least(project, terms, found.calls))


def _least(project: "Project", terms: Terms, calls: int) -> float | None:
    """The least seconds that so many calls take under the limits of the account and of its verbs."""
    connection = project.connections[terms.connection]
    platform = project.platforms[connection.platform]
    if not isinstance(platform, Manifest):
        return None
    kind = platform.destinations[terms.kind]
    limits = [platform.limits.overridden_by(connection.limits), *(one.limits for one in kind.verbs().values())]
    return max(one.seconds_for(calls) for one in limits if one is not None)


@dataclass(frozen=True)
class Computed:
    """A plan, and what its session has staged."""

    plan: Plan
    comparison: Comparison
    people: Any
    source: Source


def compute(session: Session, terms: Terms, now: datetime, *, small: bool = False) -> Computed:
    """Compares the audience with what is known, in a session; the moves stay staged.

    `small` keeps the session's memory small, also for what follows in it; large joins then go through the disk.
    """
    source = read_source(session, terms)
    if small:
        session.stay_small(source.size)
    model = read_model(session, terms)
    destination = terms.destination
    comparison = Comparison(
        scope=scope_of(session, terms),
        destination=destination,
        width=len(terms.key),
        mode=terms.mode,
        now=now,
        repeatable=terms.repeatable,
        attributes=bool(terms.message.attributes),
        most_adds=terms.most_adds,
        most_removes=terms.most_removes,
    )
    people = addressed(session, comparison.scope, terms, model, source)
    _refuse_other_key(session, terms, destination)
    session.stage(sending.MOVES, comparison.scope.sql(sending.moves(comparison, people)))
    counts, reasons = _counts(session, comparison, source, terms)
    present = dict(session.rows(comparison.scope.sql(sending.standing(comparison))))
    listed, addressable = source.size, source.size - sum(reasons.values())
    if listed and not addressable and counts["not_addressable"] == listed:
        raise ProjectError(
            "nobody-addressable",
            f"None of {listed:,} people has an identifier that the destination takes: the columns are empty.",
            "Name other columns under `identifiers`, or fill these in the model.",
            terms.where,
        )
    made = Plan(
        activation=terms.activation,
        plan_id=_plan_id(session, terms, comparison, source, counts),
        source=terms.source,
        snapshot_id=source.snapshot.snapshot_id,
        snapshot_at=source.snapshot.effective_at,
        destination=destination,
        mode=terms.mode,
        present=present.get("yes", 0),
        listed=listed,
        counts=counts,
        reasons=reasons,
        calls=calls_of(terms, counts),
        seconds=None,
        unfinished=len(records.sends(session, terms.activation, "sending")),
        sample=tuple(_sample(session, comparison)),
    )
    judged = _judged(session, terms, made, addressable, now)
    return Computed(judged, comparison, people, source)


def _judged(session: Session, terms: Terms, made: Plan, addressable: int, now: datetime) -> Plan:
    """The plan with what a person must know before it is sent, and with whoever approved it."""
    history = records.sends(session, terms.activation)
    case = SendCase(
        first=terms.hold_first and not any(one.state in ("applied", "stopped", "adopted") for one in history),
        present=made.present,
        adds=made.counts["adds"],
        updates=made.counts["updates"],
        removes=made.counts["removes"] + made.counts["later_removes"],
        listed=made.listed,
        addressable=addressable,
        limits=terms.limits.widened(raised_limits(session, terms.activation, now)),
    )
    approved = next((one for one in history if one.state == "approved"), None)
    by = approved.approved_by if approved is not None and _covers(approved, made) else _rest_of(history, made)
    return replace(made, verdicts=judge_send(case), approved_by=by)


def _covers(approved: records.Send, made: Plan) -> bool:
    """Whether an approval holds for a plan: it is the same, or goes hardly further than the one that was looked at.

    The audience moves on while a person looks at a plan: they let through what they have seen, and a tenth more.
    """
    if approved.send_id == made.plan_id:
        return True
    if approved.destination != made.destination:
        return False
    seen = {name: getattr(approved, name) or 0 for name in made.counts}
    return all(
        sum(made.counts[name] for name in names) <= 1.1 * sum(seen[name] for name in names)
        for names in (("adds", "later_adds"), ("removes", "later_removes"), ("updates",))
    )


def _rest_of(history: Sequence[records.Send], made: Plan) -> str | None:
    """Who approved the send before, of which this plan is the rest that its limits left for later."""
    before = next((one for one in history if one.state in ("applied", "stopped")), None)
    if before is None or before.destination != made.destination or not before.later_removes:
        return None
    left = made.counts["removes"] + made.counts["later_removes"]
    return before.approved_by if left <= 1.1 * before.later_removes else None


def _refuse_other_key(session: Session, terms: Terms, destination: str) -> None:
    """Refuses a model key under which nobody was sent yet: everybody would be removed and added again."""
    known = [
        one
        for one in records.sends(session, terms.activation, "applied", "stopped")
        if one.destination == destination and one.key_columns != terms.key_columns
    ]
    same = any(
        one.key_columns == terms.key_columns
        for one in records.sends(session, terms.activation, "applied", "stopped")
        if one.destination == destination
    )
    if known and not same:
        raise ProjectError(
            "activation-key-changed",
            f"People were sent by the key {known[0].key_columns}; the model has {terms.key_columns} now.",
            "Nobody could be told apart. Send under a new activation to a new list, or give the model its former key.",
            terms.where,
        )


def _counts(
    session: Session, comparison: Comparison, source: Source, terms: Terms
) -> tuple[dict[str, int], dict[str, int]]:
    """What is done about how many people, and why others are left out."""
    counts = dict.fromkeys(records.PLANNED, 0)
    reasons: dict[str, int] = {}
    listed = 0
    for action, why, is_listed, number in session.rows(comparison.scope.sql(sending.counts())):
        listed += number if is_listed else 0
        if action == "later":
            counts["later_adds" if is_listed else "later_removes"] += number
        for name in ("adds", "removes") if action == "readdress" else (_COUNTED.get(action),):
            if name and not (name == "removes" and action == "readdress" and terms.mode != "mirror"):
                counts[name] += number
        if why is not None and is_listed:
            reasons[why] = reasons.get(why, 0) + number
            counts[_REASONS[why.split(":")[0]]] += number
        elif is_listed and action == "ignored":
            counts["unchanged"] += number
    if terms.mode in ("mirror", "remove_only"):
        former = comparison.scope.sql(sending.former_removals(comparison))
        counts["removes"] += session.rows(f"SELECT count(*) FROM ({former}) f")[0][0]
    counts["unchanged"] += source.size - listed
    return counts, reasons


def _plan_id(session: Session, terms: Terms, comparison: Comparison, source: Source, counts: Mapping[str, int]) -> str:
    """Twelve hexadecimal digits; after every send another, so that two sends are never taken for one."""
    total = session.rows(comparison.scope.sql(sending.fingerprint(comparison)))[0][0]
    before = len(records.sends(session, terms.activation, "applied", "stopped", "sending"))
    parts = [terms.activation, terms.environment, comparison.destination, terms.mode, source.snapshot.snapshot_id,
             before, sorted(counts.items()), str(total)]  # fmt: skip
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]


def calls_of(terms: Terms, counts: Mapping[str, int]) -> int:
    """Calls that the rows of a plan take at most, retries not counted."""
    rows: dict[Verb, int] = {"add": counts["adds"], "remove": counts["removes"], "upsert": counts["updates"]}
    if terms.abilities.whole:
        return 1 if any(rows.values()) else 0
    names = [one.name for one in terms.message.addresses]
    return sum(
        terms.abilities.verbs[verb].calls(number, *names)
        for verb, number in rows.items()
        if number and verb in terms.abilities.verbs
    )


def _sample(session: Session, comparison: Comparison) -> list[tuple[str, str]]:
    """Some rows of each verb, masked: enough to see that the right column is sent."""
    found = []
    for verb in ("add", "upsert", "remove"):
        text = comparison.scope.sql(sending.outgoing(comparison, verb).select("identifiers"))
        for (identifiers,) in session.rows(f"SELECT * FROM ({text}) s LIMIT {SHOWN}"):
            values = json.loads(identifiers, strict=False)
            shown = ", ".join(f"{name} {masked(value)}" for name, value in values.items() if value is not None)
            found.append((verb, shown))
    return found
