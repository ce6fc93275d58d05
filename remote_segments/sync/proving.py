"""Reads one segment of a real account, in order to tell how far its platform's manifest is right: writes nothing."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import ceil
from typing import TYPE_CHECKING

from remote_segments.config.project import Project
from remote_segments.conformance.replay import paged
from remote_segments.conformance.scrubbed.hearing import Heard, Listener
from remote_segments.errors import PlatformError, ProjectError, RemoteSegmentsError
from remote_segments.rest.manifest import Manifest, SourceKind
from remote_segments.rest.members import Members
from remote_segments.sources.account import Account
from remote_segments.sources.members import Description, Proof
from remote_segments.sync.connecting import connect
from remote_segments.sync.finding import Row, Target, described, find, list_segments, manifest_of

if TYPE_CHECKING:
    from collections.abc import Sequence

LOOKED_AT = 12
"""Segments that are asked for their size where the listing does not tell it."""

TELLING = 20
"""Members that a segment should have at least, so that it has some of every shape."""

PAGES = 3
"""Pages on which a small segment is read a second time, so that the way to the next page is seen."""

Connect = Callable[..., Account]


@dataclass(frozen=True)
class Reading:
    """One whole membership as it was read, and the calls that it took."""

    columns: Mapping[str, "Sequence[str | None]"]
    proof: Proof
    description: Description | None
    heard: tuple[Heard, ...] = field(repr=False)
    primary: str = ""
    page_size: int | None = None
    """Members of a page, where it was not the manifest's number."""

    @property
    def members(self) -> set[str | None]:
        """The members, by their primary identifier."""
        return set(self.columns.get(self.primary, ()))


@dataclass(frozen=True)
class Findings:
    """What one account showed: what is proven of the manifest now, and what is not."""

    target: Target
    manifest: Manifest
    readings: tuple[Reading, ...]
    proven: tuple[str, ...]
    unproven: tuple[str, ...]

    @property
    def source(self) -> SourceKind:
        """The block of the manifest that was read with."""
        return self.manifest.sources[self.target.kind]


def prove(project: Project, connection: str, segment: str | None, connect: Connect = connect) -> Findings:
    """Reads a segment as a refresh does, then on small pages, and compares both with the platform's own count.

    Args:
        project: the loaded project.
        connection: a connection's name.
        segment: ids of a segment, separated by `/`, or its name; None for the smallest that tells something.
        connect: opens the account.

    Raises:
        ProjectError: `unknown-connection`, `segment-unnamed`, and what `find` raises.
        PlatformError: `readings-differ` when small pages hold other members, and whatever a fetch ends in.
    """
    manifest = manifest_of(project, connection)
    with connect(project, connection) as platform:
        if segment is None:
            target = _chosen(project, platform, connection)
        else:
            target = find(project, platform, connection, segment)
    first = _read(project, target, connect, None)
    source = manifest.sources[target.kind]
    proven, unproven, readings = list(_proven(source, first)), list(_unproven(manifest, target, first)), [first]
    small = _small_page(source, first)
    if small is not None:
        second, sentence, shown = _on_small_pages(project, target, connect, first, small)
        readings += [second] if second is not None else []
        (proven if shown else unproven).append(sentence)
    elif isinstance(source.members, Members) and first.proof.pages == 1:
        unproven.append("the way to the next page: all members came on the first")
    return Findings(target, manifest, tuple(readings), tuple(proven), tuple(unproven))


def _chosen(project: Project, platform: Account, connection: str) -> Target:
    """The smallest segment that tells something; where no size is known, one that the project reads.

    Raises:
        ProjectError: `segment-unnamed` when there is none.
    """
    manifest = manifest_of(project, connection)
    listing = list_segments(project, platform, connection)
    kinds = manifest.sources
    rows = [
        row
        for row in listing.rows
        if row.listed.state in (None, "ready") and set(row.listed.ids) == set(kinds[row.kind].ids)
    ]
    if not any(row.listed.size is not None for row in rows):
        rows = [*described(platform, rows[:LOOKED_AT]), *rows[LOOKED_AT:]]
    ordered = sorted(rows, key=_worth)
    asked = [*((row.kind, row.listed.ids) for row in ordered), *_own(project, connection)]
    for kind, ids in asked[:LOOKED_AT]:
        told = platform.describe(kind, ids)
        if told.state == "ready":
            return Target(connection, kind, dict(ids), told)
    found = f"{manifest.title} lists no segment that can be read now, and the project reads none of it."
    hints = [source.ids_help for source in manifest.sources.values()] if listing.left_out else []
    fix = " ".join([f"Name one: --segment {_ids_of(manifest)}.", *hints])
    raise ProjectError("segment-unnamed", found, fix, f"connection {connection}")


