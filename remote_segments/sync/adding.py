"""A segment file for a segment of an account: found, measured, named and checked before anything is written."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from remote_segments.config.names import as_name, is_name, is_reserved, name_fix
from remote_segments.config.project import SEGMENTS_FOLDER, Project
from remote_segments.config.quota import quota_problems
from remote_segments.config.references import collision_problems
from remote_segments.config.segment import Segment
from remote_segments.config.writing import Match, segment_text
from remote_segments.errors import InvalidProject, Location, Problem, ProjectError
from remote_segments.rest.manifest import SourceKind
from remote_segments.sources.columns import ColumnPlatform
from remote_segments.suggestions import choose, listed
from remote_segments.sync.adding_rows import NOTHING_STATED, Rows, Stated, rows_of
from remote_segments.sync.connecting import connect
from remote_segments.sync.finding import Target, find, manifest_of, platform_of
from remote_segments.sync.plan import ModelSource
from remote_segments.sync.proposing import Proposal, propose
from remote_segments.validation import check
from remote_segments.yaml import parse

if TYPE_CHECKING:
    from remote_segments.sources.account import Account
    from remote_segments.sources.members import Page
    from remote_segments.warehouses.base import Session

SCHEMA = "schema/segment.json"
"""Where a project that `init` made keeps the schema of segment files."""


@dataclass(frozen=True)
class Wishes:
    """What a person asked for; everything has a default."""

    name: str | None = None
    model: str | None = None
    frequency: str = "1 hour"
    identifiers: tuple[Match, ...] = ()
    """Instead of measuring."""
    stated: Stated = NOTHING_STATED
    """What only a person can say of files and tables."""
    offline: bool = False
    """Whether the model may be out of reach, so that named columns are not looked up."""


@dataclass(frozen=True)
class Draft:
    """A segment file before it is written."""

    file: Path
    text: str
    name: str
    model: str
    target: Target
    proposal: Proposal | None
    """None where the identifiers were named and nothing was measured."""

    def write(self) -> None:
        """Writes the file, and its folder where this is the first segment.

        Raises:
            ProjectError: `file-exists`; a file is never overwritten.
        """
        self.file.parent.mkdir(exist_ok=True)
        try:
            with self.file.open("x", encoding="utf-8") as file:
                file.write(self.text)
        except FileExistsError:
            raise _exists(self.name, self.file) from None


def draft(
    project: Project,
    connection: str,
    rest: str,
    wishes: Wishes,
    *,
    now: datetime,
    connect: "Callable[[Project, str], Account]" = connect,
) -> Draft:
    """Finds a segment of an account, measures its identifiers on one page, and drafts its file; nothing is written.

    Args:
        project: the loaded project.
        connection: a connection's name.
        rest: the segment's ids, separated by `/`, or its name on the platform.
        wishes: what the person asked for.
        now: the present instant: the segment's first partition is this day.
        connect: opens the account.

    Raises:
        ProjectError: `segment-not-found`, `segment-added`, `file-exists`, `unknown-model`, `name-invalid`,
            `nothing-to-measure`, `no-column-matches`, `unknown-column`; what is wrong with the account or the model.
        InvalidProject: what would be wrong with the file.
    """
    model = _model(project, wishes.model)
    if wishes.identifiers and not wishes.offline:
        _look_up(project, model, wishes.identifiers)
    with connect(project, connection) as account:
        if isinstance(platform_of(project, connection), ColumnPlatform):
            found: Rows | Held = rows_of(project, account, connection, rest, wishes.stated)
        else:
            found = _held(project, account, connection, rest, wishes.stated)
        name = _name(project, found.target, wishes.name)
        if isinstance(found, Held) and not wishes.identifiers:
            found = replace(found, columns=_first_page(account, found).columns)
    target = found.target
    proposal = None if wishes.identifiers else _measured(project, model, found)
    matches = wishes.identifiers or tuple(_match(found, proposal))
    day = now.astimezone(ZoneInfo(project.timezone)).date()
    text = segment_text(
        description="" if isinstance(found, Rows) else target.description.name,
        model=model,
        connection=connection,
        source=found.written(matches),
        identifiers=matches,
        frequency=wishes.frequency,
        start=day if day > project.start else None,
        schema=f"../{SCHEMA}" if (project.folder / SCHEMA).is_file() else None,
    )
    file = project.folder / SEGMENTS_FOLDER / f"{name}.yaml"
    _check(project, name, file, text, found)
    return Draft(file, text, name, model, target, proposal)


@dataclass(frozen=True)
class Held:
    """A segment that a platform holds, with the identifiers of one page of its members."""

    target: Target
    kind: SourceKind
    columns: Mapping[str, Sequence[str | None]] = field(default_factory=dict, repr=False)

    @property
    def title(self) -> str:
        """What it is, at the beginning of a sentence."""
        return f"A {self.kind.title.lower()}"

    @property
    def called(self) -> str:
        """What a person knows it by, at the beginning of a sentence."""
        return f"`{self.target.description.name}`"

    def written(self, matches: Sequence[Match]) -> dict[str, str]:  # noqa: ARG002 - of rows, they say which columns
        """Returns its ids, as they are written under `source`."""
        return self.target.ids


def _held(project: Project, account: "Account", connection: str, rest: str, stated: Stated) -> Held:
    manifest = manifest_of(project, connection)
    if stated != NOTHING_STATED:
        option = "--sql" if stated.sql else "--completeness"
        found = f"{option} is for {'the warehouse' if stated.sql else 'files'}, and {connection} is {manifest.title}."
        raise ProjectError("bad-value", found, "Leave it out.", f"connection {connection}")
    target = find(project, account, connection, rest)
    return Held(target, manifest.sources[target.kind])


def _model(project: Project, wanted: str | None) -> str:
    """The model's name: the one asked for, else the only one."""
    names = sorted(project.models)
    if wanted is None and len(names) == 1:
        return names[0]
    where = project.locate(("models",))
    if wanted is None:
        found = "The project has several models." if names else "The project has no model."
        fix = f"Name one with --model: {listed(names)}." if names else "Write one under `models:` in project.yaml."
        raise ProjectError("unknown-model", found, fix, where)
    if wanted not in project.models:
        fix = choose(wanted, names, "Write it under `models:` in project.yaml.")
        raise ProjectError("unknown-model", f"There is no model `{wanted[:60]}`.", fix, where)
    return wanted


