"""Reads a project's folder: every file, in two passes, and everything that is wrong at once."""

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from remote_segments.config.activation import Activation
from remote_segments.config.activation_references import activation_problems, listing_problems
from remote_segments.config.audience import Audience
from remote_segments.config.audience_references import assembled, audience_problems, name_problems
from remote_segments.config.connection import Connection
from remote_segments.config.folder import PROJECT_VARIABLE
from remote_segments.config.folders import Named, Written, read_folder
from remote_segments.config.model import Model
from remote_segments.config.overlay import environment_names, laid_over, overlay_problems
from remote_segments.config.paths import from_folder
from remote_segments.config.platforms import Platform, all_platforms
from remote_segments.config.project import (
    ACTIVATIONS_FOLDER,
    AUDIENCES_FOLDER,
    PLATFORMS_FOLDER,
    PROJECT_FILE,
    SEGMENTS_FOLDER,
    Project,
)
from remote_segments.config.project_file import DEFAULT_ENVIRONMENT, ProjectFile, environment_of
from remote_segments.config.quota import quota_problems
from remote_segments.config.references import (
    Known,
    collision_problems,
    connection_problems,
    model_problems,
    segment_problems,
)
from remote_segments.config.salvage import SoundParts, sound_blocks, sound_parts, written_names
from remote_segments.config.segment import Segment
from remote_segments.errors import InvalidProject, Location, Problem
from remote_segments.rest.catalog import manifest_files
from remote_segments.suggestions import choose
from remote_segments.validation import check, in_order
from remote_segments.yaml import Document, read_document

ENVIRONMENT_VARIABLE = "REMOTE_SEGMENTS_ENV"


def load_project(folder: Path, environment: str | None = None, *, leaving_out: Collection[Path] = ()) -> Project:
    """Reads and checks a whole project; needs no network and no secret.

    Args:
        folder: holds project.yaml, segments/ and perhaps platforms/.
        environment: else that of the variable REMOTE_SEGMENTS_ENV, else `development`.
        leaving_out: files of segments, audiences and activations that are not read.

    Raises:
        InvalidProject: with everything that is wrong, in order of file and line. Other environments than the chosen one
            are checked too, so that a change is not found broken only where it is deployed.
    """
    folder = folder.absolute()
    file = folder / PROJECT_FILE
    if not file.is_file():
        raise InvalidProject([_no_project(file)])
    document = read_document(file)
    names = [DEFAULT_ENVIRONMENT, *(name for name in environment_names(document) if name != DEFAULT_ENVIRONMENT)]
    chosen = environment or os.environ.get(ENVIRONMENT_VARIABLE) or DEFAULT_ENVIRONMENT
    reading = _Reading(folder, document, leaving_out)
    reading.problems.extend(_unknown_environment(chosen, names, document))
    reading.read_platforms()
    reading.read_segments()
    files = {name: reading.read_environment(name) for name in names}
    project = reading.assemble(chosen, files.get(chosen))
    if reading.problems or project is None:
        raise InvalidProject(in_order(reading.problems))
    return project


def _no_project(file: Path) -> Problem:
    found = f"There is no {file.name} in this folder." if file.parent.is_dir() else "There is no such folder."
    fix = f"Create it, or name the folder that holds {file.name}: --project DIR, or the variable {PROJECT_VARIABLE}."
    return Problem("missing-file", found, fix, Location(file if file.parent.is_dir() else file.parent))


def _unknown_environment(chosen: str, names: list[str], document: Document) -> Iterator[Problem]:
    if chosen not in names and document.content is not None:
        fix = f"{choose(chosen, names)} The variable {ENVIRONMENT_VARIABLE} chooses."
        where = document.locate(("environments",))
        yield Problem("unknown-environment", f"There is no environment `{chosen[:60]}`.", fix, where)


