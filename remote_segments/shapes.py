"""Follows the place of a pydantic error through the settings classes and through what was written.

pydantic's `loc` mixes keys that a person wrote with names of its own (the branch of a union, the tag of a
discriminator, `function-after[...]`). Here both are told apart by walking the content alongside.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from remote_segments.yaml import KeyPath


@dataclass(frozen=True)
class Step:
    """Where an error is: the path that a person wrote, and the settings classes that may stand around its last key."""

    path: KeyPath
    parents: tuple[type[BaseModel], ...]
    branch: tuple[KeyPath, str] | None = None
    """The first union on the way that is told apart by trying: its path, and pydantic's name of the branch."""


def real_steps(model: type[BaseModel], content: Any, loc: Iterable[int | str]) -> Step:
    """Splits pydantic's `loc` into what was written and what was not."""
    path: KeyPath = ()
    here: list[Any] = [model]
    parents: tuple[type[BaseModel], ...] = ()
    branch = None
    for part in loc:
        if part == "[key]":  # the key that was reached is itself what is wrong
            continue
        if _written(content, part) or _is_field(here, part):
            parents = _models(here)
            here = [option for annotation in here for option in _inside(annotation, part)]
            content = _value(content, part)
            path = (*path, part)
        else:
            tagged = [option for option in here if _tag_of(option, part)]
            if not tagged and branch is None:
                branch = (path, str(part))
            here = tagged or [option for option in here if getattr(option, "__name__", None) == part] or here
    return Step(path, parents, branch)


def known_names(models: Iterable[type[BaseModel]]) -> list[str]:
    """The keys that these classes read, those that must be written first; a field left out of output is none."""
    fields = [item for model in models for item in model.model_fields.items()]
    fields.sort(key=lambda item: not item[1].is_required())
    return list(dict.fromkeys(field.alias or name for name, field in fields if not field.exclude))


def options(annotation: Any) -> list[Any]:
    """The annotations that a value may have: unions flattened, Annotated unwrapped, None left out."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return options(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return [option for part in get_args(annotation) for option in options(part)]
    return [] if annotation is NoneType else [annotation]


def _written(content: Any, part: int | str) -> bool:
    if isinstance(content, dict):
        return part in content
    return isinstance(content, list) and isinstance(part, int) and part < len(content)


def _value(content: Any, part: int | str) -> Any:
    return content[part] if _written(content, part) else None


def _is_field(here: list[Any], part: int | str) -> bool:
    return any(part in known_names([model]) for model in _models(here))


def _models(here: Iterable[Any]) -> tuple[type[BaseModel], ...]:
    return tuple(option for option in here if isinstance(option, type) and issubclass(option, BaseModel))


def _tag_of(option: Any, tag: int | str) -> bool:
    """Whether a class of a discriminated union is the one with this tag."""
    fields = option.model_fields.values() if _models([option]) else ()
    return any(tag in get_args(field.annotation) for field in fields)


def _inside(annotation: Any, part: int | str) -> list[Any]:
    """The annotations of what is found under one key or position of a value."""
    if _models([annotation]):
        for name, field in annotation.model_fields.items():
            if part in (field.alias, name):
                return options(field.annotation)
        annotation = get_type_hints(annotation, include_extras=True).get("__pydantic_extra__")  # keys of its own
    arguments = get_args(annotation)
    if not arguments:
        return []
    return options(arguments[1] if isinstance(part, str) and len(arguments) > 1 else arguments[0])
