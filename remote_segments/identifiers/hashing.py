"""Hashes in which a model may keep an identifier instead of the identifier itself."""

import hashlib

HASHES = ("md5", "sha256")
"""Hashes that DuckDB and Postgres have built in, written as lower-case hexadecimal digits."""


def hexdigest(algorithm: str, text: str) -> str:
    """Returns the hash of a text's UTF-8 bytes as lower-case hexadecimal digits; `algorithm` is one of `HASHES`."""
    return hashlib.new(algorithm, text.encode(), usedforsecurity=False).hexdigest()
