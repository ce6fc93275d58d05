"""The second pass: whether what the files name exists, and fits together. It needs no network and no secret."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from remote_segments.config import column_sources
from remote_segments.config.common import CommonSettings
from remote_segments.config.connection import Connection
from remote_segments.config.model import Model
from remote_segments.config.platforms import Platform
from remote_segments.config.salvage import SoundParts
from remote_segments.config.segment import Column, Segment, Source
from remote_segments.errors import Location, Problem
from remote_segments.explanations import kind_of, said, secret_in_file, unknown_key
from remote_segments.files.platform import FILES
from remote_segments.identifiers import KINDS, Kind, Options
from remote_segments.identifiers.telephone import regions
from remote_segments.rest.manifest import Manifest, SourceKind
from remote_segments.sources.columns import ColumnPlatform
from remote_segments.suggestions import choose, listed, near
from remote_segments.yaml import Document, KeyPath


@dataclass(frozen=True)
class Known:
    """What segments can refer to.

    `connections`, `models` and `platforms` hold what is sound; the names also hold what is written but broken, so that
    one mistake is not told again by everything that refers to it.
    """

    connections: Mapping[str, Connection]
    models: Mapping[str, Model]
    platforms: Mapping[str, Platform]
    connection_names: Collection[str]
    model_names: Collection[str]
    platform_names: Collection[str]
    broken: Collection[Path] = ()
    """Files of audiences that cannot be read: which parts they make is not known."""
    left_out: Collection[Path] = ()
    """Files that were not read, because they are broken or need what is."""

    def platform_of(self, connection: str) -> Platform | None:
        """The platform of a connection; None where either is unknown or broken."""
        written = self.connections.get(connection)
        return self.platforms.get(written.platform) if written else None

    def missing_problems(self, thing: str, name: str, names: Collection[str], where: Location) -> Iterator[Problem]:
        """What to say of a name that nobody has: nothing where a broken file may make it, which is told of itself."""
        if any(_may_make(file, name) for file in self.broken):
            return
        maker = next((file for file in self.left_out if file.stem == name or _may_make(file, name)), None)
        if maker is not None:
            found = f"`{name}` is made by {maker.parent.name}/{maker.name}, which was left out."
            yield Problem("file-left-out", found, "Mend that file first.", where)
            return
        found = f"There is no {thing} `{name[:60]}`."
        yield Problem("unknown-segment", found, choose(name, sorted(names), "Write one."), where)


def _may_make(file: Path, name: str) -> bool:
    """Whether a name may be that of a part of a file: of an audience's split or list of priorities."""
    return file.parent.name == "audiences" and name.startswith(f"{file.stem}_")


def connection_problems(name: str, known: Known, document: Document) -> Iterator[Problem]:
    """What is wrong with one connection, now that its platform is known."""
    connection, at = known.connections[name], ("connections", name)
    if connection.platform not in known.platform_names:
        found = f"There is no platform `{connection.platform}`."
        fix = choose(connection.platform, sorted(known.platform_names), "Write its manifest in platforms/.")
        yield Problem("unknown-platform", found, fix, document.locate((*at, "platform")))
        return
    manifest = known.platforms.get(connection.platform)
    if manifest is not None:
        yield from _written_keys(name, connection, manifest, document)
        yield from _missing_keys(name, connection, manifest, document)
    if isinstance(manifest, Manifest):
        yield from _bucket_problems(name, manifest, known, document)
    if isinstance(manifest, ColumnPlatform):
        yield from column_sources.connection_problems(name, connection, manifest, document)


def _bucket_problems(name: str, manifest: Manifest, known: Known, document: Document) -> Iterator[Problem]:
    """A bucket to export to that is no connection, or none of files."""
    for option in manifest.bucket_options():
        named = known.connections[name].options.get(option)
        where = document.locate(("connections", name, option))
        if not named:
            continue
        if named not in known.connection_names:
            fix = choose(named, sorted(known.connection_names), "Write a connection of the platform `files`.")
            yield Problem("unknown-connection", f"There is no connection `{named[:60]}`.", fix, where)
        elif named in known.connections and known.connections[named].platform != FILES.name:
            found = f"The connection `{named[:60]}` is none of the platform `{FILES.name}`."
            yield Problem("bad-value", found, "Name one whose `url` is the bucket.", where)


def _names(manifest: Platform) -> list[str]:
    """The keys that a connection to this platform may have."""
    return [*Connection.model_fields, *manifest.connection.secrets, *manifest.connection.options]


