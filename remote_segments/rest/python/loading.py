"""Finds the class of a platform in Python: in the file beside its manifest, or installed under an entry point.

https://packaging.python.org/en/latest/specifications/entry-points/
"""

import importlib.util
import inspect
import sys
import traceback
from collections.abc import Iterable, Iterator
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType

from remote_segments.errors import InvalidProject, Location, Problem
from remote_segments.rest.python.platform import PythonPlatform

GROUP = "remote_segments.platforms"
"""The entry point group: name of the platform = class."""


def installed() -> Iterator[EntryPoint]:
    """Yields the platforms that other packages bring along."""
    yield from sorted(entry_points(group=GROUP), key=lambda point: point.name)


def installed_manifest(point: EntryPoint) -> tuple[Path, type[PythonPlatform]]:
    """Returns the manifest's file and the class of an installed platform.

    Raises:
        InvalidProject: `code-unloadable`, `code-wrong`.
    """
    where = Location(Path(f"entry point {point.name} of {point.dist.name if point.dist else point.value}"))
    try:
        found = point.load()
        module = inspect.getfile(found)
    except Exception as error:
        raise _unloadable(error, where) from error
    if not (isinstance(found, type) and issubclass(found, PythonPlatform)):
        raise _wrong("It is no subclass of PythonPlatform.", where)
    return Path(module).with_name(found.manifest or f"{point.name}.yaml"), found


def code_beside(manifest: Path) -> type[PythonPlatform]:
    """Returns the class in the Python file beside a manifest.

    Raises:
        InvalidProject: `code-missing`, `code-unloadable`, `code-wrong`.
    """
    file = manifest.with_suffix(".py")
    where = Location(file)
    if not file.is_file():
        found = f"{manifest.name} says that Python reads its members, but there is no {file.name} beside it."
        raise InvalidProject([Problem("code-missing", found, f"Write the class in {file.name}.", Location(manifest))])
    module = _module(file, where)
    classes = [
        one
        for one in vars(module).values()
        if isinstance(one, type) and issubclass(one, PythonPlatform) and one.__module__ == module.__name__
    ]
    if len(classes) != 1:
        raise _wrong(f"It has {len(classes)} subclasses of PythonPlatform, not one.", where)
    return classes[0]


def _module(file: Path, where: Location) -> ModuleType:
    name = f"remote_segments_platform_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise _wrong("It cannot be read as Python.", where)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look for the module of their class there
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise _unloadable(error, where) from error
    return module


def refuse_lacking(code: type[PythonPlatform], methods: Iterable[str], where: Location) -> None:
    """Refuses a class that lacks a method which its manifest counts on.

    Raises:
        InvalidProject: `code-wrong`.
    """
    for name in methods:
        if getattr(code, name) is getattr(PythonPlatform, name):
            raise _wrong(f"{code.__name__} has no method `{name}`, which the manifest counts on.", where)


def _unloadable(error: Exception, where: Location) -> InvalidProject:
    frames = traceback.extract_tb(error.__traceback__)
    line = f" in line {frames[-1].lineno} of {Path(frames[-1].filename).name}" if frames else ""
    line = f" in line {error.lineno}" if isinstance(error, SyntaxError) else line
    found = f"The platform's code cannot be loaded: {type(error).__name__}{line}: {error}."
    return InvalidProject([Problem("code-unloadable", found, "Correct it.", where)])


def _wrong(found: str, where: Location) -> InvalidProject:
    fix = "A platform in Python is one class that derives from remote_segments.rest.python.PythonPlatform."
    return InvalidProject([Problem("code-wrong", found, fix, where)])
