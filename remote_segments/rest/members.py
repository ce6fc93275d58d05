"""The loop over the pages of a membership, without I/O: it ends with a proof, or with an error."""

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Literal, Protocol

from pydantic import Field

from remote_segments.errors import PlatformError, TemporaryError
from remote_segments.rest.describing import DESCRIBED, Describer, naming, still_computing
from remote_segments.rest.endpoint import PAGE_SIZE, Endpoint
from remote_segments.rest.export.job import Job
from remote_segments.rest.formats import Format
from remote_segments.rest.messages import Base, Pause, Request, Response
from remote_segments.rest.paging import Paging
from remote_segments.rest.paging.turns import Call, Turn
from remote_segments.rest.totals import MOVED_SHARE, Total
from remote_segments.rest.where import Sieve, Where
from remote_segments.sources.members import Description, Page, Proof

COUNTED_OFF = frozenset({"offset", "page-number"})
"""Kinds of paging that say how many members to pass over: they lose people when others leave meanwhile."""

CUT_TRIES = 3
"""Times that one page is asked for when its JSON ends too early."""


class Members(Endpoint):
    """The call that reads one page of members, how to get the next, and how the last is known."""

    kind: Literal["pages"] = Field("pages", description="Page by page.")
    page_size: int | None = Field(
        None, ge=1, description="Members asked for per page; {page_size} in query stands for it."
    )
    format: Format = Field(description="How a page holds its members.")
    paging: Paging = Field(description="How to ask for the next page.")
    total: Total | None = Field(None, description="The platform's own count of members.")
    max_pages: int = Field(200_000, ge=1, description="More pages than this are an error.")
    job: Job | None = Field(None, description="What the platform does first on request, where pages are its result.")

    def given(self) -> Iterator[str]:
        """Yields the placeholders that it fills itself."""
        yield from self.job.given() if self.job is not None else ()

    def placeholders(self) -> Iterator[str]:
        """Yields the names that its addresses use."""
        yield from super().placeholders()
        yield from self.job.placeholders() if self.job is not None else ()


def sifted(proof: Proof, sieve: Sieve) -> Proof:
    """Returns a proof about everybody on the pages as one about the members among them."""
    words = f"{proof.completeness}{sieve.words()}"
    return replace(proof, completeness=words, members=proof.members - sieve.left_out, left_out=sieve.left_out)


class Decoder(Protocol):
    """Reads one page."""

    def decode(self, response: Response) -> tuple[Page, dict[str, Any]]:
        """Returns the members of a page, and the values beside them (UNSET where absent)."""


