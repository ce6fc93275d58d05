"""Says what pydantic found as a person would: one Problem for one mistake.

Each has a stable code, the line, what was found and what to do. A value is repeated only where it is short and cannot
be a secret.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from remote_segments.errors import Problem
from remote_segments.settings import Secret
from remote_segments.shapes import Step, known_names, real_steps
from remote_segments.suggestions import choose, near
from remote_segments.yaml import Document, KeyPath


def refusal(code: str, found: str, fix: str, *, holding: str = "", below: KeyPath = ()) -> PydanticCustomError:
    """What a validator of a settings class raises to give its problem a code, a finding and a fix of its own.

    Its line is that of the first text `below` the validated block that holds these characters, else that of the block.
    """
    context = {"code": code, "found": found, "fix": fix, "holding": holding, "below": below}
    return PydanticCustomError("refusal", "{found}", context)


def explain(error: ValidationError, document: Document, model: type[BaseModel]) -> list[Problem]:
    """Every error of pydantic as one problem; one mistake is told once."""
    details = [
        (detail, real_steps(model, document.content, detail["loc"]))
        for detail in error.errors(include_url=False, include_input=True)
    ]
    problems: dict[KeyPath, Problem] = {}
    misspelt: set[KeyPath] = set()
    for detail, step in _of_one_branch(details):
        if detail["type"] == "extra_forbidden":
            meant = near(str(step.path[-1]), known_names(step.parents))
            if meant and not _present(document, (*step.path[:-1], meant)):
                misspelt.add((*step.path[:-1], meant))
        problems.setdefault(step.path, _problem(detail, step, document))
    return [problem for path, problem in problems.items() if not (path in misspelt and problem.code == "missing-key")]


def _present(document: Document, path: KeyPath) -> bool:
    return path in document.lines


def _of_one_branch(details: list[tuple[ErrorDetails, Step]]) -> list[tuple[ErrorDetails, Step]]:
    """Keeps, where several shapes are allowed, the errors of the shape that comes nearest to what is written."""
    groups: dict[KeyPath, dict[str, list[tuple[ErrorDetails, Step]]]] = {}
    kept = []
    for detail, step in details:
        if step.branch is None:
            kept.append((detail, step))
        else:
            at, name = step.branch
            groups.setdefault(at, {}).setdefault(name, []).append((detail, step))
    for at, branches in groups.items():
        fitting = [errors for errors in branches.values() if all(step.path != at for _, step in errors)]
        kept.extend(sorted(fitting or branches.values(), key=len)[0])
    return kept


SHAPES = {
    "dict_type": "a mapping (`key: value`)",
    "model_type": "a mapping (`key: value`)",
    "model_attributes_type": "a mapping (`key: value`)",
    "mapping_type": "a mapping (`key: value`)",
    "list_type": "a list (`- entry`)",
    "tuple_type": "a list (`- entry`)",
    "set_type": "a list (`- entry`)",
    "string_type": "text",
    "path_type": "the path of a file",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "`true` or `false`",
    "bool_parsing": "`true` or `false`",
    "date_type": "a date as 2026-11-24",
    "date_parsing": "a date as 2026-11-24",
    "date_from_datetime_parsing": "a date as 2026-11-24",
}
"""pydantic's names of errors about the wrong kind of value, and what was wanted instead.

