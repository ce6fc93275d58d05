"""Manifests: those that come with the project, and those that a user adds."""

from collections.abc import Callable
from functools import cache, partial
from importlib import resources
from importlib.metadata import EntryPoint
from pathlib import Path

from remote_segments.errors import InvalidProject, Location, Problem
from remote_segments.on_demand import OnDemand
from remote_segments.platforms import EXCHANGES
from remote_segments.rest.manifest import Manifest
from remote_segments.rest.python.loading import code_beside, installed, installed_manifest, refuse_lacking
from remote_segments.rest.python.platform import PythonPlatform
from remote_segments.validation import load
from remote_segments.yaml import read_document


def load_manifest(path: Path, code: type[PythonPlatform] | None = None) -> Manifest:
    """Returns the manifest in a file, whose name is the platform's name, with its class where Python does a part.

    Args:
        path: the manifest's file.
        code: the class; the one in the Python file beside it when left out.

    Raises:
        InvalidProject: with everything that is wrong with it; `name-invalid` when file and `name` differ, `code-*`.
    """
    manifest = load(path, Manifest)
    if manifest.name != path.stem:
        found = f"The file is called {path.name}, but the platform in it {manifest.name}: both have one name."
        fix = (
            f"Call the file {manifest.name}.yaml, in a folder of its own if there is one already; or write "
            f"`name: {path.stem}`, and put exchanges of its own beside it."
        )
        raise InvalidProject([Problem("name-invalid", found, fix, read_document(path).locate(("name",)))])
    needed = list(manifest.methods())
    if not needed:
        return manifest
    found_code = code or _installed_code(path) or code_beside(path)
    refuse_lacking(found_code, needed, Location(path.with_suffix(".py")))
    return manifest.with_code(found_code)


def _installed(point: EntryPoint) -> Manifest:
    path, code = installed_manifest(point)
    return load_manifest(path, code)


def installed_files() -> list[Path]:
    """Returns the files of the manifests that installed packages bring along.

    Raises:
        InvalidProject: `code-unloadable`, `code-wrong`.
    """
    return [installed_manifest(point)[0] for point in installed()]


def _installed_code(path: Path) -> type[PythonPlatform] | None:
    if path.with_suffix(".py").is_file():
        return None  # an installed platform, too, may be worked on where it lies
    return next((code for file, code in map(installed_manifest, installed()) if file == path), None)


def bundled() -> list[Path]:
    """Returns the files of the manifests that come with the project."""
    folder = Path(str(resources.files("remote_segments.platforms")))
    return manifest_files(folder)


def manifest_files(folder: Path) -> list[Path]:
    """Returns the manifests of a folder, which may be missing; documented exchanges beside them are none."""
    return [file for file in sorted(folder.glob("*.yaml")) if not file.name.endswith(EXCHANGES)]


def verbs(manifest: Manifest) -> tuple[str, ...]:
    """Returns what a platform can be asked for: to be read, and what it can be sent."""
    reading = ("members", "describe") if manifest.sources else ()
    listing = ("list",) if manifest.sources and all(kind.list is not None for kind in manifest.sources.values()) else ()
    sending = dict.fromkeys(verb for kind in manifest.destinations.values() for verb in kind.verbs())
    creating = ("create",) if any(kind.create is not None for kind in manifest.destinations.values()) else ()
    return (*reading, *listing, *sending, *creating)


def load_platforms(extra: Path | None = None) -> OnDemand[Manifest]:
    """Returns all manifests by name; those further on replace others of their name.

    First the bundled ones, then those that installed packages bring along, then a project's own. A bundled one is read
    when it is first asked for, since a project uses few of them; those of others are read, and so checked, at once.

    Args:
        extra: folder with manifests of the user's own; may be missing.

    Raises:
        InvalidProject: everything that is wrong with the files of `extra`, and with installed platforms.
    """
    own = manifest_files(extra) if extra is not None else []
    makers: dict[str, Callable[[], Manifest]] = {path.stem: partial(_bundled, path) for path in bundled()}
    problems: list[Problem] = []
    loaders = [partial(_installed, point) for point in installed()]
    loaders += [partial(load_manifest, path) for path in own]
    for load_one in loaders:
        try:
            manifest = load_one()
        except InvalidProject as error:
            problems.extend(error.problems)
        else:
            makers[manifest.name] = partial(_itself, manifest)
    if problems:
        raise InvalidProject(problems)
    return OnDemand(makers)


@cache  # what comes with the project does not change while it runs
def _bundled(path: Path) -> Manifest:
    return load_manifest(path)


def _itself(manifest: Manifest) -> Manifest:
    return manifest
