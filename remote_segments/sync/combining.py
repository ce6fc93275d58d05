"""Who is in an audience now: its inputs as they stand, its models as they are, one query; erased people left out."""

from collections.abc import Iterator
from datetime import datetime

from remote_segments.errors import ProjectError
from remote_segments.membership.attributes import unfit
from remote_segments.membership.changes import current_columns
from remote_segments.membership.combination import Combined
from remote_segments.membership.compile import unbound
from remote_segments.membership.expressions import Attribute, leaves
from remote_segments.membership.guards import Counts
from remote_segments.membership.models import Model
from remote_segments.sync.definitions import settings_of
from remote_segments.sync.deriving import MAPPED, Derived, check_model, read_model, scope_of
from remote_segments.sync.inputs import inputs_text, oldest, sources_of, used_inputs, warning_of
from remote_segments.sync.plan import Combining, Plan
from remote_segments.sync.snapshots import Snapshot, latest_published, update
from remote_segments.sync.tombstones import without_erased
from remote_segments.warehouses.base import Session


def combine(
    session: Session, plan: Plan, combining: Combining, snapshot: Snapshot, now: datetime
) -> tuple[Snapshot, Derived]:
    """Combines an audience; the snapshot with what it was made of: its age is that of its oldest input.

    Raises:
        TemporaryError: as `used_inputs`.
        ProjectError: `salt-changed`, `unknown-column`, `type-mismatch`; what is wrong with a model.
    """
    _refuse_changed_salt(session, plan, combining)
    used = used_inputs(session, plan, combining, now)
    own = read_model(session, plan)
    check_model(session, plan, own)
    models = {combining.model: own, **dict(other_models(session, plan, combining))}
    _check_attributes(plan, combining, models)
    scope = scope_of(session, plan)
    asked = Combined(
        scope, combining.expression, combining.model, models, sources_of(used, combining), now, combining.zone
    )
    count = session.stage(MAPPED, without_erased(session, plan, scope, asked.members()))
    eldest = oldest(used)
    placed = update(
        session,
        snapshot,
        inputs=inputs_text(used),
        data_at=eldest.data_at if eldest else None,
        warning=warning_of(used),
        fetched=count,
    )
    counts = Counts(fetched=count, mapped=count, unknown=0, ambiguous=0, invalid=0, duplicate=0)
    return placed, Derived(counts, unbound(MAPPED, current_columns(len(plan.key))), None, ())


def _refuse_changed_salt(session: Session, plan: Plan, combining: Combining) -> None:
    """Refuses another salt than the published one's, unless the file says that it was meant.

    Raises:
        ProjectError: `salt-changed`: everybody would be drawn anew.
    """
    latest = latest_published(session, plan.segment)
    known = settings_of(session, latest.definition_hash) if latest and latest.definition_hash else None
    before, now = (known or {}).get("salt"), plan.settings.get("salt")
    if before is None or now is None or before in (now, combining.former_salt):
        return
    raise ProjectError(
        "salt-changed",
        f"The salt of the split was `{before}` and is `{now}`: nearly everybody would change the group.",
        f"Write the former one again; or, to draw everybody anew, state it: `former_salt: {before}`.",
        combining.places.get("salt", plan.where),
    )


def other_models(session: Session, plan: Plan, combining: Combining) -> Iterator[tuple[str, Model]]:
    """The other models whose columns are asked.

    Raises:
        ProjectError: `model-missing`, `model-unreadable`.
    """
    for name, (source, key) in combining.others.items():
        try:
            found = session.expose(table=source.table, sql=source.sql, path=source.path)
        except ProjectError as error:
            error.placed(f"{plan.where}, model {name}")
            raise
        yield name, Model(found.schema, found.name, found.columns, key)


def _check_attributes(plan: Plan, combining: Combining, models: dict[str, Model]) -> None:
    """Checks conditions against the columns as the warehouse has them.

    Raises:
        ProjectError: `unknown-column`, `type-mismatch`.
    """
    for leaf in leaves(combining.expression):
        if not isinstance(leaf, Attribute):
            continue
        model = models[leaf.model]
        place = combining.places.get(leaf.column) or combining.places.get(f"{leaf.model}.{leaf.column}")
        where = f"{place}, {plan.where}" if place else plan.where
        wrong = unfit(leaf.model, model.columns, leaf.column, leaf.operator, leaf.values)
        if wrong:
            wrong.placed(where)
            raise wrong
