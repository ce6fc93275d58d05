"""docs/platforms.md, made of the manifests and of the classes that read them, so that it cannot be wrong."""

import inspect
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from remote_segments.rest.auth import Auth
from remote_segments.rest.bodies import Body
from remote_segments.rest.catalog import load_platforms
from remote_segments.rest.export.job import Job, Poll, Submission, Submit
from remote_segments.rest.export.members import Download
from remote_segments.rest.files import FileFormat
from remote_segments.rest.formats import Format
from remote_segments.rest.lookup import Lookup, Missing
from remote_segments.rest.manifest import Manifest, SourceKind
from remote_segments.rest.members import Members
from remote_segments.rest.paging import Paging
from remote_segments.rest.paging.counts import Counted
from remote_segments.rest.paging.cursors import Keyset
from remote_segments.rest.paging.links import OwnHeader
from remote_segments.rest.python.declared import PythonMembers
from remote_segments.rest.source_kind import Reading
from remote_segments.rest.where import Where
from remote_segments.settings import Settings
from remote_segments.sources.audiences import Audiences
from remote_segments.sources.columns import ColumnPlatform

PROOFS: Mapping[str, str] = {
    "documented": "written after the vendor's documentation, and nothing more",
    "replayed": "exchanges written by hand after the vendor's examples replay, and the conformance kit passes",
    "live": "the same, and a test of this project reads from a real server of it",
}
"""What each proof level claims, and no more."""

INTRODUCTION = """# Platforms

<!-- Generated from the manifests by `make docs`; edit remote_segments/platforms/, not this file. -->

A platform is one YAML file: a manifest. The bundled ones are in `remote_segments/platforms/`; a project adds its own in
`platforms/`, where a file with the name of a bundled one replaces it ([adding a platform](adding-a-platform.md)).

Every fetch ends with a proof that no page is missing, or with an error. The last page must be announced by the sign
that the manifest names; a place that is not there, a cursor that repeats, a page that holds what an earlier one held, a
count that disagrees: each is an error, and the last snapshot stays.
"""

WRITING = """## Write a manifest

Copy the manifest that is nearest and change it; `remote-segments validate` checks it without a network. It holds no
expressions and no conditions. `{name}` stands for an id of the source, an option of the connection, or (in a query or a
body) `{page_size}`; values are percent-encoded in addresses and escaped in JSON, where a bare `{name}` is a number. An
id that stands within a longer text, such as a filter, needs its form in `id_forms`. Paths are names joined by dots, a
number counts from 0 in an array (`emails.0.value` is a member's first address), and what is not there is an error
unless `absent` says what it means. All keys are in `segment_configs/schema/platform.json`, which editors read.
"""


def platforms_page(platforms: Mapping[str, Manifest] | None = None, others: Collection[ColumnPlatform] = ()) -> str:
    """Returns the text of docs/platforms.md; `others` are the platforms that have no manifest."""
    chosen = load_platforms() if platforms is None else platforms
    blocks = [INTRODUCTION, "\n".join(_table(chosen, others)) + "\n"]
    blocks += ["\n".join(_section(manifest)) + "\n" for manifest in chosen.values()]
    blocks += ["\n".join(_section_of_rows(one)) + "\n" for one in others]
    blocks += [WRITING, *("\n".join(_bricks(title, union)) + "\n" for title, union in _UNIONS.items())]
    blocks.append("\n".join(_job()) + "\n")
    blocks.append("\n".join(_parts()))
    return "\n".join(blocks)


def write_platforms_page(file: Path, others: Collection[ColumnPlatform] = ()) -> Path:
    """Writes docs/platforms.md and returns its path."""
    file.write_text(platforms_page(others=others), encoding="utf-8")
    return file


