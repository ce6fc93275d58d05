"""What this machine gives: Python, packages, Dagster's home, the clock; and what a finding of `doctor` is."""

import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path
from typing import Literal

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from remote_segments.errors import ProjectError, RemoteSegmentsError

Verdict = Literal["ok", "warn", "bad"]

DISTRIBUTION = "remote-segments"


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, how it is, what was found, and what to do where it is not well."""

    topic: str
    verdict: Verdict
    found: str
    fix: str = ""
    exit_code: int = 0
    """Of a bad one: who must act."""


def bad(topic: str, found: str, fix: str, exit_code: int = ProjectError.exit_code) -> Finding:
    """A finding that keeps refreshes from working."""
    return Finding(topic, "bad", found, fix, exit_code)


def of_error(topic: str, error: RemoteSegmentsError) -> Finding:
    """The finding that an error is."""
    return bad(topic, f"{error.problem.found} [{error.code}]", error.problem.fix, error.exit_code)


def examine_machine(now: datetime, home: str | None = None) -> Iterator[Finding]:
    """Python, packages, Dagster's home and the clock; needs no project.

    Args:
        now: the wall clock, with a time zone.
        home: the value of DAGSTER_HOME.
    """
    yield _python()
    yield from _packages()
    yield _dagster_home(home)
    zone = time.strftime("%Z")
    yield Finding("clock", "ok", f"{now.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC; this machine's zone is {zone}")


def _python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    wanted = metadata(DISTRIBUTION)["Requires-Python"] or ""
    if not SpecifierSet(wanted).contains(found, prereleases=True):
        return bad("python", f"Python {found}; needed is {wanted}", "Make an environment with that one.")
    return Finding("python", "ok", f"Python {found}, {DISTRIBUTION} {_installed(DISTRIBUTION) or 'not installed'}")


def _packages() -> Iterator[Finding]:
    """Packages that are missing or of a release that this project was not made for."""
    wrong = 0
    needed = [Requirement(text) for text in (requires(DISTRIBUTION) or ())]
    needed = [one for one in needed if one.marker is None or one.marker.evaluate({"extra": ""})]
    for one in needed:
        found = _installed(one.name)
        if found is None or not one.specifier.contains(found, prereleases=True):
            wrong += 1
            yield bad("packages", f"{one.name} {found or 'is missing'}; needed is {one.name}{one.specifier}",
                      f"pip install '{one.name}{one.specifier}'")  # fmt: skip
    if not wrong:
        yield Finding("packages", "ok", f"all {len(needed)} in the releases they should have")


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _dagster_home(home: str | None) -> Finding:
    if not home:
        fix = "Set DAGSTER_HOME to a folder of its own; without it no schedule runs and no run is kept."
        return Finding("dagster", "warn", "DAGSTER_HOME is not set", fix)
    folder = Path(home)
    if not folder.is_absolute() or not folder.is_dir() or not os.access(folder, os.W_OK):
        return bad("dagster", f"DAGSTER_HOME={home} is no folder that can be written to", "Make it; write it whole.")
    return Finding("dagster", "ok", f"DAGSTER_HOME={home}")
