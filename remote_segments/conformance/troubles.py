"""What can go wrong in an account: each is a value that the fake server is given."""

import gzip
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx

from remote_segments.conformance.account import Bytes, Draft, Place, Trouble, refused
from remote_segments.conformance.exchanges import MEMBERS, Exchanges, Refused
from remote_segments.conformance.marks import fill, without

FOREIGN = "elsewhere.example.test"
"""A host that is not the platform's."""

Change = Callable[[httpx.Response], httpx.Response]


def on_page(page: int, change: Change, times: int | None = None) -> Trouble:
    """Changes the answer that holds page k, every time or so many times."""

    def answer(place: Place, response: httpx.Response) -> httpx.Response:
        hit = place.verb == "members" and place.page == page and (times is None or place.tries <= times)
        return change(response) if hit else response

    return Trouble(answer=answer)


def everywhere(change: Change) -> Trouble:
    """Changes every answer, descriptions included; a login, which knows of no segment, is left as it is."""
    return Trouble(answer=lambda place, response: response if place.verb == "also" else change(response))


def raising(failure: Exception) -> Change:
    """Never answers."""

    def change(_: httpx.Response) -> httpx.Response:
        raise failure

    return change


def refusing(exchanges: Exchanges, name: Refused, **headers: str) -> Change:
    """Refuses as the platform documents it."""
    return lambda _: refused(exchanges, name, **{key.replace("_", "-"): text for key, text in headers.items()})


def status(number: int) -> Change:
    """Refuses with a status and no body."""
    return lambda _: httpx.Response(number, stream=Bytes(b""))


def body(content: bytes, media_type: str = "application/json") -> Change:
    """Answers with success and something else."""
    return lambda _: httpx.Response(200, headers={"content-type": media_type}, stream=Bytes(content))


def cut(failure: Exception | None) -> Change:
    """Answers with the first half; then the connection fails, or only ends."""

    def change(response: httpx.Response) -> httpx.Response:
        content = response.read()
        return _with(response, content[: len(content) // 2], failure)

    return change


def cut_gzip(response: httpx.Response) -> httpx.Response:
    """Compresses the answer and loses the end of it."""
    packed = gzip.compress(response.read())
    return _with(response, packed[: len(packed) * 2 // 3], None, {"content-encoding": "gzip"})


def redirect(_: httpx.Response) -> httpx.Response:
    """Sends the caller to another host."""
    return httpx.Response(302, headers={"location": f"https://{FOREIGN}/"}, stream=Bytes(b""))


def foreign_headers(response: httpx.Response) -> httpx.Response:
    """Puts another host into the addresses of the headers."""
    headers = {name: _elsewhere(text) for name, text in response.headers.items()}
    return _with(response, response.read(), None, headers)


def foreign_links(body: Any) -> Any:
    """Puts another host into the documented addresses of a page."""
    if isinstance(body, str):
        return _elsewhere(body) if "{" in body else body
    if isinstance(body, dict):
        return {key: foreign_links(value) for key, value in body.items()}
    return body


def _elsewhere(text: str) -> str:
    scheme, found, rest = text.partition("://")
    return f"{scheme}://{FOREIGN}/{rest.partition('/')[2]}" if found else text


def _with(
    response: httpx.Response, content: bytes, failure: Exception | None, more: dict[str, str] | None = None
) -> httpx.Response:
    headers = {**dict(response.headers), **(more or {})}
    return httpx.Response(response.status_code, headers=headers, stream=Bytes(content, failure))


def drafting(page: int, change: Callable[[Draft], Draft]) -> Trouble:
    """Changes what page k holds, and what every later one does."""
    return Trouble(draft=lambda draft: change(draft) if draft.number >= page else draft)


def lacking(page: int, name: str) -> Trouble:
    """Leaves out the key of page k that holds a mark."""
    return Trouble(body=lambda number, found: without(found, name) if number == page else found)


def null_page(page: int) -> Trouble:
    """Has null where the members of page k would be."""
    return Trouble(body=lambda number, found: fill(found, {MEMBERS: None}) if number == page else found)


def counting(difference: int) -> Trouble:
    """Tells so many members more, on pages and in the description."""
    return Trouble(
        draft=lambda draft: replace(draft, total=draft.total + difference),
        description=lambda values: {**values, "size": values["size"] + difference},
    )


def showing(name: str, value: Any, page: int) -> Trouble:
    """Has another value at an identifier's mark in the members of page k."""
    return drafting(
        page, lambda draft: replace(draft, shapes=tuple(fill(shape, {name: value}) for shape in draft.shapes))
    )


def shortened(part: int) -> Trouble:
    """Loses one so-manieth of every file at its end, before it is sent."""
    return Trouble(content=lambda content: content[: -max(1, len(content) // part)])


def without_last_line() -> Trouble:
    """Loses the last line of every file, before it is sent."""
    return Trouble(content=lambda content: content[: content.removesuffix(b"\n").rfind(b"\n") + 1])