def _table(platforms: Mapping[str, Manifest], others: Collection[ColumnPlatform]) -> Iterator[str]:
    yield "| platform | reads | identifiers | members a page | complete when | limits | API | checked | proof |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for manifest in platforms.values():
        for kind in manifest.sources.values():
            identifiers = ", ".join(
                f"`{name}`{' (looked up)' if field.looked_up else ''}" for name, field in kind.identifiers.items()
            )
            cells = [
                f"[{manifest.title}](#{_anchor(manifest.title)})",
                kind.title.lower(),
                identifiers,
                f"{kind.members.page_size:,}" if kind.members.page_size else "all",
                _completeness(kind),
                manifest.limits.words() or "-",
                manifest.api_version,
                manifest.checked.isoformat(),
                manifest.proof,
            ]
            yield f"| {' | '.join(cells)} |"
    for one in others:
        title = f"[{one.title}](#{_anchor(one.title)})"
        cells = [title, one.kind, "its columns", "-", one.completeness, "-", one.api_version]
        yield f"| {' | '.join([*cells, one.checked.isoformat(), one.proof])} |"
    yield ""
    yield from (f"- **{level}**: {claim}." for level, claim in PROOFS.items())


_ENDS: Mapping[str, str] = {
    "next-link": "no next link",
    "link-header": "no next link",
    "header": "no next header",
    "cursor": "no next cursor",
    "continue": "nothing to continue",
    "single": "one answer",
    "total": "total reached",
    "empty-page": "empty page",
    "short-page": "short page",
}


FILE_ENDS: Mapping[str, str] = {
    "total": "file whole",
    "rows": "file whole, the job's count agrees",
    "archive": "check sums of the archive",
    "transfer": "transfer ended as announced",
}
"""What a completeness by a file's end rests on."""


def _completeness(kind: SourceKind) -> str:
    total = kind.members.total
    if isinstance(kind.members, PythonMembers):
        return "its code says so" if total is None else f"its code says so, {total.certainty} total agrees"
    if not isinstance(kind.members, Members):
        end = FILE_ENDS[kind.members.end]
        return end if total is None else f"{end}, {total.certainty} total agrees"
    paging = kind.members.paging
    end = _ENDS[paging.end if isinstance(paging, Counted | Keyset) else paging.kind]
    if isinstance(paging, OwnHeader) and paging.end is not None:
        end = f"next header is `{paging.end}`"
    if total is None:
        return end
    slack = f" within {total.tolerance:.0%}" if total.tolerance else ""
    return f"{end}, {total.certainty} total agrees{slack}"


def _section(manifest: Manifest) -> Iterator[str]:
    yield f"## {manifest.title}"
    yield ""
    if manifest.notes:
        yield f"{manifest.notes.strip()}\n"
    yield f"**Key.** {manifest.key_help.strip()}\n"
    yield "```yaml"
    yield f"{manifest.name}:"
    yield f"  platform: {manifest.name}"
    yield from (
        f"  {name}: {{env: {manifest.name.upper()}_{name.upper()}}}  # {text}"
        for name, text in manifest.connection.secrets.items()
    )
    for name, option in manifest.connection.options.items():
        default = f" If not written: {option.default}." if option.default else ""
        known = f" Known: {', '.join(option.values)}." if option.values else ""
        mark = "" if option.default is None else "# "
        shown = option.values[0] if option.values and option.default is None else "..."
        yield f"  {mark}{name}: {shown}  # {option.description}{known}{default}"
    yield "```"
    yield ""
    yield from (_source(kind) for kind in manifest.sources.values())
    limits = manifest.limits.words() or "none known"
    yield f"- Limits of an account: {limits}. A connection's own `limits` replace them."
    yield from (f"- The vendor promises version {version} until {day}." for version, day in manifest.sunset.items())
    yield from _audiences(manifest.audiences)
    yield "- Documentation: " + ", ".join(f"[{verb}]({address})" for verb, address in manifest.docs.items()) + "."


def _audiences(audiences: Audiences | None) -> Iterator[str]:
    if audiences is not None:
        yield "- Typical audiences:"
        yield from (f"  - {who}: {how.strip()}" for who, how in audiences.sentences())


