"""One account on one platform: describe, fetch, preview and list, by the manifest's bricks."""

import random as dice
import time
from collections.abc import Callable, Collection, Generator, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

from remote_segments.errors import EngineError, ProjectError
from remote_segments.rest.auth.session import Session
from remote_segments.rest.buckets import Bucket
from remote_segments.rest.client import Client, Result, Surroundings, Tally
from remote_segments.rest.credentials import Keys
from remote_segments.rest.decoding import IdentifierField, PageDecoder
from remote_segments.rest.describing import Describer
from remote_segments.rest.files.flow import FileFlow
from remote_segments.rest.files.reading import FileReader
from remote_segments.rest.files.tables import TableDecoder
from remote_segments.rest.formats import CsvPage
from remote_segments.rest.limits import Limits, utc_now
from remote_segments.rest.looking_up import LookedUp
from remote_segments.rest.manifest import Manifest, SourceKind
from remote_segments.rest.members import Decoder, Members, MembersFlow
from remote_segments.rest.messages import Base
from remote_segments.rest.opening import base_of, complete, refuse_unset
from remote_segments.rest.placeholders import fill
from remote_segments.rest.python.declared import PythonDescribe, PythonListing, PythonMembers
from remote_segments.rest.python.flow import CodeDescribe, PythonFlow, listed
from remote_segments.rest.python.platform import PythonPlatform, Source
from remote_segments.rest.quotas.limiter import SHARED, Limiters
from remote_segments.rest.quotas.store import MemoryStore
from remote_segments.sources.account import ProvenFetch
from remote_segments.sources.members import Description, Listed, Page, Proof


class Fetch(ProvenFetch):
    """Iterates over the pages of one membership; `proof` exists only after the last one.

    Iterating raises for everything that is not a proven end; what was yielded before is then worth nothing.
    """

    def __init__(self, client: Client, flow: MembersFlow | FileFlow | PythonFlow | LookedUp) -> None:
        super().__init__()
        self._client, self._flow = client, flow
        self._tally = Tally()

    @property
    def calls(self) -> int:
        """Calls made so far, tries that failed included; also after an error."""
        return self._tally.calls

    def __iter__(self) -> Iterator[Page]:
        self._proof = None
        started, calls = self._client.surroundings.clock(), self._tally.calls
        found = yield from self._pages()
        seconds = self._client.surroundings.clock() - started
        total, declared = self._flow.members.total, found.declared_total
        fewest = total.fewest(declared, found.doubt) if total is not None and declared is not None else None
        if fewest is not None:
            fewest = max(0, fewest - found.left_out)  # the platform counts everybody on its pages
        self._proof = replace(found, fewest=fewest, calls=self._tally.calls - calls, seconds=seconds)

    def _pages(self) -> Generator[Page, None, Proof]:
        stream = self._client.stream(self._flow.pages(), self._tally)
        try:
            while True:
                step = next(stream)
                if isinstance(step, Description):
                    self.description = step
                else:
                    yield step
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]


