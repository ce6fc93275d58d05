"""What only the warehouse and the platforms know about a project: everything that is wrong with it, at once."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from remote_segments.config.audience import Audience
from remote_segments.config.audience_references import uses
from remote_segments.config.common import CommonSettings
from remote_segments.config.model import Model as WrittenModel
from remote_segments.config.project import AUDIENCES_FOLDER, SEGMENTS_FOLDER, Project
from remote_segments.config.quota import Budget, budgets, quota_problems
from remote_segments.config.segment import Segment
from remote_segments.errors import Location, PlatformError, Problem, ProjectError, RemoteSegmentsError
from remote_segments.membership.attributes import unfit
from remote_segments.membership.models import Model, check_columns, published_columns
from remote_segments.sources.account import Account
from remote_segments.sources.members import Description
from remote_segments.sync.connecting import connect
from remote_segments.sync.deriving import check_model
from remote_segments.sync.missing import MISSING, may_be_gone
from remote_segments.sync.plan import ModelSource, Plan
from remote_segments.validation import in_order
from remote_segments.warehouses.base import Session
from remote_segments.yaml import KeyPath

Connect = Callable[[Project, str], Account]

_PLACES = (
    *("segment-not-found", "address-not-found", "segment-unsuitable", "bad-value"),
    *("file-missing", "file-unfinished", "file-ambiguous", "file-unexpected"),
    *("source-missing", "source-unreadable", "column-missing", "identifier-column-type"),
)
"""Codes that are about the id in a segment's file, not about the connection."""


@dataclass
class Checked:
    """What was found: problems, their exit code, sizes of the segments, sentences that are no problems."""

    problems: list[Problem] = field(default_factory=list)
    exit_code: int = 0
    descriptions: dict[str, Description] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    budgets: dict[str, Budget] = field(default_factory=dict)

    def add(self, error: RemoteSegmentsError, where: Location | str | None = None) -> None:
        """Notes an error; it is placed in the file where that is known."""
        self.problems.append(replace(error.problem, where=where) if where else error.problem)
        self.exit_code = max(self.exit_code, error.exit_code)


def check_live(project: Project, connect: Connect = connect) -> Checked:
    """Asks the warehouse about every model and every platform about every segment; changes nothing anywhere."""
    found = Checked()
    _check_warehouse(project, found)
    for name in project.connections:
        _check_connection(project, name, found, connect)
    sizes = {name: one.size for name, one in found.descriptions.items() if one.size is not None}
    found.budgets = budgets(project, sizes)
    for problem in quota_problems(project, sizes):
        found.problems.append(problem)
        found.exit_code = max(found.exit_code, ProjectError.exit_code)
    found.problems = in_order(found.problems)
    return found


def _check_warehouse(project: Project, found: Checked) -> None:
    try:
        with project.open_warehouse().read() as session:
            models = {
                name: _check_one_model(session, project, name, model, found) for name, model in project.models.items()
            }
            for audience in project.audiences.values():
                if not audience.part:
                    _check_audience(project, audience, models, found)
    except RemoteSegmentsError as error:
        found.add(error, project.locate(("warehouse",)))


def _check_one_model(
    session: Session, project: Project, name: str, written: WrittenModel, found: Checked
) -> Model | None:
    """A model can be read, has its key, has rows, and all columns that segments name; None where it cannot be read."""
    try:
        relation = session.expose(table=written.table, sql=written.sql, path=written.path)
    except RemoteSegmentsError as error:
        found.add(error, project.locate(("models", name)))
        return None
    model = Model(relation.schema, relation.name, relation.columns, written.key)
    sound = True
    for code in written.key:
        sound &= _column(_with_key(model, (code,)), (), project.locate(("models", name, "key")), found)
    for segment in project.segments.values():
        if segment.model == name:
            for path, matched, chosen in _columns(segment):
                where = project.locate((SEGMENTS_FOLDER, segment.name, *path))
                _column(_with_key(model, ()), (matched, chosen), where, found)
            if sound:
                _check_collision(model, segment, (SEGMENTS_FOLDER, segment.name, "columns"), project, found)
    if sound:
        plan = Plan(segment=name, model=ModelSource(), key=written.key, entries=(), primary="", definition_hash="")
        try:
            check_model(session, plan, model)
        except RemoteSegmentsError as error:
            found.add(error, project.locate(("models", name, "key")))
    return model


