"""A fake account whose members come as files: one stream, or what an export job makes."""

import gzip
import io
import zipfile
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from remote_segments.conformance.account import Account, Bytes, Draft, Place, Trouble, Verb, answered, lines
from remote_segments.conformance.exchanges import MEMBERS, Answer, Call, Exchange, Exchanges, Files, Membership, Step
from remote_segments.conformance.marks import Asked, Wanted, fill
from remote_segments.conformance.reading import SECRET

JOB = "job-1"
"""Id of the job that every submission gets."""


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
        calls["job"] = [(self._wanted(step.request), step) for step in files.steps]
        return calls

    def _known(self) -> dict[str, Any]:
        return {**super()._known(), "job": JOB}

    def _astray(self, request: httpx.Request) -> bool:
        platform = {urlsplit(wanted.url).hostname for wanted, _ in self._calls()["describe"]}
        sent = f"{request.url} {request.headers}"
        credentials = {SECRET, *(text for name, text in self.exchanges.headers.items() if name == "authorization")}
        abroad = request.url.host not in platform and any(text in sent for text in credentials)
        return abroad or super()._astray(request)

    def _place(self, sent: Asked, verb: Verb) -> Place:
        if verb != "job":
            return super()._place(sent, verb)
        number = sum(wanted.same_place(sent) for wanted, _ in self._calls()["job"])
        self._tries[verb, number] = self._tries.get((verb, number), 0) + 1
        return Place(verb, number, self._tries[verb, number])

    def _undisturbed(self, place: Place, values: dict[str, str], exchange: Exchange | None) -> httpx.Response:
        if exchange is None:
            return self._file(int(values.get("file", 1)))
        if isinstance(exchange, Step):
            answer = self._of_job(exchange, place.tries)
            return answered(answer, fill(answer.body, self._told()))
        return super()._undisturbed(place, values, exchange)

    def _of_job(self, step: Step, tries: int) -> Answer:
        if self.trouble.job == "failed" and step.failed is not None:
            return step.failed
        waits = step.pending is not None and (self.trouble.job == "never-done" or tries == 1)
        return step.pending if waits and step.pending is not None else step.response

    def _told(self) -> dict[str, Any]:
        files = self._files
        number = len(self._filled_shares(self.members, files.files))
        links = [fill(files.address or "", {**self._known(), "file": one}) for one in range(1, number + 1)]
        told = self.trouble.description({"size": len(self.members)})
        entries = [fill(files.link, {"link": link}) for link in links]
        return {**self._known(), "links": entries, "link": "".join(links[:1]), "files": number, "total": told["size"]}

    def _file(self, number: int) -> httpx.Response:
        """Returns one file: its share of the members, packed as documented."""
        files = self._files
        held = _shares(self.members, files.files)[number - 1]
        parts = [self._text(number, share) for share in self._filled_shares(held, files.packed)]
        if files.compression == "zip":
            content = _zipped(parts)
        else:
            content = "".join(parts).encode()
            content = gzip.compress(content) if files.compression == "gzip" else content
        content = self.trouble.content(content)
        headers = {"content-type": "application/octet-stream", "content-length": str(len(content))}
        return httpx.Response(200, headers=headers, stream=Bytes(content))

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
