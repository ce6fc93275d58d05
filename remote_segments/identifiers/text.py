"""An opaque identifier, such as a customer number: compared exactly as written, `010` is not `10`."""

from remote_segments.identifiers.kind import Kind
from remote_segments.identifiers.placeholders import PLACEHOLDERS

TEXT = Kind(
    name="text",
    description="Compared exactly as written; blanks, zeros and words for nothing are invalid.",
    trim=False,
    nothing="0",
    placeholders=PLACEHOLDERS,
    options=("prefix", "zero_padded"),
)
