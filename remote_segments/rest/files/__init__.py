"""Ways to write members into a file: plain lines, JSON lines, CSV; packed or not."""

from typing import Annotated

from pydantic import Field

from remote_segments.rest.files.formats import Csv, JsonLines, Lines

FileFormat = Annotated[Lines | JsonLines | Csv, Field(discriminator="kind")]
"""One way to write a file of members."""
