"""Drives the methods of a platform in Python, and holds what they give against what every fetch must prove."""

import traceback
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from remote_segments.errors import PlatformError, RemoteSegmentsError, TemporaryError
from remote_segments.rest.decoding import IdentifierField, as_written, refuse_cut
from remote_segments.rest.describing import Describer, still_computing
from remote_segments.rest.members import CUT_TRIES
from remote_segments.rest.messages import Base, Pause, Request, Response
from remote_segments.rest.paths import missing, wrong_type
from remote_segments.rest.python.declared import PythonMembers
from remote_segments.rest.python.platform import Complete, PythonPlatform, Source
from remote_segments.sources.members import Description, Listed, Page, Proof

_REPORT = "Nothing was stored. Correct the platform's code."


def driven(run: Generator[Any, Any, Any], where: str) -> Generator[Any, Any, Any]:
    """Yields what a method yields, returns what it returns; what it raises by mistake becomes an error of ours.

    Raises:
        PlatformError: `code-failed`, with the line; never with the text, which could name somebody.
    """
    answer: Any = None
    failure: RemoteSegmentsError | None = None
    while True:
        try:
            step = run.throw(failure) if failure is not None else run.send(answer)
        except StopIteration as stop:
            return stop.value
        except RemoteSegmentsError:
            raise
        except Exception as error:
            raise _failed(error, where) from error
        answer = failure = None
        try:
            answer = (yield from _whole(step, where)) if isinstance(step, Request) else (yield step)
        except RemoteSegmentsError as error:
            failure = error


def _whole(request: Request, where: str) -> Generator[Any, Any, Response]:
    """Yields a request until its answer is whole JSON, or something else than JSON."""
    for tries in range(1, CUT_TRIES + 1):
        answer: Response = yield request
        try:
            refuse_cut(answer, where)
        except TemporaryError:
            if tries == CUT_TRIES or not request.repeatable:
                raise
        else:
            return answer
    raise AssertionError("unreachable")


def _failed(error: Exception, where: str) -> PlatformError:
    last = traceback.extract_tb(error.__traceback__)[-1]
    place = f"line {last.lineno} of {Path(last.filename).name}"
    found = f"The platform's code raised {type(error).__name__} in {place}."
    return PlatformError("code-failed", found, _REPORT, where)


def wrong(found: str, where: str) -> PlatformError:
    """Returns the error for something that a method must not give."""
    return PlatformError("code-wrong", found, _REPORT, where)


@dataclass(frozen=True)
class CodeDescribe:
    """Describes a segment by the method of that name."""

    code: PythonPlatform
    source: Source

    def flow(self, base: Base, values: Mapping[str, str], where: str) -> Generator[Any, Any, Description]:  # noqa: ARG002 - one signature for all
        """Yields the calls, is sent the answers, returns the description.

        Raises:
            PlatformError: `code-failed`, `code-wrong`, and what the method raises.
        """
        found = yield from driven(self.code.describe(self.source), where)
        if not isinstance(found, Description):
            raise wrong("`describe` returned no Description.", where)
        return found


def listed(code: PythonPlatform, source: Source, where: str) -> Generator[Any, Any, list[Listed]]:
    """Yields the calls, is sent the answers, returns every segment.

    Raises:
        PlatformError: `code-failed`, `code-wrong`, and what the method raises.
    """
    found = yield from driven(code.segments(source), where)
    if not isinstance(found, list) or not all(isinstance(one, Listed) for one in found):
        raise wrong("`segments` returned no list of Listed.", where)
    return found


