"""A project without the files that are broken: for whoever works on one that is sound, and never for a schedule."""

from collections.abc import Collection
from pathlib import Path

from remote_segments.config.loader import load_project
from remote_segments.config.project import ACTIVATIONS_FOLDER, AUDIENCES_FOLDER, SEGMENTS_FOLDER, Project
from remote_segments.errors import InvalidProject, Location, Problem

FOLDERS = (SEGMENTS_FOLDER, AUDIENCES_FOLDER, ACTIVATIONS_FOLDER)
"""Folders of which one file may be broken while others are sound."""


def load_for(folder: Path, names: Collection[str], environment: str | None = None) -> tuple[Project, list[Problem]]:
    """Loads a project for the sake of some of its segments or audiences.

    Files of others that are broken, and those that need them, are left out; everything else must be right.

    Args:
        folder: holds project.yaml.
        names: what is wanted.
        environment: as in `load_project`.

    Returns:
        The project, and what is wrong with the files that were left out.

    Raises:
        InvalidProject: something is wrong that has to do with what is wanted, or with the project as a whole.
    """
    folder = folder.absolute()
    left_out: set[Path] = set()
    told: list[Problem] = []
    while True:
        try:
            project = load_project(folder, environment, leaving_out=left_out)
        except InvalidProject as error:
            files = {_file_of(problem, folder) for problem in error.problems}
            told = [*told, *error.problems]
            if None in files or files <= left_out or any(file is not None and file.stem in names for file in files):
                raise InvalidProject(told) from None
            left_out |= {file for file in files if file is not None}
        else:
            if any(is_made_by(name, left_out) for name in names if name not in project.published):
                raise InvalidProject(told)
            return project, told


def is_made_by(name: str, left_out: Collection[Path]) -> bool:
    """Whether a name is that of a file that was left out, or may be that of a part of such an audience."""
    return any(file.stem == name or _may_make(file, name) for file in left_out)


def _may_make(file: Path, name: str) -> bool:
    return file.parent.name == AUDIENCES_FOLDER and name.startswith(f"{file.stem}_")


def files_of(problems: Collection[Problem]) -> set[Path]:
    """The files that were left out because of problems: what they make has a file, though a broken one."""
    return {problem.where.file for problem in problems if isinstance(problem.where, Location)}


def _file_of(problem: Problem, folder: Path) -> Path | None:
    """The file that may be left out; None where the problem is about more than one thing."""
    where = problem.where
    if not isinstance(where, Location) or not where.file.is_relative_to(folder):
        return None
    above = where.file.relative_to(folder).parts[:-1]
    return where.file if above[:1] and above[0] in FOLDERS else None
