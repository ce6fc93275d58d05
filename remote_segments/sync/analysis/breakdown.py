"""A segment by an attribute of its model, beside the whole model or another segment."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from remote_segments.config.project import Project
from remote_segments.errors import ProjectError
from remote_segments.membership.analysis import attributes
from remote_segments.membership.analysis import breakdown as groups
from remote_segments.membership.analysis.attributes import NUMBER, Attribute
from remote_segments.membership.analysis.suppression import hidden
from remote_segments.membership.compile import Scope
from remote_segments.membership.models import Model, check_columns
from remote_segments.sync.analysis.shown import asking, scope_for, shares, whole, without
from remote_segments.sync.reading import never_published
from remote_segments.sync.snapshots import Snapshot
from remote_segments.warehouses.base import Session

if TYPE_CHECKING:
    import pandas as pd

NOBODY_SAID = "(none)"
"""The group of those without a value; of numbers also those that are infinite or none."""

OTHER = "(other)"
"""The group of all values that are not shown one by one."""

_REST = "\0"
"""That group while it is counted: a text that no value is."""

MOST_VALUES = 20
"""Values shown one by one."""

MOST_OFFERED = 30
"""Values of an attribute that a report shows by itself: more of them say little, and may name people."""


def breakdown(
    project: Project,
    name: str,
    column: str,
    *,
    against: str | None = None,
    limit: int = MOST_VALUES,
    smallest: int | None = None,
) -> "pd.DataFrame":
    """How the members of a segment are divided among the values of an attribute, as the model is now.

    Whole numbers of a few values and texts are shown value by value, the largest first; other numbers and times by
    ranges, in their order.

    Args:
        project: the loaded project.
        name: the segment.
        column: a column of its model.
        against: another segment of the same model; None for the whole model.
        limit: values shown one by one; all others are one group.
        smallest: the size below which groups are left out.

    Returns:
        `value, people, share, other_people, other_share, index`: shares in percent; `index` is 100 where the value is
        as frequent in the segment as in what it is compared with, 200 where it is twice as frequent.

    Raises:
        ProjectError: `unknown-segment`, `segment-never-published`, `unknown-column`, `attribute-identifies`,
            `attribute-type`, `models-differ`; what is wrong with the model.
    """
    names = [name] if against is None else [name, against]
    with asking(project, names) as (session, shown):
        for one in shown.missing:
            raise never_published(one)
        snapshots = [shown.snapshots[one] for one in names]
        model = model_of(session, project, snapshots)
        attribute = named_attribute(project, model, snapshots[0].model or "", column)
        (chosen,) = with_groups(session, model, [attribute])
        refuse_names(chosen)
        found = counted(session, model, chosen[0], snapshots, limit)
    return compared(chosen[0], found, 0, 1 if against else groups.WHOLE_MODEL, smallest or 0)


def model_of(session: Session, project: Project, snapshots: Sequence[Snapshot]) -> Model:
    """The model of some snapshots, readable in this session.

    Raises:
        ProjectError: `models-differ`, `model-changed`; what is wrong with the model.
    """
    names = sorted({one.model or "" for one in snapshots})
    if len(names) > 1:
        found = f"{' and '.join(one.segment for one in snapshots)} are of different models: {', '.join(names)}."
        raise ProjectError("models-differ", found, "Compare segments of one model.")
    where = f"model {names[0]}"
    settings = project.models.get(names[0])
    if settings is None or any(one.key_columns != settings.key_columns for one in snapshots):
        found = f"{snapshots[0].segment} was published with another key of {names[0]} than project.yaml names now."
        raise ProjectError("model-changed", found, "Refresh the segment first.", where)
    try:
        relation = session.expose(table=settings.table, sql=settings.sql, path=settings.path)
    except ProjectError as error:
        error.placed(where)
        raise
    model = Model(relation.schema, relation.name, relation.columns, settings.key)
    check_columns(model, (), (), where)
    return model


def naming_columns(project: Project, model_name: str) -> set[str]:
    """The columns of a model by which people are found: its key, and what identifiers are matched with."""
    matched = {
        column.column
        for segment in project.segments.values()
        if segment.model == model_name
        for entry in segment.identifiers
        for column in entry.values()
    }
    return {*project.models[model_name].key, *matched}


def named_attribute(project: Project, model: Model, model_name: str, column: str) -> Attribute:
    """The attribute of a column that somebody named, before its groups are chosen.

    Raises:
        ProjectError: `unknown-column`, `attribute-identifies`, `attribute-type`.
    """
    where = f"model {model_name}"
    check_columns(model, (), (column,), where)
    if column in naming_columns(project, model_name):
        raise _identifies(column, where)
    found = attributes.attribute(column, model.columns[column])
    if found is None:
        text = f"The column {column} has the type {model.columns[column]}, by which nobody can be grouped."
        raise ProjectError("attribute-type", text, "Name a column of text, numbers, dates or truth values.", where)
    return found


Outlined = tuple[Attribute, int, int]
"""An attribute with its groups, the rows that have a value, and the different values."""


def refuse_names(outlined: Outlined) -> None:
    """Refuses texts that are different for almost everybody: their groups would be people.

    Raises:
        ProjectError: `attribute-identifies`.
    """
    attribute, filled, different = outlined
    if attribute.sort == attributes.VALUE and names_people(filled, different):
        raise _identifies(attribute.column, "")


def names_people(filled: int, different: int) -> bool:
    """Whether most values of a text are met once."""
    return different > 2 and 2 * different > filled


def _identifies(column: str, where: str) -> ProjectError:
    found = f"The column {column} tells people apart: a breakdown by it would list them."
    return ProjectError("attribute-identifies", found, "Name a column that many people share.", where or None)


def with_groups(session: Session, model: Model, chosen: Sequence[Attribute]) -> list[Outlined]:
    """Chooses the groups of attributes by one look at the whole model."""
    scope = Scope(session.dialect, session.schema, "")
    (row,) = session.rows(scope.sql(attributes.outline(model, chosen)))
    found = []
    for place, one in enumerate(chosen):
        filled, different, low, high = row[4 * place : 4 * place + 4]
        found.append((_with_edges(one, different, low, high), filled, different))
    return found


def _with_edges(one: Attribute, different: int, low: Any, high: Any) -> Attribute:
    if low is None or (one.whole and different <= attributes.FEW):
        return one if one.sort != NUMBER or one.whole else replace(one, labels=("all",))
    if one.sort == NUMBER:
        edges = attributes.number_edges(float(low), float(high))
        return replace(one, edges=tuple(edges), labels=tuple(attributes.number_labels(edges)))
    days, labels = attributes.time_edges(*(end.date() if isinstance(end, datetime) else end for end in (low, high)))
    return replace(one, edges=tuple(attributes.midnight(day, one.type) for day in days), labels=tuple(labels))


Counted = dict[int, dict[str | None, int]]
"""By number of a segment (-1: the whole model) the people of each group; those of no group under None."""


def counted(
    session: Session, model: Model, attribute: Attribute, snapshots: Sequence[Snapshot], limit: int = MOST_VALUES
) -> Counted:
    """Counts the groups of an attribute, in each segment and the whole model."""
    scope = scope_for(session, snapshots)
    session.stage(groups.GROUPS, scope.sql(groups.counted(scope, model, attribute)))
    sums = {number: people for number, people, _ in session.rows(scope.sql(groups.totals()))}
    shown = len(attribute.labels) or limit
    found: Counted = {number: {} for number in (groups.WHOLE_MODEL, *range(len(snapshots)))}
    for number, value, people in session.rows(scope.sql(groups.largest(shown))):
        found[number][value] = people
    for number, known in found.items():
        rest = sums.get(number, 0) - sum(known.values())
        if rest:
            known[_REST] = rest
    return found


def compared(attribute: Attribute, found: Counted, one: int, other: int, smallest: int) -> "pd.DataFrame":
    """Two of what was counted beside each other, as `breakdown` returns it."""
    import pandas as pd

    values = _values(attribute, found)
    people, others = ([found[number].get(value, 0) for value in values] for number in (one, other))
    gone = hidden(people, smallest) | hidden(others, smallest)
    kept, kept_others = without(people, gone), without(others, gone)
    share, other_share = shares(kept, sum(people)), shares(kept_others, sum(others))
    index = [
        None
        if count is None or not beside or not sum(people)
        else round(100 * count * sum(others) / sum(people) / beside)
        for count, beside in zip(kept, kept_others, strict=True)
    ]
    return pd.DataFrame(
        {
            "value": [_label(attribute, value) for value in values],
            "people": whole(kept),
            "share": share,
            "other_people": whole(kept_others),
            "other_share": other_share,
            "index": whole(index),
        }
    )


def _values(attribute: Attribute, found: Counted) -> list[str | None]:
    """The groups in the order they are shown: ranges by place, values by size, the rest last."""
    met = {value for known in found.values() for value in known}
    if attribute.grouped:
        return [*(str(place) for place in range(len(attribute.labels))), *([None] if None in met else [])]
    values = sorted(value for value in met if value is not None and value != _REST)
    inside = {value: sum(known.get(value, 0) for number, known in found.items() if number >= 0) for value in values}
    if attribute.whole:
        values.sort(key=int)
    else:
        values.sort(key=lambda value: (-inside[value], -found[groups.WHOLE_MODEL].get(value, 0), value))
    return [*values, *([_REST] if _REST in met else []), *([None] if None in met else [])]


def _label(attribute: Attribute, value: str | None) -> str:
    if value is None:
        return NOBODY_SAID
    if value == _REST:
        return OTHER
    return attribute.labels[int(value)] if attribute.grouped else value
