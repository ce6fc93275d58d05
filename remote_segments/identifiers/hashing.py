"""Hashes in which a model may keep an identifier instead of the identifier itself."""

import hashlib

from remote_segments.identifiers.kind import Kind

HASHES = ("md5", "sha256")
"""Hashes that DuckDB and Postgres have built in, written as lower-case hexadecimal digits."""


def hexdigest(algorithm: str, text: str) -> str:
    """Returns the hash of a text's UTF-8 bytes as lower-case hexadecimal digits; `algorithm` is one of `HASHES`."""
    return hashlib.new(algorithm, text.encode(), usedforsecurity=False).hexdigest()


HEXDIGEST = Kind(
    name="hexdigest", description="A hash as it is kept in a model: either case, blanks around it.", fold=True
)
"""How the model's side of a hashed identifier is compared; not a kind that a platform gives."""
