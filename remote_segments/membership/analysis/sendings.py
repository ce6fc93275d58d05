"""How many people of a membership may be sent by an activation, and where those who may are by its doing."""

from typing import Any

from remote_segments.membership.addressing import Message, people
from remote_segments.membership.compile import Scope, finished, unbound
from remote_segments.membership.models import Model
from remote_segments.membership.tables import KEY_COLUMNS, RECIPIENTS

NOT_ADDRESSABLE = "not addressable"
"""Why somebody is not sent whom no list names."""

THERE, UNKNOWN, REJECTED, NOT_SENT = "there", "unknown", "rejected", "not sent"
"""Where somebody is who may be sent."""


def in_model(keys: Any, model: Model) -> Any:
    """The keys, each once, of which the model still has a row."""
    names = KEY_COLUMNS[: len(model.key)]
    known = model.table.select(**{name: model.text(column) for name, column in zip(names, model.key, strict=True)})
    return finished(keys.distinct().semi_join(known, names))


def sendings(scope: Scope, keys: Any, model: Model, message: Message, destination: str) -> Any:
    """Counts them: `reason, place, people`; the reason why somebody may not be sent, or where the others are.

    Args:
        scope: its segment is the activation.
        keys: the membership, each person once.
        model: the model.
        message: what is sent, with the rules about who must not be.
        destination: the destination, as the ledger names it.
    """
    import ibis

    rows = people(scope, keys, model, message)
    known = unbound("recipients", RECIPIENTS, scope.schema)
    known = known.filter(
        known.activation == scope.text(scope.segment),
        known.destination == scope.text(destination),
        known.former.isnull(),
    )
    names = KEY_COLUMNS[: len(model.key)]
    known = known.select("present", "outcome", **{f"known_{name}": known[name] for name in names})
    both = finished(rows.left_join(known, [(name, f"known_{name}") for name in names]))
    nobody = ibis.cases((both.identifiers.isnull(), NOT_ADDRESSABLE), else_=ibis.null("string"))
    reason = ibis.coalesce(both.blocked, nobody)
    place = ibis.cases(
        (both.present == "yes", THERE),
        (both.present == "unknown", UNKNOWN),
        (both.outcome == "rejected", REJECTED),
        else_=NOT_SENT,
    )
    judged = finished(both.select(reason=reason, place=ibis.cases((reason.isnull(), place), else_=ibis.null("string"))))
    return judged.group_by(["reason", "place"]).aggregate(people=judged.count())
