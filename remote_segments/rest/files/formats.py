"""How a file holds its members; the readers of each are in `reading`."""

from typing import Literal

from pydantic import Field, model_validator

from remote_segments.settings import Settings, Texts


class Lines(Settings):
    """Plain text, one identifier a line, nothing else."""

    kind: Literal["lines"]


class JsonLines(Settings):
    """One JSON object a line: `{"id": "u-1"}`; the paths of identifiers are within it."""

    kind: Literal["ndjson"]


class Csv(Settings):
    """Comma-separated values as in RFC 4180; the path of an identifier is the name of its column."""

    kind: Literal["csv"]
    columns: Texts | None = Field(
        None, description="Names of the columns in order, for a file without a header; left out, its first row is one."
    )
    delimiter: Literal["comma", "semicolon", "tab", "pipe"] = Field("comma", description="What stands between values.")
    nulls: Texts = Field(("",), description="Values that stand for nothing.", examples=[["", "null"]])

    @model_validator(mode="after")
    def _distinct(self) -> "Csv":
        if self.columns is not None and len(set(self.columns)) < len(self.columns):
            raise ValueError("a column is named twice")
        return self


Compression = Literal["none", "gzip", "zip"]
"""How a file is packed: not at all, gzip (RFC 1952), or a zip archive of one or several files."""