def _check_audience(project: Project, audience: Audience, models: Mapping[str, Model | None], found: Checked) -> None:
    """The columns that an audience's file names are there, and have the types that its conditions ask."""
    document = project.documents[audience.name]
    for use in uses(audience, document):
        model = models.get(use.model)
        if model is None:
            continue  # told of itself
        for operator, values in use.tests or ((None, ()),):
            wrong = unfit(use.model, model.columns, use.column, operator, values)
            if wrong:
                at = use.at if operator is None or wrong.code == "unknown-column" else (*use.at, operator)
                found.add(wrong, document.locate(at))
                break
    own = models.get(audience.model)
    if own is not None:
        _check_collision(own, audience, (AUDIENCES_FOLDER, audience.name, "columns"), project, found)


def _with_key(model: Model, key: tuple[str, ...]) -> Model:
    """The same model with another key, so that its columns can be judged one by one."""
    return Model(model.schema, model.name, model.columns, key)


def _column(model: Model, columns: tuple[str | None, str | None] | tuple[()], where: Location, found: Checked) -> bool:
    matched, chosen = columns or (None, None)
    try:
        check_columns(model, [matched] if matched else [], [chosen] if chosen else [], "")
    except ProjectError as error:
        found.add(error, where)
        return False
    return True


def _columns(segment: Segment) -> Iterator[tuple[KeyPath, str | None, str | None]]:
    """Every column that a segment's file names: its place, and whether identifiers are matched with it."""
    for position, entry in enumerate(segment.identifiers):
        for identifier, column in entry.items():
            yield ("identifiers", position, identifier), column.column, None
    chosen = segment.columns
    for key in ("include", "exclude"):
        for name in (getattr(chosen, key) or ()) if chosen else ():
            yield ("columns", key), None, name


def _check_collision(model: Model, one: CommonSettings, at: KeyPath, project: Project, found: Checked) -> None:
    chosen = one.columns
    try:
        published_columns(model, chosen.include if chosen else None, (chosen.exclude or ()) if chosen else (), "")
    except ProjectError as error:
        found.add(error, project.locate(at))


def _check_connection(project: Project, name: str, found: Checked, connect: Connect) -> None:
    """Secrets are set, the platform answers, and knows every segment that is read through the connection."""
    segments = [one for one in project.segments.values() if one.source.connection == name]
    unset = list(_unset_secrets(project, name, found))
    if unset:
        return
    try:
        with connect(project, name) as platform:
            if not segments:
                found.notes.append(f"{name}: no segment uses it, so it was not asked.")
            for segment in segments:
                if not _describe(project, platform, segment, found):
                    return
    except RemoteSegmentsError as error:
        found.add(error, project.locate(("connections", name)))


def _unset_secrets(project: Project, name: str, found: Checked) -> Iterator[str]:
    for secret, place in project.connections[name].secrets.items():
        try:
            place.read("")
        except ProjectError as error:
            found.add(error, project.locate(("connections", name, secret)))
            yield secret


def _describe(project: Project, platform: Account, segment: Segment, found: Checked) -> bool:
    """Asks about one segment; returns whether it is worth asking about others of the connection."""
    ids = segment.source.ids
    try:
        identifiers = project.identifiers_read(segment)
        described = platform.describe(project.source_kind_name(segment), ids, identifiers)
    except RemoteSegmentsError as error:
        if error.code == MISSING and may_be_gone(project, segment):
            found.notes.append(f"{segment.name}: the platform has it no more; what is published of it stays.")
            return True
        own = error.code in _PLACES or isinstance(error, PlatformError)
        path: KeyPath = (SEGMENTS_FOLDER, segment.name, "source", *list(ids)[:1])
        found.add(error, project.locate(path if own else ("connections", segment.source.connection)))
        return own
    found.descriptions[segment.name] = described
    if described.state != "ready":
        found.notes.append(f"{segment.name}: {described.state}. {described.warning or ''}".rstrip())
    return True