@dataclass(frozen=True)
class PythonFlow:
    """Everything that one fetch by Python needs to know, put together by the platform."""

    code: PythonPlatform
    members: PythonMembers
    describe: Describer
    identifiers: Mapping[str, IdentifierField]
    primary: str
    source: Source
    base: Base
    values: Mapping[str, str]
    where: str
    described_where: str

    def pages(self) -> Generator[Any, Any, Proof]:
        """Yields the calls (and is sent their answers), waits, the description, and each page; returns the proof.

        Raises:
            PlatformError: `end-unproven`, `page-limit`, `cursor-repeated`, `member-without-id`, `code-failed`, ...
            TemporaryError: `segment-computing`, `membership-moved`.
        """
        before: Description = yield from self.describe.flow(self.base, self.values, self.described_where)
        if before.state == "computing":
            raise still_computing(before, self.described_where)
        yield before
        number = fetched = repeated = 0
        contents, before_ids = set[int](), set[str | None]()
        run = driven(self.code.members(self.source), self.where)
        end, answer, failure = None, None, None
        while True:
            try:
                step = run.throw(failure) if failure is not None else run.send(answer)
            except StopIteration as stop:
                end = stop.value
                break
            answer = failure = None
            if isinstance(step, Request | Pause):
                try:
                    answer = yield step
                except RemoteSegmentsError as error:
                    failure = error
                continue
            page = self._page(step)
            number, fetched = number + 1, fetched + page.length
            self._refuse(page, number, contents)
            ids = set(page.columns[self.primary])
            repeated, before_ids = repeated + page.length - len(ids) + len(ids & before_ids), ids
            if page.length:
                yield page
        return self._proof(end, number, fetched, repeated)

    def first_page(self) -> Generator[Any, Any, Page]:
        """Reads one page for a preview."""
        run = driven(self.code.members(self.source), self.where)
        try:
            step = next(run)
            while isinstance(step, Request | Pause):
                step = run.send((yield step))
        except StopIteration:
            return Page({name: [] for name in self.identifiers}, None, 0)
        finally:
            run.close()
        return self._page(step)

    def _page(self, rows: Any) -> Page:
        """Returns the members that the method gave as columns.

        Raises:
            PlatformError: `code-wrong`, `path-missing`, `wrong-type`, `member-without-id`.
        """
        if not isinstance(rows, list | tuple) or not all(isinstance(row, Mapping) for row in rows):
            raise wrong("`members` yielded something else than a request, a wait, or a list of members.", self.where)
        columns: dict[str, list[str | None]] = {name: [] for name in self.identifiers}
        for row in rows:
            for name, identifier in self.identifiers.items():
                if name not in row and identifier.absent == "error":
                    raise missing(name, name, self.where)
                columns[name].append(as_written(name, row.get(name), identifier.type, self.where))
        if not all(columns[self.primary]):
            found = f"A member has no `{self.primary}`, which every member must have."
            raise PlatformError("member-without-id", found, _REPORT, self.where)
        instants = [row.get("joined_at") for row in rows]
        if any(one is not None and not (isinstance(one, datetime) and one.tzinfo) for one in instants):
            raise wrong_type("joined_at", "no time with a zone", self.where)
        return Page(columns, instants if any(instants) else None, len(rows))

    def _refuse(self, page: Page, number: int, contents: set[int]) -> None:
        if number > self.members.max_pages:
            found = f"There are more than {self.members.max_pages:,} pages."
            fix = "Nothing was stored. Raise max_pages in the manifest if the segment is that large."
            raise PlatformError("page-limit", found, fix, self.where)
        digest = hash(tuple(page.columns[self.primary]))
        if page.length and digest in contents:
            found = "Two pages hold exactly the same members: the platform ignores the place to continue from."
            raise PlatformError("cursor-repeated", found, _REPORT, self.where)
        contents.add(digest)

    def _proof(self, end: Any, pages: int, fetched: int, repeated: int) -> Proof:
        if not isinstance(end, Complete) or not end.because.strip():
            found = "`members` ended without a Complete that says why there are no more."
            raise PlatformError("end-unproven", found, "Nothing was stored. Return Complete from it.", self.where)
        total = self.members.total
        if total is None:
            return Proof(end.because, end.total, pages, fetched, 0, repeated)
        if end.total is None:
            found = "`members` returned no count, though the manifest says how far it can be trusted."
            raise PlatformError("end-unproven", found, "Nothing was stored. Return the platform's count.", self.where)
        agreement, doubt = total.verdict([end.total], fetched - repeated, self.where)
        return Proof(f"{end.because}; {agreement}", end.total, pages, fetched, doubt, repeated)