class Platform:
    """One account; used as a context manager, because it keeps connections open."""

    def __init__(
        self,
        manifest: Manifest,
        *,
        connection: str,
        secrets: Mapping[str, str],
        base_url: str | None = None,
        options: Mapping[str, str] | None = None,
        limits: Limits | None = None,
        scratch: Path | None = None,
        bucket: Bucket | None = None,
        limiters: Limiters | None = None,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] = dice.random,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        """Prepares the account; nothing is sent yet.

        Args:
            manifest: the platform.
            connection: name of the connection, for messages.
            secrets: the texts of the secrets that the manifest declares.
            base_url: address instead of the manifest's: a proxy, a sandbox, the simulator.
            options: values of the options that the manifest declares.
            limits: limits instead of the manifest's.
            scratch: folder for files while they are read; the system's own for temporary files when left out.
            bucket: where the platform exports to, if that is a bucket of the user's own.
            limiters: where the calls of all processes are counted; in this process's memory when left out.
            transport: network double of tests.
            clock: monotonic seconds.
            sleep: waits so many seconds.
            random: a number between 0 and 1.
            now: wall clock with a time zone.

        Raises:
            ProjectError: `secret-unset`, `secret-unreadable`, `missing-key`, `bad-value` for what the connection lacks.
        """
        self.manifest, self.connection, self._scratch = manifest, connection, scratch
        self._options = complete(manifest, options or {}, connection)
        refuse_unset(manifest, secrets, connection)
        self._base = base_of(manifest, base_url, self._options, connection)
        where = f"connection {connection}, platforms/{manifest.name}.yaml, auth"
        session = Session(manifest.auth, Keys(secrets, self._options), self._base, clock, now, where)
        lived = clock is time.monotonic and sleep is time.sleep
        self._client = Client(
            manifest,
            connection,
            self._base,
            session,
            {name.lower(): fill(value, self._options) for name, value in manifest.headers.items()},
            manifest.limits.overridden_by(limits),
            Surroundings(clock, now, sleep, random),
            transport,
            limiters or (SHARED if lived else Limiters(MemoryStore(clock))),
            scratch=scratch,
            bucket=bucket,
        )
        self._try_credential(session)

    def _try_credential(self, session: Session) -> None:
        """Makes a credential that takes no call: a secret that cannot be sent is told before the first one."""
        try:
            if not self.manifest.auth.calls():
                session.credential(self._client.run)
        except BaseException:
            self._client.close()
            raise

    def __enter__(self) -> "Platform":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections to the platform."""
        self._client.close()

    @property
    def base(self) -> Base:
        """Where its calls go."""
        return self._base

    @property
    def options(self) -> Mapping[str, str]:
        """The values of its connection's options."""
        return self._options

    @property
    def calls(self) -> int:
        """Calls made so far, but for those of a fetch, which counts its own."""
        return self._client.total.calls

    def run(self, flow: Generator[Any, Any, Result]) -> Result:
        """Makes the calls that a flow yields, and returns its result."""
        return self._client.run(flow)

    def describe(
        self,
        kind: str,
        ids: Mapping[str, str],
        identifiers: tuple[str, ...] | None = None,  # noqa: ARG002 - some sources tell whether they have them
    ) -> Description:
        """Returns what the platform says about one segment; a state of `computing` is told, not raised.

        Raises:
            ProjectError: `bad-value` for an id that is not written as the platform writes it.
        """
        source, where = self._source(kind, "describe")
        self._refuse_misshapen(source, ids)
        return self._client.run(self._describer(kind, ids).flow(self._base, {**self._options, **ids}, where))

    def fetch(self, kind: str, ids: Mapping[str, str], identifiers: tuple[str, ...] | None = None) -> Fetch:
        """Returns the pages of one membership; nothing is sent before it is iterated.

        Args:
            kind: kind of source, as the manifest names it.
            ids: the source's id keys and their values.
            identifiers: identifiers to read beside the primary one; all when left out, those that are looked up, too.

        Raises:
            ProjectError: `bad-value` for an id that is not written as the platform writes it.
        """
        return Fetch(self._client, self._flow(kind, ids, identifiers))

    def preview(self, kind: str, ids: Mapping[str, str], identifiers: tuple[str, ...] | None = None) -> Page:
        """Returns the first page of one membership; of identifiers that are looked up, the first thousand members."""
        return self._client.run(self._flow(kind, ids, identifiers).first_page())

    def segments(self, kind: str, ids: Mapping[str, str] | None = None) -> list[Listed]:
        """Returns the segments of the account.

        Args:
            kind: kind of source, as the manifest names it.
            ids: outer ids that the listing itself needs, such as Mailchimp's list_id.

        Raises:
            ProjectError: `listing-unsupported`, `missing-key`.
        """
        source, where = self._source(kind, "list")
        if source.list is None:
            found = f"{self.manifest.title} cannot list its {source.title.lower()}s."
            raise ProjectError("listing-unsupported", found, source.ids_help, where)
        values = {**self._options, **(ids or {})}
        for name in source.list.placeholders():
            if name not in values and name != "page_size":
                found = f"The listing needs {name}."
                raise ProjectError("missing-key", found, f"Give {name}; {source.ids_help}", where)
        outer = {name: value for name, value in (ids or {}).items() if name in source.ids}
        if isinstance(source.list, PythonListing):
            return self._client.run(listed(self._code(where), Source(kind, outer), where))
        return self._client.run(source.list.flow(self._base, values, outer, where))

    def page_url(self, kind: str, ids: Mapping[str, str]) -> str | None:
        """Returns the address of a segment's page in the tool, None where it is unknown."""
        return self.manifest.page_url(kind, ids, self._options)

    def estimate_calls(self, kind: str, size: int, identifiers: Collection[str] | None = None) -> int:
        """Returns the calls that one refresh of so many members takes at most, retries not counted."""
        return self.manifest.calls_per_refresh(kind, size, identifiers)

    def _source(self, kind: str, verb: str) -> tuple[SourceKind, str]:
        if kind not in self.manifest.sources:
            found = (
                f"{self.manifest.title} has no source of the kind {kind}; it has {', '.join(self.manifest.sources)}."
            )
            raise EngineError("unknown-source-kind", found, "Report this bug.")
        return self.manifest.sources[kind], f"platforms/{self.manifest.name}.yaml, sources.{kind}.{verb}"

    def _refuse_misshapen(self, source: SourceKind, ids: Mapping[str, str]) -> None:
        for name in source.misshapen(ids):
            found = f"`{name}` is {ids[name]!r}, which is not how {self.manifest.title} writes it."
            raise ProjectError("bad-value", found, source.ids_help, f"connection {self.connection}")

    def _flow(
        self, kind: str, ids: Mapping[str, str], identifiers: tuple[str, ...] | None
    ) -> MembersFlow | FileFlow | PythonFlow | LookedUp:
        source, where = self._source(kind, "lookup")
        wanted = set(source.identifiers) if identifiers is None else {*identifiers, source.primary}
        inner = self._coming(kind, ids, wanted)
        asked = {name: field for name, field in source.identifiers.items() if name in wanted and field.looked_up}
        if source.lookup is None or not asked:
            return inner
        return LookedUp(inner, source.lookup, asked, source.primary, self._base, {**self._options, **ids}, where)

    def _describer(self, kind: str, ids: Mapping[str, str]) -> Describer:
        source, where = self._source(kind, "describe")
        if isinstance(source.describe, PythonDescribe):
            return CodeDescribe(self._code(where), Source(kind, ids))
        return source.describe

    def _code(self, where: str) -> PythonPlatform:
        if self.manifest.code is None:
            found = f"The code of {self.manifest.title} was not loaded."
            raise EngineError("code-missing", found, "Load the manifest by load_manifest.", where)
        return self.manifest.code(self._base, self._options, where.replace(".yaml", ".py"))

    def _by_code(
        self, kind: str, ids: Mapping[str, str], members: PythonMembers, chosen: Mapping[str, IdentifierField]
    ) -> PythonFlow:
        source, where = self._source(kind, "members")
        return PythonFlow(
            self._code(where),
            members,
            self._describer(kind, ids),
            chosen,
            source.primary,
            Source(kind, ids, members.page_size, tuple(chosen)),
            self._base,
            {**self._options, **ids},
            where.replace(".yaml", ".py"),
            self._source(kind, "describe")[1],
        )

    def _coming(
        self, kind: str, ids: Mapping[str, str], wanted: Collection[str]
    ) -> MembersFlow | FileFlow | PythonFlow:
        """Returns the flow of what comes without look-ups."""
        source, where = self._source(kind, "members")
        self._refuse_misshapen(source, ids)
        chosen = {name: field for name, field in source.coming().items() if name in wanted}
        members, values = source.members, {**self._options, **ids}
        if isinstance(members, PythonMembers):
            return self._by_code(kind, ids, members, chosen)
        describer = self._describer(kind, ids)
        described = self._source(kind, "describe")[1]
        reading: dict[str, Any] = {
            "identifiers": chosen,
            "primary": source.primary,
            "joined_at": source.joined_at,
            "where": where,
            "deciding": source.where.path if source.where else None,
        }
        if not isinstance(members, Members):
            return FileFlow(
                members,
                describer,
                FileReader(layout=members.format, **reading),
                source.primary,
                self._base,
                values,
                where,
                described,
                self._scratch,
                source.where,
            )
        return MembersFlow(
            members,
            describer,
            self._decoder(members, reading),
            source.primary,
            self._base,
            values,
            where,
            described,
            source.where,
        )

    @staticmethod
    def _decoder(members: Members, reading: Mapping[str, Any]) -> Decoder:
        """Returns what reads one page of these members; `reading` says what is read of each."""
        if isinstance(members.format, CsvPage):
            return TableDecoder(members.format, FileReader(layout=members.format, **reading), reading["where"])
        extras: dict[str, Any] = members.paging.extras()
        if members.total is not None:
            extras |= members.total.extras()
        return PageDecoder(layout=members.format, extras=extras, **reading)
