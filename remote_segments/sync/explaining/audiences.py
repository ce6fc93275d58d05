"""The section of audiences: in which the person is and since when, and of every other one which condition fails.

Conditions are asked one by one, of the inputs that the published snapshot was made of and of the model as it is now.
"""

from dataclasses import dataclass
from datetime import UTC
from typing import Any

from remote_segments.config.duration import duration_text
from remote_segments.membership.combination import Combined
from remote_segments.membership.expressions import (
    AtLeast,
    Attribute,
    Every,
    Expression,
    No,
    Past,
    Share,
    Some,
    Within,
    leaves,
    parts_of,
)
from remote_segments.membership.tables import KEY_COLUMNS
from remote_segments.sync.combining import other_models
from remote_segments.sync.deriving import read_model, scope_of
from remote_segments.sync.explaining.segments import is_mapped_in
from remote_segments.sync.explaining.stays import stays_of
from remote_segments.sync.explaining.told import Entry, Found, Section
from remote_segments.sync.inputs import inputs_in, sources_of
from remote_segments.sync.person import Key
from remote_segments.sync.plan import Combining, Plan, plan_for
from remote_segments.sync.snapshots import Snapshot, newest_published_of

PAST = {"was_in": "was in", "joined": "joined", "left": "left"}


def section(found: Found) -> Section:
    """Every audience of the project, in the order of their names."""
    names = sorted(found.project.audiences)
    published = newest_published_of(found.session, names)
    stays = stays_of(found) if names else {}
    entries = []
    for name in names:
        own, snapshot = stays.get(name, []), published.get(name)
        facts: dict[str, Any] = {"stays": [one.as_json() for one in own]}
        history = tuple(one.told() for one in own)
        if snapshot is None:
            sentence = "not known: it was not combined yet"
            entries.append(Entry(name, False, "not-published", sentence, facts))
        elif is_mapped_in(found, snapshot):
            now = next((one for one in reversed(own) if one.until is None), None)
            facts["since"] = now.as_json()["since"] if now else None
            since = now.began() if now else "by the newest snapshot"
            entries.append(Entry(name, True, "member", f"member {since}", facts, history))
        else:
            state, why = _why_not(found, name, snapshot)
            facts["fails"] = why
            when = f"{snapshot.effective_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if snapshot.effective_at else ""
            sentence = f"not a member as of {when}: {'; '.join(why)}"
            entries.append(Entry(name, False, state, sentence, facts, history))
    return Section("audiences", tuple(entries))


def _why_not(found: Found, name: str, snapshot: Snapshot) -> tuple[str, list[str]]:
    """The state and the conditions that fail."""
    plan = plan_for(found.project, name)
    combining = plan.combining
    key = next((one for one in sorted(found.person.keys) if one.model == plan.model_name), None)
    if combining is None or key is None or key.columns != plan.key_columns:
        return "not-in-model", [f"no row of the model {plan.model_name} is known to be theirs"]
    if not found.in_model(key):
        return "not-in-model", [f"the model {plan.model_name} has no row of them now"]
    answers = _Answers(found, plan, combining, snapshot, key).all()
    failing = fails(combining.expression, answers)
    return ("condition", failing) if failing else ("since-changed", ["all conditions hold by now: refresh it"])


@dataclass(frozen=True)
class _Answers:
    """Whether each condition holds for one key; None where its input is missing."""

    found: Found
    plan: Plan
    combining: Combining
    snapshot: Snapshot
    key: Key

    def all(self) -> dict[Expression, bool | None]:
        """The conditions at the ends of the expression, each asked by itself."""
        session = self.found.session
        sources = sources_of(inputs_in(self.snapshot.inputs), self.combining)
        models = {self.combining.model: read_model(session, self.plan)}
        models |= dict(other_models(session, self.plan, self.combining))
        answers: dict[Expression, bool | None] = {}
        for leaf in dict.fromkeys(leaves(self.combining.expression)):
            if isinstance(leaf, Within | Past) and sources.get(leaf.name) is None:
                answers[leaf] = None
                continue
            scope = scope_of(session, self.plan)
            now = self.snapshot.effective_at or self.found.now
            asked = Combined(scope, leaf, self.combining.model, models, sources, now, self.combining.zone)
            rows = asked.members()
            same = [rows[name] == scope.text(one) for name, one in zip(KEY_COLUMNS, self.key.values, strict=False)]
            answers[leaf] = bool(session.rows(scope.sql(rows.filter(*same).limit(1))))
        return answers


def holds(expression: Expression, answers: dict[Expression, bool | None]) -> bool | None:
    """Whether an expression holds, by the answers at its ends; None where what is missing decides."""
    parts = [holds(part, answers) for part in parts_of(expression)]
    if isinstance(expression, Every):
        return False if False in parts else None if None in parts else True
    if isinstance(expression, Some):
        return True if True in parts else None if None in parts else False
    if isinstance(expression, No):
        return False if True in parts else None if None in parts else True
    if isinstance(expression, AtLeast):
        surely, perhaps = parts.count(True), parts.count(True) + parts.count(None)
        return True if surely >= expression.count else None if perhaps >= expression.count else False
    return answers[expression]


def fails(expression: Expression, answers: dict[Expression, bool | None]) -> list[str]:
    """What keeps a person out, in words: the parts that do not hold, each by what decides it."""
    if holds(expression, answers):
        return []
    parts = parts_of(expression)
    if isinstance(expression, Every):
        return [line for part in parts for line in fails(part, answers)]
    if isinstance(expression, No):
        return [f"{'perhaps ' if holds(part, answers) is None else ''}{told(part)}, which is excluded"
                for part in parts if holds(part, answers) is not False]  # fmt: skip
    if isinstance(expression, Some):
        return ["none of these: " + ", ".join(told(part) for part in parts)]
    if isinstance(expression, AtLeast):
        surely = sum(holds(part, answers) is True for part in parts)
        return [f"only {surely} of {expression.count} needed: " + ", ".join(told(part) for part in parts)]
    return [_failing(expression, missing=answers[expression] is None)]


def _failing(leaf: Expression, *, missing: bool) -> str:
    """Why a condition at the end of an expression does not hold."""
    if isinstance(leaf, Share):
        return f"drawn into another part of the split than this one of {_percent(leaf)}"
    unknown = ", which is not known: it was never published" if missing else ""
    return f"not{'' if isinstance(leaf, Within) else ':'} {told(leaf)}{unknown}"


def _percent(share: Share) -> str:
    return f"{(share.high - share.low) / 100:g} %"


def told(expression: Expression) -> str:
    """A condition in words; values are those of the file, never the person's."""
    if isinstance(expression, Within):
        return f"in {expression.name}"
    if isinstance(expression, Past):
        return f"{PAST[expression.event]} {expression.name} during the last {duration_text(expression.during)}"
    if isinstance(expression, Attribute):
        return f"{expression.column} {expression.operator} {', '.join(expression.values)}"
    if isinstance(expression, Share):
        return f"drawn into this part of the split ({_percent(expression)})"
    words = {Every: "all of", Some: "any of", No: "none of"}.get(type(expression), "enough of")
    return f"{words} ({', '.join(told(part) for part in parts_of(expression))})"
