"""What a manifest says of members that come as a file: how it is packed and written, and what proves its end."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from pydantic import Field

from remote_segments.rest.buckets import Shelved
from remote_segments.rest.files import FileFormat
from remote_segments.rest.files.formats import Compression
from remote_segments.rest.messages import Wish
from remote_segments.rest.totals import Total
from remote_segments.settings import Settings

FileEnd = Literal["total", "rows", "archive", "transfer"]


@dataclass(frozen=True, slots=True)
class Link:
    """Where a file is; `outside` when that is another host than the connection's."""

    url: str
    outside: bool


@dataclass(frozen=True, slots=True)
class Ready:
    """Files that can be read now, and what the platform says of them."""

    links: tuple[Link, ...]
    rows: int | None = None  # in all files together
    sha256: str | None = None  # of the only file, as it is sent
    shelved: tuple[Shelved, ...] = ()  # of a bucket, in place of links
    values: Mapping[str, str] = field(default_factory=dict)  # what placeholders stand for now


class FileAnswer(Settings):
    """Members that come as a file, which is never held in memory."""

    page_size: ClassVar[None] = None  # a file has no pages

    format: FileFormat = Field(description="How the file holds its members.")
    compression: Compression = Field("none", description="How it is packed; an archive may hold several files.")
    empty: Literal["error", "no-members"] = Field(
        "error", description="What a file without a single byte means: something is wrong, or nobody is a member."
    )
    end: FileEnd = Field(
        description="What proves that no member is missing. total: the platform's own count of the segment; rows: the "
        "job's own count; archive: the check sums at the end of gzip and zip; transfer: only that the transfer came to "
        "its announced end, so that a platform which stops early without an error goes unnoticed."
    )
    media_type: str | None = Field(
        None, description="Media type that the answer must have; needed for plain lines, where anything reads as ids."
    )
    total: Total | None = Field(None, description="The platform's own count of members.")
    largest_file: int = Field(50_000_000_000, ge=1, description="Bytes, packed or unpacked; a larger file is an error.")
    timeout_seconds: float | None = Field(
        None, gt=0, description="Seconds without a byte after which a try is given up, instead of the manifest's own."
    )
    deadline_seconds: float = Field(14_400.0, gt=0, description="Seconds that one try to read a file may take in all.")
    tries: int = Field(3, ge=1, le=10, description="Tries to read one file; a cut one goes on or begins anew.")

    def wish(self, *, outside: bool = False, redirects: bool = False) -> Wish:
        """Returns how a file is to be read."""
        return Wish(
            self.largest_file,
            self.deadline_seconds,
            self.timeout_seconds,
            self.tries,
            outside=outside,
            redirects=redirects,
            packed=self.compression != "none",
        )

    def file_problems(self, *, rows: bool) -> Iterator[str]:
        """Yields why members could be lost without an error; `rows` tells whether a job counts its rows."""
        certain = self.total is not None and self.total.certainty != "estimate" and self.total.absent == "error"
        if self.total is not None and self.total.source in {"page", "job"}:
            yield "a file has no pages that hold a total; the count of an export's job is its `rows`"
        if self.end == "total" and not certain:
            yield "an end by total needs a total that is no estimate and always there"
        if self.end == "rows" and not rows:
            yield "an end by rows needs rows, the job's own count"
        if self.end == "archive" and self.compression == "none":
            yield "an end by archive needs compression gzip or zip"
        if self.format.kind == "lines" and self.media_type is None and self.compression == "none":
            yield "plain lines need media_type: a web page or an error in words would be read as identifiers"
