"""What can still be checked when a file is broken somewhere: one mistake must not hide all others."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from remote_segments.config.common import Columns
from remote_segments.config.segment import Column, Segment, Source

Block = TypeVar("Block", bound=BaseModel)


def written_names(content: Any, block: str) -> list[str]:
    """The names under `connections:` or `models:`, sound or not."""
    blocks = content.get(block) if isinstance(content, dict) else None
    return list(blocks) if isinstance(blocks, dict) else []


def sound_blocks(content: Any, block: str, model: type[Block]) -> dict[str, Block]:
    """The blocks under `connections:` or `models:` that are valid on their own."""
    sound = {}
    for name in written_names(content, block):
        try:
            sound[name] = model.model_validate(content[block][name])
        except ValidationError:
            continue  # told by the check of the whole file
    return sound


@dataclass(frozen=True)
class SoundParts:
    """What a broken segment file refers to, as far as it can be read."""

    source: Source | None
    model: str | None
    identifiers: tuple[dict[str, Column], ...]
    columns: Columns | None


def sound_parts(content: Any) -> SoundParts:
    """Reads each part of a segment file on its own."""
    written = content if isinstance(content, dict) else {}
    return SoundParts(
        _sound("source", written),
        _sound("model", written),
        _sound("identifiers", written) or (),
        _sound("columns", written),
    )


def _sound(name: str, written: dict[str, Any]) -> Any:
    try:
        return _adapter(name).validate_python(written[name])
    except (KeyError, ValidationError):
        return None  # told by the check of the whole file


@lru_cache(maxsize=8)
def _adapter(name: str) -> TypeAdapter[Any]:
    annotation: Any = Segment.model_fields[name].annotation
    return TypeAdapter(annotation)
