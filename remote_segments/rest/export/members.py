"""A membership that a platform exports into files, which are read once its job is done."""

from collections.abc import Generator, Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import Field

from remote_segments.errors import TemporaryError
from remote_segments.rest.buckets import Shelf, Taking
from remote_segments.rest.counting import whole_number
from remote_segments.rest.endpoint import Endpoint
from remote_segments.rest.export.bucket import InBucket
from remote_segments.rest.export.job import Done, Job, Statuses, Wait, not_ready
from remote_segments.rest.files.answers import FileAnswer, Link, Ready
from remote_segments.rest.files.stream import no_file
from remote_segments.rest.messages import Base, Downloaded, Pause, Request, Response
from remote_segments.rest.outside import file_address
from remote_segments.rest.paths import Path, take, wrong_type
from remote_segments.rest.placeholders import names
from remote_segments.rest.refusals import as_text

RENEWALS = 3
"""Times that new addresses are asked for one file."""

GONE = frozenset({400, 401, 403, 404, 410})
"""Statuses with which a storage refuses an address that does not hold, or no longer."""


class Links(Wait):
    """The files are where the answer says, as a rule on another host, which is called without the credential."""

    kind: Literal["links"]
    at: Path = Field(
        description="Path of the address, or of the array of addresses, in the answer that says done.",
        examples=["urls", "url"],
    )
    each: Path | None = Field(None, description="Path of the address within each entry of the array.")
    expired: Statuses = Field(
        (403, 404, 410), description="HTTP statuses that mean: this address holds no longer, ask the job again."
    )


class Here(Wait, Endpoint):
    """The file is at an address of the platform's own."""

    kind: Literal["here"]
    redirects: bool = Field(False, description="Whether it leads to another host, called without the credential.")


Download = Annotated[Links | Here, Field(discriminator="kind")]
"""One place of files."""


