"""Paging by complete addresses: a link in the body, the `Link` header (RFC 8288), or a header of the platform's own."""

import re
from typing import Literal

from pydantic import Field

from remote_segments.rest.decoding import Extra
from remote_segments.rest.paging.kinds import PagingKind
from remote_segments.rest.paging.turns import Call, Signal, Turn, pointer
from remote_segments.rest.paths import Path, missing

_LINK = re.compile(r"<(?P<address>[^>]*)>(?P<parameters>[^<]*)")
_REL = re.compile(r""";\s*rel\s*=\s*(?:"(?P<quoted>[^"]*)"|(?P<plain>[^\s;,"]+))""", re.IGNORECASE)


def _call(link: str, call: Call, turn: Turn) -> Call:
    """Returns the call that a link names; the body, which no link can hold, stays as it was."""
    return Call(turn.base.follow(link, call.url(), turn.where), {}, call.body)  # the address as the platform wrote it


class NextLink(PagingKind):
    """The answer holds the address of the next page: `{"links": {"next": "https://..."}}`."""

    kind: Literal["next-link"]
    path: Path = Field(description="Path of the address.", examples=["links.next"])
    end: tuple[Signal, ...] = Field(min_length=1, description="What stands there on the last page.")
    relative_to: Literal["host", "base"] = Field(
        "host", description="What a link that begins with a slash is below: the host, or base_url."
    )

    def extras(self) -> dict[str, Extra]:
        """Returns the values a page must hold beside its members."""
        return {"next": Extra(self.path, str, absent="absent" in self.end, null="null-value" in self.end)}

    def ends_by_absence(self) -> bool:
        """Tells whether the last page is one on which something is not there."""
        return "absent" in self.end

    def following(self, call: Call, turn: Turn) -> Call | None:
        """Returns the call for the next page, None after the last."""
        link = pointer(turn, self.path, self.end)
        if link is None:
            return None
        below = self.relative_to == "base" and str(link).startswith("/") and not str(link).startswith("//")
        return _call(f"{turn.base.url}{link}" if below else str(link), call, turn)


class LinkHeader(PagingKind):
    """The `Link` header names the next page: `Link: <https://...>; rel="next"`; the last page has no such link."""

    kind: Literal["link-header"]
    relation: str = Field("next", description="Relation of the link to the next page.")

    def ends_by_absence(self) -> bool:
        """Tells whether the last page is one on which something is not there."""
        return True

    def following(self, call: Call, turn: Turn) -> Call | None:
        """Returns the call for the next page, None after the last."""
        for match in _LINK.finditer(turn.headers.get("link", "")):
            relation = _REL.search(match["parameters"])
            if relation and self.relation in (relation["quoted"] or relation["plain"] or "").split():
                return _call(match["address"], call, turn)
        turn.silent_end()
        return None


class OwnHeader(PagingKind):
    """A header of the platform's own holds the next cursor, or the address of the next page."""

    kind: Literal["header"]
    name: str = Field(description="Name of the header.", examples=["Next-Page"])
    parameter: str | None = Field(
        None, description="Query parameter that takes the cursor; left out when it is an address."
    )
    end: str | None = Field(
        None,
        min_length=1,
        description="Text that the header holds on the last page, without which it is an error; left out, the last "
        "page has no such header or an empty one.",
        examples=["null"],
    )

    def ends_by_absence(self) -> bool:
        """Tells whether the last page is one on which something is not there."""
        return self.end is None

    def following(self, call: Call, turn: Turn) -> Call | None:
        """Returns the call for the next page, None after the last.

        Raises:
            PlatformError: `path-missing` where the header is not there, although the last page has an `end` in it.
        """
        value = turn.headers.get(self.name.lower(), "").strip()
        if self.end is not None and not value:
            raise missing(f"header {self.name}", f"header {self.name}", turn.where)
        if not value:
            turn.silent_end()
        if value in ("", self.end):
            return None
        return _call(value, call, turn) if self.parameter is None else call.having(self.parameter, value, "query")
