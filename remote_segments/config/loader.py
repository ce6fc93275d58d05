"""Reads a project's folder: every file, in two passes, and everything that is wrong at once."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from remote_segments.config.connection import Connection
from remote_segments.config.folder import PROJECT_VARIABLE
from remote_segments.config.model import Model
from remote_segments.config.names import is_name, is_reserved, name_fix
from remote_segments.config.overlay import environment_names, laid_over, overlay_problems
from remote_segments.config.paths import from_folder
from remote_segments.config.platforms import Platform, all_platforms
from remote_segments.config.project import PLATFORMS_FOLDER, PROJECT_FILE, SEGMENTS_FOLDER, Project
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


def load_project(folder: Path, environment: str | None = None) -> Project:
    """Reads and checks a whole project; needs no network and no secret.

    Args:
        folder: holds project.yaml, segments/ and perhaps platforms/.
        environment: else that of the variable REMOTE_SEGMENTS_ENV, else `development`.

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
    reading = _Reading(folder, document)
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
    problems: list[Problem] = field(default_factory=list)
    segments: dict[str, Segment] = field(default_factory=dict)
    parts: dict[str, SoundParts] = field(default_factory=dict)
    documents: dict[str, Document] = field(default_factory=dict)
    platforms: dict[str, Platform] = field(default_factory=dict)
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
        """Reads all segment files."""
        folder = self.folder / SEGMENTS_FOLDER
        for file in sorted(folder.rglob("*")) if folder.is_dir() else ():
            if file.suffix not in (".yaml", ".yml") or file.name.startswith("."):
                continue
            misplaced = _misplaced(file, folder)
            if misplaced is not None:
                self.problems.append(misplaced)
                continue
            self.problems.extend(_name_problems(file))
            document = read_document(file)
            segment, problems = check(document, Segment, {"file": file})
            self.problems.extend(problems)
            self.documents[file.stem] = document
            if segment is None:
                self.parts[file.stem] = sound_parts(document.content)
            else:
                self.segments[file.stem] = segment.model_copy(update={"name": file.stem})
        self.problems.extend(self._renaming_problems())

    def _renaming_problems(self) -> Iterator[Problem]:
        for name, segment in self.segments.items():
            if segment.renamed_from in self.documents:
                found = f"`renamed_from` names `{segment.renamed_from}`, which is a segment of its own."
                where = self.documents[name].locate(("renamed_from",))
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
            for segment in self.segments.values():
                document = self.documents[segment.name]
                self.problems.extend(collision_problems(segment, file.models, file.warehouse.schema_, document))
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
        )

    def _check_references(self, known: Known, document: Document) -> None:
        for name in known.connections:
            self.problems.extend(connection_problems(name, known, document))
        for name, model in known.models.items():
            self.problems.extend(model_problems(name, model, document))
        written: dict[str, Segment | SoundParts] = {**self.segments, **self.parts}
        for name, segment in written.items():
            self.problems.extend(segment_problems(segment, known, self.documents[name]))

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
            segments=self.segments,
            platforms=self.platforms,
            documents={**self.documents, "": self.document},
        )
        self.problems.extend(quota_problems(project))
        return project


def _misplaced(file: Path, folder: Path) -> Problem | None:
    """Why a file would be overlooked: silence would be taken for a segment that refreshes."""
    name, where = file.stem, Location(file)
    if file.parent != folder:
        found = f"This file is in a folder below {SEGMENTS_FOLDER}/, where none is read."
        return Problem("file-misplaced", found, f"Move it into {SEGMENTS_FOLDER}/ itself.", where)
    if file.suffix != ".yaml":
        return Problem("file-misplaced", "The file's name ends in .yml.", f"Rename it to {name}.yaml.", where)
    return None


def _name_problems(file: Path) -> Iterator[Problem]:
    """Why a file's name cannot be a segment's; what is in the file is read and checked all the same."""
    name, where = file.stem, Location(file)
    if not is_name(name):
        found = f"The file's name makes the segment `{name[:60]}`, which is not a name."
        yield Problem("name-invalid", found, name_fix(name), where)
    elif is_reserved(name):
        found = f"`{name}` is reserved: a table of the project has this name."
        yield Problem("name-reserved", found, f"Rename the file, for example to {name}_segment.yaml.", where)
