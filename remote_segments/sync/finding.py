"""The segments of an account: listing them, and finding the one that a person means by an id or a name."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from remote_segments.config.platforms import Platform
from remote_segments.config.project import Project
from remote_segments.errors import Location, PlatformError, Problem, ProjectError
from remote_segments.rest.endpoint import PAGE_SIZE
from remote_segments.rest.manifest import Manifest, SourceKind
from remote_segments.sources.account import Account
from remote_segments.sources.columns import ColumnPlatform
from remote_segments.sources.members import Description, Listed
from remote_segments.suggestions import choose, listed, near

NOT_FOUND = ("segment-not-found", "address-not-found", "request-refused")
"""Codes of an answer that says that there is no such segment; some platforms call an id of another kind malformed."""


@dataclass(frozen=True)
class Row:
    """One segment of an account, and the segment files of the project that read it."""

    kind: str
    title: str
    listed: Listed
    files: tuple[str, ...]
    lacking: tuple[str, ...] = ()
    """Ids that its source needs and the listing cannot know, such as a condition."""

    @property
    def path(self) -> str:
        """Its ids as they are written behind the connection; those that are lacking in capitals."""
        return "/".join([*self.listed.ids.values(), *(name.upper() for name in self.lacking)])


@dataclass(frozen=True)
class Listing:
    """The segments of an account, and why some kinds of them are not listed."""

    rows: list[Row] = field(default_factory=list)
    left_out: list[Problem] = field(default_factory=list)


@dataclass(frozen=True)
class Target:
    """One segment of an account."""

    connection: str
    kind: str
    ids: dict[str, str]
    description: Description


def platform_of(project: Project, connection: str) -> Platform:
    """The platform of a connection.

    Raises:
        ProjectError: `unknown-connection`, with the nearest name.
    """
    if connection not in project.connections:
        fix = choose(connection, sorted(project.connections), "Write one under `connections:` in project.yaml.")
        where = Location(project.locate(("connections",)).file)
        raise ProjectError("unknown-connection", f"There is no connection `{connection[:60]}`.", fix, where)
    return project.platforms[project.connections[connection].platform]


def manifest_of(project: Project, connection: str) -> Manifest:
    """The manifest of a connection's platform.

    Raises:
        ProjectError: `unknown-connection`; `no-manifest` for files and the warehouse; `nothing-to-read`.
    """
    platform = platform_of(project, connection)
    if isinstance(platform, ColumnPlatform):
        found = f"The platform `{platform.name}` has no manifest: which rows are members, each segment's file says."
        fix = "`remote-segments add` writes such a file, and `remote-segments validate --live` checks it."
        raise ProjectError("no-manifest", found, fix, f"connection {connection}")
    refuse_unreadable(platform, connection)
    return platform


def refuse_unreadable(manifest: Manifest, connection: str) -> None:
    """Refuses to read from a platform that members are only sent to.

    Raises:
        ProjectError: `nothing-to-read`.
    """
    if not manifest.sources:
        found = f"Members are only sent to {manifest.title}: there is nothing to read."
        fix = "Name it as the destination of an activation, or another connection here."
        raise ProjectError("nothing-to-read", found, fix, f"connection {connection}")


def split(project: Project, text: str) -> tuple[str, str]:
    """`klaviyo/VIPOPN` as connection and the rest, which may be empty.

    Raises:
        ProjectError: `unknown-connection`.
    """
    connection, _, rest = text.partition("/")
    platform_of(project, connection)
    return connection, rest


def readings(manifest: Manifest, rest: str) -> Iterator[tuple[str, dict[str, str]]]:
    """What the ids of a text can mean: a kind of source and its ids; `list_id=...` names one, else by order."""
    pieces = rest.split("/")
    known = {name for source in manifest.sources.values() for name in source.ids}
    given = dict(piece.partition("=")[::2] for piece in pieces if piece.partition("=")[0] in known and "=" in piece)
    for kind, source in manifest.sources.items():
        if len(given) == len(pieces):
            if set(given) == set(source.ids) and all(given.values()):
                yield kind, {name: given[name] for name in source.ids}
        elif len(source.ids) == 1 and rest:
            yield kind, {source.ids[0]: rest}  # an id may hold a slash
        elif len(pieces) == len(source.ids) and all(pieces):
            yield kind, dict(zip(source.ids, pieces, strict=True))


def forms(connection: str, manifest: Manifest) -> str:
    """How a segment of this platform is written on the command line."""
    return listed(
        dict.fromkeys("/".join([connection, *(key.upper() for key in one.ids)]) for one in manifest.sources.values())
    )


def list_segments(project: Project, platform: Account, connection: str, outer: str = "") -> Listing:
    """Lists an account; what the platform cannot list, or not without further ids, is told beside it.

    Args:
        project: the loaded project.
        platform: the open account.
        connection: its name.
        outer: ids that a listing needs, such as Mailchimp's list_id, separated by `/`.

    Raises:
        ProjectError: `wrong-id-keys` when more ids are given than any listing needs.
    """
    known = platform_of(project, connection)
    if isinstance(known, ColumnPlatform):
        return _list_rows(project, known, platform, connection, outer)
    refuse_unreadable(known, connection)
    found = Listing()
    most = max(len(_needed(source, known)) for source in known.sources.values())
    if outer and len(outer.split("/")) > most:
        sentence = f"The listings of {known.title} take {most or 'no'} id{'' if most == 1 else 's'}."
        raise ProjectError("wrong-id-keys", sentence, f"Leave `/{outer[:60]}` out.", f"connection {connection}")
    for kind, source in known.sources.items():
        needed = _needed(source, known)
        values = [piece.partition("=")[2] or piece for piece in outer.split("/")] if outer else []
        given = dict(zip(needed, values, strict=False))
        try:
            rows = platform.segments(kind, given)
        except ProjectError as error:
            if error.code not in ("listing-unsupported", "missing-key"):
                raise
            shape = "/".join([connection, *(name.upper() for name in needed)])
            fix = f"Name it: `remote-segments segments {shape}`. {source.ids_help}" if needed else source.ids_help
            found.left_out.append(Problem(error.code, f"{source.title}: {error.problem.found}", fix))
            continue
        for one in rows:
            lacking = tuple(name for name in source.ids if name not in one.ids)
            found.rows.append(Row(kind, source.title, one, _files(project, connection, kind, one.ids), lacking))
    return found


def described(platform: Account, rows: list[Row]) -> list[Row]:
    """The same rows with exact size and state, by one call or two for each; one that is refused keeps what it had."""
    found = []
    for row in rows:
        one = row.listed
        try:
            told = platform.describe(row.kind, one.ids)
        except (ProjectError, PlatformError):
            found.append(row)
            continue
        size = one.size if told.size is None else told.size
        found.append(replace(row, listed=replace(one, size=size, state=told.state)))
    return found


def _list_rows(project: Project, known: ColumnPlatform, platform: Account, connection: str, folder: str) -> Listing:
    """Lists the files below a folder of a connection, or the tables of the warehouse."""
    rows = platform.segments(known.kind, {"folder": folder} if folder else None)
    return Listing([Row(known.kind, known.kind, one, _users(project, connection, one.ids)) for one in rows])


def _users(project: Project, connection: str, ids: Mapping[str, str]) -> tuple[str, ...]:
    """The segments that read a file or table, whatever else their sources say."""
    sources = ((one.name, one.source) for one in project.segments.values() if one.source.connection == connection)
    return tuple(name for name, source in sources if ids.items() <= source.ids.items())


def _needed(source: SourceKind, manifest: Manifest) -> list[str]:
    """The ids of a kind that its listing itself asks for."""
    options = manifest.connection.options
    names = source.list.placeholders() if source.list else ()
    return [name for name in dict.fromkeys(names) if name not in options and name != PAGE_SIZE]


def _files(project: Project, connection: str, kind: str, ids: Mapping[str, str]) -> tuple[str, ...]:
    """The segments that read this very membership; another kind may have the same ids."""
    return tuple(
        one.name
        for one in project.segments.values()
        if one.source.connection == connection and one.source.ids == dict(ids) and project.source_kind_name(one) == kind
    )


def find(project: Project, platform: Account, connection: str, rest: str) -> Target:
    """The segment that a person means: by its ids, else by its name where the platform lists names.

    Raises:
        ProjectError: `wrong-id-keys` when the text is no set of ids of the platform, `segment-not-found` with the
            nearest segments, `segment-ambiguous` when several kinds have it.
    """
    manifest = manifest_of(project, connection)
    meant = list(readings(manifest, rest))
    if not meant:
        found = f"`{rest[:60]}` names no segment of {manifest.title}." if rest else "No segment is named."
        raise ProjectError("wrong-id-keys", found, f"Write {forms(connection, manifest)}.", f"connection {connection}")
    _refuse_placeholder(manifest, connection, meant)
    shaped = [(kind, ids) for kind, ids in meant if not any(manifest.sources[kind].misshapen(ids))]
    targets = []
    for kind, ids in shaped:
        try:
            targets.append(Target(connection, kind, ids, platform.describe(kind, ids)))
        except (ProjectError, PlatformError) as error:
            if error.code not in NOT_FOUND:
                raise
    if len(targets) > 1:
        shown = listed("/".join([connection, *(f"{k}={v}" for k, v in one.ids.items())]) for one in targets)
        raise ProjectError("segment-ambiguous", f"{manifest.title} has several of this id.", f"Write one of {shown}.")
    return targets[0] if targets else _by_name(project, platform, connection, rest)


def _refuse_placeholder(manifest: Manifest, connection: str, meant: list[tuple[str, dict[str, str]]]) -> None:
    """Refuses what was copied from a listing with the word that stands for an id it does not know."""
    for kind, ids in meant:
        for name, value in ids.items():
            if value == name.upper() and len(ids) > 1:
                found = f"`{value}` stands for a value that the listing cannot know."
                fix = f"Write the value instead. {manifest.sources[kind].ids_help}"
                raise ProjectError("wrong-id-keys", found, fix, f"connection {connection}")


def _misshapen(manifest: Manifest, rest: str) -> str:
    """Which one id of a text is not written as the platform writes it; empty when that is not what is wrong."""
    for kind, ids in readings(manifest, rest):
        wrong = [*manifest.sources[kind].misshapen(ids)]
        if len(wrong) == 1 and len(ids) > 1:
            return f"`{ids[wrong[0]][:60]}` is no {wrong[0]}: {manifest.sources[kind].ids_help} "
    return ""


def _rows_below(project: Project, platform: Account, connection: str, outer: list[str]) -> list[Row]:
    """The listing in which a name is looked for; nothing where the ids before it lead nowhere."""
    try:
        return list_segments(project, platform, connection, "/".join(outer)).rows
    except (ProjectError, PlatformError) as error:
        if not outer or error.code not in NOT_FOUND:
            raise
        return []


def _by_name(project: Project, platform: Account, connection: str, rest: str) -> Target:
    manifest = manifest_of(project, connection)
    deep = max(len(_needed(source, manifest)) for source in manifest.sources.values())
    *outer, name = rest.split("/", deep)
    rows = _rows_below(project, platform, connection, outer)
    rows = sorted(rows, key=lambda row: not row.lacking)  # of several with one name, that which needs nothing more wins
    same = [row for row in rows if row.listed.name.casefold() == name.casefold()]
    same = [row for row in same if not row.lacking] or same
    if len(same) == 1 and same[0].lacking:
        needed = f"A {same[0].title} needs more than its id: {listed(same[0].lacking)}."
        raise ProjectError("wrong-id-keys", needed, f"Write {_said(connection, same[0])}.", f"connection {connection}")
    if len(same) == 1:
        row = same[0]
        return Target(connection, row.kind, row.listed.ids, platform.describe(row.kind, row.listed.ids))
    by_text = {text: row for row in rows for text in (row.listed.name, list(row.listed.ids.values())[-1])}
    guess = near(name, by_text)
    hint = f"Did you mean {_said(connection, by_text[guess])}? " if guess else _misshapen(manifest, rest)
    if same:
        hint = f"Several have this name: {', '.join(_said(connection, row) for row in same)}. "
    raise ProjectError(
        "segment-not-found",
        f"{manifest.title} has no segment `{rest[:60]}`, or this key may not see it.",
        f"{hint}`remote-segments segments {connection}` lists them; write {forms(connection, manifest)}.",
        f"connection {connection}",
    )


def _said(connection: str, row: Row) -> str:
    return f"`{connection}/{row.path}` ({row.listed.name})"
