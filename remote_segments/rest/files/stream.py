"""A membership that comes as one long answer, without pages."""

from collections.abc import Generator, Iterator, Mapping
from dataclasses import replace
from typing import Literal

from pydantic import Field

from remote_segments.errors import PlatformError
from remote_segments.rest.endpoint import Endpoint
from remote_segments.rest.files.answers import FileAnswer, Link, Ready
from remote_segments.rest.messages import Base, Downloaded, Request, Response


class Stream(FileAnswer, Endpoint):
    """One call whose answer is a file of all members: plain lines, JSON lines or CSV."""

    kind: Literal["stream"] = Field(description="One answer without pages.")
    sample: Endpoint | None = Field(
        None, description="A call that gives some of the members in the same form, for previews of long answers."
    )

    def placeholders(self) -> Iterator[str]:
        """Yields the names that its addresses use."""
        yield from super().placeholders()
        yield from self.sample.placeholders() if self.sample is not None else ()

    def given(self) -> Iterator[str]:
        """Yields the placeholders that it fills itself: none."""
        yield from ()

    def problems(self) -> Iterator[str]:
        """Yields why members could be lost without an error."""
        yield from self.file_problems(rows=False)

    def calls(self) -> int:
        """Returns the calls that one reading takes."""
        return 1

    def prepare(self, base: Base, values: Mapping[str, str], where: str) -> Generator[Request, Response, Ready]:  # noqa: ARG002 - one signature for all
        """Returns that the file is ready: nothing need be done before."""
        yield from ()
        return Ready((Link(self.call(base, values).url(), outside=False),), values=values)

    def obtain(
        self,
        ready: Ready,
        number: int,  # noqa: ARG002 - one signature for all
        base: Base,
        where: str,
    ) -> Generator[Request, Response, tuple[Downloaded, Ready]]:
        """Yields the call and returns the file.

        Raises:
            PlatformError: `file-missing`.
        """
        return (yield from self._read(self, ready, base, where))

    def glance(self, ready: Ready, base: Base, where: str) -> Generator[Request, Response, tuple[Downloaded, Ready]]:
        """Yields the call that gives some members, and returns their file.

        Raises:
            PlatformError: `file-missing`.
        """
        return (yield from self._read(self.sample or self, ready, base, where))

    def _read(
        self, endpoint: Endpoint, ready: Ready, base: Base, where: str
    ) -> Generator[Request, Response, tuple[Downloaded, Ready]]:
        request = endpoint.request(endpoint.call(base, ready.values), where)
        answer = yield replace(request, wish=self.wish())
        if not isinstance(answer, Downloaded):
            raise no_file(answer.status, where)
        return answer, ready


def no_file(status: int, where: str) -> PlatformError:
    """Returns the error for a success without a file."""
    found = f"The platform answered {status}, where a file was expected."
    return PlatformError("file-missing", found, "Compare the manifest with the platform's documentation.", where)
