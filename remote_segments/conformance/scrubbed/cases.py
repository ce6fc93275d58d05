"""Makes a case of what was heard: exchanges that can be replayed, and that say nothing of the account."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from remote_segments.conformance.account import answered
from remote_segments.conformance.exchanges import Answer, Case, Exchanges
from remote_segments.conformance.reading import SECRET
from remote_segments.conformance.replay import packed, paged, replay
from remote_segments.conformance.scrubbed.addresses import Addresses
from remote_segments.conformance.scrubbed.documents import Documents
from remote_segments.conformance.scrubbed.files import file_text, unpacked
from remote_segments.conformance.scrubbed.hearing import Heard
from remote_segments.conformance.scrubbed.invented import NAME, NOTHING, Invented
from remote_segments.conformance.scrubbed.phrases import Phrases
from remote_segments.conformance.scrubbed.public import Public, public
from remote_segments.rest.manifest import Manifest, SourceKind
from remote_segments.rest.members import Members
from remote_segments.rest.messages import Base
from remote_segments.rest.placeholders import fill, names

_KEPT_HEADERS = frozenset({"link", "location", "retry-after"})


@dataclass(frozen=True, repr=False)
class Account:
    """What is known of the account that was read; none of it may be in what is written."""

    manifest: Manifest
    kind: str
    ids: Mapping[str, str]
    options: Mapping[str, str]
    secrets: Mapping[str, str]
    base: Base
    name: str  # the segment's

    @property
    def source(self) -> SourceKind:
        """The block of the manifest that was read with."""
        return self.manifest.sources[self.kind]


@dataclass(frozen=True)
class Scrubbed:
    """A case that says nothing of the account; how its replay differs from the reading; and what replaced what."""

    case: dict[str, Any]
    differences: tuple[str, ...]
    dropped: int
    originals: tuple[tuple[str, str], ...]


def scrub(
    account: Account,
    heard: Sequence[Heard],
    columns: Mapping[str, Sequence[str | None]],
    exchanges: Exchanges | None,
    page_size: int | None,
) -> Scrubbed:
    """Returns the case of one reading of a whole membership.

    Args:
        account: what was read.
        heard: its calls, in order.
        columns: what was read: one list of texts per identifier.
        exchanges: the documented exchanges of the platform, if there are any.
        page_size: members of a page, where it was not the manifest's number.
    """
    known = public(paged(account.manifest, account.kind, page_size), account.kind, exchanges)
    heard = [one for one in heard if one.status and one.whole]
    invented = Invented(dict.fromkeys(account.secrets.values(), SECRET))
    invented.members(account.source, {**columns, **_left_out(account, heard, columns)})
    ids, options = _shown(account, exchanges)
    ids = {name: invented.text(account.ids[name]) or text for name, text in ids.items()}  # it may be a member's, too
    named = {} if account.name in known.words else {account.name: NAME}
    invented.also({**named, **_pairs(account.options, options), **_pairs(account.ids, ids)})
    values = {**account.manifest.option_values({}), **options}
    shown = fill(account.manifest.base_url, values).rstrip("/")
    addresses = Addresses(known, invented, account.base, shown, _elsewhere(account, values))
    written = _Writer(account, addresses, Documents(addresses, frozenset(_used(heard, known.phrases))))
    written.measure_files(heard)
    case: dict[str, Any] = {"do": "fetch", "source": account.kind, "ids": ids, "options": options}
    looked_up = [name for name, field in account.source.identifiers.items() if field.looked_up]
    case |= {"identifiers": looked_up} if looked_up else {}
    case |= {"page_size": page_size} if page_size is not None else {}
    case["exchanges"] = [written.exchange(one) for one in heard]
    found = replay(account.manifest, Case.model_validate(case))
    case["gives"] = found.given
    differences = [found.error.problem.found] if found.error else list(found.calls)
    expected = {name: [one and invented.text(one) for one in values] for name, values in columns.items()}
    if not found.error and (found.given or {}).get("members") != (expected if any(expected.values()) else {}):
        differences.append("The members are others when it is replayed.")
    return Scrubbed(case, tuple(differences), written.documents.dropped, _private(invented, known))


def _private(invented: Invented, known: Public) -> tuple[tuple[str, str], ...]:
    """Returns what was replaced, and by what, but for words that stand in manifests and documentation anyway."""
    return tuple((own, other) for own, other in invented.originals() if own not in known.words | known.documented)


def _left_out(
    account: Account, heard: Sequence[Heard], columns: Mapping[str, Sequence[str | None]]
) -> dict[str, list[str | None]]:
    """Returns the primary column with the rows that were left out, in the order in which all of them came.

    They are nobody's members, but pages are told apart, counted and continued by them, too.
    """
    primary = account.source.primary
    path = account.source.identifiers[primary].path
    if account.source.where is None or path is None:
        return {}
    key = path.rpartition(".")[2]
    found = dict.fromkeys(text for one in heard for text in _at(one.document, key))
    return {primary: [*found, *(text for text in columns.get(primary, ()) if text not in found)]}


def _at(document: Any, key: str) -> Iterator[str]:
    """The texts and numbers that stand at a key, anywhere in a document."""
    if isinstance(document, Mapping):
        for name, inner in document.items():
            if name == key and isinstance(inner, str | int) and not isinstance(inner, bool):
                yield str(inner)
            yield from _at(inner, key)
    elif isinstance(document, list):
        for inner in document:
            yield from _at(inner, key)


def _elsewhere(account: Account, values: Mapping[str, str]) -> dict[str, str]:
    """Returns the addresses of the login beside the base: as they were called, and as they are documented."""
    texts = {text for text in account.manifest.auth.model_dump().values() if isinstance(text, str)}
    known = account.manifest.option_values(account.options)
    return {
        account.base.outside(fill(text, known)): fill(text, values)
        for text in texts
        if text.startswith(("https://", "http://"))
    }


def _pairs(own: Mapping[str, str], shown: Mapping[str, str]) -> dict[str, str]:
    return {own[name]: shown[name] for name in own if name in shown}


def _shown(account: Account, exchanges: Exchanges | None) -> tuple[dict[str, str], dict[str, str]]:
    """Returns ids and options as the documentation has them, else invented ones."""
    documented = exchanges.memberships.get(account.kind) if exchanges else None
    ids = {
        name: (documented.ids.get(name) if documented else None) or ("7" if text.isdecimal() else f"{NOTHING}-{name}")
        for name, text in account.ids.items()
    }
    options, buckets = {}, set(account.manifest.bucket_options())  # what comes of a bucket is not heard
    for name, option in account.manifest.connection.options.items():
        if name in buckets:
            continue
        usual = option.default or (option.values[0] if option.values else f"{NOTHING}-{name}".replace("_", "-"))
        options[name] = (documented.options.get(name) if documented else None) or usual
    return ids, options


def _used(heard: Sequence[Heard], phrases: Phrases) -> set[str]:
    """Values that calls were made with."""
    found = set[str]()
    for one in heard:
        parts = urlsplit(one.url)
        found |= {unquote(piece) for piece in parts.path.split("/")} | {text for _, text in parse_qsl(parts.query)}
        found |= set(_scalars(_sent(one)))
    found |= {value for text in found for value in phrases.filled_with(text) or ()}
    return {text for text in found if len(text) > 1}


def _scalars(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [text for inner in value.values() for text in _scalars(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in _scalars(inner)]
    return [value] if isinstance(value, str) else []


def _sent(one: Heard) -> Any:
    """Returns the body of a call: its JSON, or the pairs of its form; None for what is neither."""
    if "x-www-form-urlencoded" in one.sent_type:
        return dict(parse_qsl(one.sent.decode(errors="replace"), keep_blank_values=True))
    try:
        return json.loads(one.sent) if one.sent else None
    except ValueError:
        return None


@dataclass(frozen=True)
class _Writer:
    account: Account
    addresses: Addresses
    documents: Documents

    @property
    def _public(self) -> Public:
        return self.addresses.public

    def measure_files(self, heard: Sequence[Heard]) -> None:
        """Learns the check sums of files as they are written, because answers before them may name these."""
        for one in heard:
            if self._is_file(one):
                content = packed(answered(answer := self._file(one), answer.body), answer.packed).read()
                self.documents.digests[hashlib.sha256(one.content).hexdigest()] = hashlib.sha256(content).hexdigest()

    def exchange(self, one: Heard) -> dict[str, Any]:
        """Returns a call and its answer."""
        request: dict[str, Any] = {"method": one.method, "url": self.addresses.address(one.url)}
        constant = {name: text for name, text in self.account.manifest.headers.items() if not names(text)}
        if constant and not request["url"].startswith("https://files.example.test/"):
            request["headers"] = constant
        body = self.addresses.body(_sent(one))
        if body is not None:
            request["body"] = body
        return {"request": request, "response": self._response(one)}

    def _response(self, one: Heard) -> dict[str, Any]:
        response: dict[str, Any] = {"status": one.status} if one.status != 200 else {}
        headers = {name: self._header(name, text) for name, text in one.headers.items() if self._reads(name)}
        document = one.document
        if self._is_file(one):
            answer = self._file(one)
            headers |= answer.headers
            content = packed(answered(answer, answer.body), answer.packed).read()
            headers["content-length"] = str(len(content))
            response |= {"headers": headers, "text": answer.body} | (
                {"packed": answer.packed} if answer.packed != "none" else {}
            )
            return response
        if document is ...:
            headers["content-type"] = one.headers.get("content-type", "").partition(";")[0] or "text/plain"
            return response | {"headers": headers, "text": NOTHING if one.content else ""}
        response |= {"headers": headers} if headers else {}
        return response | {"json": self.documents.document(document)}

    def _is_file(self, one: Heard) -> bool:
        """Whether an answer is a file of members, and no document."""
        if isinstance(self.account.source.members, Members) or one.status != 200:
            return False
        if isinstance(one.document, int) and self._public.counted_whole:
            return False  # some write the number of members as plain text
        kind = one.headers.get("content-type", "").partition(";")[0].strip()
        return not (kind.endswith("json") and kind != "application/x-ndjson" and one.document is not ...)

    def _file(self, one: Heard) -> Answer:
        parts, way = unpacked(one.content)
        text = file_text(self.documents, parts, self.account.source.members.format)
        media = one.headers.get("content-type", "application/octet-stream").partition(";")[0].strip()
        return Answer(headers={"content-type": media}, text=text, packed=way)

    def _reads(self, name: str) -> bool:
        return name not in {"content-type", "date"} and (name in _KEPT_HEADERS or name in self._public.headers)

    def _header(self, name: str, text: str) -> str:
        if name == "link":
            return self.addresses.links(text)
        if text.startswith(("https://", "http://")) or name == "location":
            return self.addresses.address(text)
        if text.replace(".", "").isdecimal() and len(text) < 12:
            return text
        return text if text in self._public.words else self.addresses.invented.carried(text)
