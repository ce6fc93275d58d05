"""Segments by the attributes of their model that say something and name nobody, chosen without being asked for one."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from remote_segments.config.project import Project
from remote_segments.errors import ProjectError
from remote_segments.membership.analysis import breakdown as groups
from remote_segments.membership.analysis.attributes import NUMBER, VALUE, attribute
from remote_segments.membership.models import Model
from remote_segments.sync.analysis.breakdown import (
    MOST_OFFERED,
    Outlined,
    compared,
    counted,
    model_of,
    named_attribute,
    names_people,
    naming_columns,
    refuse_names,
    with_groups,
)
from remote_segments.sync.analysis.shown import Shown
from remote_segments.warehouses.base import Session

if TYPE_CHECKING:
    import pandas as pd

MOST_ATTRIBUTES = 4
"""Attributes that are shown of each model."""


PERSONAL = re.compile(
    r"name|mail|phone|mobile|address|street|zip|post|birth|iban|token|hash|url|note|comment|(^|_)ip(_|$)", re.IGNORECASE
)
"""Names of columns that may hold what tells a person; they are shown only when they are asked for."""


def profiles(
    session: Session, project: Project, shown: Shown, by: Sequence[str] | None, smallest: int
) -> "dict[str, dict[str, pd.DataFrame]]":
    """The breakdowns of each segment against its model, by segment and column; each attribute is counted once for all.

    Args:
        session: a reading session.
        project: the loaded project.
        shown: the segments.
        by: columns; None for those that tell something and name nobody.
        smallest: the size below which groups are left out.

    Returns:
        What `breakdown` returns; nothing for a segment whose model is no longer the one that it was published with.

    Raises:
        ProjectError: what `breakdown` raises of a column.
    """
    found: dict[str, dict[str, pd.DataFrame]] = {}
    for space, snapshots in shown.spaces().items():
        try:
            model = model_of(session, project, snapshots)
        except ProjectError as error:
            if error.code == "model-changed":
                continue
            raise
        named = _named(session, project, model, space[0], by) if by else _telling(session, project, model, space[0])
        for chosen, _, _ in named:
            counts = counted(session, model, chosen, snapshots)
            for number, one in enumerate(snapshots):
                frame = compared(chosen, counts, number, groups.WHOLE_MODEL, smallest)
                found.setdefault(one.segment, {})[chosen.column] = frame
    return found


def _named(session: Session, project: Project, model: Model, name: str, by: Sequence[str]) -> list[Outlined]:
    """The attributes that were asked for."""
    outlined = with_groups(session, model, [named_attribute(project, model, name, column) for column in by])
    for one in outlined:
        refuse_names(one)
    return outlined


def _telling(session: Session, project: Project, model: Model, name: str) -> list[Outlined]:
    """The first attributes that tell something: of more than one value, few enough to be shown, and of many people."""
    naming = naming_columns(project, name)
    offered = [
        attribute(column, kind)
        for column, kind in model.columns.items()
        if column not in naming and not PERSONAL.search(column)
    ]
    outlined = with_groups(session, model, [one for one in offered if one is not None])
    return [one for one in outlined if _tells(one)][:MOST_ATTRIBUTES]


def _tells(outlined: Outlined) -> bool:
    chosen, filled, different = outlined
    if different < 2:
        return False
    if chosen.sort == VALUE:
        return different <= MOST_OFFERED and not names_people(filled, different)
    return not (chosen.sort == NUMBER and chosen.whole and different == filled)  # a number that somebody was given
