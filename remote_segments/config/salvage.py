"""What can still be referred to when project.yaml is broken somewhere: one mistake must not hide all others."""

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

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