def _written_keys(name: str, connection: Connection, manifest: Platform, document: Document) -> Iterator[Problem]:
    """Secrets written out, options with a value that is not allowed, keys that the platform does not have."""
    secrets, options = manifest.connection.secrets, manifest.connection.options
    for key in connection.model_extra or {}:
        at: KeyPath = ("connections", name, key)
        text = connection.options.get(key)
        if key not in secrets and key not in options:
            yield unknown_key(key, _names(manifest), document, at)
        elif key in secrets and text is not None:
            yield secret_in_file(said(at), document, at)
        elif key in options and text is None:
            yield Problem("wrong-type", f"{said(at)} is no secret.", "Write it as plain text.", document.locate(at))
        elif key in options and text is not None and (values := options[key].values) and text not in values:
            yield Problem("bad-value", f"{said(at)} is `{text[:40]}`.", choose(text, values), document.locate(at))


def _missing_keys(name: str, connection: Connection, manifest: Platform, document: Document) -> Iterator[Problem]:
    """What the platform needs and nobody wrote, unless a key looks like a misspelling of it."""
    secrets, needed = manifest.connection.secrets, manifest.connection.needed()
    written = connection.model_extra or {}
    known = _names(manifest)
    meant = {near(key, known) for key in written if key not in known}
    for key, meaning in needed.items():
        if key not in written and key not in meant:
            found = f"The key `{key}` is missing in `connections.{name}`: {manifest.title} needs it."
            value = "{env: NAME}" if key in secrets else "..."
            where = document.locate(("connections", name))
            yield Problem("missing-key", found, f"Add `{key}: {value}` ({meaning.rstrip('.')}).", where)


def model_problems(name: str, model: Model, known: Known, document: Document) -> Iterator[Problem]:
    """Key columns that the model's declared columns lack, and another model that has another key."""
    for column in model.key:
        yield from column_problems(column, name, model, document, ("models", name, "key"))
    other = model.same_key_as
    if other is None:
        return
    where = document.locate(("models", name, "same_key_as"))
    if other not in known.model_names or other == name:
        fix = choose(other, sorted({*known.model_names} - {name}), "Write it under `models:`.")
        yield Problem("unknown-model", f"There is no other model `{other}`.", fix, where)
    elif other in known.models and len(known.models[other].key) != len(model.key):
        found = (
            f"The key of `{name}` has {len(model.key)} columns, and that of `{other}` {len(known.models[other].key)}."
        )
        yield Problem("key-differs", found, "Name as many columns in both, in the same order.", where)


def collision_problems(
    segment: CommonSettings, models: Mapping[str, Model], schema: str, document: Document
) -> Iterator[Problem]:
    """Models that a segment's own table would overwrite."""
    own = f"{schema}.{segment.name}"
    for name, model in models.items():
        table = ".".join((model.table or "").split(".")[-2:])
        if own in (table, f"main.{table}", f"public.{table}"):  # a bare name is looked up in these
            found = f"The segment's table {own} is the table of the model `{name}`, which it would replace."
            fix = "Rename the file, or set another `schema` of the warehouse."
            yield Problem("name-collision", found, fix, document.locate())


def segment_problems(segment: Segment | SoundParts, known: Known, document: Document) -> Iterator[Problem]:
    """Everything that one segment names and nobody has; of a broken file, that of its sound parts."""
    if segment.source is not None:
        yield from _source_problems(segment.source, segment.identifiers, known, document)
    if isinstance(segment, Segment) and segment.refresh_on_source_refresh:
        yield from _following_problems(segment, known, document)
    if segment.model is None:
        return
    if segment.model not in known.model_names:
        found = f"There is no model `{segment.model}`."
        fix = choose(segment.model, sorted(known.model_names), "Write it under `models:` in project.yaml.")
        yield Problem("unknown-model", found, fix, document.locate(("model",)))
    model = known.models.get(segment.model)
    if model is None:
        return
    for position, entry in enumerate(segment.identifiers):
        for identifier, column in entry.items():
            at: KeyPath = ("identifiers", position, identifier, "column")
            yield from column_problems(column.column, segment.model, model, document, at)
    chosen = segment.columns
    for key in ("include", "exclude"):
        for column_name in (getattr(chosen, key) or ()) if chosen else ():
            yield from column_problems(column_name, segment.model, model, document, ("columns", key))


def _following_problems(segment: Segment, known: Known, document: Document) -> Iterator[Problem]:
    """A source that no asset is known to write, so that nothing would ever start a refresh."""
    platform = known.platform_of(segment.source.connection)
    if isinstance(platform, Manifest):
        found = f"`refresh_on_source_refresh` is for rows, and {platform.title} holds the members itself."
        fix = "Remove it: `refresh_frequency` says when they are fetched."
    elif platform is not None and platform.name == FILES.name and "asset" not in segment.source.ids:
        found = "`refresh_on_source_refresh` does not know which asset writes the files."
        fix = "Name it: `source: {asset: [export, members]}`."
    else:
        return
    yield Problem("bad-value", found, fix, document.locate(("refresh_on_source_refresh",)))


