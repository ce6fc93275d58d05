"""The second pass over activations: whether what they name exists, and whether the destination can do what is asked."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from remote_segments.config.activation import Activation
from remote_segments.config.audience import Audience
from remote_segments.config.folders import Written
from remote_segments.config.names import RULE, is_name, is_reserved
from remote_segments.config.permission import Listing
from remote_segments.config.platforms import Platform
from remote_segments.config.references import Known, column_problems, option_problems
from remote_segments.config.segment import Segment
from remote_segments.config.targets import addresses, kind_of, kinds_of
from remote_segments.destinations.abilities import Abilities, Verb
from remote_segments.errors import Problem
from remote_segments.files.delivering import FILE
from remote_segments.files.writing import FORMATS, format_of
from remote_segments.identifiers import KINDS
from remote_segments.rest.manifest import Manifest
from remote_segments.suggestions import choose, listed
from remote_segments.warehouses.delivering import TABLE
from remote_segments.yaml import Document, KeyPath

VERBS: Mapping[str, tuple[Verb, ...]] = {
    "mirror": ("add", "remove"), "add_only": ("add",), "remove_only": ("remove",), "upsert": ("upsert",),
}  # fmt: skip
"""What each mode needs of a destination that is not written as a whole."""


def activation_problems(
    activations: Written[Activation],
    segments: Written[Segment],
    audiences: Written[Audience],
    known: Known,
) -> Iterator[Problem]:
    """Everything that activations name and nobody has, or that the destination does not take."""
    made: dict[str, Segment | Audience | None] = dict.fromkeys((*segments.documents, *audiences.documents))
    made |= segments.sound
    made |= {part.name: part for file in audiences.sound.values() for part in file.parts()}
    for name, document in activations.documents.items():
        if name in made:
            found = f"`{name}` is also the name of a segment or audience."
            fix = "Rename the activation: commands take one name, and it must be clear what is meant."
            yield Problem("name-collision", found, fix, document.locate())
    for name, activation in activations.sound.items():
        yield from _Checking(activation, activations.documents[name], made, known).problems()
    yield from _shared(activations)


@dataclass(frozen=True)
class _Checking:
    """One file under check."""

    file: Activation
    document: Document
    made: Mapping[str, "Segment | Audience | None"]
    known: Known

    def problems(self) -> Iterator[Problem]:
        """Everything that is wrong with it."""
        yield from self._source_problems()
        yield from self._column_problems()
        for block, listings in (("suppression", self.file.suppression), ("consent", self.file.consent)):
            for name, listing in listings.items():
                yield from listing_problems(listing, self.made, self.known, self.document, (block, name))
        yield from self._destination_problems()

    def _source_problems(self) -> Iterator[Problem]:
        key, name = ("segment", self.file.segment) if self.file.segment else ("audience", self.file.audience)
        where = self.document.locate((key,))
        if name not in self.made:
            yield from self.known.missing_problems(key, name or "", self.made, where)
        one = self.made.get(name or "")
        if one is not None and isinstance(one, Segment) != (key == "segment"):
            other = "audience" if key == "segment" else "segment"
            yield Problem("bad-value", f"`{name}` is no {key}, it is an {other}.", f"Write `{other}: {name}`.", where)

    def _column_problems(self) -> Iterator[Problem]:
        """Columns that the model is known not to have."""
        source = self.made.get(self.file.source)
        model = self.known.models.get(source.model) if source is not None else None
        if source is None or model is None:
            return
        for name, one in self.file.identifiers.items():
            yield from column_problems(one.column, source.model, model, self.document, ("identifiers", name))
        for name, column in self.file.attributes.items():
            yield from column_problems(column, source.model, model, self.document, ("attributes", name))

    def _destination_problems(self) -> Iterator[Problem]:
        target = self.file.destination
        where = self.document.locate(("destination", "connection"))
        if target.connection not in self.known.connection_names:
            found = f"There is no connection `{target.connection[:60]}`."
            yield Problem("unknown-connection", found, choose(target.connection, self.known.connection_names), where)
            return
        platform = self.known.platform_of(target.connection)
        if platform is None:
            return
        kinds = kinds_of(platform, self.file)
        found_kind = kind_of(platform, self.file)
        if not kinds:
            found = f"Nothing can be sent to {platform.title}: it is only read."
            fix = "Send to another connection: `remote-segments platforms` shows which can be written."
            yield Problem("destination-unfit", found, fix, where)
        elif found_kind is None:
            yield self._wrong_ids(platform.title, kinds)
        else:
            yield from self._misshapen(platform, found_kind[0])
            yield from self._generic_problems(found_kind[0])
            yield from self._verb_problems(found_kind[1])
            yield from self._identifier_problems(found_kind[1])

    def _misshapen(self, platform: Platform, kind: str) -> Iterator[Problem]:
        """Ids that are not written as the platform writes them."""
        if not isinstance(platform, Manifest):
            return
        block, ids = platform.destinations[kind], self.file.destination.ids
        for key in block.misshapen(ids):
            found = f"`destination.{key}` is `{ids[key][:60]}`, which is not how {platform.title} writes it."
            yield Problem("bad-value", found, block.ids_help, self.document.locate(("destination", key)))

    def _generic_problems(self, kind: str) -> Iterator[Problem]:
        """A file of unknown format, a table whose name another one has."""
        ids, at = self.file.destination.ids, ("destination", "table" if kind == TABLE else "path")
        if kind == FILE and format_of(ids["path"]) is None:
            found = f"The ending of `{ids['path'][:60]}` names no format that is written."
            fix = f"End it in {listed(FORMATS)}; `.gz` behind it packs text."
            yield Problem("bad-value", found, fix, self.document.locate(at))
        if kind == TABLE and (not is_name(ids["table"]) or is_reserved(ids["table"]) or ids["table"] in self.made):
            found = f"`{ids['table'][:60]}` cannot be the name of a table that is sent to."
            fix = f"Use {RULE}, and no name that a segment, an audience or a shared table has."
            yield Problem("name-collision", found, fix, self.document.locate(at))

    def _wrong_ids(self, title: str, kinds: Mapping[str, Abilities]) -> Problem:
        target, where = self.file.destination, self.document.locate(("destination",))
        if target.create is not None:
            able = [
                " with ".join([f"`{name}`", *(f"`{needed}`" for needed in one.create_needs)])
                for name, one in kinds.items()
                if one.creatable
            ]
            found = f"{title} cannot make what `destination` asks for."
            fix = (
                f"It can make {' or '.join(able)}; name one as `kind`."
                if able
                else "Name the ids of a list that exists."
            )
            return Problem("wrong-id-keys", found, fix, where)
        written = listed([*target.ids]) if target.ids else "no id"
        sets = " or ".join(" + ".join(f"`{key}`" for key in one.ids) for one in kinds.values())
        found = f"`destination` has {written}, which names nothing that {title} can be sent to."
        return Problem("wrong-id-keys", found, f"{title} takes {sets}.", where)

    def _verb_problems(self, abilities: Abilities) -> Iterator[Problem]:
        """Verbs that the mode needs, and the destination lacks; what is written as a whole needs only `add`."""
        where = self.document.locate(("mode" if self.file.mode != "mirror" else "destination",))
        wanted = ("add",) if abilities.whole else VERBS[self.file.mode]
        if abilities.whole and self.file.mode != "mirror":
            found = f"A {abilities.title.lower()} holds everybody who is sent, and mode `{self.file.mode}` does not."
            yield Problem("destination-unfit", found, "Leave `mode` out.", where)
        elif abilities.whole and self.file.limits.model_fields_set:
            found = f"A {abilities.title.lower()} holds everybody who is sent, and is written in one run."
            yield Problem("destination-unfit", found, "Remove `limits`.", self.document.locate(("limits",)))
        elif lacking := [verb for verb in wanted if verb not in abilities.verbs]:
            found = f"{abilities.title} has no way to {listed(lacking)}, which mode `{self.file.mode}` needs."
            able = [mode for mode, verbs in VERBS.items() if all(verb in abilities.verbs for verb in verbs)]
            fix = f"It can be sent with mode {listed(able)}." if able else "Choose another destination."
            yield Problem("destination-unfit", found, fix, where)
        elif self.file.attributes and not (abilities.whole or any(one.attributes for one in abilities.verbs.values())):
            found = f"{abilities.title} takes no attributes."
            where = self.document.locate(("attributes",))
            yield Problem("destination-unfit", found, "Remove `attributes`, or send them elsewhere.", where)

    def _identifier_problems(self, abilities: Abilities) -> Iterator[Problem]:
        """Identifiers that the destination does not take, takes otherwise than they are kept, or needs beside these."""
        for name in abilities.lacking(self.file.identifiers):
            found = f"{abilities.title} takes no identifier `{name}`."
            where = self.document.locate(("identifiers", name))
            yield Problem("unknown-identifier", found, choose(name, abilities.identifiers), where)
        for address in addresses(self.file, abilities):
            kind, at = KINDS[address.kind], ("identifiers", address.name)
            if address.hashed is not None and kind.of is None:
                found = f"{abilities.title} wants `{address.name}` itself, and the column holds hashes."
                fix = f"Name a column that holds the {kind.name} as it is."
                yield Problem("identifier-hashed", found, fix, self.document.locate((*at, "hashed")))
            else:
                yield from option_problems(self.file.identifiers[address.name], kind, self.document, at)
        names = set(self.file.identifiers)
        if not any(needed <= names for needed in abilities.needs):
            sets = " or ".join(" + ".join(f"`{name}`" for name in sorted(some)) for some in abilities.needs)
            found = f"Nobody can be addressed: {abilities.title} needs {sets}."
            fix = "Add the identifier, and the model's column that holds it."
            yield Problem("identifier-needed", found, fix, self.document.locate(("identifiers",)))


def listing_problems(
    listing: Listing, made: Mapping[str, "Segment | Audience | None"], known: Known, document: Document, at: KeyPath
) -> Iterator[Problem]:
    """What a suppression or consent names and nobody has."""
    if listing.segment is not None and listing.segment not in made:
        yield from known.missing_problems("segment", listing.segment, made, document.locate((*at, "segment")))
    if listing.model is not None and listing.model not in known.model_names:
        found, fix = f"There is no model `{listing.model}`.", choose(listing.model, sorted(known.model_names))
        yield Problem("unknown-model", found, fix, document.locate((*at, "model")))
    for name in listing.connections or ():
        if name not in known.connection_names:
            found = f"There is no connection `{name[:60]}`."
            fix = choose(name, known.connection_names)
            yield Problem("unknown-connection", found, fix, document.locate((*at, "connections")))


def _shared(activations: Written[Activation]) -> Iterator[Problem]:
    """Two activations to one list: each would remove whom only the other wants."""
    seen: dict[tuple[str, tuple[tuple[str, str], ...]], str] = {}
    for name, one in activations.sound.items():
        target = one.destination
        place = (target.connection, tuple(sorted(target.ids.items())))
        if target.create is not None or not target.ids:
            continue
        if place in seen:
            found = f"Another activation, {seen[place]}, sends to the same list."
            fix = "Send one audience that has the people of both, or name another list."
            where = activations.documents[name].locate(("destination",))
            yield Problem("destination-shared", found, fix, where)
        seen.setdefault(place, name)