def _worth(row: Row) -> tuple[bool, bool, int]:
    """What sorts a segment: those that tell something first, the smallest of them before larger ones."""
    size = row.listed.size or 0
    telling = size >= TELLING
    return not telling, not row.files if not size else False, size if telling else -size


def _own(project: Project, connection: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The segments that the project reads through the connection."""
    for one in project.segments.values():
        if one.source.connection == connection:
            yield project.source_kind_name(one), dict(one.source.ids)


def _ids_of(manifest: Manifest) -> str:
    """How a segment of this platform is written behind --segment."""
    return " or ".join(dict.fromkeys("/".join(key.upper() for key in one.ids) for one in manifest.sources.values()))


def _read(project: Project, target: Target, connect: Connect, page_size: int | None) -> Reading:
    listener = Listener()
    name = project.connections[target.connection].platform
    manifest = paged(manifest_of(project, target.connection), target.kind, page_size)
    with connect(replace(project, platforms={name: manifest}), target.connection, transport=listener) as platform:
        fetch = platform.fetch(target.kind, target.ids)
        columns: dict[str, list[str | None]] = {}
        for page in fetch:
            for column, values in page.columns.items():
                columns.setdefault(column, []).extend(values)
    primary = manifest.sources[target.kind].primary
    return Reading(columns, fetch.proof, fetch.description, tuple(listener.heard), primary, page_size)


def _small_page(source: SourceKind, first: Reading) -> int | None:
    """The size of pages for a second reading; None where it would show nothing, or cannot be asked for."""
    members = source.members
    if not isinstance(members, Members) or members.page_size is None:
        return None
    shown = first.proof.members < PAGES or first.proof.members > members.page_size
    return None if shown else ceil(first.proof.members / PAGES)


def _on_small_pages(
    project: Project, target: Target, connect: Connect, first: Reading, small: int
) -> tuple[Reading | None, str, bool]:
    """Reads once more on small pages; returns the reading, what it shows, and whether that proves anything.

    Raises:
        PlatformError: `readings-differ`.
    """
    way = "the way to the next page"
    try:
        second = _read(project, target, connect, small)
    except RemoteSegmentsError as error:
        return None, f"{way}: pages of {small} ended in {error.code}, though the usual ones did not", False
    pages = f"pages of {small} lead to the next, {second.proof.pages} in all"
    if second.members == first.members:
        return second, f"{pages}, and hold the same members", True
    again = _read(project, target, connect, None)
    if again.members != first.members:  # it moves; only its own count can tell of the second reading
        counted = second.proof.declared_total == second.proof.members
        moved = "the membership moved meanwhile; choose a quieter segment"
        told = f"{pages}, and hold as many members as the platform counts" if counted else f"{way}: {moved}"
        return second, told, counted
    differing, held = len(second.members ^ first.members), (second.proof.members, first.proof.members)
    raise PlatformError(
        "readings-differ",
        f"Pages of {small} hold {held[0]:,} members, usual ones {held[1]:,}; {differing:,} differ.",
        "Look at the paging of the manifest: members are lost or repeated between pages.",
        f"connection {target.connection}",
    )


def _proven(source: SourceKind, first: Reading) -> Iterator[str]:
    proof = first.proof
    yield "the key is accepted, and may describe the segment and read its members"
    pages = "page" if isinstance(source.members, Members) else "file"
    pages += "" if proof.pages == 1 else "s"
    members = f"{proof.members:,} member{'' if proof.members == 1 else 's'}"
    counted = "" if proof.declared_total is None else f" (it counts {proof.declared_total:,})"
    yield f"{members} on {proof.pages:,} {pages}: {proof.completeness}{counted}"
    for name in source.identifiers:
        having = sum(one is not None for one in first.columns.get(name, ()))
        if having:
            yield f"{name} is read: {having:,} of {proof.members:,} members have it"


def _unproven(manifest: Manifest, target: Target, first: Reading) -> Iterator[str]:
    source, proof = manifest.sources[target.kind], first.proof
    certainty = source.members.total.certainty if source.members.total is not None else None
    if certainty == "estimate":
        yield "the number of members: the platform's count is an estimate"
    elif proof.declared_total is None:
        yield "the number of members: the platform gives no count to compare with"
    if proof.doubt or proof.repeated:
        moved = proof.doubt + proof.repeated
        yield f"that nobody was lost: the membership moved meanwhile, by {moved:,} members; choose a quieter segment"
    for name in source.identifiers:
        if proof.members and all(one is None for one in first.columns.get(name, ())):
            yield f"{name}: no member has it, so that a wrong path would look the same"
    if not proof.members:
        yield "any identifier: the segment is empty"
    others = [other.title.lower() for kind, other in manifest.sources.items() if kind != target.kind]
    if others:
        yield f"other kinds of membership: {', '.join(others)}; name one of them with --segment"