def _source_problems(
    source: Source, identifiers: tuple[dict[str, Column], ...], known: Known, document: Document
) -> Iterator[Problem]:
    name = source.connection
    if name not in known.connection_names:
        fix = choose(name, sorted(known.connection_names), "Write it under `connections:` in project.yaml.")
        where = document.locate(("source", "connection"))
        yield Problem("unknown-connection", f"There is no connection `{name}`.", fix, where)
    manifest = known.platform_of(name)
    if isinstance(manifest, ColumnPlatform):
        yield from column_sources.source_problems(source, identifiers, manifest, document)
        return
    if manifest is None:
        return
    no_texts = list(_no_texts(source, document))
    if no_texts:
        yield from no_texts
        return
    kind = manifest.source_kind(source.ids)
    if kind is None:
        yield _wrong_ids(source, manifest, document)
        return
    for key, value in source.ids.items():
        if not value.strip():
            where = document.locate(("source", key))
            yield Problem("bad-value", f"`source.{key}` is empty.", f"Write the id. {kind[1].ids_help}", where)
    for key in kind[1].misshapen(source.ids):
        if source.ids[key].strip():
            wrong = f"`source.{key}` is `{source.ids[key]}`, which is not how {manifest.title} writes it."
            yield Problem("bad-value", wrong, kind[1].ids_help, document.locate(("source", key)))
    yield from _identifier_problems(identifiers, kind[1], manifest, document)


def _no_texts(source: Source, document: Document) -> Iterator[Problem]:
    """Values that are no id: an id is the characters written."""
    for key, value in source.ids.items():
        if not isinstance(value, str):
            found = f"`source.{key}` is {kind_of(value)}."
            yield Problem("wrong-type", found, "Write text.", document.locate(("source", key)))


def _identifier_problems(
    identifiers: tuple[dict[str, Column], ...], kind: SourceKind, manifest: Manifest, document: Document
) -> Iterator[Problem]:
    for position, entry in enumerate(identifiers):
        for identifier in entry:
            if identifier not in kind.identifiers:
                found = f"{manifest.title} gives no identifier `{identifier}` for a {kind.title.lower()}."
                where = document.locate(("identifiers", position, identifier))
                yield Problem("unknown-identifier", found, choose(identifier, kind.identifiers), where)
            else:
                at = ("identifiers", position, identifier)
                yield from option_problems(entry[identifier], KINDS[kind.identifiers[identifier].kind], document, at)


def option_problems(column: Column, kind: Kind, document: Document, at: KeyPath) -> Iterator[Problem]:
    """Options that identifiers of this kind do not have, regions that nobody knows, two hashes that cannot meet."""
    name = at[-1]
    for option in (field.name for field in fields(Options) if getattr(column, field.name) is not None):
        if option not in kind.options:
            found = f"`{option}` is no option of `{name}`, which is of the kind {kind.name}."
            fix = f"{kind.name} takes {listed(kind.options)}." if kind.options else f"{kind.name} takes no option."
            yield Problem("option-unfit", found, fix, document.locate((*at, option)))
    region = column.region
    if region is not None and "region" in kind.options and region not in regions():
        found = f"There is no region `{region}` with telephone numbers of its own."
        fix = "Write the two letters that ISO 3166 has for the country, as `FR`, `GB` or `US`."
        yield Problem("bad-value", found, fix, document.locate((*at, "region")))
    if column.hashed and kind.digest not in (None, column.hashed):
        found = f"`{name}` is a hash by {kind.digest}, and the column is said to hold hashes by {column.hashed}."
        fix = f"Name a column that is hashed by {kind.digest}, or one that holds the {kind.of.name if kind.of else ''}."
        yield Problem("option-unfit", found, fix, document.locate((*at, "hashed")))


def _wrong_ids(source: Source, manifest: Manifest, document: Document) -> Problem:
    """The id keys are not one of the sets that the platform declares."""
    ids = list(source.ids)
    sets = [" + ".join(f"`{key}`" for key in kind.ids) for kind in manifest.sources.values()]
    found = f"`source` has {listed(ids)}, which is no set of ids that {manifest.title} has."
    found = found if ids else "`source` names a connection, and no segment or list there."
    known = [key for kind in manifest.sources.values() for key in kind.ids]
    hints = [f"`{meant}` for `{key}`" for key in ids if key not in known and (meant := near(key, known))]
    hint = f"Did you mean {' and '.join(hints)}? " if hints else ""
    fix = f"{hint}{manifest.title} takes {'exactly one of ' if len(sets) > 1 else ''}{' or '.join(sets)}."
    where = next((document.locate(("source", key)) for key in ids if key not in known), document.locate(("source",)))
    return Problem("wrong-id-keys", found, fix, where)


def column_problems(column: str, name: str, model: Model, document: Document, path: KeyPath) -> Iterator[Problem]:
    """A column that the model's declared columns lack."""
    if model.columns is not None and column not in model.columns:
        found = f"The model `{name}` has no column `{column}` among those that project.yaml declares."
        yield Problem("unknown-column", found, choose(column, model.columns), document.locate(path))
