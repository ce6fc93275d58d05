"""The two sides of a comparison, what a platform gives and what a model's column holds, made comparable."""

from dataclasses import dataclass

from remote_segments.identifiers.hashing import HEXDIGEST, hexdigest
from remote_segments.identifiers.kind import Kind


@dataclass(frozen=True)
class Side:
    """Values of one side: of a kind, and hashed once they are normalised where `digest` names a hash."""

    kind: Kind
    digest: str | None = None

    def compared(self, text: str | None) -> str | None:
        """What a value is compared by; None when it cannot identify anybody."""
        value = self.kind.normalise(text)
        return hexdigest(self.digest, value) if self.digest and value is not None else value

    @property
    def rule(self) -> str:
        """The rules in a line: the same line, the same results."""
        return f"{self.digest} of {self.kind.rule}" if self.digest else self.kind.rule


def sides(kind: Kind, hashed: str | None) -> tuple[Side, Side]:
    """The platform's side and the model's.

    Args:
        kind: the kind of what the platform gives, with the segment's options.
        hashed: the hash in which the model's column keeps it; None where it keeps the identifier itself.
    """
    if kind.of is None:
        return Side(kind, hashed), Side(HEXDIGEST if hashed else kind)
    return Side(kind), Side(HEXDIGEST) if hashed else Side(kind.of, kind.digest)
