"""Ways to ask for the next page; each knows one explicit sign of the last page."""

from typing import Annotated

from pydantic import Field

from remote_segments.rest.paging.counts import Offset, PageNumber, Single
from remote_segments.rest.paging.cursors import Cursor
from remote_segments.rest.paging.links import LinkHeader, NextLink, OwnHeader

Paging = Annotated[
    NextLink | LinkHeader | OwnHeader | Cursor | Offset | PageNumber | Single, Field(discriminator="kind")
]
"""One way of paging."""