Source: https://docs.pydantic.dev/latest/errors/validation_errors/
"""


def _problem(detail: ErrorDetails, step: Step, document: Document) -> Problem:
    handler = _wrong_type if detail["type"] in SHAPES else _HANDLERS.get(detail["type"], _other)
    return handler(detail, step, document)


def _refusal(detail: ErrorDetails, step: Step, document: Document) -> Problem:
    context = detail["ctx"]
    path = (*step.path, *context["below"])
    if context["holding"]:
        path = next(_holding(document.content, path, context["holding"]), path)
    return Problem(context["code"], context["found"], context["fix"], document.locate(path))


def _holding(content: Any, below: KeyPath, characters: str) -> Iterator[KeyPath]:
    """Yields where texts below a path hold these characters."""
    for key in below:
        content = content.get(key) if isinstance(content, dict) else None
    yield from ((*below, *path) for path, text in _texts(content) if characters in text)


def _texts(content: Any, at: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    """Yields every text of a document, and where it is."""
    if isinstance(content, str):
        yield at, content
    entries = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, inner in entries:
        yield from _texts(inner, (*at, key))


def _wrong_type(detail: ErrorDetails, step: Step, document: Document) -> Problem:
    key, value = said(step.path), detail["input"]
    if detail.get("ctx", {}).get("class_name") == Secret.__name__ and isinstance(value, str):
        return secret_in_file(key, document, step.path)
    wanted = f"Write {SHAPES[detail['type']]}."
    return Problem("wrong-type", f"{key} is {kind_of(value)}.", wanted, document.locate(step.path))


def _unknown(detail: ErrorDetails, step: Step, document: Document) -> Problem:  # noqa: ARG001 - one shape of handlers
    return unknown_key(str(step.path[-1]), known_names(step.parents), document, step.path)


def _choice(detail: ErrorDetails, step: Step, document: Document) -> Problem:
    """A value, or the discriminator of a block, that is not one of a few."""
    context, path = detail["ctx"], step.path
    if detail["type"] == "union_tag_invalid":
        path = (*path, str(context["discriminator"]).strip("'"))
        value, choices = context["tag"], context["expected_tags"].split(", ")
    else:
        value, choices = detail["input"], context["expected"].replace(" or ", ", ").split(", ")
    short = isinstance(value, str) and len(value) <= 40
    found = f"{said(path)} is `{value}`." if short else f"{said(path)} is {kind_of(value)}."
    return Problem("bad-value", found, choose(str(value), [word.strip("'") for word in choices]), document.locate(path))


def _not_accepted(detail: ErrorDetails, step: Step, document: Document) -> Problem:
    """What a validator of a settings class said."""
    return _bad_value(str(detail["ctx"]["error"]), step, document)


def _other(detail: ErrorDetails, step: Step, document: Document) -> Problem:
    message = detail["msg"].replace(" after validation", "")
    for subject in ("Input", "String", "Tuple", "List", "Dictionary", "Value"):
        message = message.removeprefix(f"{subject} should ").removeprefix(f"{subject} ")
    return _bad_value(f"it must {message}" if message[:1].islower() else message, step, document)


def _bad_value(rule: str, step: Step, document: Document) -> Problem:
    fix = f"{rule[:1].upper()}{rule[1:].rstrip('.')}."
    return Problem("bad-value", f"{said(step.path)} is not accepted.", fix, document.locate(step.path))


def _missing(detail: ErrorDetails, step: Step, document: Document) -> Problem:
    """A key that must be there; a mapping without its discriminator lacks a key too."""
    context = detail.get("ctx", {})
    if detail["type"] == "union_tag_not_found":
        name = str(context["discriminator"]).strip("'")
        return Problem("missing-key", f"The key `{name}` is missing.", f"Add `{name}:`.", document.locate(step.path))
    name = str(step.path[-1])
    described = next((field.description for model in step.parents if (field := _field(model, name))), None)
    fix = f"Add `{name}:` ({described.split('. ')[0].rstrip('.')})." if described else f"Add `{name}:`."
    inside = f" in {said(step.path[:-1])}" if step.path[:-1] else ""
    return Problem("missing-key", f"The key `{name}` is missing{inside}.", fix, document.locate(step.path[:-1]))


def _field(model: type[BaseModel], name: str) -> Any:
    fields = model.model_fields
    return fields.get(name) or next((field for field in fields.values() if field.alias == name), None)


def unknown_key(name: str, known: Sequence[str], document: Document, path: KeyPath) -> Problem:
    """A key that is not one of `known`; `path` leads to it."""
    inside = f" in {said(path[:-1])}" if path[:-1] else ""
    return Problem("unknown-key", f"There is no key `{name}`{inside}.", choose(name, known), document.locate(path))


def secret_in_file(key: str, document: Document, path: KeyPath) -> Problem:
    """A secret that is written out; the message never repeats it."""
    return Problem(
        "secret-in-file",
        f"{key} is a secret written into the file.",
        "Keep it in an environment variable, {env: NAME}, or in a file of its own, {file: PATH}; "
        "if this file was ever shared, make a new secret and revoke this one.",
        document.locate(path),
    )


def said(path: KeyPath) -> str:
    """A path as a person says it: `source.connection`, `identifiers[2]` (counted from 1)."""
    if not path:
        return "The file"
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return f"`{text}`"


def kind_of(value: Any) -> str:
    """The kind of a value, never the value."""
    if value is None:
        return "empty"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    return "text" if isinstance(value, str) else f"a {type(value).__name__}"


_HANDLERS = {
    "refusal": _refusal,
    "extra_forbidden": _unknown,
    "missing": _missing,
    "union_tag_not_found": _missing,
    "union_tag_invalid": _choice,
    "literal_error": _choice,
    "enum": _choice,
    "value_error": _not_accepted,
}
