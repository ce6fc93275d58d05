"""A whole project, read and checked: what every other room is given."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from remote_segments.config.activation import Activation
from remote_segments.config.audience import Audience
from remote_segments.config.common import CommonSettings
from remote_segments.config.connection import Connection
from remote_segments.config.definition import audience_hash, audience_settings, definition_hash, definition_settings
from remote_segments.config.model import Model
from remote_segments.config.permission import Listing
from remote_segments.config.platforms import Kind, Platform
from remote_segments.config.project_file import Environment
from remote_segments.config.segment import Segment
from remote_segments.errors import EngineError, Location, ProjectError
from remote_segments.membership.expressions import inputs
from remote_segments.sources.columns import ColumnPlatform
from remote_segments.suggestions import choose
from remote_segments.warehouses.base import Warehouse
from remote_segments.warehouses.duckdb import DuckDBSettings
from remote_segments.warehouses.postgres import PostgresSettings
from remote_segments.yaml import Document, KeyPath

PROJECT_FILE = "project.yaml"
SEGMENTS_FOLDER = "segments"
AUDIENCES_FOLDER = "audiences"
ACTIVATIONS_FOLDER = "activations"
PLATFORMS_FOLDER = "platforms"


@dataclass(frozen=True)
class Project:
    """Everything that a folder of configuration says, for one environment; all references hold."""

    folder: Path
    environment: Environment
    timezone: str
    start: date
    warehouse: DuckDBSettings | PostgresSettings
    state: Path
    """Spools and locks of this environment; not made until something is kept there."""
    connections: Mapping[str, Connection]
    models: Mapping[str, Model]
    segments: Mapping[str, Segment]
    platforms: Mapping[str, Platform]
    audiences: Mapping[str, Audience] = field(default_factory=dict)
    """By name; a split or a list of priorities is one audience per part."""
    activations: Mapping[str, Activation] = field(default_factory=dict)
    suppression: Mapping[str, Listing] = field(default_factory=dict)
    consent: Mapping[str, Listing] = field(default_factory=dict)
    documents: Mapping[str, Document] = field(default_factory=dict, repr=False, compare=False)
    """By the name of a segment or an audience; under the empty name that of project.yaml."""

    @property
    def published(self) -> dict[str, Segment | Audience]:
        """Everything that has members, a history and a table of its name: segments and audiences."""
        return {**self.segments, **self.audiences}

    def segment(self, name: str) -> Segment:
        """One segment.

        Raises:
            ProjectError: `unknown-segment`, with the nearest name.
        """
        if name not in self.segments:
            fix = choose(name, sorted(self.segments), f"Write one in {self.folder / SEGMENTS_FOLDER}.")
            raise ProjectError("unknown-segment", f"There is no segment `{name}`.", fix, Location(self.folder))
        return self.segments[name]

    def named(self, name: str) -> Segment | Audience:
        """One segment or audience.

        Raises:
            ProjectError: `unknown-segment`, with the nearest name.
        """
        found = self.published
        if name not in found:
            fix = choose(name, sorted(found), f"Write one in {self.folder / SEGMENTS_FOLDER}.")
            raise ProjectError("unknown-segment", f"There is no segment `{name}`.", fix, Location(self.folder))
        return found[name]

    def activation(self, name: str) -> Activation:
        """One activation.

        Raises:
            ProjectError: `unknown-activation`, with the nearest name.
        """
        if name not in self.activations:
            fix = choose(name, sorted(self.activations), f"Write one in {self.folder / ACTIVATIONS_FOLDER}.")
            raise ProjectError("unknown-activation", f"There is no activation `{name}`.", fix, Location(self.folder))
        return self.activations[name]

    def in_order(self, names: Collection[str]) -> list[str]:
        """Some segments and audiences, each once, those first that others are made of.

        Raises:
            ProjectError: `unknown-segment`.
        """
        wanted, found = list(dict.fromkeys(names)), dict[str, None]()

        def add(name: str) -> None:
            one = self.named(name)
            for inner in inputs(one.expression) if isinstance(one, Audience) else ():
                add(inner)
            found.setdefault(name)

        for name in sorted(wanted, key=lambda name: name in self.audiences):
            add(name)
        return [name for name in found if name in wanted]

    def only(self, names: Collection[str]) -> "Project":
        """The same project with some of its segments and audiences, and what sends these.

        Raises:
            ProjectError: `unknown-segment`.
        """
        found = {name: self.named(name) for name in names}
        return replace(
            self,
            segments={name: one for name, one in found.items() if isinstance(one, Segment)},
            audiences={name: one for name, one in found.items() if isinstance(one, Audience)},
            activations={name: one for name, one in self.activations.items() if one.source in found},
        )

    def connection_of(self, segment: Segment) -> Connection:
        """The connection that a segment is fetched through."""
        return self.connections[segment.source.connection]

    def model_of(self, segment: CommonSettings) -> Model:
        """The data model that a segment is mapped to, or whose keys an audience has."""
        return self.models[segment.model]

    def manifest_of(self, segment: Segment) -> Platform:
        """The platform that a segment lives on: its manifest, or what is known of one without."""
        return self.platforms[self.connection_of(segment).platform]

    def source_kind(self, segment: Segment) -> Kind:
        """What kind of membership it is on its platform: a segment, a list."""
        platform = self.manifest_of(segment)
        if isinstance(platform, ColumnPlatform):
            return platform.kind_of(segment.source.ids, segment.identifier_names)
        return platform.sources[self.source_kind_name(segment)]

    def source_kind_name(self, segment: Segment) -> str:
        """The name under which the platform's manifest holds that kind."""
        platform = self.manifest_of(segment)
        if isinstance(platform, ColumnPlatform):
            return platform.kind
        found = platform.source_kind(segment.source.ids)
        if found is None:
            ids = ", ".join(segment.source.ids)
            fix = "Report it: this is checked when a project is loaded."
            raise EngineError("wrong-id-keys", f"No kind of source has the ids {ids}.", fix, segment.name)
        return found[0]

    def identifiers_read(self, segment: Segment) -> tuple[str, ...]:
        """The identifiers that a fetch reads: all that come with the members, and the others that the file names."""
        return self.source_kind(segment).read({name for entry in segment.identifiers for name in entry})

    def page_url(self, segment: Segment) -> str | None:
        """The address of the segment's page in the platform's own tool; None where it is not known."""
        platform = self.manifest_of(segment)
        if isinstance(platform, ColumnPlatform):
            return None
        options = self.connection_of(segment).options
        return platform.page_url(self.source_kind_name(segment), segment.source.ids, options)

    def timezone_of(self, segment: CommonSettings) -> str:
        """The zone of a segment's times of day."""
        return segment.timezone or self.timezone

    def start_of(self, segment: Segment) -> date:
        """The day of a segment's first partition."""
        return segment.start or self.start

    def source_is_rows(self, segment: Segment) -> bool:
        """Whether a segment's members are rows of files or of the warehouse."""
        return isinstance(self.manifest_of(segment), ColumnPlatform)

    def expires_at(self, segment: Segment) -> datetime | None:
        """The instant from which a segment is not fetched any more: the beginning of a day in its time zone."""
        if segment.expires is None:
            return None
        return datetime.combine(segment.expires, time(), ZoneInfo(self.timezone_of(segment))).astimezone(UTC)

    def definition_hash(self, segment: Segment | Audience) -> str:
        """What decides who is in a segment, as one text: equal texts, equal members for the same platform and model."""
        if isinstance(segment, Audience):
            return audience_hash(segment, self.models, self.folder)
        return definition_hash(segment, self.connection_of(segment), self.model_of(segment), self.folder)

    def definition_settings(self, segment: Segment | Audience) -> dict[str, str]:
        """The same by name, so that what was edited can be told."""
        if isinstance(segment, Audience):
            return audience_settings(segment, self.models, self.folder)
        return definition_settings(segment, self.connection_of(segment), self.model_of(segment), self.folder)

    def open_warehouse(self) -> Warehouse:
        """The warehouse; nothing is touched until a session opens."""
        return self.warehouse.open(self.folder)

    def file_of(self, segment: Segment | Audience) -> Path:
        """The file that a segment or an audience is written in."""
        if isinstance(segment, Audience):
            return self.folder / AUDIENCES_FOLDER / f"{segment.file_name}.yaml"
        return self.folder / SEGMENTS_FOLDER / f"{segment.name}.yaml"

    def place(self, segment: Segment | Audience, path: KeyPath = ()) -> str:
        """The place of a value of a segment's file as messages of a refresh name it: `segments/vip_openers.yaml:4`."""
        folder = AUDIENCES_FOLDER if isinstance(segment, Audience) else SEGMENTS_FOLDER
        found = self.locate((folder, segment.name, *path))
        return str(Location(found.file.relative_to(self.folder), found.line))

    def lines_of(self, segment: Segment | Audience) -> dict[str, str]:
        """The places of all keys of a file, by the last part of each, the first time it is written."""
        document = self.documents.get(segment.name)
        paths = sorted(document.lines.items(), key=lambda item: item[1], reverse=True) if document else ()
        return {str(path[-1]): self.place(segment, path) for path, _ in paths if path}

    def locate(self, path: KeyPath = ()) -> Location:
        """The place of a value.

        Args:
            path: as in project.yaml, or `(FOLDER, NAME, ...)`, a folder such as `segments`, and then as in that file.
        """
        folders = ((SEGMENTS_FOLDER,), (AUDIENCES_FOLDER,), (ACTIVATIONS_FOLDER,))
        if path[:1] in folders and len(path) > 1 and str(path[1]) in self.documents:
            return self.documents[str(path[1])].locate(path[2:])
        if "" in self.documents:
            return self.documents[""].locate(path)
        return Location(self.folder / PROJECT_FILE)