@dataclass(frozen=True)
class MembersFlow:
    """Everything that one fetch needs to know, put together by the platform."""

    members: Members
    describe: Describer
    decoder: Decoder
    primary: str
    base: Base
    values: Mapping[str, str]
    where: str
    described_where: str
    filter: Where | None = None

    def description(self) -> Generator[Request, Response, Description]:
        """Describes the segment and refuses one that is still being computed.

        Raises:
            TemporaryError: `segment-computing`.
        """
        found = yield from self.describe.flow(self.base, self.values, self.described_where)
        if found.state == "computing":
            raise still_computing(found, self.described_where)
        return found

    def pages(self) -> Generator[Request | Pause | Description | Page, Any, Proof]:
        """Yields the calls (and is sent their answers), waits, the description, and each page; returns the proof.

        Raises:
            PlatformError: `cursor-repeated`, `page-limit`, `total-mismatch`, `end-unproven`, and what decoding raises.
            TemporaryError: `segment-computing`, `membership-moved`, `answer-cut`, `export-*` of a job.
        """
        before = yield from self.description()
        yield before
        counted_apart = self.members.total is not None and self.members.total.source == "describe"
        counts = [before.size] if counted_apart and before.size is not None else []
        call: Call | None
        call, of_job = yield from self._first_call(before)
        counts += [of_job] if of_job is not None else []
        seen, contents, before_ids = set[bytes](), set[int](), set[str | None]()
        sieve = self._sieve()
        number = fetched = repeated = 0
        while call is not None:
            self._remember(call, seen, number)
            page, values, headers = yield from self._page(call)
            number, fetched = number + 1, fetched + page.length
            self._remember_content(page, contents)
            ids = set(page.columns[self.primary])
            repeated, before_ids = repeated + page.length - len(ids) + len(ids & before_ids), ids
            kept = sieve.kept(page)
            if kept.length:
                yield kept
            if self.members.total is not None:
                counted = self.members.total.read(values, headers, self.where)
                counts += [counted] if counted is not None else []
                self._refuse_shrinking(counts)
            total = counts[-1] if counts and self._total_proves() else None
            turn = Turn(
                number,
                page.length,
                fetched,
                self.members.page_size,
                total,
                values,
                headers,
                self.base,
                self.where,
                page.columns[self.primary],
            )
            call = self.members.paging.following(call, turn)
        if counted_apart and counts != [fetched - repeated]:  # a count that agrees exactly needs no second look
            after = yield from self.description()
            counts += [after.size] if after.size is not None else []
        self._refuse_full_end(page.length, counts, fetched - repeated)
        proof = self._proof(counts, number, fetched, repeated, before.size)
        return sifted(proof, sieve)

    def first_page(self) -> Generator[Request | Pause, Any, Page]:
        """Reads one page for a preview."""
        named = DESCRIBED in set(self.members.placeholders())
        call, _ = yield from self._first_call((yield from self.description()) if named else None)
        page, _, _ = yield from self._page(call)
        return self._sieve().kept(page)

    def _sieve(self) -> Sieve:
        return Sieve(self.filter, self.values, self.where)

    def _total_proves(self) -> bool:
        return self.members.total is not None and self.members.total.certainty != "estimate"

    def _first_call(self, described: Description | None) -> Generator[Request | Pause, Any, tuple[Call, int | None]]:
        """Returns the call for the first page, and the count that a job tells before it."""
        named = naming(described, self.members.placeholders(), self.described_where) if described else {}
        values: Mapping[str, str] = {**self.values, **named}
        if self.members.page_size:
            values = {**values, PAGE_SIZE: str(self.members.page_size)}
        counted = None
        if self.members.job is not None:
            done = yield from self.members.job.flow(self.base, values, self.where)
            values = done.values
            counted = self.members.total.of_job(done.document, self.where) if self.members.total else None
        return self.members.paging.first(self.members.call(self.base, values)), counted

    def _request(self, call: Call) -> Request:
        request = self.members.request(call, self.where)
        return replace(request, headers={"accept": "text/csv"}) if self.members.format.kind == "csv" else request

    def _page(self, call: Call) -> Generator[Request, Response, tuple[Page, dict[str, object], dict[str, str]]]:
        for attempt in range(1, CUT_TRIES + 1):
            response = yield self._request(call)
            if response.status != HTTPStatus.OK:  # accepted, no content, a part: a success, but no page
                found = f"A page was answered with HTTP {response.status}, not 200."
                raise PlatformError("status-unexpected", found, _REPEATED, self.where)
            try:
                page, values = self.decoder.decode(response)
            except TemporaryError:
                if attempt == CUT_TRIES or not self.members.request(call, self.where).repeatable:
                    raise
            else:
                return page, values, dict(response.headers)
        raise AssertionError("unreachable")

    def _remember(self, call: Call, seen: set[bytes], number: int) -> None:
        fingerprint = call.fingerprint()
        if fingerprint in seen:
            found = f"After page {number} the platform asks for a page that was already read: its cursor repeats."
            raise PlatformError("cursor-repeated", found, _REPEATED, self.where)
        if number >= self.members.max_pages:
            found = f"There are more than {number:,} pages."
            fix = "Nothing was stored. Raise max_pages in the manifest if the segment is that large."
            raise PlatformError("page-limit", found, fix, self.where)
        seen.add(fingerprint)

    def _remember_content(self, page: Page, contents: set[int]) -> None:
        """Refuses a page that holds exactly the members of an earlier one: the server ignores where to continue."""
        if not page.length:
            return
        digest = hash(tuple(page.columns[self.primary]))  # 64 bits: two of 200,000 pages agree by chance once in 10**9
        if digest in contents:
            found = "Two pages hold exactly the same members: the platform ignores the place to continue from."
            raise PlatformError("cursor-repeated", found, _REPEATED, self.where)
        contents.add(digest)

    def _refuse_shrinking(self, counts: list[int]) -> None:
        """Refuses a count that falls while pages are counted off.

        Whoever comes after somebody who left moves up, in part onto a page that was read already: a member nobody read.
        """
        if self.members.paging.kind in COUNTED_OFF and len(counts) > 1 and counts[-1] < counts[-2]:
            found = f"The membership moved while it was read: the platform counted {counts[-2]:,}, then {counts[-1]:,}."
            raise TemporaryError("membership-moved", found, "The next refresh reads it again.", self.where)

    def _refuse_full_end(self, length: int, counts: list[int], fetched: int) -> None:
        """Refuses a last page that is full while the platform counts more: its tolerance is no room for lost pages."""
        full = self.members.page_size is not None and length >= self.members.page_size
        if full and self._total_proves() and counts and fetched < min(counts):
            found = f"The last page is full, and the platform counts at least {min(counts):,} members, not {fetched:,}."
            fix = "Nothing was stored. If it lasts, check how the manifest finds the next page."
            raise PlatformError("end-unproven", found, fix, self.where)

    def _proof(self, counts: list[int], pages: int, fetched: int, repeated: int, described: int | None) -> Proof:
        end, total = "last page seen", self.members.total
        if total is not None and not counts and described is not None and self._total_proves():
            # The pages may leave their count out; the one of the description is of another moment, but it is one.
            total, counts = _DESCRIBED, [described]
        if total is None or not counts:
            return Proof(end, None, pages, fetched, 0, repeated)
        agreement, doubt = total.verdict(counts, fetched - repeated, self.where)
        return Proof(f"{end}; {agreement}", counts[-1], pages, fetched, doubt, repeated)


_DESCRIBED = Total(certainty="drifting", source="describe", tolerance=MOVED_SHARE)

_REPEATED = "Nothing was stored. Check the paging of the manifest; the platform may have changed its answer."
