"""Folders of a project whose files each make one thing, named by the file: segments/, audiences/."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from remote_segments.config.names import is_name, is_reserved, name_fix
from remote_segments.errors import Location, Problem
from remote_segments.settings import Settings
from remote_segments.validation import check
from remote_segments.yaml import Document, read_document

Named = TypeVar("Named", bound=Settings)


@dataclass(frozen=True)
class Written(Generic[Named]):
    """What the files of a folder say; a broken one has a document only."""

    sound: dict[str, Named] = field(default_factory=dict)
    documents: dict[str, Document] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @property
    def broken(self) -> dict[str, Document]:
        """The files that are not sound, by name."""
        return {name: document for name, document in self.documents.items() if name not in self.sound}


def read_folder(
    folder: Path, settings: type[Named], thing: str, *, tables: bool = True, leaving_out: Collection[Path] = ()
) -> Written[Named]:
    """Reads and checks every file of a folder on its own.

    Args:
        folder: the folder; none is an empty one.
        settings: the settings class of a file; it has a field `name`.
        thing: what a file makes, in a word: `segment`.
        tables: whether each has a table of its name, so that names of shared tables are refused.
        leaving_out: files that are not read.
    """
    written: Written[Named] = Written()
    for file in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if file.suffix not in (".yaml", ".yml") or file.name.startswith(".") or file in leaving_out:
            continue
        misplaced = _misplaced(file, folder)
        if misplaced is not None:
            written.problems.append(misplaced)
            continue
        written.problems.extend(_name_problems(file, thing, tables))
        document = read_document(file)
        found, problems = check(document, settings, {"file": file})
        written.problems.extend(problems)
        written.documents[file.stem] = document
        if found is not None:
            written.sound[file.stem] = found.model_copy(update={"name": file.stem})
    return written


def _misplaced(file: Path, folder: Path) -> Problem | None:
    """Why a file would be overlooked: silence would be taken for a segment that refreshes."""
    name, where = file.stem, Location(file)
    if file.parent != folder:
        found = f"This file is in a folder below {folder.name}/, where none is read."
        return Problem("file-misplaced", found, f"Move it into {folder.name}/ itself.", where)
    if file.suffix != ".yaml":
        return Problem("file-misplaced", "The file's name ends in .yml.", f"Rename it to {name}.yaml.", where)
    return None


def _name_problems(file: Path, thing: str, tables: bool) -> Iterator[Problem]:
    """Why a file's name cannot be that of its thing; what is in the file is read and checked all the same."""
    name, where = file.stem, Location(file)
    if not is_name(name):
        found = f"The file's name makes the {thing} `{name[:60]}`, which is not a name."
        yield Problem("name-invalid", found, name_fix(name), where)
    elif tables and is_reserved(name):
        found = f"`{name}` is reserved: a table of the project has this name."
        yield Problem("name-reserved", found, f"Rename the file, for example to {name}_{thing}.yaml.", where)
