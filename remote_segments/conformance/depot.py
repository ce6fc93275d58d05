"""A fake account whose members come as files: one stream, or what an export job makes."""

import gzip
import hashlib
import io
import zipfile
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from remote_segments.conformance.account import Account, Bytes, Draft, Place, Trouble, Verb, lines
from remote_segments.conformance.exchanges import MEMBERS, Call, Exchange, Exchanges, Files, Membership
from remote_segments.conformance.marks import Wanted, fill
from remote_segments.conformance.reading import SECRET


@dataclass
class Depot(Account):
    """Answers the calls of a job, and gives its files."""

    @property
    def _files(self) -> Files:
        files = self.membership.files
        if files is None:
            raise TypeError("this membership comes on pages")
        return files

    def _calls(self) -> dict[Verb, list[tuple[Wanted, Exchange | None]]]:
        calls = super()._calls()
        files = self._files
        if files.download is not None:
            calls["members"] = [(self._wanted(files.download), None)]
        else:
            calls["members"] = [(self._wanted(Call(url=files.address or ""), own=True), None)]
        return calls

    def _astray(self, request: httpx.Request) -> bool:
        platform = {urlsplit(wanted.url).hostname for wanted, _ in self._documented["describe"]}
        sent = f"{request.url} {request.headers}"
        credentials = {SECRET, *(text for name, text in self.exchanges.headers.items() if name == "authorization")}
        abroad = request.url.host not in platform and any(text in sent for text in credentials)
        return abroad or (not self._files.redirects and super()._astray(request))

    def _undisturbed(self, place: Place, values: dict[str, str], exchange: Exchange | None) -> httpx.Response:
        if exchange is None:
            return self._file(int(values.get("file", 1)))
        return super()._undisturbed(place, values, exchange)

    def _told(self) -> dict[str, Any]:
        files = self._files
        number = len(self._filled_shares(self.members, files.files))
        links = [fill(files.address or "", {**self._known(), "file": one}) for one in range(1, number + 1)]
        entries = [fill(files.link, {"link": link}) for link in links]
        digest = hashlib.sha256(self._content(1)).hexdigest()
        named = {"links": entries, "link": "".join(links[:1]), "files": number, "sha256": digest}
        return {**super()._told(), **named}

    def _file(self, number: int) -> httpx.Response:
        """Returns one file: its share of the members, packed as documented."""
        content = self.trouble.content(self._content(number))
        headers = {"content-type": self._files.media_type, "content-length": str(len(content))}
        return httpx.Response(200, headers=headers, stream=Bytes(content))

    def _content(self, number: int) -> bytes:
        files = self._files
        held = _shares(self.members, files.files)[number - 1]
        parts = [self._text(number, share) for share in self._filled_shares(held, files.packed)]
        if files.compression == "zip":
            content = _zipped(parts)
        else:
            content = "".join(parts).encode()
            content = gzip.compress(content, mtime=0) if files.compression == "gzip" else content
        return content

    def _filled_shares(self, members: list[int], number: int) -> list[list[int]]:
        """Returns the shares that hold anybody; where nobody is a member, an empty one if that is documented."""
        filled = [share for share in _shares(members, number) if share]
        return filled or ([] if self._files.when_empty == "no-file" else [[]])

    def _text(self, number: int, members: list[int]) -> str:
        files = self._files
        shapes = self.trouble.draft(Draft(number, tuple(members), None, len(members), tuple(files.shapes))).shapes
        content = files.content if members else files.content.replace(f"{{{MEMBERS}}}\n", "")
        return str(fill(content, {MEMBERS: lines(self._items(members, shapes))}))


def _shares(members: list[int], number: int) -> list[list[int]]:
    """Returns members in so many shares, in order."""
    size = -(-len(members) // number)
    return [members[size * share : size * (share + 1)] for share in range(number)]


def _zipped(parts: list[str]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, part in enumerate(parts, 1):
            archive.writestr(f"part-{number}.txt", part)
    return written.getvalue()


def account(exchanges: Exchanges, membership: Membership, members: list[int], trouble: Trouble) -> Account:
    """Returns the fake account of a membership, on pages or as files."""
    kind = Account if membership.files is None else Depot
    return kind(exchanges, membership, members, trouble)
