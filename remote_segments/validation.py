"""Checks a YAML document with a settings class, and collects everything that is wrong with it."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from remote_segments.errors import InvalidProject, Location, Problem
from remote_segments.explanations import explain
from remote_segments.suggestions import listed
from remote_segments.yaml import Document, read_document

AnyModel = TypeVar("AnyModel", bound=BaseModel)


def check(
    document: Document, model: type[AnyModel], context: dict[str, Any] | None = None
) -> tuple[AnyModel | None, list[Problem]]:
    """Validates a document.

    Args:
        document: as `remote_segments.yaml` read it.
        model: the settings class of the whole file.
        context: what validators of the class need to know.

    Returns:
        The settings, or None, and everything that is wrong, the reader's own problems included. Settings and problems
        come together only where the reader found something (a duplicate key) that leaves a document usable.
    """
    problems = list(document.problems)
    if document.content is None:
        if not problems:
            problems.append(Problem("empty-file", "The file is empty.", _needs(model), document.locate()))
        return None, problems
    try:
        return model.model_validate(document.content, context=context), problems
    except ValidationError as error:
        taken = {problem.where for problem in problems}
        found = explain(error, document, model)
        return None, [*problems, *(problem for problem in found if problem.where not in taken)]


def load(file: Path, model: type[AnyModel], context: dict[str, Any] | None = None) -> AnyModel:
    """Reads and validates one YAML file.

    Raises:
        InvalidProject: with everything that is wrong with it; `missing-file` when there is none.
    """
    if not file.is_file():
        raise InvalidProject([missing_file(file)])
    settings, problems = check(read_document(file), model, context)
    if problems or settings is None:
        raise InvalidProject(in_order(problems))
    return settings


def missing_file(file: Path) -> Problem:
    """A file that must be there."""
    found = f"There is no file {file.name} in {file.parent}."
    return Problem("missing-file", found, "Create it, or name another.", Location(file))


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Problems by file and line, each once."""

    def place(problem: Problem) -> tuple[str, int, str]:
        line = getattr(problem.where, "line", None) or 0
        return str(getattr(problem.where, "file", problem.where or "")), line, problem.code

    return sorted(dict.fromkeys(problems), key=place)


def _needs(model: type[BaseModel]) -> str:
    required = [field.alias or name for name, field in model.model_fields.items() if field.is_required()]
    return f"It needs {listed(required)}." if required else "Write its keys, or remove the file."
