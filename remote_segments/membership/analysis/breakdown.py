"""How the people of segments, and of the whole model, are divided among the groups of one attribute."""

from typing import Any

from remote_segments.membership.analysis.attributes import Attribute
from remote_segments.membership.analysis.current import current_keys
from remote_segments.membership.compile import Scope, unbound
from remote_segments.membership.models import Model

GROUPS = "rs_groups"
"""The temporary table of counted groups."""

WHOLE_MODEL = -1
"""The number under which the whole model is counted beside the segments."""


def counted(scope: Scope, model: Model, attribute: Attribute) -> Any:
    """The people of each segment of `CURRENT`, and of the model, by group: `number, value, people`.

    Members whose row is gone from the model since they were mapped are in no group.
    """
    import ibis

    offered = model.keys()
    people = model.table.select(
        **{f"model_{name}": value for name, value in offered.items()}, value=attribute.group(model)
    )
    rows = current_keys(scope, len(offered))
    sought = {
        name: rows[name].cast("int64") if value.type().is_integer() else rows[name] for name, value in offered.items()
    }
    found = rows.select("number", **sought).inner_join(people, [(name, f"model_{name}") for name in offered])
    inside = found.group_by("number", "value").aggregate(people=found.count())
    everybody = people.group_by("value").aggregate(people=people.count())
    everybody = everybody.select(number=ibis.literal(WHOLE_MODEL, "int64"), value="value", people="people")
    return ibis.union(inside.select("number", "value", "people"), everybody)


def _groups() -> Any:
    return unbound(GROUPS, {"number": "bigint", "value": "text", "people": "bigint"})


def totals() -> Any:
    """The people of each segment and of the model, and how many values were met: `number, people, groups`."""
    groups = _groups()
    return groups.group_by("number").aggregate(people=groups.people.sum().cast("int64"), groups=groups.value.count())


def largest(limit: int) -> Any:
    """The groups that most of the segments' people are in: `number, value, people`; those without a value come along.

    Args:
        limit: the number of values.
    """
    import ibis

    groups = _groups()
    inside = ibis.cases((groups.number == WHOLE_MODEL, 0), else_=groups.people)
    ranked = groups.filter(groups.value.notnull()).mutate(inside=inside)
    ranked = ranked.group_by("value").aggregate(inside=ranked.inside.sum(), everybody=ranked.people.sum())
    chosen = ranked.order_by(ranked.inside.desc(), ranked.everybody.desc(), ranked.value).limit(limit)
    kept = groups.semi_join(chosen.select("value"), "value")
    return ibis.union(kept, groups.filter(groups.value.isnull()))
