"""What the simulated accounts of all platforms share: refreshes, pages, cursors, and the route to a handler."""

import base64
import binascii
import json
import re
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

from remote_segments.simulator.alterations import alter
from remote_segments.simulator.faults import Fault
from remote_segments.simulator.lists import Lists
from remote_segments.simulator.membership import BASELINE, Member, Profile, Segment, membership, profiles
from remote_segments.simulator.messages import Answer, Request, Target
from remote_segments.simulator.segments import Segments

BIG = re.compile(r"big-([1-9][0-9]{0,8})")
"""`big-1000000` is a segment of a million members, made while it is sent; it never changes."""

BLOCK = 1_000
HOLE = "@" * 13
ITEMS = "@items@"


class Refused(Exception):  # noqa: N818 - it is an answer on its way, not a fault of ours
    """The account answers with an error in its platform's shape."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        self.status, self.code, self.detail = status, code, detail
        super().__init__(detail)


class Refreshes:
    """How often each segment was fetched from its first page on: its membership is another one each time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers: dict[tuple[str, str], int] = {}
        self._being_read: dict[tuple[str, str], bool] = {}
        """The fetches under way, and whether they went beyond their first page."""

    def current(self, platform: str, segment: str) -> int:
        """Returns the refresh that a fetch under way sees; 1 before the first."""
        with self._lock:
            return max(1, self._numbers.get((platform, segment), 0))

    def advance(self, platform: str, segment: str) -> int:
        """Starts the next refresh; a first page that is asked for again, after its answer was lost, does not."""
        with self._lock:
            again = self._being_read.get((platform, segment)) is False
            number = self._numbers.get((platform, segment), 0) + (0 if again else 1)
            self._numbers[platform, segment] = number
            self._being_read[platform, segment] = False
            return number

    def go_on(self, platform: str, segment: str) -> None:
        """Says that a page after the first was read."""
        with self._lock:
            if (platform, segment) in self._being_read:
                self._being_read[platform, segment] = True

    def end(self, platform: str, segment: str) -> None:
        """Says that the last page was read."""
        with self._lock:
            self._being_read.pop((platform, segment), None)

    def counted(self, platform: str, segment: str) -> int:
        """Returns the refresh that a count is about: the one that the next first page will show."""
        with self._lock:
            number = self._numbers.get((platform, segment), 0)
            return number if self._being_read.get((platform, segment)) is False else number + 1

    def numbers(self) -> dict[tuple[str, str], int]:
        """Returns the last refresh of each platform and segment that was ever read."""
        with self._lock:
            return dict(self._numbers)

    def set(self, platform: str, segment: str, number: int) -> None:
        """Says which refresh was the last; the next fetch sees `number + 1`."""
        with self._lock:
            self._numbers[platform, segment] = number
            self._being_read.pop((platform, segment), None)

    def listed(self) -> list[dict[str, Any]]:
        """Returns the refresh number of each segment fetched so far."""
        with self._lock:
            return [{"platform": p, "segment": s, "refresh": n} for (p, s), n in sorted(self._numbers.items())]


@dataclass(frozen=True)
class Page:
    """A page of a membership: `offset` counts from 0, `repeated` is the offset that a repeating cursor goes back to."""

    segment: str
    members: Sequence[Member]
    offset: int
    size: int
    total: int
    refresh: int
    repeated: int | None = None

    @property
    def next_offset(self) -> int | None:
        """Where the next page begins; None on the last page."""
        if self.repeated is not None:
            return self.repeated
        return self.offset + self.size if self.offset + self.size < self.total else None

    @property
    def next_cursor(self) -> str | None:
        """The opaque text that asks for the next page."""
        return None if self.next_offset is None else cursor(self.refresh, self.next_offset)


@lru_cache(maxsize=8)
def _by_id(platform: str, seed: int, people: int) -> Mapping[str, Profile]:
    return {profile.profile_id: profile for profile in profiles(platform, seed, people)}


def cursor(refresh: int, offset: int) -> str:
    """Returns the cursor of the page at `offset` of a refresh."""
    return base64.urlsafe_b64encode(f"{refresh}.{offset}".encode()).decode().rstrip("=")


def read_cursor(text: str) -> tuple[int, int]:
    """Returns refresh and offset.

    Raises:
        ValueError: no page ever had this cursor.
    """
    try:
        refresh, offset = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().split(".")
        return int(refresh), int(offset)
    except (binascii.Error, ValueError) as problem:
        raise ValueError("the cursor is not one of ours") from problem


def big_member(number: int | str) -> Member:
    """Returns member `number` of a big segment, or the pattern of a block of them."""
    digits = f"{number:016d}" if isinstance(number, int) else number
    profile = Profile(digits, f"B{digits}", f"b{digits}@example.test", None, None, "known")
    return Member(profile, BASELINE)


