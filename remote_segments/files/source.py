"""What a segment's file says about the files that hold its members."""

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from remote_segments.explanations import refusal
from remote_segments.settings import Settings, Texts, text_as
from remote_segments.sources.columns import ColumnSource

Format = Literal["csv", "ndjson", "parquet"]

ENDINGS: dict[str, Format] = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson", ".json": "ndjson",
    ".parquet": "parquet", ".pq": "parquet",
}  # fmt: skip
"""What the end of a file's name says about its format; `.gz` may follow."""

NEWEST = "{newest}"
"""Stands in a path for the greatest of several dates or numbers."""


class Csv(Settings):
    """How a CSV file is written."""

    delimiter: str = Field(
        ",", min_length=1, max_length=1, description="The character between two values; a tab for files in .tsv."
    )
    quote: str = Field('"', min_length=1, max_length=1, description="The character around values; doubled inside one.")
    header: Texts | None = Field(
        None, description="The columns' names, where the first line does not hold them.", min_length=1
    )
    encoding: str = Field("utf-8", description="The characters' encoding.", examples=["latin-1"])
    nulls: Texts = Field(
        ("",),
        description="What stands for no value, where it is not in quotes; in quotes it is text.",
        examples=[['""', "NULL", "\\N"]],
        json_schema_extra={"default": '""'},
    )

    @field_validator("encoding")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            "".encode(value)
        except LookupError:
            raise ValueError("it is no encoding that Python knows") from None
        return value


def _manifest(value: Any) -> Any:
    return {"file": value, "rows": "rows"} if isinstance(value, str) else value


class ManifestFile(Settings):
    """A JSON file that lists all files, and how many rows or bytes each has."""

    file: str = Field(description="Its name, beside the files or as a path from there.", examples=["manifest.json"])
    entries: str = Field("files", description="Path of the list within it.", examples=["entries"])
    name: str = Field(
        "name",
        description="Path, within one entry, of the file's name; of an address only the end counts.",
        examples=["url"],
    )
    rows: str | None = Field(
        None, description="Path, within one entry, of the number of rows.", examples=["meta.record_count"]
    )
    bytes: str | None = Field(
        None, description="Path, within one entry, of the number of bytes.", examples=["meta.content_length"]
    )

    @model_validator(mode="after")
    def _counts(self) -> "ManifestFile":
        if self.rows is None and self.bytes is None:
            raise ValueError("`rows` or `bytes` says where each file's length is: names alone prove no file whole")
        return self


class CountFile(Settings):
    """A small file with the number of all rows."""

    file: str = Field(description="Its name, beside the files or as a path from there.", examples=["vip.ctl"])
    pattern: str | None = Field(
        None,
        description="A regular expression whose only group is the number; without one the file is a number and "
        "nothing else.",
        examples=["rows=([0-9]+)"],
    )

    @field_validator("pattern")
    @classmethod
    def _one_group(cls, value: str | None) -> str | None:
        try:
            groups = re.compile(value).groups if value else 1
        except re.error as error:
            raise ValueError(f"it is no regular expression: {error}") from None
        if groups != 1:
            raise ValueError(f"it has {groups} groups in round brackets, and exactly one holds the number")
        return value


class Completeness(Settings):
    """How it is known that the files are all there, and whole."""

    atomic: Literal[True] | None = Field(
        None,
        description="Written as `completeness: atomic`: files are put there whole, by renaming or by one upload, and "
        "a single file holds all members. Nothing can check this, so that it is said by somebody who knows.",
    )
    marker: str | None = Field(
        None,
        description="A file that is written after all others.",
        examples=["_SUCCESS"],
    )
    manifest: Annotated[
        ManifestFile | None, BeforeValidator(_manifest, json_schema_input_type=str | ManifestFile | None)
    ] = Field(None, description="A JSON file that lists all files with their lengths.", examples=["manifest.json"])
    count: Annotated[CountFile | None, text_as("file", CountFile | None)] = Field(
        None, description="A file with the number of all rows.", examples=["vip.ctl"]
    )

    @model_validator(mode="after")
    def _one(self) -> "Completeness":
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"it has exactly one of marker, manifest and count, and this has {len(given)}")
        return self

    @property
    def file(self) -> str | None:
        """The name of the file that proves it, beside the files; None where nothing does."""
        if self.marker is not None:
            return self.marker
        counted = self.manifest or self.count
        return counted.file if counted is not None else None


