"""docs/destinations.md, made of the manifests and of the classes that read their write side."""

import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from remote_segments.rest.catalog import load_platforms
from remote_segments.rest.manifest import Manifest
from remote_segments.rest.writing.entries import Entries
from remote_segments.rest.writing.jobs import Asking, Later
from remote_segments.rest.writing.kind import Create, DestinationKind, TakenIdentifier
from remote_segments.rest.writing.resolving import Resolve
from remote_segments.rest.writing.telling import Among, Each, Named, Refused, Whole
from remote_segments.rest.writing.verb import WriteVerb
from remote_segments.settings import Settings

INTRODUCTION = """# Destinations

<!-- Generated from the manifests by `make docs`; edit remote_segments/platforms/, not this file. -->

Where members can be sent, and how far it is known what became of each: an activation names one of these
([activation](activation.md)). Files, tables of the warehouse and the levels of proof are described there and in
[Platforms](platforms.md).

Outcomes are never guessed. `item`: the platform says of each member whether it was taken. `batch`: all of a batch
alike; one that is refused is sent again in halves until the bad member is alone. `job`: a job that is asked later. A
call that was cut after it was sent is repeated only where that is harmless; else its members are `unknown` until the
list is read back. An answer without the place where outcomes should be is an error, never an acceptance.
"""

LANGUAGE = """## The write side of a manifest

`destinations` stands beside `sources`, in the same language: `{name}` is an id of the list, an option of the
connection, an identifier of the member, or one of `{identifier}` (what the platform calls the identifier of a batch),
`{batch_key}`, `{job}`, `{asked}` and `{name}` (of a list that is made). See [adding a platform](adding-a-platform.md).
"""

BLOCKS: Mapping[str, type[Settings]] = {
    "destinations.KIND": DestinationKind,
    "identifiers.NAME": TakenIdentifier,
    "create": Create,
    "resolve.NAME": Resolve,
    "add, remove, upsert": WriteVerb,
    "members": Entries,
    "answer: whole": Whole,
    "answer: each": Each,
    "answer: named": Named,
    "lists of named": Among,
    "refused": Refused,
    "job": Later,
    "job.ask": Asking,
}
"""Each block of the write side, and the class that reads it."""


def destinations_page(platforms: Mapping[str, Manifest] | None = None) -> str:
    """Returns the text of docs/destinations.md."""
    chosen = load_platforms() if platforms is None else platforms
    sending = [manifest for manifest in chosen.values() if manifest.destinations]
    blocks = [INTRODUCTION, "\n".join(_table(sending)) + "\n"]
    blocks += ["\n".join(_section(manifest)) + "\n" for manifest in sending]
    blocks += [LANGUAGE, "\n".join(_blocks()) + "\n"]
    return "\n".join(blocks)


def write_destinations_page(file: Path) -> Path:
    """Writes docs/destinations.md and returns its path."""
    file.write_text(destinations_page(), encoding="utf-8")
    return file


def _table(manifests: list[Manifest]) -> Iterator[str]:
    yield "| platform | destination | ids | by | members a call | told | makes people | removes | read back | proof |"
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for manifest in manifests:
        for kind in manifest.destinations.values():
            able = kind.abilities()
            cells = [
                manifest.title,
                kind.title,
                ", ".join(f"`{name}`" for name in kind.ids),
                ", ".join(f"`{name}`{' (looked up)' if _asked(able, name) else ''}" for name in able.identifiers),
                " / ".join(f"{verb.per_call:,}" for verb in able.verbs.values()),
                " / ".join(dict.fromkeys(verb.tells for verb in able.verbs.values())),
                _yes(kind.creates_people),
                _yes(kind.remove is not None),
                _yes(kind.readable is not None),
                manifest.proof,
            ]
            yield f"| {' | '.join(cells)} |"


def _asked(able: Any, name: str) -> bool:
    return any(name in (verb.lookups or {}) for verb in able.verbs.values())


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _section(manifest: Manifest) -> Iterator[str]:
    yield f"## {manifest.title}"
    yield ""
    for kind in manifest.destinations.values():
        ids = ", ".join(f"`{name}`" for name in kind.ids)
        yield f"- **{kind.title}** ({ids}). {kind.ids_help.strip()}"
        yield from (f"  - `{name}`: {_identifier(one)}." for name, one in kind.identifiers.items())
        yield from (f"  - {line}" for line in _facts(kind))
        if kind.notes:
            yield f"  - {kind.notes.strip()}"
    verbs = ("add", "remove", "upsert", "create", "resolve", "job")
    shown = [f"[{verb}]({manifest.docs[verb]})" for verb in verbs if verb in manifest.docs]
    yield f"- Documentation: {', '.join(shown)}. API {manifest.api_version}, checked {manifest.checked}."


def _identifier(one: TakenIdentifier) -> str:
    return f"{one.kind}{f', {one.description}' if one.description else ''}"


def _facts(kind: DestinationKind) -> Iterator[str]:
    """What a person wants to know of a destination, in sentences."""
    if kind.first_only and len(kind.identifiers) > 1:
        yield "A member goes by one identifier: the first that it has, in the order of the activation."
    if kind.add.single and len(kind.identifiers) > 1:
        yield "All members go by one and the same identifier."
    if kind.create is not None:
        needs = "".join(f", given `{name}`" for name in kind.create.needs)
        yield f"A new one can be made{needs}."
    twice = [name for name, verb in kind.verbs().items() if not verb.idempotent]
    if twice:
        yield f"Not repeated when no answer came: {', '.join(twice)}."
    if kind.describe is not None and kind.describe.expect:
        yield f"Refused before anything is sent: {' '.join(one.message for one in kind.describe.expect)}"


def _blocks() -> Iterator[str]:
    yield "| block | what it is | keys |"
    yield "|---|---|---|"
    for name, block in BLOCKS.items():
        what = " ".join((inspect.getdoc(block) or "").split()).replace("|", "\\|")
        keys = ", ".join(f"`{field.alias or key}`" for key, field in block.model_fields.items() if not _fixed(field))
        yield f"| `{name}` | {what} | {keys} |"


def _fixed(field: Any) -> bool:
    """Whether a key can hold one value only, such as `kind`."""
    return len(get_args(field.annotation)) == 1 and isinstance(get_args(field.annotation)[0], str)