def _section_of_rows(platform: ColumnPlatform) -> Iterator[str]:
    yield f"## {platform.title}"
    yield ""
    yield f"{platform.notes}\n"
    yield f"**Rights.** {platform.key_help}\n"
    yield "```yaml"
    yield "connections:"
    yield f"  {platform.name}:"
    yield f"    platform: {platform.name}"
    needed = platform.connection.needed()
    for name, option in platform.connection.options.items():
        yield f"    {'' if name in needed else '# '}{name}: ...  # {option.description}"
    yield from (
        f"    # {name}: {{env: {platform.name.upper()}_{name.upper()}}}  # {text}"
        for name, text in platform.connection.secrets.items()
    )
    yield "```"
    yield ""
    yield f"- **{platform.kind.capitalize()}**. {platform.ids_help}"
    yield "- Documentation: " + ", ".join(f"[{verb}]({address})" for verb, address in platform.docs.items()) + "."
    yield from _audiences(platform.audiences)


def _source(kind: SourceKind) -> str:
    ids = ", ".join(f"`{name}`" for name in kind.ids)
    joined = " Tells when a member joined." if kind.joined_at else ""
    return f"- **{kind.title}** ({ids}). {kind.ids_help.strip()}{joined} {_told(kind)}"


def _told(kind: SourceKind) -> str:
    """What the platform tells of a segment beside its members."""
    said = kind.describe
    sized = said.size is not None or said.count is not None
    facts = {"size": sized, "last change": said.updated_at, "rule (its hash is kept)": said.rule}
    words = ["name", *(name for name, there in facts.items() if there)]
    states = [name for name in ("computing", "archived", "inactive", "deleted") if getattr(said, name) is not None]
    seen = f"; whether it is {' or '.join(states)}" if states else ""
    return f"Told of it: {', '.join(words)}{seen}."


_UNIONS: Mapping[str, Any] = {
    "auth": Auth,
    "body": Body,
    "members": Reading,
    "format of pages": Format,
    "paging": Paging,
    "format of files": FileFormat,
    "download": Download,
}

_JOB: Mapping[str, type[Settings]] = {"job": Job, "submit": Submit, "start": Submission, "poll": Poll}


def _bricks(title: str, union: Any) -> Iterator[str]:
    yield f"### {title}"
    yield ""
    yield "| kind | what it is | keys |"
    yield "|---|---|---|"
    for brick in get_args(get_args(union)[0]):
        (kind,) = get_args(brick.model_fields["kind"].annotation)
        what = " ".join((inspect.getdoc(brick) or "").split()).replace("|", "\\|")
        keys = ", ".join(f"`{name}`" for name in brick.model_fields if name != "kind")
        yield f"| `{kind}` | {what} | {keys} |"


def _job() -> Iterator[str]:
    yield "### job"
    yield ""
    yield "What `export` needs, and `pages` may have. `{job}`, and what `gives` names, stand for values of its answers."
    yield ""
    yield "| part | what it is | keys |"
    yield "|---|---|---|"
    for name, part in _JOB.items():
        what = " ".join((inspect.getdoc(part) or "").split())
        yield f"| `{name}` | {what} | {', '.join(f'`{key}`' for key in part.model_fields)} |"


_PARTS: Mapping[str, tuple[str, Mapping[str, type[Settings]]]] = {
    "lookup": (
        "For identifiers that are `looked_up`; asked for only where a segment's file names one of them.",
        {"lookup": Lookup, "missing": Missing},
    ),
    "where": ("For pages that hold others beside the members.", {"where": Where}),
}
"""Parts of a source that it may have or not: what for, and their classes."""


def _parts() -> Iterator[str]:
    for title, (purpose, parts) in _PARTS.items():
        yield f"### {title}"
        yield ""
        yield purpose
        yield ""
        yield "| part | what it is | keys |"
        yield "|---|---|---|"
        for name, part in parts.items():
            what = " ".join((inspect.getdoc(part) or "").split())
            yield f"| `{name}` | {what} | {', '.join(f'`{key}`' for key in part.model_fields)} |"
        yield ""


def _anchor(title: str) -> str:
    return "".join(letter for letter in title.lower().replace(" ", "-") if letter.isalnum() or letter == "-")
