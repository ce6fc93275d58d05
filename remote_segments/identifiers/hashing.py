"""Hashes in which one of the two sides may keep an identifier instead of the identifier itself."""

import hashlib
from collections.abc import Mapping
from types import MappingProxyType

from remote_segments.identifiers.kind import Kind

DIGITS: Mapping[str, int] = MappingProxyType({"md5": 32, "sha1": 40, "sha256": 64})
"""Hexadecimal digits of each hash."""

HASHES = tuple(DIGITS)
"""Hashes that a model's column or a platform's identifier may be, written as hexadecimal digits."""


def hexdigest(algorithm: str, text: str) -> str:
    """Returns the hash of a text's UTF-8 bytes as lower-case hexadecimal digits; `algorithm` is one of `HASHES`."""
    return hashlib.new(algorithm, text.encode(), usedforsecurity=False).hexdigest()


HEXDIGEST = Kind(
    name="hexdigest", description="A hash as it is kept in a model: either case, blanks around it.", fold=True
)
"""How the model's side of a hashed identifier is compared; not a kind that a platform gives."""


def hash_of(kind: Kind, algorithm: str) -> Kind:
    """The kind of a platform's identifiers that are hashes of another kind."""
    return Kind(
        name=f"{kind.name}_{algorithm}",
        description=f"Compared by its {DIGITS[algorithm]} hexadecimal digits, without case, with the {algorithm} of "
        f"the model's {kind.name} as that is compared.",
        pattern=f"[0-9a-fA-F]{{{DIGITS[algorithm]}}}",
        fold=True,
        digest=algorithm,
        of=kind,
    )
