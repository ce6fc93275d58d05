"""From a call that came to the simulator to the documented call that it is, and from documented links back.

The simulator is one host with a prefix per platform; what a connection names as its address may stand for a path below
the platform's host, such as `/3.0`. A documented call is recognised by the end of its path.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from remote_segments.conformance.exchanges import Call, Membership, Pages
from remote_segments.conformance.marks import MARK, Asked, Wanted
from remote_segments.conformance.reading import SECRET

KEY = "{secret}"
"""What stands for a secret in a documented call: any will do, since nobody has one here."""

DEEPEST = 5
"""Pieces of a path that the address of a connection may stand for."""


def fit(wanted: Wanted, sent: Asked) -> tuple[dict[str, Any], list[str]] | None:
    """Compares a call with a documented one.

    Args:
        wanted: the documented call.
        sent: the call; its address is the path below the account's prefix, with the query.

    Returns:
        The values at the marks and every difference; None where it goes to another place.
    """
    parts = urlsplit(wanted.url)
    pieces = parts.path.split("/")
    for number in range(1, min(len(pieces), DEEPEST + 1)):
        front = "/".join(pieces[:number])
        if MARK.search(front) or (number > 1 and MARK.search("".join(pieces[number : number + 1]))):
            return None  # what is left could be the end of any path
        candidate = replace(sent, url=f"{parts.scheme}://{parts.netloc}{front}{sent.url}")
        if wanted.same_place(candidate):
            return wanted.read(candidate)
    return None


def opened(wanted: Wanted) -> Wanted:
    """Returns a documented call that takes any secret."""
    headers = {name: _basic(text) for name, text in wanted.headers.items()}
    return Wanted(
        wanted.method, _any(wanted.url), {name: _any(text) for name, text in headers.items()}, _any(wanted.body)
    )


def _any(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace(SECRET, KEY)
    if isinstance(value, Mapping):
        return {name: _any(inner) for name, inner in value.items()}
    return [_any(inner) for inner in value] if isinstance(value, list | tuple) else value


def _basic(text: str) -> str:
    """`Basic` with a secret in it takes any (RFC 7617)."""
    word, _, rest = text.partition(" ")
    try:
        told = base64.b64decode(rest, validate=True).decode() if word == "Basic" else ""
    except (binascii.Error, UnicodeDecodeError):
        told = ""
    return f"{word} {KEY}" if SECRET in told else text


def revoked(values: Mapping[str, Any]) -> bool:
    """Tells whether the secret of a call says of itself that it holds no longer."""
    text = str(values.get("secret", ""))
    with suppress(binascii.Error, UnicodeDecodeError):  # it may be no pair of basic authentication
        text += base64.b64decode(text, validate=True).decode()
    return "revoked" in text


def rooted(membership: Membership, root: str, mark: str) -> Membership:
    """Returns a membership whose answers lead to the simulator, where they lead beside the platform's own host.

    Args:
        membership: the documented one.
        mark: stands in the address of its files.
        root: the address of the account. A storage is another host, as in life: `localhost` instead of `127.0.0.1`.
    """
    parts = urlsplit(root)
    changes: dict[str, Any] = {}
    if membership.members is not None:
        changes["members"] = _pages(membership.members, parts.path)
    files = membership.files
    if files is not None and files.address is not None:
        path = files.address.partition("://")[2].partition("/")[2]
        elsewhere = f"http://localhost:{parts.port}{parts.path}/{mark}/{path}"
        changes["files"] = files.model_copy(update={"address": elsewhere})
    return membership.model_copy(update=changes)


def linked(document: Any, leads: Callable[[str], bool], prefix: str) -> Any:
    """Returns a document whose links begin with the prefix of the account; `leads` tells links from other texts."""
    if isinstance(document, str):
        return prefix + document if leads(document) else document
    if isinstance(document, Mapping):
        return {name: linked(inner, leads, prefix) for name, inner in document.items()}
    return [linked(inner, leads, prefix) for inner in document] if isinstance(document, list | tuple) else document


def _pages(pages: Pages, prefix: str) -> Pages:
    """Pages whose links to a path of the platform's host, such as `/services/data/v68.0/query/{cursor}`, lead here."""

    def leads(text: str) -> bool:
        return text.startswith("/") and any(_same_path(call, text) for call in pages.requests)

    answers = {name: getattr(pages, name) for name in ("page", "last", "empty")}
    return pages.model_copy(
        update={
            name: answer.model_copy(update={"document": linked(answer.document, leads, prefix)})
            for name, answer in answers.items()
            if answer is not None
        }
    )


def _same_path(call: Call, link: str) -> bool:
    parts = urlsplit(call.url)
    there = Asked(call.method, f"{parts.scheme}://{parts.netloc}{link}", {}, b"")
    return Wanted(call.method, call.url, {}).same_place(there)
