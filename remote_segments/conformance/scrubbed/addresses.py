"""Addresses of an account: the platform's own host instead of the account's, and only pieces that are public."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from remote_segments.conformance.scrubbed.invented import Invented
from remote_segments.conformance.scrubbed.public import Public
from remote_segments.rest.messages import Base, origin

_LINK = re.compile(r"<([^>]*)>")


@dataclass(frozen=True)
class Addresses:
    """How the addresses of one account are written so that they say nothing of it.

    Attributes:
        base: where the account is, and where its manifest says that it is.
        shown: the address that stands for both.
        elsewhere: addresses beside the base, such as that of a token, as they were called and as they are documented.
    """

    public: Public
    invented: Invented
    base: Base
    shown: str
    elsewhere: Mapping[str, str] = field(default_factory=dict)

    def address(self, url: str) -> str:
        """Returns an address, whole or relative, with nothing of the account in it; the same one each time."""
        there = self._here(url)
        if there is None:
            return f"https://files.example.test/{self.invented.carried(url)}"
        front, rest = there
        parts = urlsplit(rest)
        path = "/".join(self._quoted(piece) for piece in parts.path.split("/"))
        pairs = [(name, self.value(text, name)) for name, text in parse_qsl(parts.query, keep_blank_values=True)]
        query = urlencode([(self._name(name), text) for name, text in pairs], quote_via=quote)
        return f"{front}{path}{'?' + query if query else ''}"

    def links(self, header: str) -> str:
        """Returns the value of a `Link` header with its addresses replaced (RFC 8288)."""
        return _LINK.sub(lambda match: f"<{self.address(match[1])}>", header)

    def _here(self, url: str) -> tuple[str, str] | None:
        """Returns what an address begins with instead, and the rest of it; None for another host."""
        if not urlsplit(url).scheme:
            return "", url
        for own, documented in self.elsewhere.items():
            if url.partition("?")[0] == own:
                return documented, url[len(own) :]
        for front in (self.base.url, self.base.declared):
            if url == front or url.startswith((f"{front}/", f"{front}?")):
                return self.shown, url[len(front) :]
        parts = urlsplit(url)
        rest = url.partition("://")[2].partition("/")
        if origin(url) in (origin(self.base.url), origin(self.base.declared)):
            shown = urlsplit(self.shown)
            return f"{shown.scheme}://{shown.netloc}", f"/{rest[2]}" if rest[1] else ""
        known = {urlsplit(text).hostname for text in self.public.words if "://" in text}
        return (f"https://{parts.hostname}", f"/{rest[2]}") if parts.hostname in known else None

    def value(self, text: str, name: str = "") -> str:
        """Returns a value of a query or a body, or a piece of a path; `name` is that of the parameter."""
        public = self.public
        if not text or public.phrases.keeps(name, text):
            return text
        found = self.invented.text(text)
        if found is not None:
            return found
        if text in public.words:
            return text
        refilled = public.phrases.refilled(text, lambda value: self.value(value, name))
        if refilled is not None:
            return refilled
        if text in public.documented:
            return text
        return self.invented.instant(text) or self.invented.carried(text)

    def body(self, value: Any, name: str = "") -> Any:
        """Returns the document of a call's body."""
        if isinstance(value, Mapping):
            return {self._name(str(key)): self.body(inner, str(key)) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.body(inner, name) for inner in value]
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, int):
            text = self.value(str(value), name)
            return int(text) if text.isdecimal() else text
        return self.value(str(value), name)

    def _quoted(self, piece: str) -> str:
        found = self.value(unquote(piece))
        return piece if found == unquote(piece) else quote(found, safe="")

    def _name(self, name: str) -> str:
        known = (
            name in self.public.words
            or name in self.public.documented
            or name in self.public.keys
            or self.public.plain(name)
        )
        return name if known else self.invented.carried(name)