@dataclass
class _Reading:
    """What has been read so far, and what was found wrong."""

    folder: Path
    document: Document
    leaving_out: Collection[Path] = ()
    problems: list[Problem] = field(default_factory=list)
    segments: Written[Segment] = field(default_factory=Written)
    audiences: Written[Audience] = field(default_factory=Written)
    activations: Written[Activation] = field(default_factory=Written)
    parts: dict[str, SoundParts] = field(default_factory=dict)
    platforms: Mapping[str, Platform] = field(default_factory=dict)
    platform_names: set[str] = field(default_factory=set)

    def read_platforms(self) -> None:
        """Reads all manifests; those of the project that are broken keep their name."""
        own = self.folder / PLATFORMS_FOLDER
        try:
            self.platforms = all_platforms(own)
        except InvalidProject as error:
            self.problems.extend(error.problems)
            self.platforms = all_platforms()
        self.platform_names = {*self.platforms, *(file.stem for file in manifest_files(own))}

    def read_segments(self) -> None:
        """Reads all segment files, then all audience files, then all activation files."""
        self.segments = self._read(SEGMENTS_FOLDER, Segment, "segment")
        self.audiences = self._read(AUDIENCES_FOLDER, Audience, "audience")
        self.activations = self._read(ACTIVATIONS_FOLDER, Activation, "activation", tables=False)
        self.problems.extend((*self.segments.problems, *self.audiences.problems, *self.activations.problems))
        self.parts = {name: sound_parts(one.content) for name, one in self.segments.broken.items()}
        self.problems.extend(self._renaming_problems())
        self.problems.extend(name_problems(self.segments, self.audiences))

    def _read(self, folder: str, settings: type[Named], thing: str, *, tables: bool = True) -> Written[Named]:
        return read_folder(self.folder / folder, settings, thing, tables=tables, leaving_out=self.leaving_out)

    def _renaming_problems(self) -> Iterator[Problem]:
        documents = {**self.segments.documents, **self.audiences.documents}
        for name, segment in {**self.segments.sound, **self.audiences.sound}.items():
            if segment.renamed_from in documents:
                found = f"`renamed_from` names `{segment.renamed_from}`, which has a file of its own."
                where = documents[name].locate(("renamed_from",))
                yield Problem("name-collision", found, "Remove that file, or the key `renamed_from`.", where)

    def read_environment(self, name: str) -> ProjectFile | None:
        """Reads project.yaml as it is in one environment, and checks all that refers to it."""
        merged = laid_over(self.document, name)
        usable = Document(merged.file, from_folder(merged.content, self.folder), merged.lines, self.document.problems)
        if self.document.content is None or not isinstance(self.document.content, dict):
            usable = self.document
        file, problems = check(usable, ProjectFile)
        self.problems.extend(problems)
        self.problems.extend(overlay_problems(self.document))
        if usable.content is not None:
            self._check_references(self._known(file, usable.content), usable)
        if file is not None:
            self.problems.extend(self._permission_problems(file, usable))
            for one, document in self._named():
                self.problems.extend(collision_problems(one, file.models, file.warehouse.schema_, document))
        return file

    def _known(self, file: ProjectFile | None, content: Any) -> Known:
        """What can be referred to; where project.yaml is broken, those of its blocks that are sound."""
        connections = file.connections if file else sound_blocks(content, "connections", Connection)
        models = file.models if file else sound_blocks(content, "models", Model)
        return Known(
            connections=connections,
            models=models,
            platforms=self.platforms,
            connection_names=connections if file else written_names(content, "connections"),
            model_names=models if file else written_names(content, "models"),
            platform_names=self.platform_names,
            broken=[document.file for document in self.audiences.broken.values()],
            left_out=self.leaving_out,
        )

    def _check_references(self, known: Known, document: Document) -> None:
        for name in known.connections:
            self.problems.extend(connection_problems(name, known, document))
        for name, model in known.models.items():
            self.problems.extend(model_problems(name, model, known, document))
        written: dict[str, Segment | SoundParts] = {**self.segments.sound, **self.parts}
        for name, segment in written.items():
            self.problems.extend(segment_problems(segment, known, self.segments.documents[name]))
        self.problems.extend(audience_problems(self.audiences, self.segments, known))
        self.problems.extend(activation_problems(self.activations, self.segments, self.audiences, known))

    def _permission_problems(self, file: ProjectFile, document: Document) -> Iterator[Problem]:
        """What suppression and consent of all activations name and nobody has."""
        made: dict[str, Segment | Audience | None]
        made = dict.fromkeys((*self.segments.documents, *self.audiences.documents))
        made |= {one.name: one for one, _ in self._named()}
        for block, listings in (("suppression", file.suppression), ("consent", file.consent)):
            for name, listing in listings.items():
                yield from listing_problems(listing, made, self._known(file, None), document, (block, name))

    def _named(self) -> Iterator[tuple[Segment | Audience, Document]]:
        """Everything that has a table of its name, with the file that it is written in."""
        for segment in self.segments.sound.values():
            yield segment, self.segments.documents[segment.name]
        for audience in self.audiences.sound.values():
            for part in audience.parts():
                yield part, self.audiences.documents[audience.name]

    def assemble(self, chosen: str, file: ProjectFile | None) -> Project | None:
        """Puts a sound project together, and sees whether its calls fit into a day."""
        if self.problems or file is None:
            return None
        project = Project(
            folder=self.folder,
            environment=environment_of(file, chosen),
            timezone=file.timezone,
            start=file.start,
            warehouse=file.warehouse,
            state=self.folder / file.state / chosen,
            connections=file.connections,
            models=file.models,
            segments=self.segments.sound,
            audiences=assembled(self.audiences.sound, self.segments.sound),
            activations=self.activations.sound,
            suppression=file.suppression,
            consent=file.consent,
            platforms=self.platforms,
            documents={
                **self.activations.documents,
                **{one.name: document for one, document in self._named()},
                "": self.document,
            },
        )
        self.problems.extend(quota_problems(project))
        return project
