"""One tree of errors, sorted by who must act.

RemoteSegmentsError
├── ProjectError          somebody edits a file, a secret or an account        exit code 2
│   └── InvalidProject    everything wrong with the files of a project, at once
├── TemporaryError        wait, then try again: network, quota, a held lock    exit code 3
├── PlatformError         the platform answered what its manifest does not say exit code 4
├── HeldError             a person looks at the numbers and decides            exit code 5
└── EngineError           a bug of this project                               exit code 1

A message says what was found, where, and what to do. It never holds an identifier of a person or a secret.
"""

import traceback
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True)
class Location:
    """A place in a file that a person wrote; `line` counts from 1, and is absent for a file as a whole."""

    file: Path
    line: int | None = None

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else str(self.file)


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: a stable code, what was found, where, and what to do."""

    code: str
    found: str
    fix: str
    where: Location | str | None = None

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}[{self.code}] {self.found} {self.fix}"


class RemoteSegmentsError(Exception):
    """The base of every error this project raises on purpose."""

    exit_code = 1

    def __init__(self, code: str, found: str, fix: str, where: Location | str | None = None) -> None:
        self.problem = Problem(code, found, fix, where)
        super().__init__(str(self.problem))

    @property
    def code(self) -> str:
        """The stable name of this kind of failure, listed in docs/errors.md."""
        return self.problem.code

    def placed(self, place: str) -> None:
        """Adds the place that a person looks at first, before what is known of it already."""
        where = f"{place}, {self.problem.where}" if self.problem.where else place
        self.problem = replace(self.problem, where=where)
        self.args = (str(self.problem),)

    def __reduce__(self) -> tuple[object, ...]:
        """Pickles by its parts: Dagster and worker processes pass errors between processes."""
        return type(self), (self.problem.code, self.problem.found, self.problem.fix, self.problem.where)


class ProjectError(RemoteSegmentsError):
    """Somebody must edit a file, set a secret, or mend an account; trying again changes nothing."""

    exit_code = 2


class InvalidProject(ProjectError):  # noqa: N818 - it names the state of the files, not one error
    """The files of a project do not fit; `problems` lists all of them, in order of file and line."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        first = problems[0]
        super().__init__(first.code, first.found, first.fix, first.where)
        self.args = ("\n".join(map(str, problems)),)

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.problems,)


class TemporaryError(RemoteSegmentsError):
    """The same act may succeed later; `retry_after` is in seconds where somebody named it."""

    exit_code = 3

    def __init__(
        self, code: str, found: str, fix: str, where: Location | str | None = None, retry_after: float | None = None
    ) -> None:
        self.retry_after = retry_after
        super().__init__(code, found, fix, where)

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (*super().__reduce__()[1], self.retry_after)  # type: ignore[misc]


class PlatformError(RemoteSegmentsError):
    """The platform's answer does not fit its manifest: the manifest is wrong, or the platform changed."""

    exit_code = 4


class HeldError(RemoteSegmentsError):
    """A snapshot was fetched but not published; the last published one stays until a person decides."""

    exit_code = 5

    def __init__(
        self,
        code: str,
        found: str,
        fix: str,
        where: Location | str | None = None,
        numbers: Mapping[str, object] | None = None,
    ) -> None:
        self.numbers = dict(numbers or {})  # what the guards compared, and which limits would let it through
        super().__init__(code, found, fix, where)

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (*super().__reduce__()[1], self.numbers)  # type: ignore[misc]


class EngineError(RemoteSegmentsError):
    """A bug of this project: please report it with the code and the message."""


def unexpected(error: BaseException) -> EngineError:
    """Returns what is told of an error that nobody raised on purpose: its kind and place in the code.

    Its own text is left out: it may hold an identifier of a person or a secret, and would be kept in logs.
    """
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _PACKAGE in Path(frame.filename).parents]
    found = f"{type(error).__name__} was raised"
    if frames:
        found += f" in {Path(frames[-1].filename).relative_to(_PACKAGE.parent)}, line {frames[-1].lineno}"
    path = " > ".join(f"{Path(frame.filename).stem}.{frame.name}" for frame in frames[-6:])
    return EngineError("unexpected-error", f"{found}.", "Report this bug with this message.", path or None)


_PACKAGE = Path(__file__).parent
