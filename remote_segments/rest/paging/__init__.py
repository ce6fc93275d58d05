"""Ways to ask for the next page; each knows one explicit sign of the last page."""

from typing import Annotated

from pydantic import Field

from remote_segments.rest.paging.counts import Offset, PageNumber, Single
from remote_segments.rest.paging.cursors import Continue, Cursor, Keyset
from remote_segments.rest.paging.kinds import Declared
from remote_segments.rest.paging.links import LinkHeader, NextLink, OwnHeader
from remote_segments.rest.paging.sessions import SessionPage

Paging = Annotated[
    NextLink | LinkHeader | OwnHeader | Cursor | Continue | Keyset | Offset | PageNumber | SessionPage | Single,
    Field(discriminator="kind"),
]
"""One way of paging."""


def misplaced(paging: Paging, method: str) -> bool:
    """Tells whether a parameter of the next call goes into a body that a call of this method does not have."""
    return method != "POST" and getattr(paging, "place", "query") == "body"


__all__ = ["Declared", "Paging", "misplaced"]
