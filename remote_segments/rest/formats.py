"""How a page holds its members: an object with an array somewhere in it, a bare array, or an array of texts."""

from typing import Annotated, Literal

from pydantic import Field

from remote_segments.rest.paths import Path
from remote_segments.settings import Settings


class JsonObject(Settings):
    """A JSON object that holds the array of members at a path: `{"data": [{...}], "links": {...}}`."""

    kind: Literal["json"]
    items: Path = Field(description="Path of the array of members.", examples=["data"])
    absent: Literal["error", "empty"] = Field(
        "error", description="What it means when the path is not there: a changed answer, or a page without members."
    )

    def envelope(self) -> Path | None:
        """Returns the path of the array within the answer."""
        return self.items


class BareArray(Settings):
    """A JSON array of objects and nothing around it: `[{...}, {...}]`."""

    kind: Literal["array"]
    absent: Literal["error"] = Field("error", description="An answer without the array is always an error.")

    def envelope(self) -> Path | None:
        """Returns None: the answer itself is the array."""
        return None


class Texts(Settings):
    """A JSON array of texts, each the identifier of one member: `["u-1", "u-2"]`."""

    kind: Literal["strings"]
    items: Path | None = Field(None, description="Path of the array; left out when the answer itself is the array.")
    absent: Literal["error", "empty"] = Field(
        "error", description="What it means when the path is not there: a changed answer, or a page without members."
    )

    def envelope(self) -> Path | None:
        """Returns the path of the array within the answer, None when it is the answer."""
        return self.items


Format = Annotated[JsonObject | BareArray | Texts, Field(discriminator="kind")]
"""One way to write a page."""