WAYS = (
    "Write `atomic` (a single file that is put there whole), {marker: _SUCCESS}, {manifest: manifest.json} or "
    "{count: vip.ctl}: a file that is half written must never become a membership."
)


def _completeness(value: Any) -> Any:
    if value == "atomic":
        return {"atomic": True}
    if not isinstance(value, dict | Completeness):
        shown = f"`{value[:40]}`" if isinstance(value, str) else "not accepted"
        raise refusal("bad-value", f"`source.completeness` is {shown}.", WAYS)
    return value


class FileSource(ColumnSource):
    """`source:` of a connection to files."""

    path: str = Field(
        description="A file, a folder (it ends with `/`: all files in it) or a pattern with `*`, from the connection's "
        "`url` on. `{newest}` stands for the greatest date or number that is there: `vip/{newest}/*.csv.gz`.",
        examples=["vip/members.csv", "vip/{newest}/"],
        min_length=1,
    )
    completeness: Annotated[
        Completeness, BeforeValidator(_completeness, json_schema_input_type=Literal["atomic"] | Completeness)
    ] = Field(
        description="How it is known that the files are all there, and whole: `atomic`, {marker: ...}, {manifest: ...} "
        "or {count: ...}.",
        examples=["atomic", {"marker": "_SUCCESS"}],
    )
    format: Format | None = Field(None, description="By default what the file's name ends in.")
    compression: Literal["gzip", "none"] | None = Field(None, description="By default gzip for names in .gz.")
    csv: Csv = Field(default_factory=Csv, description="How a CSV file is written.")

    @field_validator("path")
    @classmethod
    def _below(cls, value: str) -> str:
        parts = value.split("/")
        if value.startswith("/") or ".." in parts or "://" in value:
            raise ValueError("a path begins at the connection's `url` and stays below it")
        if any(not part for part in parts[:-1]):
            raise ValueError("a folder's name is empty")
        if value.count(NEWEST) > 1 or ("{" in value.replace(NEWEST, "")):
            raise ValueError("`{newest}` may stand in it once, and nothing else in braces")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> "FileSource":
        single = not (self.path.endswith("/") or "*" in self.path)
        if self.completeness.atomic and not single:
            raise refusal("bad-value", "`atomic` is said of several files: each may be whole, and one missing.",
                          "Write {marker: ...}, {manifest: ...} or {count: ...}, or the path of one file.")  # fmt: skip
        if self.format is None and not self.path.endswith("/") and self.format_of(self.path) is None:
            raise refusal("missing-key", f"The end of `{self.path[:80]}` says nothing about its format.",
                          "Add `format: csv`, `ndjson` or `parquet`.")  # fmt: skip
        return self

    def format_of(self, path: str) -> Format | None:
        """Returns the format of a file, None where its name does not tell."""
        if self.format is not None:
            return self.format
        name = path.lower().rsplit("/", 1)[-1].removesuffix(".gz")
        return next((kind for ending, kind in ENDINGS.items() if name.endswith(ending)), None)

    def packed(self, path: str) -> bool:
        """Tells whether a file is packed by gzip."""
        return self.compression == "gzip" if self.compression else path.lower().endswith(".gz")

    def delimiter_of(self, path: str) -> str:
        """Returns the character between two values of a CSV file."""
        tabs = path.lower().removesuffix(".gz").endswith(".tsv") and "delimiter" not in self.csv.model_fields_set
        return "\t" if tabs else self.csv.delimiter
