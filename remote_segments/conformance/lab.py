"""One kind of source under test: reads a fake account with the manifest, and compares what came with what is there."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path

import httpx

from remote_segments.conformance.account import RULE, Account, Trouble
from remote_segments.conformance.depot import account as new_account
from remote_segments.conformance.exchanges import Exchanges, Membership
from remote_segments.conformance.marks import marks
from remote_segments.conformance.secrets import invented_secrets
from remote_segments.conformance.world import World
from remote_segments.errors import Location, Problem, RemoteSegmentsError, unexpected
from remote_segments.rest.describing import rule_hash
from remote_segments.rest.manifest import Manifest, SourceKind
from remote_segments.rest.platform import Fetch, Platform
from remote_segments.rest.python.declared import PythonMembers
from remote_segments.sources.members import Description, Proof
from remote_segments.yaml import Document, KeyPath

SMALL = 5
"""Members of a page, where the platform lets one choose."""


@dataclass
class Outcome:
    """What came of one fetch."""

    account: Account
    slept: list[float]
    rows: list[dict[str, str | None]] = field(default_factory=list)
    joined_at: list[datetime | None] = field(default_factory=list)
    proof: Proof | None = None
    description: Description | None = None
    error: RemoteSegmentsError | None = None

    @property
    def code(self) -> str | None:
        """Code of the error it ended in."""
        return self.error.code if self.error else None


@dataclass(frozen=True)
class Lab:
    """What every row of the kit works with."""

    document: Document
    manifest: Manifest
    exchanges: Exchanges
    kind: str

    @property
    def file(self) -> Path:
        """The manifest's file."""
        return self.document.file

    @property
    def membership(self) -> Membership:
        """The documented membership."""
        return self.exchanges.memberships[self.kind]

    @property
    def source(self) -> SourceKind:
        """The block of the manifest that reads it."""
        return self.manifest.sources[self.kind]

    @property
    def where(self) -> str:
        """File and block, for messages."""
        return f"{self.file.name}, sources.{self.kind}"

    def locate(self, *path: str | int) -> Location:
        """Returns where something of this kind of source is written."""
        place: KeyPath = ("sources", self.kind, *path)
        return self.document.locate(place)

    @cached_property
    def size(self) -> int:
        """Members of a page in this lab."""
        pages = self.membership.members
        fixed = pages.page_size if pages else None
        return fixed.fixed if fixed is not None and fixed.fixed is not None else SMALL

    @property
    def many(self) -> int:
        """So many members that they fill three pages and a piece of a fourth."""
        return 3 * self.size + 2

    @cached_property
    def pages(self) -> int:
        """The pages on which so many members come; or the files."""
        if self.membership.files is not None:
            return self.membership.files.files
        proof = self.read(self.many).proof
        return proof.pages if proof else 1

    @property
    def unpaged(self) -> str | None:
        """Why members do not come on several pages; None where they do."""
        if self.membership.files is not None:
            return "members come as files"
        pages = self.membership.members
        return "all members come in one answer" if pages is None or pages.page_size is None else None

    @property
    def textual(self) -> bool:
        """Whether pages are something else than JSON."""
        pages = self.membership.members
        return pages is None or pages.page.text is not None

    @property
    def by_code(self) -> bool:
        """Whether Python reads the members."""
        return isinstance(self.source.members, PythonMembers)

    @property
    def typed(self) -> bool:
        """Whether a value of a member has a type, as it has in JSON."""
        return not self.textual or any(not isinstance(shape, str) for shape in self.membership.shapes)

    def read(
        self, members: int, trouble: Trouble | None = None, *, max_pages: int | None = None, shrink: bool = True
    ) -> Outcome:
        """Reads a membership of so many members from a new fake account.

        Args:
            members: how many there are; they are numbered from 1.
            trouble: what goes wrong.
            max_pages: the manifest's cap, if not its own.
            shrink: whether pages are made small; else they are as large as the manifest asks.
        """
        numbers = list(range(1, members + 1))
        account = new_account(self.exchanges, self.membership, numbers, trouble or Trouble())
        world = World()
        outcome = Outcome(account, world.slept)
        try:
            with self._platform(account, world, self._changed(max_pages, shrink=shrink)) as platform:
                self._follow(platform.fetch(self.kind, self.membership.ids), outcome)
        except RemoteSegmentsError as error:
            outcome.error = error
        except Exception as error:  # a bug of ours is a finding, too
            outcome.error = unexpected(error)
        return outcome

    def _follow(self, fetch: Fetch, outcome: Outcome) -> None:
        for page in fetch:
            names = list(page.columns)
            outcome.rows += [dict(zip(names, row, strict=True)) for row in zip(*page.columns.values(), strict=True)]
            outcome.joined_at += page.joined_at or []
        outcome.proof, outcome.description = fetch.proof, fetch.description

    def _platform(self, transport: Callable[[httpx.Request], httpx.Response], world: World, of: Manifest) -> Platform:
        return Platform(
            of,
            connection=of.name,
            secrets=invented_secrets(of),
            options=self.membership.options,
            transport=httpx.MockTransport(transport),
            clock=world.clock,
            sleep=world.sleep,
            now=world.now,
            random=world.random,
        )

    def _changed(self, max_pages: int | None, *, shrink: bool) -> Manifest:
        members, changes = self.source.members, dict[str, int]()
        if shrink and getattr(members, "page_size", None) is not None and "page_size" in self._asked():
            changes["page_size"] = self.size
        if max_pages is not None:
            changes["max_pages"] = max_pages
        small = shrink and self.source.lookup is not None
        if not changes and not small:
            return self.manifest
        source = self.source.model_copy(update={"members": members.model_copy(update=changes)})
        if small and source.lookup is not None:
            source = source.model_copy(update={"lookup": source.lookup.model_copy(update={"most": SMALL})})
        return self.manifest.model_copy(update={"sources": {**self.manifest.sources, self.kind: source}})

    def _asked(self) -> set[str]:
        pages = self.membership.members
        return marks([call.model_dump() for call in pages.requests]) if pages else set()

    def differences(self, outcome: Outcome) -> Iterator[Problem]:
        """Yields everything in which an undisturbed fetch differs from the account it was read from."""
        yield from self.undocumented(outcome)
        if outcome.error is not None:
            yield outcome.error.problem
        elif outcome.proof is not None:
            yield from self._members(outcome)
            yield from self._told(outcome, outcome.proof)

    def undocumented(self, outcome: Outcome) -> Iterator[Problem]:
        """Yields the calls that no documentation knows."""
        for difference in dict.fromkeys(outcome.account.differences):
            fix = "Compare the request in the manifest with the documented exchanges."
            yield Problem("call-undocumented", f"A call is not the documented one: {difference}.", fix, self.where)

    def _members(self, outcome: Outcome) -> Iterator[Problem]:
        expected = outcome.account.expected()
        if len(outcome.rows) != len(expected):
            found = f"It read {len(outcome.rows):,} members, but the account holds {len(expected):,}."
            yield Problem("members-differ", found, _COMPARE, self.locate("members"))
            return
        for name, identifier in self.source.identifiers.items():
            wrong = sum(row[name] != other.get(name) for row, other in zip(outcome.rows, expected, strict=True))
            if wrong:
                path = f" (`{identifier.path}`)" if identifier.path else ""
                many = "1 member" if wrong == 1 else f"{wrong:,} members"
                found = f"The identifier {name}{path} differs from the documented answers for {many}."
                yield Problem("members-differ", found, _COMPARE, self.locate("identifiers", name, "path"))
        if self.source.joined_at is not None:
            joined = [outcome.account.joined_at(number) for number in outcome.account.kept()]
            if outcome.joined_at != joined:
                found = f"The time of joining (`{self.source.joined_at.path}`) differs from the documented answers."
                yield Problem("members-differ", found, _COMPARE, self.locate("joined_at", "path"))

    def _told(self, outcome: Outcome, proof: Proof) -> Iterator[Problem]:
        """Yields differences in what the platform tells of the segment and of the number of its members."""
        description, counted = outcome.description, len(outcome.account.members)
        if self.membership.total in {"exact", "drifting"} and proof.declared_total != counted:
            total = self.source.members.total
            path = total.path or total.header if total else None
            at = f" (`{path}`)" if path else ""
            found = f"The platform counts {counted:,} members, but the manifest reads {proof.declared_total}{at}."
            yield Problem("total-unread", found, _COMPARE, self.locate("members", "total", "path"))
        if description is None:
            return
        described = self.source.describe
        told = marks([exchange.response.model_dump() for exchange in self.membership.describe])
        if "size" in told and description.size != counted:
            count = described.count
            path = described.size or (count.size or count.header if count else None)
            found = f"The platform tells a size of {counted:,}, but the manifest reads {description.size} (`{path}`)."
            yield Problem("description-differs", found, _COMPARE, self.locate("describe", "size"))
        if "rule" in told and description.rule_hash != rule_hash(RULE):
            found = f"The segment's rule (`{described.rule}`) differs from the documented answer."
            yield Problem("description-differs", found, _COMPARE, self.locate("describe", "rule"))
        if "name" in told and description.name != outcome.account.name:
            found = f"The segment's name (`{described.name}`) differs from the documented answer."
            yield Problem("description-differs", found, _COMPARE, self.locate("describe", "name"))


_COMPARE = "Compare the path in the manifest with the documented answers."