def _name(project: Project, target: Target, wanted: str | None) -> str:
    """The segment's name: the one asked for, else made of what the platform calls it."""
    for one in project.segments.values():
        if one.source.connection == target.connection and one.source.ids == target.ids and not wanted:
            raise ProjectError(
                "segment-added",
                f"This segment is in the project already, as `{one.name}`.",
                f"`remote-segments preview {one.name}` looks at it; --name NAME adds it a second time.",
                Location(project.file_of(one)),
            )
    if wanted is not None:
        if not is_name(wanted) or is_reserved(wanted):
            raise ProjectError("name-invalid", f"`{wanted[:60]}` is not a name for a segment.", name_fix(wanted))
        file = project.folder / SEGMENTS_FOLDER / f"{wanted}.yaml"
        if file.exists():
            raise _exists(wanted, file)
        return wanted
    plain = as_name(target.description.name)
    if len(plain) < 2:  # a name of letters that no name here may have
        plain = as_name("_".join([target.connection, *map(str, target.ids.values())]))
    plain = f"{plain[:40]}_segment" if is_reserved(plain) else plain
    names = [plain, *(f"{plain[:44].rstrip('_')}_{number}" for number in range(2, 1_000))]
    return next(name for name in names if not (project.folder / SEGMENTS_FOLDER / f"{name}.yaml").exists())