class Account(ABC):
    """One simulated account; a subclass knows its platform's paths, shapes and errors."""

    platform: str
    items_path: tuple[str, ...]  # where a document holds the members
    next_path: tuple[str, ...] | None  # where it holds the next page; None where pages are counted
    id_path: tuple[str, ...]  # where a member holds its id
    not_found: str  # the platform's word for what it does not have
    total_path: tuple[str, ...] | None = None  # where it holds the platform's own count
    tells: frozenset[str] = frozenset({"name"})  # what of a segment it tells: name, rule, active, computing

    def __init__(self, refreshes: Refreshes, seed: int, people: int) -> None:
        self.refreshes, self.seed, self.people = refreshes, seed, people
        self.segments = Segments(self.platform, self.tells)
        self.lists = Lists()
        self._render = lru_cache(maxsize=64)(self._rendered_block)

    def resolve(self, request: Request) -> Target | Answer:
        """Says what a request is about, or answers with the platform's error."""
        try:
            return self.target(request)
        except Refused as refusal:
            return self.error(refusal.status, refusal.code, refusal.detail)
        except ValueError as problem:
            return self.error(400, "invalid", f"Invalid input: {problem}.")

    def authorised(self, request: Request) -> bool:
        """Tells whether a call carries a credential at all."""
        return "authorization" in request.headers

    def alter(self, answer: Answer, fault: Fault) -> None:
        """Changes the document that was about to be sent.

        Raises:
            ValueError: this platform has no such thing to change.
        """
        if fault.kind != "repeat-cursor":
            alter(answer.document, fault, self)

    @abstractmethod
    def target(self, request: Request) -> Target:
        """Says what a request is about.

        Raises:
            Refused: the credential is not right, or there is no such thing.
            ValueError: a parameter is not what the platform takes.
        """

    @abstractmethod
    def error(self, status: int, code: str, detail: str) -> Answer:
        """Returns an error in the platform's own shape."""

    @abstractmethod
    def item(self, member: Member, fields: frozenset[str] | None) -> dict[str, Any]:
        """Returns a member as the platform writes it, only with `fields` where they were asked for."""

    def segment(self, name: str, *kinds: str) -> Segment:
        """Returns a segment of one of these kinds, or of any.

        Raises:
            Refused: there is none.
        """
        if big := BIG.fullmatch(name):
            return Segment(kinds[0] if kinds else "segment", f"Big {big[1]}", 1, 0)
        found = self.lists.made().get(name) or self.segments.current().get(name)
        if found is None or (kinds and found.kind not in kinds):
            raise Refused(404, self.not_found, f"There is no {' or '.join(kinds) or 'segment'} {name}.")
        return found

    def size(self, name: str) -> int:
        """Returns how many members a segment has now, as the platform would say without paging."""
        if big := BIG.fullmatch(name):
            return int(big[1])
        return len(self._members(name, self.refreshes.counted(self.platform, name)))

    def page(
        self, name: str, offset: int, size: int, refresh: int | None, *, fault: Fault | None, by_joining: bool = False
    ) -> Page:
        """Returns a page; the first one starts a new refresh, `refresh` is the one that a cursor remembers."""
        if offset == 0 and refresh is None:
            refresh = self.refreshes.advance(self.platform, name)
        elif offset:
            self.refreshes.go_on(self.platform, name)
        refresh = refresh or self.refreshes.current(self.platform, name)
        repeated = offset - (fault.back - 1) * size if fault and fault.kind == "repeat-cursor" else None
        if big := BIG.fullmatch(name):
            some = [big_member(n) for n in range(offset, min(offset + size, int(big[1])))] if fault else []
            return Page(name, some, offset, size, int(big[1]), refresh, repeated)
        moved = fault.delta * (offset // size) if fault and fault.kind == "moving-members" and size else 0
        members = self._members(name, refresh)
        if by_joining:
            members = tuple(sorted(members, key=lambda member: member.joined_at))
        if moved > 0:
            members = self._newcomers(members, moved) + members
        members = members[-moved:] if moved < 0 else members
        page = Page(name, members[offset : offset + size], offset, size, len(members), refresh, repeated)
        if page.next_offset is None:
            self.refreshes.end(self.platform, name)
        return page

    def answer_page(
        self, page: Page, fields: frozenset[str] | None, document: Callable[[list[Any]], dict[str, Any]]
    ) -> Answer:
        """Wraps a page's items in the platform's document; big segments are put together from prepared bytes."""
        if page.members or not BIG.fullmatch(page.segment):
            return Answer(document=document([self.item(member, fields) for member in page.members]))
        end = min(page.offset + page.size, page.total)
        text = json.dumps(document([ITEMS]), separators=(",", ":")).encode()
        return Answer(body=text.replace(f'"{ITEMS}"'.encode(), self._big_items(page.offset, end, fields)))

    def _members(self, name: str, refresh: int) -> tuple[Member, ...]:
        if name in self.lists.made():
            return self.lists.now(name, (), self.known())
        found = self.segments.current().get(name)
        share = found.share if found else None
        members = membership(self.platform, name, refresh, self.seed, self.people, share=share)
        return self.lists.now(name, members, self.known())

    def known(self) -> Mapping[str, Profile]:
        """Returns the account's profiles by their ids."""
        return _by_id(self.platform, self.seed, self.people)

    def held(self, name: str) -> set[str]:
        """Returns the ids of the profiles in a list now; no call counts as a refresh."""
        refresh = self.refreshes.current(self.platform, name)
        return {member.profile.profile_id for member in self._members(name, refresh)}

    def _newcomers(self, members: tuple[Member, ...], count: int) -> tuple[Member, ...]:
        inside = {member.profile.profile_id for member in members}
        outside = (one for one in profiles(self.platform, self.seed, self.people) if one.profile_id not in inside)
        return tuple(Member(one, BASELINE) for one in islice(outside, count))

    def _big_items(self, start: int, end: int, fields: frozenset[str] | None) -> bytes:
        parts = []
        while start < end:
            stop = min(end, start - start % BLOCK + BLOCK)
            block = self._render(start % BLOCK, stop - start, fields)
            parts.append(block.replace(HOLE.encode(), f"{start // BLOCK:013d}".encode()))
            start = stop
        return b",".join(parts)

    def _rendered_block(self, first: int, count: int, fields: frozenset[str] | None) -> bytes:
        items = [self.item(big_member(f"{HOLE}{n:03d}"), fields) for n in range(first, first + count)]
        return json.dumps(items, separators=(",", ":")).encode()[1:-1]
