"""The base of everything that a person writes in YAML: frozen, unknown keys refused, secrets never shown."""

import os
import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from remote_segments.errors import ProjectError


class Settings(BaseModel):
    """A block of YAML: its fields are described, its values never change, a key it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=False, validate_default=True)


def text_as(key: str, block: Any) -> BeforeValidator:
    """Lets a text stand for a block with this one key: `email` for `{column: email}`.

    Args:
        key: the key that the text is the value of.
        block: the block's class, for the JSON Schema.
    """
    return BeforeValidator(
        lambda value: {key: value} if isinstance(value, str) else value, json_schema_input_type=str | block
    )


def _split_words(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Texts = Annotated[tuple[str, ...], BeforeValidator(_split_words, json_schema_input_type=str | tuple[str, ...])]
"""One text or a list of texts; always a tuple once read."""


class Secret(Settings):
    """Where a secret is kept: an environment variable or a file; its value is read when it is used, never before."""

    env: str | None = Field(None, description="Name of the environment variable that holds the secret.")
    file: Path | None = Field(None, description="Path of a file that holds the secret and nothing else.")

    @model_validator(mode="after")
    def _one_place(self) -> "Secret":
        if (self.env is None) == (self.file is None):
            raise ValueError("a secret is written as {env: NAME} or {file: PATH}")
        if self.env is not None and not re.fullmatch(r"[A-Z_][A-Z0-9_]*", self.env):
            # Names of variables are printed where one is unset: a secret pasted here must not get that far.
            raise ValueError("`env` is the name of a variable, in capitals, digits and `_`; never the secret itself")
        return self

    def read(self, where: str) -> str:
        """Returns the secret's text, without surrounding white space.

        Args:
            where: what the secret is for, for the error message (`connection klaviyo, api_key`).

        Raises:
            ProjectError: `secret-unset` when the variable or file is missing or empty.
        """
        if self.file is not None:
            value = self.file.read_text().strip() if self.file.is_file() else ""
            missing = f"The secret file {self.file} is missing or empty."
            fix = "Write the secret into it (readable by its owner only), or name another file."
        else:
            value = os.environ.get(self.env or "", "").strip()
            missing = f"The environment variable {self.env} is not set."
            fix = f"Set {self.env} where this process starts, or name another variable."
        if not value:
            raise ProjectError("secret-unset", missing, fix, where)
        return value
