"""How a page holds its members: as an array of objects, of texts or of rows, as an object of objects, or as CSV."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from remote_segments.rest.files.formats import Csv
from remote_segments.rest.paths import Path
from remote_segments.settings import Settings
from remote_segments.settings import Texts as Words


class JsonObject(Settings):
    """A JSON object that holds the array of members at a path: `{"data": [{...}], "links": {...}}`."""

    kind: Literal["json"]
    items: Path = Field(description="Path of the array of members.", examples=["data"])
    absent: Literal["error", "empty"] = Field(
        "error", description="What it means when the path is not there: a changed answer, or a page without members."
    )
    null: Literal["error", "empty"] = Field(
        "error",
        description="What null in place of the array means: a changed answer, or a page without members, as a server "
        "written in Go answers behind the last; a total must then prove it.",
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
    """A JSON array of texts or numbers, each the identifier of one member: `["u-1", "u-2"]`."""

    kind: Literal["strings"]
    items: Path | None = Field(None, description="Path of the array; left out when the answer itself is the array.")
    absent: Literal["error", "empty"] = Field(
        "error", description="What it means when the path is not there: a changed answer, or a page without members."
    )

    def envelope(self) -> Path | None:
        """Returns the path of the array within the answer, None when it is the answer."""
        return self.items


class KeyedObject(Settings):
    """A JSON object with one member under each key: `{"contacts": {"12": {...}}}`, or `[]` for none (PHP)."""

    kind: Literal["keyed"]
    items: Path = Field(
        description="Path of the object; the identifier without a path is each member's key.", examples=["contacts"]
    )
    absent: Literal["error", "empty"] = Field(
        "error", description="What it means when the path is not there: a changed answer, or a page without members."
    )

    def envelope(self) -> Path | None:
        """Returns the path of the object within the answer."""
        return self.items


class Rows(Settings):
    """A JSON array of rows, each an array of values in the order of the columns: `[["u-1", "a@example.com"]]`."""

    kind: Literal["rows"]
    items: Path = Field(description="Path of the array of rows.", examples=["results"])
    columns: Words = Field(
        min_length=1, description="Name of each value of a row, in order; the path of an identifier is one of them."
    )
    columns_at: Path | None = Field(
        None, description="Path of the columns' names in the answer, which must then be exactly these."
    )
    absent: Literal["error", "empty"] = Field(
        "error", description="What it means when the path is not there: a changed answer, or a page without members."
    )

    @model_validator(mode="after")
    def _distinct(self) -> "Rows":
        if len(set(self.columns)) < len(self.columns):
            raise ValueError("a column is named once")
        return self

    def envelope(self) -> Path | None:
        """Returns the path of the array within the answer."""
        return self.items


class CsvPage(Csv):
    """Comma-separated values as in RFC 4180, on each page with their header; a total must prove that all came."""

    rows: str | None = Field(
        None, description="Name of the header with the number of rows on the page.", examples=["Sforce-NumberOfRecords"]
    )

    def envelope(self) -> Path | None:
        """Returns None: a table holds nothing beside its rows."""
        return None


JsonFormat = JsonObject | BareArray | Texts | KeyedObject | Rows
"""One way to write a page in JSON."""

Format = Annotated[JsonObject | BareArray | Texts | KeyedObject | Rows | CsvPage, Field(discriminator="kind")]
"""One way to write a page."""
