"""All platforms that a project can connect to: those with a manifest, and those whose sources its segments describe."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from remote_segments.errors import InvalidProject, Location, Problem
from remote_segments.files.platform import FILES
from remote_segments.on_demand import OnDemand
from remote_segments.rest.catalog import load_platforms, manifest_files
from remote_segments.rest.catalog import verbs as verbs_of_manifest
from remote_segments.rest.manifest import Manifest, SourceKind
from remote_segments.sources.columns import ColumnKind, ColumnPlatform
from remote_segments.warehouses.platform import WAREHOUSE

Platform = Manifest | ColumnPlatform
"""What is known of a platform before anything is asked."""

Kind = SourceKind | ColumnKind
"""What is known of a segment's source before anything is asked."""

WITHOUT_MANIFEST: dict[str, ColumnPlatform] = {one.name: one for one in (FILES, WAREHOUSE)}
"""By name; a project's own manifest cannot replace them."""


def all_platforms(extra: Path | None = None) -> Mapping[str, Platform]:
    """Returns all platforms by name; a bundled manifest is read when it is first asked for.

    Args:
        extra: folder with manifests of the user's own; may be missing.

    Raises:
        InvalidProject: everything that is wrong with the files of `extra`; `name-reserved` for a manifest that has the
            name of a platform without one.
    """
    problems = [_reserved(file) for file in manifest_files(extra) if file.stem in WITHOUT_MANIFEST] if extra else []
    try:
        manifests = load_platforms(extra)
    except InvalidProject as error:
        raise InvalidProject([*problems, *error.problems]) from None
    if problems:
        raise InvalidProject(problems)
    makers: dict[str, Callable[[], Platform]] = {**manifests.makers}
    makers.update((name, partial(WITHOUT_MANIFEST.__getitem__, name)) for name in WITHOUT_MANIFEST)
    return OnDemand(makers)


def verbs(platform: Platform) -> tuple[str, ...]:
    """Returns what a platform can be asked for."""
    return verbs_of_manifest(platform) if isinstance(platform, Manifest) else platform.verbs


def kind_titles(platform: Platform) -> list[str]:
    """Returns what can be read from a platform, in words."""
    if isinstance(platform, Manifest):
        return [kind.title.lower() for kind in platform.sources.values()]
    return [platform.kind]


def destination_titles(platform: Platform) -> list[str]:
    """Returns what can be written to at a platform with a manifest, in words."""
    return [one.title.lower() for one in platform.destinations.values()] if isinstance(platform, Manifest) else []


def _reserved(file: Path) -> Problem:
    found = f"`{file.stem}` is a platform that needs no manifest, and cannot be replaced by one."
    return Problem("name-reserved", found, "Rename the file and the platform in it.", Location(file))