def _exists(name: str, file: Path) -> ProjectError:
    found = f"There is a segment `{name}` already, and a file is never overwritten."
    return ProjectError("file-exists", found, "Choose another --name.", Location(file))


def _first_page(platform: "Account", held: Held) -> "Page":
    """Returns a page with all identifiers; where the key may not look up some, with those that come by themselves."""
    target, source = held.target, held.kind
    try:
        return platform.preview(target.kind, target.ids)
    except ProjectError as error:
        if error.code != "access-denied" or source.lookup is None:
            raise
        return platform.preview(target.kind, target.ids, tuple(source.coming()))


def _measured(project: Project, model: str, found: "Rows | Held") -> Proposal:
    target = found.target
    if not any(found.columns.values()):
        raise ProjectError(
            "nothing-to-measure",
            f"{found.called} has no members now, so that no column can be measured.",
            "Name the columns: --identifier email=EMAIL_COLUMN, as often as needed.",
            f"connection {target.connection}",
        )
    with _reading(project, model) as (session, source):
        return propose(session, source, project.models[model].key, found.kind, found.columns)


@contextmanager
def _reading(project: Project, model: str) -> Iterator[tuple["Session", ModelSource]]:
    """A session that reads the warehouse, and where the model is in it; what fails is about the model."""
    written = project.models[model]
    try:
        with project.open_warehouse().read() as session:
            yield session, ModelSource(table=written.table, sql=written.sql, path=written.path)
    except ProjectError as error:
        error.placed(f"model {model}")
        raise


def _look_up(project: Project, model: str, matches: Sequence[Match]) -> None:
    """Refuses a column that the model does not have.

    Raises:
        ProjectError: `unknown-column`, with the nearest; what makes the model unreadable.
    """
    with _reading(project, model) as (session, source):
        known = session.expose(table=source.table, sql=source.sql, path=source.path).columns
    for match in matches:
        if match.column not in known:
            found = f"`{model}` has no column `{match.column[:60]}`."
            fix = f"{choose(match.column, known)} Where the model is made later, add --offline."
            raise ProjectError("unknown-column", found, fix, f"--identifier {match.identifier}={match.column}"[:120])


def _match(found: "Rows | Held", proposal: Proposal | None) -> Sequence[Match]:
    if proposal is None or not proposal.chosen:
        members = proposal.members if proposal else 0
        raise ProjectError(
            "no-column-matches",
            f"None of {members:,} members is found by any column of the model: {listed(found.kind.identifiers)} were "
            "tried.",
            "Look whether the model holds these people; or name the columns: --identifier email=EMAIL_COLUMN.",
            f"connection {found.target.connection}",
        )
    return [
        Match(fit.identifier, fit.column, fit.hashed, f"{fit.matched:,} of {fit.having:,} on the first page")
        for fit in proposal.chosen
    ]


def _check(project: Project, name: str, file: Path, text: str, drafted: "Rows | Held") -> None:
    """Holds the draft against everything that `validate` checks of it."""
    document = parse(text, file)
    segment, problems = check(document, Segment, {"file": file})
    found: list[Problem] = list(problems)
    if segment is not None:
        segment = segment.model_copy(update={"name": name})
        kind = drafted.kind
        for position, entry in enumerate(segment.identifiers):
            for identifier in entry:
                if identifier not in kind.identifiers:
                    where = document.locate(("identifiers", position, identifier))
                    sentence = f"{drafted.title} gives no identifier `{identifier}`."
                    found.append(Problem("unknown-identifier", sentence, choose(identifier, kind.identifiers), where))
        found += collision_problems(segment, project.models, project.warehouse.schema_, document)
        with_it = replace(project, segments={**project.segments, name: segment})
        size = drafted.target.description.size
        found += quota_problems(with_it, {} if size is None else {name: size})
    if found:
        raise InvalidProject(found)