class Export(FileAnswer):
    """A job whose result is one file or several: submitted, waited for, downloaded."""

    kind: Literal["export"] = Field(description="Files that a job makes.")
    job: Job = Field(description="How the export is asked for, and how the platform says that it is done.")
    download: Download = Field(description="Where the files are.")
    bucket: InBucket | None = Field(
        None, description="Where it lands instead, for accounts that export into a bucket of their own."
    )
    files: Path | None = Field(None, description="Path of the number of files, in the answer that says done.")
    rows: Path | None = Field(None, description="Path of the number of rows in all files together, there, too.")
    sha256: Path | None = Field(
        None, description="Path of the only file's SHA-256, there, too: hexadecimal, `sha256:` may stand before it."
    )

    def given(self) -> Iterator[str]:
        """Yields the placeholders that it fills itself."""
        yield from self.job.given()

    def placeholders(self) -> Iterator[str]:
        """Yields the names that its addresses use."""
        yield from self.job.placeholders()
        if isinstance(self.download, Here):
            yield from self.download.placeholders()
        yield from names(self.bucket.below) if self.bucket is not None else ()

    def problems(self) -> Iterator[str]:
        """Yields why members could be lost without an error."""
        yield from self.file_problems(rows=self.rows is not None)
        if self.job.poll is None and not self.download.not_ready:
            yield "nothing says when the export is done: it needs job.poll, or download.not_ready"
        if self.sha256 is not None and isinstance(self.download, Links) and self.download.each is not None:
            yield "a check sum is that of the only file, but the answer lists several"

    def calls(self) -> int:
        """Returns the calls that one reading is estimated at."""
        return self.job.calls() + 1

    def prepare(
        self, base: Base, values: Mapping[str, str], where: str
    ) -> Generator[Request | Pause | Shelf, Any, Ready]:
        """Runs the job and returns its files.

        Raises:
            TemporaryError: `export-unknown`, `export-failed`, `export-not-ready`.
            PlatformError: `export-status-unknown`, `files-missing`, `foreign-link`, `path-missing`, `wrong-type`.
        """
        done = yield from self.job.flow(base, values, where)
        if self.bucket is not None and values.get(self.bucket.option):
            shelved = yield from self.bucket.files(done, done.values, where)
            return Ready(tuple(Link(one.path, outside=True) for one in shelved), values=done.values, shelved=shelved)
        return self._ready(done, base, where)

    def obtain(
        self, ready: Ready, number: int, base: Base, where: str
    ) -> Generator[Request | Pause | Taking, Any, tuple[Downloaded, Ready]]:
        """Yields the calls that one file takes, and returns it with what is known by then.

        Args:
            ready: what is known of the files.
            number: position of the wanted one.
            base: the connection's own address.
            where: manifest and block, for messages.

        Raises:
            TemporaryError: `export-not-ready`, `link-expired`.
            PlatformError: `file-missing`, `foreign-link`.
        """
        if ready.shelved:
            return (yield Taking(ready.shelved[number], self.wish(outside=True), where)), ready
        wait, renewals = self.download, 0
        end = (yield Pause()) + wait.deadline
        while True:
            answer: Response = yield self._request(ready, number, base, where)
            if isinstance(answer, Downloaded):
                return answer, ready
            if answer.status in wait.not_ready:
                now = yield Pause(wait.every)
                if now > end:
                    raise not_ready("The file is not there", wait.deadline, where)
            elif not isinstance(wait, Links) or answer.status not in {*GONE, *wait.expired}:
                raise no_file(answer.status, where)
            elif self.job.poll is None or answer.status not in wait.expired or renewals == RENEWALS:
                found = f"The address of the file answers {answer.status}: it holds no longer."
                fix = "Nothing was stored. The next refresh exports again."
                raise TemporaryError("link-expired", found, fix, where)
            else:
                renewals += 1
                ready = yield from self._renewed(ready, base, where)

    def _renewed(self, ready: Ready, base: Base, where: str) -> Generator[Request | Pause, Any, Ready]:
        done = yield from self.job.renewed(Done(None, "", ready.values), base, where)
        again = self._ready(done, base, where)
        if (len(again.links), again.rows, again.sha256) != (len(ready.links), ready.rows, ready.sha256):
            found = "The export was made anew while its files were read."
            raise TemporaryError("export-changed", found, "Nothing was stored. The next refresh exports again.", where)
        return again

    def _request(self, ready: Ready, number: int, base: Base, where: str) -> Request:
        accepted = frozenset(self.download.not_ready)
        if isinstance(self.download, Here):
            wish = self.wish(redirects=self.download.redirects)
            request = self.download.request(self.download.call(base, ready.values), where, names_segment=False)
            return replace(request, accepted=accepted, wish=wish)
        link = ready.links[number]
        accepted |= frozenset(self.download.expired) | (GONE if link.outside else frozenset())
        return Request(
            link.url, where=where, names_segment=False, accepted=accepted, wish=self.wish(outside=link.outside)
        )

    def _ready(self, done: Done, base: Base, where: str) -> Ready:
        rows, files, sha256 = (
            take(done.document, path, where) if path else None for path in (self.rows, self.files, self.sha256)
        )
        links = self._links(done, base, where)
        if self.files is not None and whole_number(files, self.files, where) != len(links):
            found = f"The job counts {whole_number(files, self.files, where):,} files, but lists {len(links):,}."
            raise TemporaryError("files-missing", found, "Nothing was stored. The next refresh exports again.", where)
        if self.sha256 is not None and len(links) != 1:
            raise wrong_type(self.sha256, "one check sum for several files", where)
        return Ready(
            links,
            whole_number(rows, self.rows, where) if self.rows else None,
            _digest(sha256, self.sha256, where) if self.sha256 else None,
            values=done.values,
        )

    def _links(self, done: Done, base: Base, where: str) -> tuple[Link, ...]:
        if isinstance(self.download, Here):
            return (Link("", outside=False),)  # its address is made when it is called
        found = take(done.document, self.download.at, where)
        if self.download.each is not None:
            path = self.download.each
            found = [take(entry, path, where) for entry in _array(found, self.download.at, where)]
        texts = [found] if isinstance(found, str) else _array(found, self.download.at, where)
        if not all(isinstance(text, str) and text for text in texts):
            raise wrong_type(self.download.at, "no address of a file", where)
        return tuple(Link(*file_address(base, text, done.address, where)) for text in texts)


def _array(value: object, path: Path, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise wrong_type(path, "no array", where)
    return value


def _digest(value: object, path: Path, where: str) -> str:
    digest = (as_text(value) or "").removeprefix("sha256:").lower()
    if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
        raise wrong_type(path, "no SHA-256", where)
    return digest
