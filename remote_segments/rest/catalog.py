"""Manifests: those that come with the project, and those that a user adds."""

from importlib import resources
from pathlib import Path

from remote_segments.errors import InvalidProject, Problem
from remote_segments.rest.manifest import Manifest
from remote_segments.validation import load
from remote_segments.yaml import read_document

EXCHANGES = ".exchanges.yaml"
"""How the file with a platform's documented exchanges ends, which is kept beside its manifest."""


def load_manifest(path: Path) -> Manifest:
    """Returns the manifest in a file, whose name is the platform's name.

    Raises:
        InvalidProject: with everything that is wrong with it; `name-invalid` when file and `name` differ.
    """
    manifest = load(path, Manifest)
    if manifest.name != path.stem:
        found = f"The file is called {path.name}, but its platform {manifest.name}."
        place = read_document(path).locate(("name",))
        raise InvalidProject([Problem("name-invalid", found, f"Rename the file to {manifest.name}.yaml.", place)])
    return manifest


def bundled() -> list[Path]:
    """Returns the files of the manifests that come with the project."""
    folder = Path(str(resources.files("remote_segments.platforms")))
    return manifest_files(folder)


def manifest_files(folder: Path) -> list[Path]:
    """Returns the manifests of a folder, which may be missing; documented exchanges beside them are none."""
    return [file for file in sorted(folder.glob("*.yaml")) if not file.name.endswith(EXCHANGES)]


def verbs(manifest: Manifest) -> tuple[str, ...]:
    """Returns what a platform can be asked for."""
    listing = all(kind.list is not None for kind in manifest.sources.values())
    return ("members", "describe", *(("list",) if listing else ()))


def load_platforms(extra: Path | None = None) -> dict[str, Manifest]:
    """Returns all manifests by name: the bundled ones, then a project's own, which replace bundled ones of their name.

    Args:
        extra: folder with manifests of the user's own; may be missing.

    Raises:
        InvalidProject: everything that is wrong with the files of `extra`.
    """
    own = manifest_files(extra) if extra is not None else []
    manifests: dict[str, Manifest] = {}
    problems: list[Problem] = []
    for path in [*bundled(), *own]:
        try:
            manifests[path.stem] = load_manifest(path)
        except InvalidProject as error:
            problems.extend(error.problems)
    if problems:
        raise InvalidProject(problems)
    return manifests
