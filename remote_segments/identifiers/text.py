"""An opaque identifier, such as a customer number: compared exactly as written, `010` is not `10`."""

from remote_segments.identifiers.kind import Kind

TEXT = Kind(name="text", description="Compared exactly as written; only empty or blank is invalid.", trim=False)
